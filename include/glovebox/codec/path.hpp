// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/config.hpp>
#include <glovebox/limits.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>

namespace glovebox::detail {

class path_scope;

/// Where in a value an encoder or decoder is, for error messages, and how deep.
class GLOVEBOX_API codec_path {
 public:
  explicit codec_path(const limits& bounds) noexcept : limits_(bounds) {}
  codec_path(const codec_path&) = delete;
  codec_path& operator=(const codec_path&) = delete;

  /// \throws codec_error always, with the current path
  [[noreturn]] void fail(const std::string& reason) const;
  const limits& bounds() const noexcept { return limits_; }

 protected:
  ~codec_path() = default;
  limits limits_;

 private:
  friend class path_scope;
  std::string text() const;
  [[noreturn]] void too_deep() const;
  const path_scope* top_ = nullptr;
  std::uint32_t depth_ = 0;
};

/// One element of the path, while it lives: `name`, `[index]`, `name[index]`, or nothing but a
/// level of nesting. What may contain itself must open one, or hostile input exhausts the stack.
class path_scope {
 public:
  /// \param name must outlive the scope, as a literal does
  /// \throws codec_error when nested deeper than `limits.depth`
  explicit path_scope(codec_path& path, const char* name = nullptr)
      : path_scope(path, name, no_index) {}
  path_scope(codec_path& path, const char* name, std::size_t index)
      : path_(path), outer_(path.top_), name_(name), index_(index) {
    if (path.depth_ >= path.limits_.depth) path.too_deep();
    path.top_ = this;
    ++path.depth_;
  }
  // A template, or the literal 0 could as well be a name.
  template <std::integral Index>
  path_scope(codec_path& path, Index index)
      : path_scope(path, nullptr, static_cast<std::size_t>(index)) {}
  path_scope(const path_scope&) = delete;
  path_scope& operator=(const path_scope&) = delete;
  ~path_scope() {
    path_.top_ = outer_;
    --path_.depth_;
  }

  /// Moves on to the next element: cheaper than a scope for each.
  void at(std::size_t index) noexcept { index_ = index; }
  void at(const char* name) noexcept { name_ = name; }

 private:
  friend class codec_path;
  static constexpr auto no_index = static_cast<std::size_t>(-1);

  codec_path& path_;
  const path_scope* outer_;
  const char* name_;
  std::size_t index_;
};

}  // namespace glovebox::detail

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/config.hpp>
#include <glovebox/detail/stub_node.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace glovebox::detail {

/// A C library, loaded in a child. Used on the child's main thread only.
///
/// It is never unloaded: what it allocated, registered and started would point into nothing.
class GLOVEBOX_API c_library {
 public:
  /// dlopen, or the same object as before if it is loaded already.
  /// \param name as for dlopen(3): a path when it has a slash, else searched for
  /// \throws std::runtime_error that says what the dynamic linker said
  static std::shared_ptr<c_library> load(const std::string& name);
  /// Names `load` on the wire. It is in the library, not in the program: every host can load.
  static stub_node& loader() noexcept;

  c_library(const c_library&) = delete;
  c_library& operator=(const c_library&) = delete;

  /// A function's address, looked up once.
  /// \throws std::runtime_error that names the library and the symbol
  void* function(std::string_view symbol) {
    const auto known = functions_.find(symbol);
    return known != functions_.end() ? known->second : find(symbol);
  }

 private:
  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>()(text);
    }
  };

  c_library(std::string name, void* opened) : name_(std::move(name)), opened_(opened) {}
  void* find(std::string_view symbol);

  std::string name_;  // as it was asked for first
  void* opened_;
  std::unordered_map<std::string, void*, text_hash, std::equal_to<>> functions_;
};

}  // namespace glovebox::detail

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/byte_buffer.hpp>
#include <glovebox/codec.hpp>
#include <glovebox/config.hpp>
#include <glovebox/limits.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>
#include <utility>
#include <vector>

namespace glovebox::runtime {
struct copy_order;
}

namespace glovebox::detail {

class callback_port;
class object_port;
class released_callables;

/// Child: a callable of the parent's. The copies of a function object made of it share it; with the
/// last one the parent is told, if it keeps the callable beyond the call that brought it.
class GLOVEBOX_API parent_callable {
 public:
  /// \param home of the child that was given it
  parent_callable(std::uint64_t call, std::uint32_t index, bool kept,
                  std::shared_ptr<released_callables> home) noexcept
      : home_(std::move(home)), call_(call), index_(index), kept_(kept) {}
  parent_callable(const parent_callable&) = delete;
  parent_callable& operator=(const parent_callable&) = delete;
  ~parent_callable();

  std::uint64_t call() const noexcept { return call_; }
  std::uint32_t index() const noexcept { return index_; }
  bool kept() const noexcept { return kept_; }
  const std::shared_ptr<released_callables>& home() const noexcept { return home_; }

 private:
  std::shared_ptr<released_callables> home_;
  std::uint64_t call_;
  std::uint32_t index_;
  bool kept_;
};

/// Child: one call of a parent's callable: write the arguments, run it, read the result.
class GLOVEBOX_API callback_exchange {
 public:
  enum class language : std::uint8_t { binary, json };

  /// \throws std::runtime_error where no callback is possible: on another thread than the one that
  /// runs the calls, outside of a call, too deep, or when the callable belonged to a call that
  /// ended, or to another child of this process
  callback_exchange(const parent_callable& to, language in);
  ~callback_exchange();

  const glovebox::limits& bounds() const noexcept;
  /// Sends the arguments and serves nested calls until the parent has answered.
  /// Throws what the callable threw, as a `remote_exception`.
  void run();

  byte_buffer arguments;
  std::vector<attachment> attachments;
  std::vector<std::byte> result;
  std::vector<std::vector<std::byte>> result_attachments;
  std::vector<file_descriptor> result_descriptors;
  std::vector<std::span<const std::byte>> attached() const {
    return {result_attachments.begin(), result_attachments.end()};
  }
  /// The objects among arguments and result; null in binary.
  object_port* objects() const noexcept { return objects_.get(); }
  language in() const noexcept { return in_; }
  const parent_callable& to() const noexcept { return to_; }

 private:
  callback_port& port_;
  const parent_callable& to_;
  language in_;
  std::unique_ptr<object_port> objects_;
};

/// Child: what the code that runs has of its caller: callables, and whether it is still wanted.
class GLOVEBOX_API callback_port {
 public:
  virtual ~callback_port();
  /// The callable that a call's argument names: `2 * index + kept`.
  static std::shared_ptr<const parent_callable> take(std::uint64_t name);

  virtual const glovebox::limits& bounds() const noexcept = 0;
  virtual void check(const parent_callable& to) const = 0;
  virtual void run(callback_exchange& exchange) = 0;
  virtual std::unique_ptr<object_port> make_object_port() = 0;
  virtual std::shared_ptr<const parent_callable> take_named(std::uint64_t name) = 0;
  /// Of the call that runs.
  virtual std::stop_token stop_token() = 0;
  /// See runtime::copy_child.
  virtual std::uint64_t copy(const runtime::copy_order& order) = 0;
};

}  // namespace glovebox::detail

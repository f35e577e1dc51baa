// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/byte_buffer.hpp>
#include <glovebox/call_options.hpp>
#include <glovebox/codec.hpp>
#include <glovebox/config.hpp>
#include <glovebox/detail/stub_node.hpp>
#include <glovebox/op.hpp>

#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace glovebox::detail {

class callable;
class callback_scope;

/// What few requests have.
struct request_extras {
  /// Objects that are arguments; their handles must stay valid until the call has run.
  std::vector<std::shared_ptr<const void>> kept;
  /// What the child may call meanwhile; the arguments name them by their index.
  std::vector<std::shared_ptr<callable>> callables;
  std::shared_ptr<callback_scope> scope;  // of those that run, once it is submitted
  std::exception_ptr encode_error;        // delivered through the handler
};

/// There from the first time that it is changed; copied with its owner.
template <class T>
class on_demand {
 public:
  on_demand() = default;
  on_demand(const on_demand& other) : value_(other ? std::make_unique<T>(*other) : nullptr) {}
  on_demand(on_demand&&) noexcept = default;
  on_demand& operator=(on_demand other) noexcept {
    value_ = std::move(other.value_);
    return *this;
  }
  ~on_demand() = default;

  explicit operator bool() const noexcept { return value_ != nullptr; }
  const T& operator*() const noexcept { return *value_; }
  const T* operator->() const noexcept { return value_.get(); }
  T& change() {
    if (!value_) value_ = std::make_unique<T>();
    return *value_;
  }

 private:
  std::unique_ptr<T> value_;
};

/// A call with its arguments encoded: all that is needed to send it, and to send it again.
/// Copyable, so that a deferred operation may be started twice. Small, since each call makes one,
/// and moves it into its operation.
struct request {
  stub_node* stub = nullptr;  // of a typed call
  // Of a dynamic one:
  std::uint64_t object = 0;
  op operation{};
  bool copies = false;  // has the child make a copy of itself
  bool pure = false;    // changes nothing there
  call_options options;
  on_demand<request_extras> extras;
  std::vector<attachment> attachments;
  byte_buffer body;

  /// What is called, for messages.
  GLOVEBOX_API std::string name() const;
};

}  // namespace glovebox::detail

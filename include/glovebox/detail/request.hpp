// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/byte_buffer.hpp>
#include <glovebox/call_options.hpp>
#include <glovebox/codec.hpp>
#include <glovebox/detail/stub_node.hpp>
#include <glovebox/op.hpp>

#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace glovebox::detail {

class callable;
class callback_scope;

/// A call with its arguments encoded: all that is needed to send it, and to send it again.
/// Copyable, so that a deferred operation may be started twice.
struct request {
  stub_node* stub = nullptr;  // of a typed call
  // Of a dynamic one:
  op operation{};
  std::uint64_t object = 0;
  std::string called;  // what it calls, for messages; else the stub's name counts

  byte_buffer body;
  std::vector<attachment> attachments;
  /// Objects that are arguments; their handles must stay valid until the call has run.
  std::vector<std::shared_ptr<const void>> kept;
  /// What the child may call meanwhile; the arguments name them by their index.
  std::vector<std::shared_ptr<callable>> callables;
  std::shared_ptr<callback_scope> scope;  // of those that run, once it is submitted
  call_options options;
  bool copies = false;              // has the child make a copy of itself
  bool pure = false;                // changes nothing there
  std::exception_ptr encode_error;  // delivered through the handler

  std::string_view name() const noexcept { return stub ? stub->name : std::string_view(called); }
};

}  // namespace glovebox::detail

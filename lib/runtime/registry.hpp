// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "core/definition.hpp"

#include <glovebox/byte_buffer.hpp>
#include <glovebox/detail/stub_node.hpp>

#include <cstdint>
#include <memory>

namespace glovebox::runtime {

/// A function as the parent sends it: the number it has in this process, and the body of the frame
/// that defines it in a child.
struct sendable {
  std::uint32_t index;
  std::shared_ptr<const byte_buffer> definition;
};

/// Parent: how to send a function. Thread-safe.
sendable describe_stub(detail::stub_node& node);

/// Parent: a node for a function that only its children have, so that calls of it can be sent. It
/// lives as long as the process. Not for two threads at once.
detail::stub_node& foreign_stub(const core::definition& what);

/// Child: the node that a definition's bytes name. Loads its module if need be.
/// \throws std::runtime_error that says which function of which module was not found
detail::stub_node& resolve_stub(const std::byte* data, std::size_t size);
/// The same, of a definition that was read already.
detail::stub_node& resolve_stub(const core::definition& what);

}  // namespace glovebox::runtime

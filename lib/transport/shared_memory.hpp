// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/codec/encoder.hpp>

#include <memory>
#include <span>

namespace glovebox::detail {
class target;
}

namespace glovebox::transport {

/// This process is a child: it believes what it is given, and what it makes itself becomes
/// immutable when it is sent.
void share_memory_as_child() noexcept;
/// This thread is, until it ends.
void share_memory_as_child_thread() noexcept;

/// Parent: these go to a child, which will have the shared memory among them mapped.
void memory_was_sent(std::span<const attachment> attachments,
                     const std::shared_ptr<detail::target>& to);
/// Parent: the child may still use the shared memory among these when nobody waits for it any more.
void memory_was_abandoned(std::span<const attachment> attachments) noexcept;
/// Parent: this child's memory is of no use any more, and is given back.
void memory_owner_ended(const std::weak_ptr<detail::target>& owner) noexcept;

}  // namespace glovebox::transport

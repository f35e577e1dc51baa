// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "runtime/callbacks.hpp"

#include "runtime/child.hpp"
#include "runtime/dispatcher.hpp"
#include "runtime/operation_port.hpp"
#include "runtime/remote_errors.hpp"

#include <algorithm>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <utility>

namespace glovebox::runtime {
namespace {

constinit thread_local detail::callback_port* port = nullptr;

}  // namespace

void set_callback_port(detail::callback_port* here) noexcept {
  port = here;
}

detail::callback_port* callbacks_if_here() noexcept {
  return port;
}

detail::callback_port& callbacks_here() {
  detail::callback_port* const here = callbacks_if_here();
  if (!here)
    throw std::runtime_error(
        "a callback to the parent is possible only on the thread that runs the calls, the child's "
        "main thread");
  return *here;
}

// ---- the dispatcher's part

dispatcher::kept_frame::kept_frame(core::frame_view& frame)
    : header(frame.header),
      body(frame.body.begin(), frame.body.end()),
      descriptors(std::move(frame.descriptors)) {
  for (const auto& each : frame.attachments) attachments.emplace_back(each.begin(), each.end());
}

core::frame_view dispatcher::kept_frame::view() {
  return {header, body, {attachments.begin(), attachments.end()}, std::move(descriptors)};
}

std::shared_ptr<const detail::parent_callable> dispatcher::take_named(std::uint64_t name) {
  if (running_.empty()) throw std::runtime_error("a callback outside of a call");
  running_call& call = running_.back();
  const auto index = static_cast<std::uint32_t>(name / 2);
  if (call.callables.size() <= index) call.callables.resize(index + 1);
  auto& callee = call.callables[index];
  if (!callee)
    callee =
        std::make_shared<const detail::parent_callable>(call.id, index, (name & 1) != 0, gone_);
  return callee;
}

void dispatcher::check(const detail::parent_callable& to) const {
  if (running_.empty())
    throw std::runtime_error(
        "a callback to the parent is possible only while a call runs: nobody waits for it");
  if (to.home() != gone_)
    throw std::runtime_error("the callback was given to another child of this process");
  const bool alive =
      to.kept() || std::any_of(running_.begin(), running_.end(),
                               [&](const running_call& each) { return each.id == to.call(); });
  if (!alive)
    throw std::runtime_error(
        "the callback belongs to a call that has ended; the caller must pass "
        "glovebox::kept(function) for it to be called later");
  if (waiting_ >= limits_.callback_depth)
    throw std::runtime_error("callbacks are nested deeper than " +
                             std::to_string(limits_.callback_depth) + " (limits.callback_depth)");
}

std::unique_ptr<detail::object_port> dispatcher::make_object_port() {
  return std::make_unique<operation_port>(objects_);
}

void dispatcher::run(detail::callback_exchange& exchange) {
  ended_at_ = 0;  // the running call has gone on since
  const bool json = exchange.in() == detail::callback_exchange::language::json;
  const std::uint64_t number =
      session_.call_back(exchange.to().call(), exchange.to().index(),
                         json ? core::body_encoding::json : core::body_encoding::binary,
                         exchange.arguments, exchange.attachments);
  {
    // The running call's frame may be in the reader's buffer, and still be needed.
    const auto frames = session_.reader().detach();
    const struct depth {
      explicit depth(std::size_t& of) : count(of) { ++count; }
      ~depth() { --count; }
      std::size_t& count;
    } deeper(waiting_);
    wait_for(number);
  }
  const auto found = returned_.find(number);
  kept_frame answer = std::move(found->second);
  returned_.erase(found);
  if (answer.header.kind == core::frame_kind::callback_error) {
    const core::frame_view view = answer.view();
    decoder in(view.body, view.attachments, limits_);
    const core::exception_record record = core::decode_exception(in);
    std::rethrow_exception(make_remote_exception(record, "a callback"));
  }
  exchange.result = std::move(answer.body);
  exchange.result_attachments = std::move(answer.attachments);
  exchange.result_descriptors = std::move(answer.descriptors);
}

void dispatcher::wait_for(std::uint64_t callback) {
  core::session::event event;
  while (!returned_.contains(callback)) {
    session_.next(event);
    if (event.kind != core::session::event_kind::none) {
      handle(event);
    } else if (!read_more()) {
      // The parent is gone, or has ended the child: the function cannot go on.
      // In the parent's process, others may be reading from one of its streams.
      if (page_.in_process == 0) std::fflush(nullptr);
      leave_child(page_);
    }
  }
}

void dispatcher::tell_let_go() {
  for (const auto& [call, index] : gone_->take()) session_.let_go(call, index);
}

}  // namespace glovebox::runtime

namespace glovebox::detail {

void released_callables::add(std::uint64_t call, std::uint32_t index) noexcept {
  try {
    const std::lock_guard lock(lock_);
    all_.emplace_back(call, index);
  } catch (...) {
    // The parent keeps it until this child ends.
  }
}

released_callables::list released_callables::take() {
  const std::lock_guard lock(lock_);
  return std::exchange(all_, {});
}

}  // namespace glovebox::detail

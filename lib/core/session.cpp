// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "core/session.hpp"

#include <glovebox/dynamic/json_reader.hpp>

#include <cassert>

namespace glovebox::core {

session::session(role side, frame_sink& out, const limits& bounds)
    : role_(side), out_(out), reader_(bounds) {
  if (side == role::parent) slots_.resize(64);
}

bool session::broken(event& out, std::string_view why) {
  reader_.refuse(why);  // which makes it last
  out.kind = event_kind::violation;
  out.why = why;
  return true;
}

void session::next(event& out) {
  out.kind = event_kind::none;
  out.call = nullptr;
  for (;;) {
    switch (reader_.next(out.frame)) {
      case frame_reader::outcome::need_more:
        return;
      case frame_reader::outcome::violation:
        broken(out, reader_.violation());
        return;
      case frame_reader::outcome::frame:
        break;
    }
    // No message of today's protocol carries descriptors.
    if (out.frame.header.descriptors != 0) {
      broken(out, "a frame that announces descriptors");
      return;
    }
    if (role_ == role::parent ? parent_frame(out) : child_frame(out)) return;
  }
}

bool session::parent_frame(event& out) {
  const frame_header& header = out.frame.header;
  if (!ready_) {
    if (header.kind != frame_kind::ready) return broken(out, "a frame before the ready frame");
    if (header.target != protocol_version) return broken(out, "another protocol version");
    ready_ = true;
    out.kind = event_kind::ready;
    return true;
  }
  switch (header.kind) {
    case frame_kind::reply:
      out.kind = event_kind::reply;
      return answer(out);
    case frame_kind::error:
      out.kind = event_kind::error;
      return answer(out);
    case frame_kind::skipped:
      return answer(out);
    case frame_kind::ready:
      return broken(out, "a second ready frame");
    default:
      return broken(out, "a frame that only a parent sends");
  }
}

// True when there is something to hand out: the answer to an abandoned call is swallowed here.
bool session::answer(event& out) {
  const frame_header& header = out.frame.header;
  if (!known(header.call)) return broken(out, "an answer to a call that is not open");
  slot& which = at(header.call);
  const bool abandoned = which.state == slot_state::abandoned;
  if (!abandoned && which.state != slot_state::sent)
    return broken(out, "an answer to a call that is not open");
  if (header.kind == frame_kind::skipped && !abandoned)
    return broken(out, "a call was skipped that nobody had withdrawn");
  if (header.kind != frame_kind::reply && header.object != 0)
    return broken(out, "an object in an answer that is no result");
  out.call = which.call;
  if (!abandoned) --open_;
  --unanswered_;
  free_slot(which);
  if (!abandoned) return true;
  // Nobody will ever hold the objects that came back.
  if (header.object != 0) release(header.object, 1);
  if (header.kind == frame_kind::reply && header.encoding == body_encoding::json)
    for (const std::uint64_t object : detail::references_in(out.frame.body)) release(object, 1);
  out.kind = event_kind::none;
  out.call = nullptr;
  return false;
}

bool session::child_frame(event& out) {
  const frame_header& header = out.frame.header;
  switch (header.kind) {
    case frame_kind::define:
      if (header.target >= max_definitions) return broken(out, "too many definitions");
      out.kind = event_kind::define;
      return true;
    case frame_kind::call:
    case frame_kind::operate:
      if (header.call <= last_seen_call_) return broken(out, "a call id that does not grow");
      last_seen_call_ = header.call;
      out.kind = event_kind::call;
      return true;
    case frame_kind::release:
      out.kind = event_kind::release;
      return true;
    default:
      return broken(out, "a frame that only a child sends");
  }
}

void session::open(pending_call& call) {
  if (next_ - oldest_ == slots_.size()) grow();
  call.id = next_++;
  at(call.id) = {&call, slot_state::unsent};
  ++open_;
}

void session::grow() {
  std::vector<slot> larger(slots_.size() * 2);
  for (std::uint64_t id = oldest_; id != next_; ++id) larger[id & (larger.size() - 1)] = at(id);
  slots_ = std::move(larger);
}

void session::free_slot(slot& which) noexcept {
  which = {};
  while (oldest_ != next_unsent_ && at(oldest_).state == slot_state::free) ++oldest_;
}

// Ids that were withdrawn before they were sent are passed over.
void session::skip_gaps() noexcept {
  while (next_unsent_ != next_ && at(next_unsent_).state == slot_state::free) ++next_unsent_;
  while (oldest_ != next_unsent_ && at(oldest_).state == slot_state::free) ++oldest_;
}

pending_call* session::unsent() const noexcept {
  if (next_unsent_ == next_ || next_unsent_ - oldest_ >= window) return nullptr;
  return at(next_unsent_).call;
}

void session::define(std::uint32_t function, const byte_buffer& definition) {
  frame_header header;
  header.kind = frame_kind::define;
  header.encoding = body_encoding::binary;
  header.target = function;
  out_.put(header, definition, {});
  if (function >= defined_.size()) defined_.resize(function + 1);
  defined_[function] = true;
}

void session::send(std::uint32_t function, body_encoding encoding, const byte_buffer& body,
                   std::span<const attachment> attachments) {
  assert(defined(function));
  frame_header header;
  header.kind = frame_kind::call;
  header.encoding = encoding;
  header.target = function;
  send_next(header, body, attachments);
}

void session::send(op operation, std::uint64_t object, const byte_buffer& body,
                   std::span<const attachment> attachments) {
  frame_header header;
  header.kind = frame_kind::operate;
  header.encoding = body_encoding::json;
  header.target = static_cast<std::uint32_t>(operation);
  header.object = object;
  send_next(header, body, attachments);
}

void session::send_next(frame_header header, const byte_buffer& body,
                        std::span<const attachment> attachments) {
  assert(next_unsent_ != next_);
  flush_releases();
  header.call = next_unsent_;
  out_.put(header, body, attachments);
  at(next_unsent_).state = slot_state::sent;
  ++unanswered_;
  ++next_unsent_;
  skip_gaps();
}

session::withdrawal session::withdraw(std::uint64_t id) {
  if (!known(id)) return withdrawal::unknown;
  slot& which = at(id);
  switch (which.state) {
    case slot_state::unsent:
      --open_;
      which = {};
      skip_gaps();
      return withdrawal::unsent;
    case slot_state::sent:
      --open_;
      which = {nullptr, slot_state::abandoned};
      return withdrawal::abandoned;
    default:
      return withdrawal::unknown;
  }
}

pending_call* session::find(std::uint64_t id) const noexcept {
  return known(id) ? at(id).call : nullptr;
}

void session::release(std::uint64_t object, std::uint32_t count) {
  releases_.emplace_back(object, count);
}

void session::flush_releases() {
  const byte_buffer nothing{};
  std::size_t given = 0;
  try {
    for (; given != releases_.size(); ++given) {
      frame_header header;
      header.kind = frame_kind::release;
      header.target = releases_[given].second;
      header.object = releases_[given].first;
      out_.put(header, nothing, {});
    }
  } catch (...) {
    // Told twice, the child would destroy what is still in use.
    releases_.erase(releases_.begin(), releases_.begin() + static_cast<std::ptrdiff_t>(given));
    throw;
  }
  releases_.clear();
}

std::vector<pending_call*> session::open_list() const {
  std::vector<pending_call*> calls;
  calls.reserve(open_);
  for (std::uint64_t id = oldest_; id != next_; ++id)
    if (at(id).call) calls.push_back(at(id).call);
  return calls;
}

std::vector<pending_call*> session::close() {
  std::vector<pending_call*> calls = open_list();
  for (slot& each : slots_) each = {};
  oldest_ = next_unsent_ = next_;
  open_ = unanswered_ = 0;
  releases_.clear();
  return calls;
}

void session::say_ready() {
  frame_header header;
  header.kind = frame_kind::ready;
  header.target = protocol_version;
  out_.put(header, {}, {});
}

void session::reply(std::uint64_t call, std::uint64_t object, const byte_buffer& body,
                    std::span<const attachment> attachments, body_encoding encoding) {
  frame_header header;
  header.kind = frame_kind::reply;
  header.encoding = encoding;
  header.call = call;
  header.object = object;
  out_.put(header, body, attachments);
}

void session::reply_error(std::uint64_t call, const byte_buffer& body,
                          std::span<const attachment> attachments) {
  frame_header header;
  header.kind = frame_kind::error;
  header.encoding = body_encoding::binary;
  header.call = call;
  out_.put(header, body, attachments);
}

void session::reply_skipped(std::uint64_t call) {
  frame_header header;
  header.kind = frame_kind::skipped;
  header.call = call;
  out_.put(header, {}, {});
}

}  // namespace glovebox::core

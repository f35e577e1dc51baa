// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "core/session.hpp"

#include <glovebox/dynamic/json_reader.hpp>

#include <algorithm>
#include <cassert>

namespace glovebox::core {
namespace {

bool may_carry_descriptors(frame_kind kind) noexcept {
  switch (kind) {
    case frame_kind::call:
    case frame_kind::operate:
    case frame_kind::reply:
    case frame_kind::callback:
    case frame_kind::callback_reply:
      return true;
    default:
      return false;
  }
}

}  // namespace

session::session(role side, frame_sink& out, const limits& bounds)
    : limits_(bounds),
      role_(side),
      out_(out),
      reader_(bounds),
      most_callbacks_(bounds.callback_depth) {}

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
        if (reader_.unannounced()) broken(out, "descriptors that no frame announces");
        return;
      case frame_reader::outcome::violation:
        broken(out, reader_.violation());
        return;
      case frame_reader::outcome::frame:
        break;
    }
    if (out.frame.header.descriptors != 0 && !may_carry_descriptors(out.frame.header.kind)) {
      broken(out, "descriptors with a frame of a kind that has none");
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
      out.kind = event_kind::skipped;
      return answer(out);
    case frame_kind::callback:
      return called_back(out);
    case frame_kind::let_go:
      out.kind = event_kind::let_go;
      return true;
    case frame_kind::ready:
      return broken(out, "a second ready frame");
    default:
      return broken(out, "a frame that only a parent sends");
  }
}

bool session::answer(event& out) {
  const frame_header& header = out.frame.header;
  call_table& calls = table(header.call);
  const call_table::state state = calls.state_of(header.call);
  const bool abandoned = state == call_table::state::abandoned;
  if (!abandoned && state != call_table::state::sent)
    return broken(out, "an answer to a call that is not open");
  if (header.kind == frame_kind::skipped && !abandoned && !calls.find(header.call)->may_be_skipped)
    return broken(out, "a call was skipped that nobody had withdrawn");
  if (header.kind != frame_kind::reply && header.object != 0)
    return broken(out, "an object in an answer that is no result");
  out.call = calls.find(header.call);
  calls.answered(header.call);
  if (!abandoned) return true;
  // Nobody will ever hold the objects that came back.
  if (header.object != 0) release(header.object, 1);
  if (header.kind == frame_kind::reply && header.encoding == body_encoding::json)
    for (const std::uint64_t object : detail::references_in(out.frame.body)) release(object, 1);
  out.kind = event_kind::late;
  return true;
}

bool session::called_back(event& out) {
  const frame_header& header = out.frame.header;
  if (header.call == 0 || !sent(header.call))
    return broken(out, "a callback of a call that was not sent");
  if (header.object <= last_callback_) return broken(out, "a callback whose number does not grow");
  if (callbacks_.size() >= most_callbacks_)
    return broken(out, "more open callbacks than limits.callback_depth");
  last_callback_ = header.object;
  callbacks_.push_back(header.object);
  out.call = table(header.call).find(header.call);
  out.kind = event_kind::callback;
  return true;
}

bool session::child_frame(event& out) {
  const frame_header& header = out.frame.header;
  switch (header.kind) {
    case frame_kind::define:
      if (header.target >= max_definitions) return broken(out, "too many definitions");
      out.kind = event_kind::define;
      return true;
    case frame_kind::call:
    case frame_kind::operate: {
      std::uint64_t& last = is_nested(header.call) ? last_seen_nested_ : last_seen_call_;
      if (header.call <= last) return broken(out, "a call id that does not grow");
      last = header.call;
      out.kind = event_kind::call;
      return true;
    }
    case frame_kind::callback_reply:
    case frame_kind::callback_error:
      if (header.object == 0 || header.object > last_callback_)
        return broken(out, "an answer to a callback that was never made");
      out.kind = event_kind::returned;
      return true;
    case frame_kind::release:
      out.kind = event_kind::release;
      return true;
    case frame_kind::misbehave:
      out.kind = event_kind::misbehave;
      return true;
    default:
      return broken(out, "a frame that only a child sends");
  }
}

void session::misbehave(std::uint64_t call, std::uint32_t fault, std::uint64_t time) {
  frame_header header;
  header.call = call;
  header.kind = frame_kind::misbehave;
  header.target = fault;
  header.object = time;
  out_.put(header, {}, {});
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
  const pending_call* const next = unsent();
  assert(next);
  flush_releases();
  header.call = next->id;
  out_.put(header, body, attachments);
  table(next->id).mark_sent();
}

bool session::close_callback(std::uint64_t callback) noexcept {
  const auto found = std::find(callbacks_.begin(), callbacks_.end(), callback);
  if (found == callbacks_.end()) return false;
  callbacks_.erase(found);
  return true;
}

void session::callback_reply(std::uint64_t callback, body_encoding encoding,
                             const byte_buffer& body, std::span<const attachment> attachments) {
  frame_header header;
  header.kind = frame_kind::callback_reply;
  header.encoding = encoding;
  header.object = callback;
  if (std::find(callbacks_.begin(), callbacks_.end(), callback) == callbacks_.end()) return;
  out_.put(header, body, attachments);  // which may throw: then it can still be failed
  close_callback(callback);
}

void session::callback_error(std::uint64_t callback, const byte_buffer& body,
                             std::span<const attachment> attachments) {
  frame_header header;
  header.kind = frame_kind::callback_error;
  header.encoding = body_encoding::binary;
  header.object = callback;
  if (close_callback(callback)) out_.put(header, body, attachments);
}

void session::release(std::uint64_t object, std::uint32_t count) {
  releases_.emplace_back(object, count);
}

void session::send_releases() {
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
  calls.reserve(open_calls());
  calls_.append_open(calls);
  nested_.append_open(calls);
  return calls;
}

std::vector<pending_call*> session::close() {
  std::vector<pending_call*> calls = open_list();
  calls_.close();
  nested_.close();
  callbacks_.clear();
  releases_.clear();
  return calls;
}

void session::know(const std::vector<bool>& definitions) {
  if (defined_.size() < definitions.size()) defined_.resize(definitions.size());
  for (std::size_t i = 0; i != definitions.size(); ++i)
    if (definitions[i]) defined_[i] = true;
}

void session::restart() {
  reader_ = frame_reader(limits_);
  last_seen_call_ = 0;
  last_seen_nested_ = nested_bit;
}

void session::say_ready() {
  frame_header header;
  header.kind = frame_kind::ready;
  header.target = protocol_version;
  out_.put(header, {}, {});
}

void session::reply(std::uint64_t call, std::uint64_t object, const byte_buffer& body,
                    std::span<const attachment> attachments, body_encoding encoding,
                    std::uint32_t taken) {
  frame_header header;
  header.kind = frame_kind::reply;
  header.target = taken;
  header.encoding = encoding;
  header.call = call;
  header.object = object;
  out_.put(header, body, attachments);
}

void session::reply_error(std::uint64_t call, const byte_buffer& body,
                          std::span<const attachment> attachments, std::uint32_t taken) {
  frame_header header;
  header.kind = frame_kind::error;
  header.target = taken;
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

std::uint64_t session::call_back(std::uint64_t call, std::uint32_t callable, body_encoding encoding,
                                 const byte_buffer& body, std::span<const attachment> attachments) {
  frame_header header;
  header.kind = frame_kind::callback;
  header.encoding = encoding;
  header.target = callable;
  header.call = call;
  header.object = last_callback_ + 1;
  out_.put(header, body, attachments);
  return ++last_callback_;
}

void session::let_go(std::uint64_t call, std::uint32_t callable) {
  frame_header header;
  header.kind = frame_kind::let_go;
  header.target = callable;
  header.call = call;
  out_.put(header, {}, {});
}

}  // namespace glovebox::core

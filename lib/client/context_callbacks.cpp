// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "client/callback_scope.hpp"
#include "client/context_impl.hpp"
#include "core/exception_record.hpp"
#include "runtime/exceptions.hpp"
#include "transport/shared_memory.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace glovebox::client {

// Those that the child may keep outlive their call.
void context_impl::keep_callables(const call& which) {
  const callables& all = which.op->request().extras->callables;
  callables kept;
  for (std::size_t i = 0; i != all.size(); ++i) {
    if (!all[i]->kept()) continue;
    kept.resize(all.size());
    kept[i] = all[i];
  }
  if (!kept.empty()) kept_.insert_or_assign(which.id, std::move(kept));
}

// The child will not call these any more.
void context_impl::let_go(std::uint64_t id, std::uint32_t from, std::uint32_t to,
                          completions& done) {
  if (kept_.empty()) return;
  const auto found = kept_.find(id);
  if (found == kept_.end()) return;
  callables& all = found->second;
  for (std::size_t i = from; i < std::min<std::size_t>(to, all.size()); ++i)
    if (all[i]) done.discard(std::move(all[i]));
  if (std::none_of(all.begin(), all.end(), [](const auto& each) { return each != nullptr; }))
    kept_.erase(found);
}

// Under the lock: from now on its call waits for it.
void context_impl::take_callback(core::session::event& event) {
  if (exit_known_ || state_ == context_state::terminating) return;  // nobody waits for it any more
  const core::frame_header& header = event.frame.header;
  called_back one;
  one.ticket = {shared_from_this(), header.object, nullptr};
  if (event.call) {
    const detail::request& what = static_cast<call*>(event.call)->op->request();
    if (what.extras && header.target < what.extras->callables.size()) {
      one.callee = what.extras->callables[header.target];
      one.ticket.scope = what.extras->scope;
      one.ticket.scope->enter();
    }
  } else if (const auto found = kept_.find(header.call);
             found != kept_.end() && header.target < found->second.size()) {
    one.callee = found->second[header.target];
  }
  one.frame = std::move(event.frame);
  callbacks_.push_back(std::move(one));
}

void context_impl::start_callback(called_back& one, const std::shared_ptr<detail::target>& from) {
  try {
    if (!one.callee)
      throw std::runtime_error(
          "the callback belongs to a call that has ended; pass glovebox::kept(function) to let the "
          "child call it later");
    one.callee->start(
        one.callee,
        {one.frame.body, one.frame.attachments, 0, options_.limits, from, one.frame.descriptors},
        one.ticket);
  } catch (const codec_error& why) {
    {
      // Before it could be told: it would answer, and its call would end in another way.
      const lock_type lock(lock_);
      kill(core::evidence::kill::violation,
           std::string("the arguments of a callback are not what it takes: ") + why.what());
    }
    detail::fail_callback(one.ticket, std::current_exception());
  } catch (...) {
    detail::fail_callback(one.ticket, std::current_exception());
  }
}

void context_impl::answer_callback(std::uint64_t number, detail::callback_answer answer) noexcept {
  try {
    completions done;
    const lock_type lock(lock_);
    if (down_ || state_ == context_state::terminating || state_ == context_state::terminated)
      return;
    try {
      encode_callback(number, answer);
    } catch (...) {
      detail::callback_answer failed;
      failed.error = std::current_exception();
      encode_callback(number, failed);
    }
    flush(done);
    arm();
  } catch (...) {
    kill();  // not even that could be said, and the child waits
  }
}

void context_impl::encode_callback(std::uint64_t number, const detail::callback_answer& answer) {
  if (!answer.error) {
    transport::memory_was_sent(answer.attachments, shared_from_this());
    transport::memory_was_abandoned(answer.attachments);  // nobody will know when it is read
    session_.callback_reply(number,
                            answer.json ? core::body_encoding::json : core::body_encoding::binary,
                            answer.body, answer.attachments);
    return;
  }
  byte_buffer body;
  std::vector<attachment> attachments;
  encoder out(body, attachments, options_.limits);
  try {
    std::rethrow_exception(answer.error);
  } catch (...) {
    core::encode(out, runtime::capture_current_exception());
  }
  session_.callback_error(number, body, attachments);
}

}  // namespace glovebox::client

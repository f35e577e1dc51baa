// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "client/aborted.hpp"
#include "client/callback_scope.hpp"
#include "client/context_impl.hpp"
#include "client/jail.hpp"
#include "client/request_text.hpp"
#include "core/exception_record.hpp"
#include "runtime/registry.hpp"
#include "runtime/remote_errors.hpp"
#include "transport/shared_memory.hpp"
#include "transport/socket.hpp"

#include <glovebox/detail/dynamic_call.hpp>
#include <glovebox/failures.hpp>

#include <sys/socket.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace glovebox::client {
namespace {

// Beyond this calls wait unsent, where they can still be withdrawn without a trace [bytes].
constexpr std::size_t enough_queued = 1024 * 1024;

}  // namespace

context_impl::call& context_impl::take_call(detail::operation& op, bool nested) {
  std::unique_ptr<call> made;
  if (spare_calls_.empty()) {
    made = std::make_unique<call>();
  } else {
    made = std::move(spare_calls_.back());
    spare_calls_.pop_back();
  }
  made->op = &op;
  made->limits = {.run_timeout = op.request().options.run_timeout,
                  .grace = op.request().options.grace};
  made->deadline = never;
  session_.open(*made, nested);
  return *made.release();
}

void context_impl::recycle(call& which) noexcept {
  constexpr std::size_t most_spare = 1024;
  std::unique_ptr<call> spare(&which);
  if (spare_calls_.size() < most_spare) spare_calls_.push_back(std::move(spare));
}

bool context_impl::accepts_calls() const noexcept {
  return !down_ && !stopping_ &&
         (state_ == context_state::starting || state_ == context_state::ready);
}

// Whether there will be a next life, as far as that is known while this one ends.
bool context_impl::goes_on() const {
  return !down_ && state_ != context_state::terminated && (back_to_ || way_back());
}

std::exception_ptr context_impl::refusal() const {
  std::string text = "the context has terminated";
  if (down_)
    text = "the execution context of this context was shut down";
  else if (state_ == context_state::terminating || stopping_)
    text = "the context is terminating";
  else if (ended_)
    text += ": " + ended_->summary();
  return std::make_exception_ptr(state_error(text + "; make a new context"));
}

void context_impl::submit(detail::operation& op) {
  completions done;  // posted when this function ends: handlers never run inside an initiation
  submit(op, done);
}

// What ends at once is told by the caller, when it holds no lock any more.
void context_impl::submit(detail::operation& op, completions& done) {
  lock_type lock(lock_);
  detail::request& what = op.request();
  if (what.extras && what.extras->encode_error) {
    done.fail(op, what.extras->encode_error);
    return;
  }
  // A context that could not be started tells each call why. One that goes back to a snapshot, or
  // will when its child has ended, takes calls for the next life.
  if (!accepts_calls() && !goes_on()) {
    if (const auto next = successor()) {
      lock.unlock();
      return next->submit(op, done);
    }
    if (ended_ && ended_->phase == phase::queued && !down_)
      done.fail(op, std::make_exception_ptr(process_terminated(*ended_)));
    else
      done.fail(op, refusal());
    return;
  }
  if (refuses_next_ && !what.copies) {
    done.fail(op, std::make_exception_ptr(state_rolled_back(*refuses_next_, lost_calls_)));
    refuses_next_.reset();
    return;
  }
  const bool idle = session_.open_calls() == 0;
  if (what.extras && !what.extras->callables.empty())
    what.extras.change().scope = std::make_shared<detail::callback_scope>();
  // While the child waits in a callback, what is called now may be what it waits for.
  call& which = take_call(op, session_.open_callbacks() != 0);
  stats_.calls += !what.copies;
  if (op.key() != 0) cancellable_.emplace(op.key(), which.id);
  if (what.options.timeout.count() > 0) {
    which.deadline = clock::now() + what.options.timeout;
    deadlines_.add(which.deadline.time_since_epoch().count(), which.id);
  }
  if (what.options.run_timeout.count() > 0)
    run_checks_.add((clock::now() + what.options.run_timeout).time_since_epoch().count(), which.id);
  if (!what.copies) prepare_spare();
  if (delivers_more()) {
    held_ = true;
    post_flush();  // should the handler wait for this call, on another thread's work
  } else if (idle || held_)
    send_now(done);
  else
    // Others are under way: more may follow, and one system call serves them all.
    post_flush();
}

void context_impl::send_now(completions& done) {
  held_ = false;
  fill_queue(done);
  flush(done);
  arm_waits();
}

void context_impl::post_flush() {
  if (std::exchange(flush_posted_, true)) return;
  asio::post(executor_, [self = self()] {
    completions done;
    lock_type lock(self->lock_);
    self->flush_posted_ = false;
    self->send_now(done);
    self->deliver(lock, done);
  });
}

void context_impl::fill_queue(completions& done) {
  if (back_to_ || state_ == context_state::terminating) return;
  if (handed_over_.load(std::memory_order_acquire)) {
    session_.know(std::exchange(handed_definitions_, {}));
    handed_over_.store(false, std::memory_order_relaxed);
  }
  while (out_.bytes() < enough_queued) {
    if (snapshots_ && session_.open_callbacks() == 0 &&
        snapshots_->due(clock::now().time_since_epoch().count(), session_.unsent() != nullptr))
      order_copy();
    core::pending_call* const next = session_.unsent();
    if (!next || (snapshots_ && snapshots_->holds() && !core::session::is_nested(next->id))) return;
    auto& which = static_cast<call&>(*next);
    const detail::request& what = which.op->request();
    try {
      if (!what.attachments.empty())
        transport::memory_was_sent(what.attachments, shared_from_this());
      if (options_.faults && !what.copies) plan_fault(which.id);
      if (!what.stub) {
        if (what.extras) keep_callables(which);
        session_.send(what.operation, what.object, what.body, what.attachments);
        if (snapshots_) snapshots_->sent(!what.pure);
        continue;
      }
      std::uint32_t index = what.stub->index.load(std::memory_order_acquire);
      if (index == 0 || !session_.defined(index)) {
        const runtime::sendable function = runtime::describe_stub(*what.stub);
        index = function.index;
        if (!session_.defined(index)) session_.define(index, *function.definition);
      }
      if (what.extras) keep_callables(which);
      session_.send(index, core::body_encoding::binary, what.body, what.attachments);
      if (what.stub == &jail_node()) note_jail();
      if (what.copies)
        note_copy(*which.op);
      else if (snapshots_)
        snapshots_->sent(!what.pure);
    } catch (...) {
      withdraw(which, std::current_exception(), done);
    }
  }
}

void context_impl::plan_fault(std::uint64_t id) {
  if (asleep_) return;  // it is asked for copies, not for calls
  const testing::fault_plan::planned next = options_.faults->next_call();
  if (next.what != testing::fault::none)
    session_.misbehave(id, static_cast<std::uint32_t>(next.what),
                       static_cast<std::uint64_t>(next.time.count()));
}

void context_impl::flush(completions& done) {
  if (session_.unsent() == nullptr) session_.flush_releases();
  while (!out_.empty() && channel_ && !write_armed_ && !write_failed_) {
    std::array<iovec, 64> pieces;
    std::array<int, transport::max_descriptors> numbers;
    const auto descriptors = out_.descriptors(numbers);
    const auto result = transport::send_some(channel_->native_handle(), out_.gather(pieces),
                                             descriptors, MSG_DONTWAIT);
    if (result.error == EAGAIN) {
      write_armed_ = true;
      channel_->async_wait(asio::posix::stream_descriptor::wait_write,
                           [self = self()](const asio_error_code&) {
                             completions later;
                             lock_type lock(self->lock_);
                             self->write_armed_ = false;
                             self->fill_queue(later);
                             self->flush(later);
                             self->try_stop();
                             self->arm();
                             self->deliver(lock, later);
                           });
      return;
    }
    if (result.error != 0 && !descriptors.empty() && result.error != EPIPE &&
        result.error != ECONNRESET) {
      out_.lose_descriptors();  // such as ETOOMANYREFS: that call ends with an error, no other
      continue;
    }
    if (result.error != 0) {
      write_failed_ = true;  // the reader will see the end, and what came before it
      return;
    }
    out_.consume(result.bytes);
    stats_.bytes_sent += result.bytes;
    if (session_.unsent()) fill_queue(done);
  }
}

// The caller's call ends now, whatever the child does with it.
void context_impl::withdraw(call& which, std::exception_ptr why, completions& done) {
  detail::operation& op = *which.op;
  if (op.key() != 0) cancellable_.erase(op.key());
  if (session_.withdraw(which.id) == core::session::withdrawal::unsent)
    kept_.erase(which.id);
  else
    transport::memory_was_abandoned(op.request().attachments);
  recycle(which);
  done.fail(op, std::move(why));
}

// Asks the child not to start a call that was sent, or to stop it. True when it certainly will not
// start: see recorder_page::skip for why the order of the two steps matters.
bool context_impl::skip(std::uint64_t id) {
  if (!recorder_) return false;
  process::mark(*recorder_, id);
  const auto& started =
      core::session::is_nested(id) ? recorder_->last_nested_started : recorder_->last_started;
  if (started.load(std::memory_order_seq_cst) < id) return true;
  process::ring_bell(*recorder_);
  return false;
}

// A call that has ended leaves its mark to the next one of the same bit.
void context_impl::unmark(std::uint64_t id) noexcept {
  if (recorder_) process::unmark(*recorder_, id);
}

void context_impl::cancel(std::uint64_t key, asio::cancellation_type type) {
  completions done;
  lock_type lock(lock_);
  if (const auto next = successor()) {
    lock.unlock();
    return next->cancel(key, type);
  }
  for (auto* const waiters : {&ready_waiters_, &stop_waiters_})
    for (auto at = waiters->begin(); at != waiters->end(); ++at)
      if ((*at)->key() == key) {
        done.fail(**at, aborted());
        waiters->erase(at);
        arm();
        return;
      }
  const auto found = cancellable_.find(key);
  if (found == cancellable_.end()) return;
  const std::uint64_t id = found->second;
  auto* const which = static_cast<call*>(session_.find(id));
  if (!which) return;
  const bool sent = session_.sent(id);
  // `total` promises that nothing has happened; for a call that was sent nobody can promise that.
  constexpr auto abandoning = asio::cancellation_type::terminal | asio::cancellation_type::partial;
  if (sent && (type & abandoning) == asio::cancellation_type::none) return;
  const call_options& options = which->op->request().options;
  const on_abandon how = options.on_abandon;
  const bool starts = sent && how != on_abandon::ignore && !skip(id);
  // What runs on must end all the same: behind it others wait.
  if ((starts || (sent && how == on_abandon::ignore)) &&
      (options.timeout.count() > 0 || options.run_timeout.count() > 0))
    abandoned_.emplace(id, which->limits);
  withdraw(*which, aborted(), done);
  if (starts && how == on_abandon::kill) kill(core::evidence::kill::owner, {});
  try_stop();
  arm();
}

void context_impl::release(std::uint64_t object) noexcept {
  try {
    lock_type lock(lock_);
    if (const auto next = successor()) {
      lock.unlock();
      return next->release(object);
    }
    if (down_ || state_ == context_state::terminated) return;
    session_.release(object, 1);
    if (const auto lives = lineage_.lock()) note_reference(*lives, object, -1);
    if (stats_.objects != 0) --stats_.objects;
    post_flush();
  } catch (...) {
    // No memory to give it back: the object lives as long as the child.
  }
}

// Decodes what has arrived. User types are decoded here, so the mutex is not held; the reader's
// buffer belongs to the thread that pumps.
void context_impl::take_answers(lock_type& lock, completions& done) {
  if (answers_.empty() && callbacks_.empty()) return;
  for (const answered& one : answers_)
    if (one.which->op->key() != 0) cancellable_.erase(one.which->op->key());
  std::string broken;
  const std::shared_ptr<detail::target> from = front();
  const std::shared_ptr<lineage> lives = lineage_.lock();
  lock.unlock();
  for (called_back& one : callbacks_) {
    if (lives) note_objects(one.frame, *lives);
    start_callback(one, from);
  }
  for (answered& one : answers_) {
    finish_answer(one, from, done, broken);
    if (lives) note_answer(one, *lives);
  }
  callbacks_.clear();
  lock.lock();
  for (const answered& one : answers_) {
    stats_.answered += !one.which->op->request().copies;
    if (one.kind == core::session::event_kind::reply) {
      if (one.frame.header.object != 0) ++stats_.objects;
      if (one.frame.header.encoding == core::body_encoding::json)
        stats_.objects += detail::references_in(one.frame.body).size();
    }
    recycle(*one.which);
  }
  answers_.clear();
  if (!broken.empty()) kill(core::evidence::kill::violation, std::move(broken));
}

void context_impl::finish_answer(answered& one, const std::shared_ptr<detail::target>& from,
                                 completions& done, std::string& broken) {
  detail::operation& op = *one.which->op;
  core::frame_view& frame = one.frame;
  const auto name = [&op] { return op.request().name(); };
  try {
    if (one.which->limits.overran) {
      termination late;
      late.cause = cause::deadline;
      const bool started = one.kind != core::session::event_kind::skipped;
      late.phase = started ? phase::finished : phase::queued;
      late.culprit = started ? culprit::unknown : culprit::no;
      late.pid = facts_.pid;
      late.method = name();
      describe_arguments(op.request(), late);
      done.fail(op, std::make_exception_ptr(call_timeout(std::move(late), true)));
    } else if (one.kind == core::session::event_kind::error) {
      decoder in(frame.body, frame.attachments, options_.limits);
      const core::exception_record record = core::decode_exception(in);
      in.finish();
      done.fail(op, runtime::make_remote_exception(record, name()));
    } else {
      op.take({frame.body, frame.attachments, frame.header.object, options_.limits, from,
               frame.descriptors});
      done.add(op);
    }
  } catch (const detail::unwanted_result& result) {
    done.fail(op, result.why);
  } catch (const codec_error& why) {
    broken = "the answer of " + name() + " is not what it returns: " + why.what();
    done.fail(op, std::make_exception_ptr(protocol_error(broken)));
  } catch (...) {
    done.fail(op, std::current_exception());  // a user's decoder threw
  }
}

termination context_impl::view_for(const call& which, const termination& end,
                                   const core::call_view& view) const {
  termination info = end;
  info.phase = view.phase;
  info.culprit = view.culprit;
  info.method = which.op->request().name();
  describe_arguments(which.op->request(), info);
  if (view.phase == phase::running && recorder_) {
    const std::int64_t now = std::min(end_seen_, clock::now()).time_since_epoch().count();
    const auto started = static_cast<std::int64_t>(recorder_->started_at.load());
    if (started > 0 && started < now) info.elapsed = std::chrono::nanoseconds(now - started);
  }
  return info;
}

// The child is gone: everything that waits ends here.
void context_impl::end_all(const termination& end, completions& done,
                           std::vector<detail::operation*>* moved) {
  facts_.highest_sent = session_.highest_sent();
  for (core::pending_call* const pending : session_.close()) {
    auto& which = static_cast<call&>(*pending);
    const core::call_view view = core::view_of(facts_, end, which.id);
    detail::operation& op = *which.op;
    if (moved && view.phase == phase::queued && !op.request().copies) {
      if (which.deadline != never)  // what is left of it
        op.request().options.timeout =
            std::max<clock::duration>(which.deadline - clock::now(), std::chrono::nanoseconds(1));
      moved->push_back(&op);
      recycle(which);
      continue;
    }
    termination info = view_for(which, end, view);
    const bool late = view.culprit == culprit::yes || which.limits.overran;
    if (end.cause == cause::deadline && late)
      done.fail(op, std::make_exception_ptr(call_timeout(std::move(info), false)));
    else
      done.fail(op, std::make_exception_ptr(process_terminated(std::move(info))));
    recycle(which);
  }
  cancellable_.clear();
  if (!moved)
    for (detail::operation* const op : std::exchange(ready_waiters_, {}))
      done.fail(*op, refused_ ? refused_ : std::make_exception_ptr(process_terminated(end)));
  for (detail::operation* const op : std::exchange(stop_waiters_, {})) done.add(*op);
}

}  // namespace glovebox::client

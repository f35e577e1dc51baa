// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "client/context_impl.hpp"

#include "client/child_request.hpp"
#include "client/in_process.hpp"
#include "transport/socket.hpp"

#include <glovebox/failures.hpp>

#include <sys/socket.h>
#include <csignal>
#include <utility>

namespace glovebox::client {
namespace {

// What could not be done, without the reason, which a termination keeps beside it.
std::string what_failed(const std::system_error& why) {
  std::string text = why.what();
  const std::string reason = ": " + why.code().message();
  if (text.ends_with(reason)) text.resize(text.size() - reason.size());
  return text;
}

}  // namespace

context_impl::context_impl(asio::any_io_executor executor, context_options options)
    : executor_(std::move(executor)),
      options_(std::move(options)),
      service_(&service::of(executor_)),
      out_(options_.limits),
      session_(core::session::role::parent, out_, options_.limits) {
  if (options_.on_crash == on_crash::roll_back)
    snapshots_.emplace(core::snapshot_plan::settings{.after = options_.snapshot_after,
                                                     .max_roll_backs = options_.max_roll_backs});
}

context_impl::~context_impl() = default;

void context_impl::launch() {
  completions done;
  lock_type lock(lock_);
  try {
    timer_.emplace(executor_);
    start_poller();
    try_launch();
    start_limit_ = clock::now() + options_.start_timeout;
    service_->enter(self());
    arm();
  } catch (const process::exec_error& why) {
    facts_.never_started = true;
    facts_.exec_error = why.code().value();
    facts_.detail = what_failed(why);
    finalize(lock, done);
  } catch (const std::system_error& why) {
    facts_.never_started = true;
    facts_.start_error = why.code().value();
    facts_.detail = what_failed(why);
    finalize(lock, done);
  } catch (const std::exception& why) {
    facts_.never_started = true;
    facts_.detail = why.what();
    finalize(lock, done);
  }
}

transport::unique_fd context_impl::make_recorder() {
  transport::unique_fd memory;
  recorder_ = process::recorder::create(memory);
  set_up_recorder();
  return memory;
}

void context_impl::set_up_recorder() {
  recorder_->reply_limit = options_.limits.message_bytes;
  recorder_->descriptor_limit = options_.limits.descriptors;
  recorder_->callback_limit = options_.limits.callback_depth;
  recorder_->crash_wait = static_cast<std::uint64_t>(std::max(look_time(), {}).count());
  recorder_->busy_poll = static_cast<std::uint64_t>(std::max(options_.busy_poll, {}).count());
}

void context_impl::take_ends(transport::unique_fd channel, transport::unique_fd output) {
  channel_.emplace(executor_, channel.get());
  (void)channel.release();
  if (!output) return;
  output_.emplace(executor_, output.get());
  (void)output.release();
  feed_output();
}

// Nobody is told what a child says that no context goes on in.
void context_impl::feed_output() {
  if (output_ && options_.on_output_line && !asleep_ && !unborn_)
    feed_ = std::make_shared<output_feed>(executor_, options_.on_output_line);
}

void context_impl::start_poller() {
  if (options_.busy_poll.count() > 0 && !asleep_ && !unborn_) poller_.emplace();
}

void context_impl::try_launch() {
  if (is_thread(options_)) return launch_thread();
  if (options_.faults)
    if (const int error = options_.faults->next_start())
      throw std::system_error(error, std::generic_category(), "fork");
  // A server that died while nobody looked is noticed by the first request; the second one is
  // answered by a new server.
  for (int attempt = 0;; ++attempt) {
    auto [mine, theirs] = transport::stream_pair();
    child_request wanted = request_for(options_, std::move(theirs), make_recorder());
    link_ = service_->link(executor_, wanted.preload);
    if (!link_->start(std::move(wanted.start), std::move(wanted.descriptors),
                      std::weak_ptr<child_watcher>(self()), child_)) {
      service_->drop(*link_);
      if (attempt == 0) continue;
      throw std::system_error(ECONNRESET, std::generic_category(), "the fork server died");
    }
    unnamed_ = true;
    take_ends(std::move(mine), std::move(wanted.output));
    return;
  }
}

// ---- the child's messages

void context_impl::on_started(pid_t pid, transport::unique_fd pidfd, std::string note) {
  completions done;
  lock_type lock(lock_);
  unnamed_ = false;
  start_note_ = std::move(note);
  facts_.pid = pid;
  process_ = {pid, std::move(pidfd)};
  if (down_ || state_ == context_state::terminated || facts_.killed != core::evidence::kill::none) {
    end_child();
    exit_limit_ = clock::now() + exit_wait;
  } else if (has_begun()) {
    become_ready(done);
  }
  if (eof_) {  // it may have crashed, and wait to be looked at
    pump(lock, done);
    deliver(lock, done);
    return;
  }
  arm();
}

void context_impl::on_start_failed(int error, process::start_stage stage, std::string detail) {
  completions done;
  lock_type lock(lock_);
  facts_.never_started = true;
  facts_.start_error = detail.empty() ? error : 0;  // what is said in words needs no number
  facts_.detail = to_string(stage);
  if (!detail.empty()) facts_.detail += ": " + detail;
  exit_known_ = true;
  pump(lock, done);
  deliver(lock, done);
}

void context_impl::on_exited(const process::exit_status& status) {
  completions done;
  lock_type lock(lock_);
  if (!exit_known_) {
    exit_known_ = true;
    facts_.exit = status.code == CLD_EXITED ? core::evidence::exit_kind::exited
                                            : core::evidence::exit_kind::signalled;
    facts_.exit_value = status.status;
    facts_.usage = status.usage;
    dumped_core_ = status.code == CLD_DUMPED;
  }
  pump(lock, done);
  deliver(lock, done);
}

// Its children have PDEATHSIG on it, so they are dying now; this makes sure, and says so once the
// kernel does, or a moment later.
void context_impl::on_server_lost() {
  completions done;
  lock_type lock(lock_);
  if (state_ == context_state::terminated || down_) return;
  facts_.server_lost = true;
  unnamed_ = false;
  messages_wanted_ = false;
  if (!crash_seen_) drop_tracer();
  link_.reset();
  state_ = context_state::terminating;
  process_.keep_open();
  end_child();
  exit_limit_ = clock::now() + (process_ ? exit_wait : exit_wait / 2);
  pump(lock, done);
  deliver(lock, done);
}

// ---- the owner's wishes

void context_impl::wait_ready(detail::operation& op) {
  completions done;
  lock_type lock(lock_);
  if (const auto next = successor()) {
    lock.unlock();
    return next->wait_ready(op);
  }
  if (down_)
    done.fail(op, refusal());
  else if (state_ == context_state::starting)
    ready_waiters_.push_back(&op);
  else if (state_ == context_state::ready)
    done.add(op);
  else if (refused_)
    done.fail(op, refused_);
  else if (ended_)
    done.fail(op, std::make_exception_ptr(process_terminated(*ended_)));
  else
    done.fail(op, refusal());
}

void context_impl::stop(detail::operation& op) {
  completions done;
  lock_type lock(lock_);
  if (const auto next = successor()) {
    lock.unlock();
    return next->stop(op);
  }
  if (down_ || state_ == context_state::terminated) {
    done.add(op);
    return;
  }
  stop_waiters_.push_back(&op);
  if (!std::exchange(stopping_, true)) stop_limit_ = clock::now() + options_.stop_grace;
  try_stop();
  arm();
}

// Once all calls are answered the child is told by the end of its input.
void context_impl::try_stop() {
  if (!stopping_ || shut_write_ || !channel_ || session_.open_calls() != 0 || !out_.empty()) return;
  shut_write_ = true;
  state_ = context_state::terminating;
  facts_.killed = core::evidence::kill::owner;
  ::shutdown(channel_->native_handle(), SHUT_WR);
}

void context_impl::kill() noexcept {
  completions done;
  lock_type lock(lock_);
  if (const auto next = successor()) {
    lock.unlock();
    return next->kill();
  }
  if (down_ || state_ == context_state::terminated) return;
  unwanted_ = true;
  kill(core::evidence::kill::owner, {});
  arm();
}

void context_impl::close() noexcept {
  completions done;
  lock_type lock(lock_);
  if (const auto next = successor()) {
    lock.unlock();
    return next->close();
  }
  if (asleep_ && --keepers_ > 0) return;
  unwanted_ = true;
  if (down_ || state_ == context_state::terminated) return;
  kill(core::evidence::kill::owner, {});
  // With nobody waiting there is nothing to wait for either.
  if (is_process() && !pumping_ && session_.open_calls() == 0 && ready_waiters_.empty() &&
      stop_waiters_.empty())
    finalize(lock, done);
  else
    arm();
}

void context_impl::kill(core::evidence::kill why, std::string detail) {
  if (facts_.killed == core::evidence::kill::none || why == core::evidence::kill::violation) {
    facts_.killed = why;
    facts_.detail = std::move(detail);
  }
  state_ = context_state::terminating;
  poller_.reset();
  start_limit_ = stop_limit_ = never;
  // Who ends it knows why; and one that was kept ready for a deadline is not needed any more.
  if (why == core::evidence::kill::owner || (why != core::evidence::kill::deadline && !crash_seen_))
    drop_tracer();
  const time now = clock::now();
  end_seen_ = std::min(end_seen_, now);
  if (exit_known_) {
    exit_limit_ = now;  // only what was dropped here was waited for
    return;
  }
  end_child();
  exit_limit_ = now + exit_wait;
}

void context_impl::shut_down() noexcept {
  std::vector<detail::operation*> waiting;
  std::unordered_map<std::uint64_t, callables> kept;
  std::unique_ptr<runtime::child_thread> thread;
  std::shared_ptr<context_impl> latest, spare;  // which know, and keep, what keeps them
  {
    const lock_type lock(lock_);
    down_ = true;
    latest = take_latest();
    spare = std::move(spare_);
    service_ = nullptr;
    if (!exit_known_) end_child();
    thread = std::move(thread_);
    for (core::pending_call* const pending : session_.close()) {
      auto& which = static_cast<call&>(*pending);
      waiting.push_back(which.op);
      recycle(which);
    }
    waiting.insert(waiting.end(), ready_waiters_.begin(), ready_waiters_.end());
    waiting.insert(waiting.end(), stop_waiters_.begin(), stop_waiters_.end());
    waiting.insert(waiting.end(), back_waiters_.begin(), back_waiters_.end());
    back_waiters_.clear();
    back_to_.reset();
    ready_waiters_.clear();
    stop_waiters_.clear();
    kept.swap(kept_);
    close_io();
    state_ = context_state::terminated;
  }
  // Destroying a handler runs destructors of the user's, which may come back here.
  for (detail::operation* const op : waiting) op->destroy();
  // What a thread does meanwhile should not meet the end of the whole process.
  if (thread) thread->await_end(exit_wait);
}

// ---- what happens

void context_impl::become_ready(completions& done) {
  start_limit_ = never;
  was_ready_ = true;
  // The greeting of a copy may overtake what its original has to say of it.
  if (state_ != context_state::starting || !(is_process() || thread_) || (asleep_ && !inherited_))
    return;
  state_ = context_state::ready;
  doomed_.end();
  for (detail::operation* const op : std::exchange(ready_waiters_, {})) done.add(*op);
  announce(context_event::kind::ready);
}

void context_impl::announce(context_event::kind what, std::uint64_t lost_calls,
                            std::uint64_t stale_objects) {
  if (!options_.on_event || asleep_ || unborn_) return;
  const std::shared_ptr<const termination> end = what != context_event::kind::ready && ended_
                                                     ? std::make_shared<const termination>(*ended_)
                                                     : nullptr;
  asio::post(executor_, [self = self(), what, pid = facts_.pid, end, lost_calls, stale_objects] {
    const context_event event{.what = what,
                              .pid = pid,
                              .end = end.get(),
                              .lost_calls = lost_calls,
                              .stale_objects = stale_objects};
    self->options_.on_event(event);
  });
}

void context_impl::pump(lock_type& lock, completions& done) {
  if (down_ || state_ == context_state::terminated) return;
  if (pumping_) {
    pump_again_ = true;
    return;
  }
  pumping_ = true;
  do {
    pump_again_ = false;
    if (!exit_known_) read_channel(lock, done, false);
    if (down_) break;
    if (feed_) read_output();  // lines come before the replies that they were written before
    look_at_end(lock, done);
    if (state_ == context_state::terminated || down_) break;
    if (!crash_seen_ && !exit_known_) judge_deadlines(lock, done);
    try_stop();
  } while (pump_again_);
  pumping_ = false;
  if (state_ == context_state::terminated || down_) return;
  fill_queue(done);
  flush(done);
  arm_waits();
}

}  // namespace glovebox::client

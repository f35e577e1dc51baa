// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "client/context_impl.hpp"

#include <algorithm>
#include <utility>

namespace glovebox::client {

// A part of backtrace_timeout; the rest is for finding names. The program that looks at a child
// that hangs is started with the grace, so it needs two milliseconds mostly; more where others keep
// the processors busy.
std::chrono::nanoseconds context_impl::look_time() const noexcept {
  return options_.backtrace_timeout / 4;
}

bool context_impl::wants_traces() const noexcept {
  return options_.backtrace_timeout.count() > 0 && link_ && process_ && !down_;
}

void context_impl::start_tracer(backtracer::victim what, const process::crash_record* record) {
  tracer_ = backtracer::start(link_, executor_, what, process_, record,
                              [weak = std::weak_ptr<context_impl>(self())] {
                                if (const auto context = weak.lock()) context->on_trace();
                              });
}

// Under no lock: there is something new about the tracer.
void context_impl::on_trace() {
  completions done;
  lock_type lock(lock_);
  pump(lock, done);
  deliver(lock, done);
}

void context_impl::drop_tracer() noexcept {
  if (tracer_) tracer_->cancel();
  tracer_.reset();
  trace_limit_ = look_limit_ = never;
}

// A child that says it has crashed, at the end of its channel or at its own, is looked at before
// its calls end. It may say so wrongly: that costs the time limit.
void context_impl::look_at_crash(time now) {
  if (crash_seen_ || !recorder_ || !(eof_ || exit_known_)) return;
  process::crash_record& crash = recorder_->crash;
  if (crash.signal_number.load(std::memory_order_acquire) == 0) return;
  // A child may crash before the fork server's message about its start is read.
  if (!process_ && link_ && !exit_known_) return;
  crash_seen_ = true;
  facts_.crashed = facts_.killed == core::evidence::kill::none && !exit_known_;
  end_seen_ = std::min(end_seen_, now);
  drop_tracer();  // of a hang
  if (facts_.killed == core::evidence::kill::owner || !wants_traces()) {
    let_it_end(crash);
    return;
  }
  start_tracer(backtracer::victim::crashed, &crash);
  if (tracer_)
    trace_limit_ = now + options_.backtrace_timeout;
  else
    let_it_end(crash);
}

// What it left in the recorder. The numbers are judged by the classification.
void context_impl::take_crash(const process::crash_record& crash) {
  facts_.signal_number = static_cast<int>(crash.signal_number.load(std::memory_order_acquire));
  facts_.signal_code = process::copied(crash.signal_code);
  facts_.signal_sender = process::copied(crash.signal_sender);
  facts_.signal_address = process::copied(crash.signal_address);
  const std::size_t size = std::min(process::copied(crash.message_size), crash.message_bytes);
  message_.assign(crash.message, size);
  while (message_.ends_with('\n')) message_.pop_back();
}

// The child may go on with its end.
void context_impl::let_it_end(process::crash_record& crash) noexcept {
  if (process_) process_.keep_off_this_processor();
  crash.released.store(1);
  process::wake(crash.released);
}

// Whether the end of the child has still to wait for what is found out about it.
bool context_impl::is_traced(time now) {
  if (tracer_ && trace_limit_ == never) drop_tracer();  // a hang's, which has come to nothing
  if (!tracer_) return false;
  if (crash_seen_ && tracer_->captured()) let_it_end(recorder_->crash);
  if (!tracer_->over() && now < trace_limit_) return true;
  traces_ = tracer_->take();
  drop_tracer();
  // Its exit was held up by this.
  if (exit_limit_ != never) exit_limit_ = std::max(exit_limit_, now + exit_wait);
  return false;
}

// ---- hangs: `look_limit_` is set while the child is being looked at

void context_impl::prepare_look() {
  if (!tracer_ && wants_traces()) start_tracer(backtracer::victim::hanging, nullptr);
}

// The grace of the call facts_.overran is over.
void context_impl::look_at_hang(time now) {
  if (tracer_) {
    tracer_->look();
    look_limit_ = now + look_time();
    trace_limit_ = now + options_.backtrace_timeout;
  } else {
    kill(core::evidence::kill::deadline, {});
  }
}

// \returns whether nothing else is to be judged meanwhile
bool context_impl::is_looked_at(time now) {
  if (look_limit_ == never) {
    // In time after all, every one of them.
    const auto living = [this](std::uint64_t id) { return watched(id) != nullptr; };
    if (tracer_ && !graces_.next(living)) drop_tracer();
    return false;
  }
  if (!watched(facts_.overran)) {  // while it was looked at, the answer came
    facts_.overran = 0;
    drop_tracer();
    return false;
  }
  if (!tracer_->captured() && now < look_limit_) return true;
  look_limit_ = never;
  kill(core::evidence::kill::deadline, {});
  return true;
}

}  // namespace glovebox::client

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// The end of a child: when it is certain, and what is told of it.
#include "client/context_impl.hpp"
#include "process/core_file.hpp"
#include "process/exit_status.hpp"
#include "process/proc_stat.hpp"

#include <filesystem>
#include <utility>

namespace glovebox::client {
namespace {

// How long a child may live after its channel was closed, before that is held against it.
constexpr auto end_of_file_wait = std::chrono::milliseconds(500);
// How long the news of its exit may be under way through the fork server, which may be busy.
constexpr auto news_wait = std::chrono::seconds(10);

// Of a child that was started with this one.
std::filesystem::path working_directory(const std::string& chosen) {
  std::error_code none;
  if (chosen.empty()) return std::filesystem::current_path(none);
  return std::filesystem::absolute(chosen, none);
}

}  // namespace

void context_impl::look_at_end(lock_type& lock, completions& done) {
  const time now = clock::now();
  if (eof_ && thread_) look_at_thread();
  if (!exit_known_ && facts_.server_lost && process_) {
    const auto process = process_.open();
    if (const auto status = process::exit_from_pidfd(process.get())) {
      exit_known_ = true;
      facts_.exit = status->code == CLD_EXITED ? core::evidence::exit_kind::exited
                                               : core::evidence::exit_kind::signalled;
      facts_.exit_value = status->status;
    }
  }
  look_at_crash(now);
  if (exit_known_) {
    end_seen_ = std::min(end_seen_, now);
    if (!is_traced(now)) finalize(lock, done);
    return;
  }
  if (now >= start_limit_) kill(core::evidence::kill::start_timeout, {});
  if (now >= stop_limit_) kill(core::evidence::kill::owner, {});
  if (eof_ && exit_limit_ == never) exit_limit_ = now + end_of_file_wait;
  // Also lets a child that has crashed go on, once it was looked at.
  if ((state_ == context_state::terminating || crash_seen_) && is_traced(now)) return;
  if (now < exit_limit_) return;
  if (facts_.killed != core::evidence::kill::none || facts_.server_lost)
    finalize(lock, done);
  else if (is_leaving(now))
    exit_limit_ = now + end_of_file_wait;  // then it is looked at again
  else if (thread_ || (process_ && !process_.has_ended()))
    kill(core::evidence::kill::violation, "the child closed its channel and went on");
  else
    finalize(lock, done);
}

// Whether the exit of a child whose channel has ended is still to come, as far as the kernel can
// tell. Closing a large core file takes longer than all the rest.
bool context_impl::is_leaving(time now) {
  using process::ending;
  if (thread_) return false;
  const auto process = process_.open();
  const bool over = !process || process::has_ended(process.get());
  const ending how = over ? ending::leaving : process::ending_of(facts_.pid);
  if (how == ending::dumping_core || news_limit_ == never) news_limit_ = now + news_wait;
  return how != ending::none && now < news_limit_;
}

void context_impl::finalize(lock_type& lock, completions& done) {
  const bool starting = state_ == context_state::starting;
  state_ = context_state::terminating;
  const bool nested = std::exchange(pumping_, true);
  read_channel(lock, done, true);
  if (!down_) take_ring(lock, done);
  pumping_ = nested;
  if (down_ || state_ == context_state::terminated) return;
  // Its greeting may have been read only now.
  if (starting && was_ready_) announce(context_event::kind::ready);
  read_output();
  if (feed_) feed_->end();

  if (recorder_) {
    const process::recorder_page& page = *recorder_;
    facts_.last_started = page.last_started.load();
    facts_.last_finished = page.last_finished.load();
    facts_.last_nested_started = page.last_nested_started.load();
    const std::uint32_t depth = std::min(page.nested_depth.load(), page.most_nested);
    facts_.nested_running.clear();
    for (std::uint32_t i = 0; i != depth; ++i)
      facts_.nested_running.push_back(page.nested_running[i].load());
    facts_.allocation_failed = page.allocation_failed.load();
    take_crash(page.crash);
    // A child that was ready has been started, whatever stands there now.
    if (const auto error = page.exec_errno.load(); error != 0 && !was_ready_)
      facts_.exec_error = static_cast<int>(error);
    if (const auto error = page.start_errno.load(); error != 0 && !was_ready_) {
      facts_.start_error = static_cast<int>(error);
      facts_.detail = to_string(static_cast<process::start_stage>(page.start_stage.load()));
    }
  }
  facts_.highest_sent = session_.highest_sent();
  facts_.highest_nested_sent = session_.highest_nested_sent();
  for (auto& [id, callees] : kept_)
    for (auto& each : callees) done.discard(std::move(each));
  kept_.clear();
  termination end = core::classify(facts_);
  end.stderr_tail = tail_.lines();
  end.message = message_.empty() ? tail_.sanitizer_finding() : message_;
  end.threads = std::move(traces_);
  if (thread_ && end.exit_pending)
    end.detail += std::string(end.detail.empty() ? "" : "; ") +
                  "a thread cannot be killed: this one goes on until its function returns";
  if (dumped_core_)
    end.core_file = process::core_file_of({.pid = facts_.pid,
                                           .signal = facts_.exit_value,
                                           .directory = working_directory(options_.directory),
                                           .name = "glovebox-child"});
  const bool never_ran = end.cause == cause::start_failed || end.cause == cause::exec_failed;
  end.phase = never_ran ? phase::queued : phase::unknown;
  if (never_ran) end.culprit = culprit::no;
  state_ = context_state::terminated;
  is_over_ = true;
  ended_ = end;
  choose_way_back(end);
  const bool goes_on = back_to_ != nullptr;
  if (!goes_on)
    for (detail::operation* const op : std::exchange(back_waiters_, {}))
      done.fail(*op, std::make_exception_ptr(process_terminated(end)));
  if (!goes_on) announce(context_event::kind::ended);
  std::vector<detail::operation*> moved;
  end_all(end, done, goes_on ? &moved : nullptr);
  const struct at_last {  // after the next life has begun, which somebody waits for
    context_impl& one;
    ~at_last() {
      one.close_io();
      if (one.service_) one.service_->leave(one);
    }
  } closing{*this};
  if (goes_on)
    go_back(std::move(moved), done);
  else
    drop_copies();
}

}  // namespace glovebox::client

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "client/context_impl.hpp"
#include "client/in_process.hpp"
#include "transport/socket.hpp"

#include <sys/socket.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <utility>

namespace glovebox::client {

// The same channel and recorder as those of a process; all that differs is who serves them.
void context_impl::launch_thread() {
  start_note_ = check_thread_options(options_);
  auto [mine, theirs] = transport::stream_pair();
  transport::unique_fd memory = make_recorder();
  recorder_->in_process = 1;
  take_ends(std::move(mine), {});
  snapshots_.reset();
  facts_.pid = ::getpid();
  thread_ = std::make_unique<runtime::child_thread>(
      thread_setup_of(options_, std::move(theirs), std::move(memory)));
}

// A process is killed. A thread is asked to end, by its code's stop tokens, by calls that are not
// to be started any more, and by the end of its channel.
void context_impl::end_child() noexcept {
  // Without a descriptor the fork server can still be asked.
  if (process_ && !process_.end() && errno != ESRCH && link_) link_->kill(child_);
  if (!thread_) return;
  process::mark_over(*recorder_);
  if (channel_) ::shutdown(channel_->native_handle(), SHUT_WR);
}

// It is over before its channel ends.
void context_impl::look_at_thread() {
  if (exit_known_ || !thread_->over()) return;
  exit_known_ = true;
  const std::string& why = thread_->failure();
  if (why.empty()) {
    facts_.exit = core::evidence::exit_kind::returned;
    return;
  }
  facts_.exit = core::evidence::exit_kind::exited;
  facts_.exit_value = 127;  // as of a process in the same situation
  facts_.detail = why;
  facts_.never_started = !was_ready_;
}

}  // namespace glovebox::client

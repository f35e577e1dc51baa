// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <csignal>

namespace glovebox::process {

/// No handler runs in this thread while this lives. Processes and threads that it makes begin like
/// that as well.
class all_signals_blocked {
 public:
  all_signals_blocked() noexcept {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~all_signals_blocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  all_signals_blocked(const all_signals_blocked&) = delete;
  all_signals_blocked& operator=(const all_signals_blocked&) = delete;

 private:
  sigset_t before_;
};

/// Everything as a new process has it. The C library keeps two signals for itself and refuses to
/// change them.
inline void default_signal_actions() noexcept {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &action, nullptr);
}

}  // namespace glovebox::process

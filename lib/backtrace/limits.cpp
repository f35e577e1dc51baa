// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "backtrace/limits.hpp"

#include "core/trace_codec.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <csignal>
#include <cstdlib>

namespace glovebox::backtrace {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool has_shadow_memory = true;
#else
constexpr bool has_shadow_memory = false;
#endif

// Not more than there is already. The hard limit of the time comes a second after the soft one,
// whose signal may be handled.
template <class Resource>
void limit(Resource which, rlim_t soft, rlim_t hard) {
  rlimit now;
  if (::getrlimit(which, &now) != 0) return;
  now.rlim_max = now.rlim_max < hard ? now.rlim_max : hard;
  now.rlim_cur = now.rlim_max < soft ? now.rlim_max : soft;
  ::setrlimit(which, &now);
}

}  // namespace

void limit_self() {
  limit(RLIMIT_CPU, 5, 6);
  constexpr rlim_t memory = rlim_t{512} << 20;
  if (!has_shadow_memory) limit(RLIMIT_DATA, memory, memory);
  limit(RLIMIT_CORE, 0, 0);
  constexpr rlim_t answer = core::trace_limits::bytes;
  limit(RLIMIT_FSIZE, answer, answer);
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  ::unsetenv("DEBUGINFOD_URLS");
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);  // what is too much is refused, and that is all
}

}  // namespace glovebox::backtrace

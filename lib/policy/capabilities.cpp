// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "policy/capabilities.hpp"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cerrno>

namespace glovebox::policy {
namespace {

constexpr int most_capabilities = 64;
constexpr __u32 version = _LINUX_CAPABILITY_VERSION_3;  // two words a set

std::uint64_t joined(__u32 low, __u32 high) noexcept {
  return low | (static_cast<std::uint64_t>(high) << 32);
}

// Which of all capabilities `test` has; those that the kernel does not know it refuses.
template <class Test>
std::uint64_t collect(Test test) noexcept {
  std::uint64_t found = 0;
  for (int capability = 0; capability != most_capabilities; ++capability)
    if (test(capability) == 1) found |= std::uint64_t{1} << capability;
  return found;
}

}  // namespace

bool read_capabilities(capability_sets& to) noexcept {
  __user_cap_header_struct header{version, 0};
  __user_cap_data_struct data[2] = {};
  if (::syscall(SYS_capget, &header, data) != 0) return false;
  to.effective = joined(data[0].effective, data[1].effective);
  to.permitted = joined(data[0].permitted, data[1].permitted);
  to.inheritable = joined(data[0].inheritable, data[1].inheritable);
  to.bounding = collect([](int each) { return ::prctl(PR_CAPBSET_READ, each); });
  to.ambient =
      collect([](int each) { return ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, each, 0, 0); });
  return true;
}

bool drop_bounding_capabilities() noexcept {
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 && errno != EINVAL)
    return false;  // EINVAL: the kernel has no ambient set
  for (int capability = 0; capability != most_capabilities; ++capability) {
    if (::prctl(PR_CAPBSET_READ, capability) != 1) continue;
    if (::prctl(PR_CAPBSET_DROP, capability) != 0) return false;
  }
  return true;
}

bool drop_own_capabilities() noexcept {
  __user_cap_header_struct header{version, 0};
  const __user_cap_data_struct none[2] = {};
  return ::syscall(SYS_capset, &header, none) == 0;
}

}  // namespace glovebox::policy

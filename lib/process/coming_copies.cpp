// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "process/coming_copies.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

namespace glovebox::process {

void coming_copies::count_in(transport::unique_fd memory) noexcept {
  memory_ = std::move(memory);
  why_no_count();
}

// An `errno`; 0: it is there. There may have been no memory for it, and be some now.
int coming_copies::why_no_count() noexcept {
  if (count_) return 0;
  if (!memory_) return EMFILE;
  try {
    count_ = copy_count::attach(memory_.get());
    memory_.reset();
    return 0;
  } catch (const std::system_error& why) {
    return why.code().value();
  }
}

// Nobody knows while the count is not mapped.
bool coming_copies::may_come() noexcept {
  const bool uncounted = why_no_count() != 0 && memory_;
  return uncounted || were_ordered() || !expected_.empty();
}

int coming_copies::expect(copy which) {
  ++announced_;
  if (!which.registration) return EMFILE;
  if (const int error = why_no_count(); error != 0) return error;
  expected_.push_back(std::move(which));
  return 0;
}

bool coming_copies::give_up(std::uint64_t child) {
  return std::erase_if(expected_, [child](const copy& each) { return each.child == child; }) != 0;
}

coming_copies::copy coming_copies::take(std::size_t which) {
  copy taken = std::move(expected_[which]);
  expected_.erase(expected_.begin() + static_cast<std::ptrdiff_t>(which));
  return taken;
}

void coming_copies::watch(std::vector<pollfd>& in) const {
  for (const copy& each : expected_)
    in.push_back({.fd = each.registration.get(), .events = POLLIN, .revents = 0});
}

}  // namespace glovebox::process

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include <glovebox/farm/job.hpp>

#include "runtime/exceptions.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>
#include <ctime>

namespace glovebox::detail {
namespace {

std::uint64_t now() noexcept {
  timespec time;
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000u +
         static_cast<std::uint64_t>(time.tv_nsec);
}

// proc(5): writing 5 sets the peak of the resident set to its present size. The descriptor belongs
// to the process that opened it, so a copy of this process opens its own.
bool forget_peak() noexcept {
  static int file = -1;
  static pid_t opened_by = 0;
  if (const pid_t self = ::getpid(); opened_by != self) {
    if (file >= 0) ::close(file);
    file = ::open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
    opened_by = self;
  }
  return file >= 0 && ::write(file, "5", 1) == 1;
}

}  // namespace

case_meter::case_meter(bool measure_memory) noexcept
    : measure_memory_(measure_memory && forget_peak()), start_(now()) {}

void case_meter::finish(case_reply& reply) const noexcept {
  reply.elapsed = now() - start_;
  rusage used;
  if (measure_memory_ && ::getrusage(RUSAGE_SELF, &used) == 0)
    reply.peak_memory = static_cast<std::uint64_t>(used.ru_maxrss) * 1024;
}

void case_meter::describe_exception(case_reply& reply) {
  core::exception_record record = runtime::capture_current_exception();
  // An array of a size that cannot be is no lack of memory.
  const bool no_memory = record.base == core::standard_base::bad_alloc;
  reply.end = static_cast<std::uint8_t>(no_memory ? case_reply::ending::no_memory
                                                  : case_reply::ending::threw);
  reply.type = std::move(record.type);
  reply.text = std::move(record.message);
}

farm_sink::~farm_sink() = default;
farm_job::~farm_job() = default;
farm_waiter::~farm_waiter() = default;
farm_control::~farm_control() = default;

}  // namespace glovebox::detail

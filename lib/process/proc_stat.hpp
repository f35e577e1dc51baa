// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <sys/types.h>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// \file
/// What /proc tells of a process, see proc_pid_stat(5) and proc_pid_status(5).

namespace glovebox::process {

/// What the kernel has begun to do with a process that has not ended yet.
enum class ending : std::uint8_t {
  none,          ///< it runs, or nothing is known of it
  leaving,       ///< it runs no code of its own any more
  dumping_core,  ///< the same, which may take long
};
/// In the contents of /proc/PID/stat and /proc/PID/status.
ending ending_in(std::string_view stat, std::string_view status) noexcept;
/// Nothing is known where there is no /proc, or none for other users' processes.
ending ending_of(pid_t pid);

/// The contents of /proc/PID/stat; none where there is none, or none left to open it with.
std::string contents_of_stat(pid_t pid);
/// \param number as in the manual, from 3
std::optional<std::uint64_t> stat_field(std::string_view stat, int number) noexcept;

}  // namespace glovebox::process

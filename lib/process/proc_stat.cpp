// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "process/proc_stat.hpp"

#include <charconv>
#include <fstream>
#include <iterator>
#include <system_error>

namespace glovebox::process {
namespace {

// The kernel's flags of a task, PF_EXITING and PF_SIGNALED.
constexpr std::uint64_t exiting = 0x4, killed_by_signal = 0x400;
constexpr int flags_field = 9;

std::string contents(pid_t pid, const char* name) {
  std::ifstream file("/proc/" + std::to_string(pid) + '/' + name);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace

std::string contents_of_stat(pid_t pid) {
  return contents(pid, "stat");
}

std::optional<std::uint64_t> stat_field(std::string_view stat, int number) noexcept {
  // The name before may hold anything.
  const std::size_t name_end = stat.rfind(')');
  if (name_end == stat.npos) return std::nullopt;
  std::string_view rest = stat.substr(name_end + 1);
  for (int field = 2; field != number; ++field) {
    const std::size_t space = rest.find(' ');
    if (space == rest.npos) return std::nullopt;
    rest.remove_prefix(space + 1);
  }
  std::uint64_t value = 0;
  if (std::from_chars(rest.data(), rest.data() + rest.size(), value).ec != std::errc())
    return std::nullopt;
  return value;
}

ending ending_in(std::string_view stat, std::string_view status) noexcept {
  if (status.find("\nCoreDumping:\t1") != status.npos) return ending::dumping_core;
  const std::uint64_t flags = stat_field(stat, flags_field).value_or(0);
  return (flags & (exiting | killed_by_signal)) != 0 ? ending::leaving : ending::none;
}

ending ending_of(pid_t pid) {
  return ending_in(contents_of_stat(pid), contents(pid, "status"));
}

}  // namespace glovebox::process

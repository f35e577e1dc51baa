// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "process/own_children.hpp"

#include "transport/unique_fd.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <charconv>
#include <string>
#include <system_error>

namespace glovebox::process {

std::optional<std::vector<pid_t>> own_children() {
  const transport::unique_fd file(::open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC));
  if (!file) return std::nullopt;
  std::string text;
  std::array<char, 4096> piece;
  for (;;) {
    const ssize_t length = ::read(file.get(), piece.data(), piece.size());
    if (length < 0 && errno == EINTR) continue;
    if (length <= 0) break;
    text.append(piece.data(), static_cast<std::size_t>(length));
  }
  std::vector<pid_t> children;
  const char* const last = text.data() + text.size();
  for (const char* next = text.data(); next != last;) {
    pid_t pid = 0;
    const auto [rest, error] = std::from_chars(next, last, pid);
    if (error == std::errc()) children.push_back(pid);
    next = rest + (rest != last);  // the blank, too
  }
  return children;
}

}  // namespace glovebox::process

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "client/stage_directory.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <array>
#include <cerrno>
#include <string_view>

namespace glovebox::client {
namespace {

// A child that is still at it can put a file there between the two steps of removing; it makes a
// few hundred files at most.
constexpr int most_attempts = 1000;

}  // namespace

stage_directory::stage_directory(const std::string& root) {
  std::array<unsigned char, 16> random;
  root_.reset(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root_ || ::getrandom(random.data(), random.size(), 0) < 0) {
    error_ = errno;
    return;
  }
  name_ = ".glovebox-";
  constexpr std::string_view digits = "0123456789abcdef";
  for (const unsigned char each : random) {
    name_ += digits[each >> 4];
    name_ += digits[each & 15];
  }
  if (::mkdirat(root_.get(), name_.c_str(), 0755) != 0) {
    error_ = errno;
    return;
  }
  // Whatever the umask is: the jailed user must get in.
  if (::fchmodat(root_.get(), name_.c_str(), 0755, 0) != 0) error_ = errno;
}

stage_directory::~stage_directory() {
  if (!root_ || name_.empty()) return;
  for (int attempt = 0; attempt != most_attempts; ++attempt) {
    if (::unlinkat(root_.get(), name_.c_str(), AT_REMOVEDIR) == 0 ||
        (errno != ENOTEMPTY && errno != EEXIST))
      return;
    remove_files();
  }
}

void stage_directory::remove_files() const noexcept {
  const int fd =
      ::openat(root_.get(), name_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return;
  DIR* const list = ::fdopendir(fd);
  if (!list) {
    ::close(fd);
    return;
  }
  while (const dirent* const each = ::readdir(list)) {
    const std::string_view name = each->d_name;
    if (name != "." && name != "..") ::unlinkat(fd, each->d_name, 0);
  }
  ::closedir(list);
}

}  // namespace glovebox::client

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "runtime/bundle_file.hpp"

#include "core/as_text.hpp"
#include "transport/unique_fd.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <vector>

namespace glovebox::runtime {
namespace {

[[noreturn]] void refuse(int error) {
  throw core::bundle_error(std::strerror(error));
}

// As many bytes as there are, at most `size`.
void read_more(int file, std::size_t size, std::vector<std::byte>& to) {
  std::size_t there = to.size();
  to.resize(there + size);
  while (there != to.size()) {
    const ssize_t count = ::read(file, to.data() + there, to.size() - there);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) refuse(errno);
    if (count == 0) break;
    there += static_cast<std::size_t>(count);
  }
  to.resize(there);
}

}  // namespace

core::bundle read_bundle_file(const std::string& path) {
  // Without waiting for whoever may be at the other end of a pipe.
  const transport::unique_fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) refuse(errno);
  struct stat about {};
  if (::fstat(file.get(), &about) != 0) refuse(errno);
  if (!S_ISREG(about.st_mode)) throw core::bundle_error("it is no regular file");
  const auto size = static_cast<std::uint64_t>(about.st_size);
  if (size > core::bundle::most_bytes)
    throw core::bundle_error("it is larger than a bundle may be");
  // No memory is spent on what is something else.
  std::vector<std::byte> bytes;
  read_more(file.get(), core::bundle::magic.size(), bytes);
  const std::string_view start = core::as_text(bytes);
  if (start != core::bundle::magic) throw core::bundle_error("it is no glovebox bundle");
  // It may have grown meanwhile.
  if (size > bytes.size())
    read_more(file.get(), static_cast<std::size_t>(size) - bytes.size(), bytes);
  return core::decode_bundle(bytes);
}

}  // namespace glovebox::runtime

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "integration/call_fixture.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

namespace glovebox::test {

/// A directory that is removed with everything in it.
class temporary_directory {
 public:
  temporary_directory() : path_(std::filesystem::temp_directory_path() / "glovebox-test-XXXXXX") {
    if (!::mkdtemp(path_.data())) throw std::system_error(errno, std::generic_category(), path_);
  }
  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;
  ~temporary_directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string file(const std::string& name) const { return path_ + '/' + name; }

 private:
  std::string path_;
};

/// Where a call in a child waits until the test lets it go on.
class gate {
 public:
  gate() : entered_(make("entered", O_NONBLOCK)), opened_(make("opened", 0)) {}
  gate(const gate&) = delete;
  gate& operator=(const gate&) = delete;
  ~gate() {
    ::close(entered_);
    ::close(opened_);
  }

  /// What the child is told.
  std::string path() const { return place_.file(""); }
  /// Child: says that it is here, and waits to be let through.
  static void pass(const std::string& path) {
    transfer(path + "entered", O_WRONLY, [](int fd, char* byte) { return ::write(fd, byte, 1); });
    transfer(path + "opened", O_RDONLY, [](int fd, char* byte) { return ::read(fd, byte, 1); });
  }

  /// Returns when a child has come.
  void wait_for_one() const {
    pollfd wanted{entered_, POLLIN, 0};
    const auto limit = std::chrono::milliseconds(hard_limit).count();
    char byte;
    if (::poll(&wanted, 1, static_cast<int>(limit)) != 1 || ::read(entered_, &byte, 1) != 1)
      throw std::logic_error("no child came to the gate within the hard limit");
  }
  /// Lets one child through.
  void open() const {
    if (::write(opened_, "o", 1) != 1) throw std::system_error(errno, std::generic_category());
  }

 private:
  template <class F>
  static void transfer(const std::string& path, int flags, F what) {
    const int fd = ::open(path.c_str(), flags | O_CLOEXEC);
    char byte = 'e';
    const bool done = fd >= 0 && what(fd, &byte) == 1;
    const int error = errno;
    if (fd >= 0) ::close(fd);
    if (!done) throw std::system_error(error, std::generic_category(), path);
  }

  // Both ends at once, so that neither side's open() waits for the other.
  int make(const char* name, int flags) const {
    const std::string path = place_.file(name);
    int fd = -1;
    if (::mkfifo(path.c_str(), 0600) == 0) fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC | flags);
    if (fd < 0) throw std::system_error(errno, std::generic_category(), path);
    return fd;
  }

  temporary_directory place_;
  int entered_;
  int opened_;
};

}  // namespace glovebox::test

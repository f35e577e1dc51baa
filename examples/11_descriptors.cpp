// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// File descriptors cross in both directions: the child reads a file that only the parent could
// open, and the parent a pipe whose other end the child writes to.
#include <glovebox/glovebox.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <fcntl.h>
#include <unistd.h>
#include <cerrno>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

using glovebox::file_descriptor;

file_descriptor checked(int fd) {
  if (fd < 0) throw std::system_error(errno, std::generic_category());
  return file_descriptor(fd);
}

std::string read_all(const file_descriptor& from) {
  std::string all;
  char buffer[4096];
  while (const ssize_t size = ::read(from.get(), buffer, sizeof buffer)) {
    if (size < 0) throw std::system_error(errno, std::generic_category(), "read");
    all.append(buffer, static_cast<std::size_t>(size));
  }
  return all;
}

void say(const file_descriptor& to, const std::string& text) {
  if (::write(to.get(), text.data(), text.size()) < 0)
    throw std::system_error(errno, std::generic_category(), "write");
}

// ---- runs in the child

std::size_t count_lines(const file_descriptor& file) {
  std::size_t lines = 0;
  for (const char each : read_all(file)) lines += each == '\n' ? 1 : 0;
  return lines;
}

/// Both ends of a pipe, of which the child writes into one.
std::vector<file_descriptor> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category());
  std::vector<file_descriptor> both;
  for (const int end : ends) both.emplace_back(end);
  say(both[1], "hello from the child");
  return both;
}

// ---- runs in the parent

asio::awaitable<void> run(glovebox::context child) {
  // A file without a name: nobody else could open it.
  const file_descriptor file = checked(::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  say(file, "one\ntwo\nthree\n");
  ::lseek(file.get(), 0, SEEK_SET);
  const auto lines = co_await child.call<&count_lines>(file);
  std::cout << "the child counts " << lines << " lines\n";
  // One open file, with one position.
  std::cout << "and has read to byte " << ::lseek(file.get(), 0, SEEK_CUR) << '\n';

  std::vector<file_descriptor> pipe = co_await child.call<&make_pipe>();
  say(pipe[1], ", and from the parent");
  pipe[1].reset();
  std::cout << read_all(pipe[0]) << '\n';

  file_descriptor none(12345);
  try {
    co_await child.call<&count_lines>(std::move(none));
  } catch (const glovebox::codec_error& why) {
    std::cout << why.what() << '\n';
  }
}

int main(int argc, char** argv) {
  glovebox::init(argc, argv);
  asio::io_context io;
  asio::co_spawn(io, run(glovebox::context(io)), [](std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
  });
  io.run();
}

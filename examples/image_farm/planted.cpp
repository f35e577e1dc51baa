// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "planted.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <utility>

// A sanitizer would end the process in its own way before the fault itself could.
#define IMAGE_FARM_UNCHECKED __attribute__((noinline, no_sanitize("address", "undefined")))

namespace image_farm {
namespace {

constexpr std::size_t mebibyte = std::size_t{1} << 20;

// Volatile, so that no compiler knows that it stays true, nor drops what is done because of it.
volatile bool always = true;

IMAGE_FARM_UNCHECKED int recurse(volatile char* caller) {
  std::array<volatile char, 512> frame{};
  frame[0] = caller[0];
  // Used after the call, so it is neither a loop nor a tail call.
  const int below = always ? recurse(frame.data()) : 0;
  return below + frame[0];
}

using fault = int (*)(int argument);

constexpr std::array<std::pair<const char*, fault>, 7> faults{{
    {"null_dereference", [](int n) { return null_dereference(), n; }},
    {"abort", [](int n) { return call_abort(), n; }},
    {"stack_overflow", [](int n) { return overflow_stack(), n; }},
    {"exit_0", [](int n) { return exit_with_success(), n; }},
    {"memory_hog", [](int n) { return hog_memory(n), n; }},
    {"endless_loop", [](int n) { return loop_forever(), n; }},
    {"garbage", [](int n) { return write_garbage(n), n; }},
}};

}  // namespace

IMAGE_FARM_UNCHECKED void null_dereference() {
  int* volatile nowhere = nullptr;
  *static_cast<volatile int*>(nowhere) = 1;
}

void call_abort() {
  std::abort();
}

void overflow_stack() {
  volatile char start = 1;
  if (recurse(&start) == 0) throw std::logic_error("the stack has no end");
}

void exit_with_success() {
  std::exit(0);
}

void hog_memory(int most_mebibytes) {
  std::vector<std::unique_ptr<std::byte[]>> hoard;
  for (int i = 0; i < most_mebibytes; ++i) {
    hoard.push_back(std::make_unique_for_overwrite<std::byte[]>(mebibyte));
    volatile std::byte* pages = hoard.back().get();
    for (std::size_t at = 0; at < mebibyte; at += 4096) pages[at] = std::byte{1};
  }
  throw std::logic_error("no memory limit: took all the memory that was asked for");
}

void loop_forever() {
  while (always) continue;
}

void write_garbage(int fd) {
  std::array<unsigned char, 4096> garbage;
  // No length in its head is one that a peer would wait for.
  garbage.fill(0xff);
  for (std::size_t i = 64; i < garbage.size(); ++i) {
    garbage[i] = static_cast<unsigned char>(i * i * 31 + 7);
  }
  for (std::size_t done = 0; done < garbage.size();) {
    const auto left = garbage.size() - done;
    ssize_t sent = ::send(fd, garbage.data() + done, left, MSG_NOSIGNAL);
    if (sent < 0 && errno == ENOTSOCK) sent = ::write(fd, garbage.data() + done, left);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return;
    done += static_cast<std::size_t>(sent);
  }
}

std::vector<std::string> planted_names() {
  std::vector<std::string> names;
  for (const auto& [name, run] : faults) names.emplace_back(name);
  return names;
}

int run_planted(const std::string& which, int argument) {
  for (const auto& [name, run] : faults) {
    if (which == name) return run(argument);
  }
  throw std::invalid_argument("no such planted fault: " + which);
}

}  // namespace image_farm

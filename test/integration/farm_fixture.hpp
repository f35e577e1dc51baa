// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

// What the farm is tested with: functions that misbehave on demand, and datasets of them.
#include <glovebox/farm.hpp>
#include <glovebox/testing.hpp>

#include "support/time_scale.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace std::literals;
using glovebox::farm_case;
using glovebox::farm_options;
using glovebox::farm_report;
using glovebox::outcome;

namespace {

constexpr std::uint64_t mebibyte = 1 << 20;
constexpr int scale = glovebox::test::time_scale;

// ---- what the children run

// Volatile, so that the compiler doesn't drop the allocation. Untouched: a limit on address space
// doesn't need that, and it takes long.
char* volatile kept = nullptr;
void take_memory(std::uint64_t bytes) {
  kept = new char[bytes];
}

// The channel is one of the child's sockets, and no other is there.
void write_garbage() {
  for (int fd = 3; fd != 256; ++fd) {
    struct stat about {};
    if (::fstat(fd, &about) == 0 && S_ISSOCK(about.st_mode)) {
      const std::string garbage(4096, '\xa5');
      static_cast<void>(::send(fd, garbage.data(), garbage.size(), MSG_NOSIGNAL));
    }
  }
}

// Volatile, so that the compiler does not see through it.
int* volatile nowhere = nullptr;

void behave(const std::string& how) {
  if (how == "throw") throw std::out_of_range("too far");
  if (how == "null") *nowhere = 1;
  if (how == "abort") {
    std::fputs("about to abort\n", stderr);
    std::abort();
  }
  if (how == "exit") std::exit(0);
  if (how == "hang")
    for (;;) ::pause();
  if (how == "hog")
    // In few steps: Meson has malloc fill what it gives, and filling all of the limit takes long.
    for (std::uint64_t bytes = 16 * mebibyte;; bytes *= 16) take_memory(bytes);
  if (how == "garbage") write_garbage();
  if (how == "leak") take_memory(100 * mebibyte);
  if (how == "large") {
    take_memory(100 * mebibyte);
    std::memset(kept, 'x', 100 * mebibyte);
    delete[] kept;
  }
}

int square(int n) {
  if (n < 0) throw std::invalid_argument("negative");
  return n * n;
}
std::string text_of(const int& n) {
  return "is " + std::to_string(n);
}

// Long enough to be killed while it runs.
std::string who(int) {
  ::usleep(300);
  return std::to_string(::getpid()) + ' ' + std::to_string(::getppid());
}
std::string as_it_is(const std::string& text) {
  return text;
}

// ---- helpers

std::vector<farm_case<std::string>> behaviours(std::initializer_list<const char*> all) {
  std::vector<farm_case<std::string>> cases;
  for (const char* const each : all) cases.push_back({std::to_string(cases.size()) + each, each});
  return cases;
}

auto numbers(std::size_t count) {
  return glovebox::generated_cases(count, [](std::size_t i) {
    return farm_case<int>{"n" + std::to_string(i), static_cast<int>(i)};
  });
}

farm_options quiet() {
  farm_options options;
  options.progress = glovebox::progress_style::none;
  options.timeout = std::chrono::seconds(20) * scale;
  return options;
}

// Runs to the end of everything, so that a test also sees that nothing keeps io busy.
template <auto F, auto Text = nullptr, class Cases>
farm_report run(const farm_options& options, const Cases& cases) {
  asio::io_context io;
  const glovebox::farm farm(io, options);
  std::optional<farm_report> result;
  farm.run<F, Text>(cases, [&](std::exception_ptr error, farm_report report) {
    if (error) std::rethrow_exception(error);
    result = std::move(report);
  });
  io.run();
  BOOST_REQUIRE(result);
  std::size_t sum = 0;
  for (const std::size_t count : result->counts) sum += count;
  BOOST_TEST(sum == result->total());
  BOOST_TEST(result->total() == cases.size());
  BOOST_TEST(result->failures.size() + result->count(outcome::ok) == result->total());
  return std::move(*result);
}

struct temporary_directory {
  temporary_directory() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "glovebox-farm-XXXXXX").string();
    if (!::mkdtemp(pattern.data())) throw std::system_error(errno, std::generic_category());
    path = pattern;
  }
  ~temporary_directory() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

std::string contents(const std::filesystem::path& file) {
  std::ostringstream all;
  all << std::ifstream(file, std::ios::binary).rdbuf();
  return all.str();
}

std::size_t lines_in(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

namespace glovebox {
static std::ostream& boost_test_print_type(std::ostream& out, outcome what) {
  return out << to_string(what);
}
static std::ostream& boost_test_print_type(std::ostream& out, start_method method) {
  return out << (method == start_method::spawn ? "spawn" : "forkserver");
}
}  // namespace glovebox

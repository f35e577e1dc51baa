// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "integration/life.hpp"

#include "support/spare.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

namespace life {
namespace {

[[noreturn]] void fail(const std::string& step) {
  throw std::system_error(errno, std::generic_category(), step);
}

bool readable(int fd, std::chrono::milliseconds wait) {
  pollfd watched{.fd = fd, .events = POLLIN, .revents = 0};
  int result;
  do result = ::poll(&watched, 1, static_cast<int>(wait.count()));
  while (result < 0 && errno == EINTR);
  return result == 1;
}

// Runs before main, and so before glovebox::init.
[[maybe_unused]] const bool hangs = [] {
  if (std::getenv("GLOVEBOX_TEST_HANG_AT_START") != nullptr) wait_for_ever();
  return false;
}();

}  // namespace

const glovebox::termination& ending::info() const {
  if (!over) throw std::runtime_error("the call has not ended");
  if (!error) throw std::runtime_error("the call succeeded");
  const glovebox::termination* const found = glovebox::error_of(error).info;
  if (!found) std::rethrow_exception(error);
  return *found;
}

void run_until(asio::io_context& io, const std::function<bool()>& met) {
  io.restart();
  const auto limit = std::chrono::steady_clock::now() + patience;
  while (!met()) {
    if (io.run_one_until(limit) != 0) continue;
    if (met()) return;
    throw std::runtime_error(io.stopped() ? "nothing is left to run, and it has not happened"
                                          : "it has not happened in time");
  }
}

void run_until_over(asio::io_context& io, const ending& call) {
  run_until(io, [&] { return call.over; });
}

void run_to_the_end(asio::io_context& io) {
  io.restart();
  io.run_for(patience);
  if (!io.stopped()) throw std::runtime_error("something is still waited for");
}

void make_ready(asio::io_context& io, const glovebox::context& ctx) {
  ending start;
  ctx.start(end_of(start));
  run_until_over(io, start);
  if (start.error) std::rethrow_exception(start.error);
  // An answer of the child may overtake the fork server's message with its number.
  run_until(io, [&] { return ctx.pid() != 0; });
}

process_watch::process_watch(pid_t pid)
    : pidfd_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0u))) {
  if (pid <= 0 || (pidfd_ < 0 && errno != ESRCH)) fail("pidfd_open");
}
process_watch::~process_watch() {
  if (pidfd_ >= 0) ::close(pidfd_);
}
process_watch::process_watch(process_watch&& other) noexcept
    : pidfd_(std::exchange(other.pidfd_, -1)) {}

bool process_watch::ends() const {
  return pidfd_ < 0 || readable(pidfd_, patience);
}
bool process_watch::alive() const {
  return pidfd_ >= 0 && !readable(pidfd_, 0ms);
}
void process_watch::send(int signal) const {
  if (pidfd_ >= 0) ::syscall(SYS_pidfd_send_signal, pidfd_, signal, nullptr, 0u);
}

bool eventually(const std::function<bool()>& met) {
  const auto limit = std::chrono::steady_clock::now() + patience;
  while (!met()) {
    if (std::chrono::steady_clock::now() > limit) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

namespace {

std::vector<pid_t> all_children_of(pid_t parent) {
  std::vector<pid_t> children;
  // Each is listed with the thread that made it.
  const std::filesystem::path threads = "/proc/" + std::to_string(parent) + "/task";
  std::error_code gone;
  for (const auto& thread : std::filesystem::directory_iterator(threads, gone)) {
    std::ifstream file(thread.path() / "children");
    for (pid_t pid; file >> pid;) children.push_back(pid);
  }
  return children;
}

}  // namespace

std::vector<pid_t> children_of(pid_t parent) {
  std::vector<pid_t> children = all_children_of(parent);
  std::erase_if(children, glovebox::test::is_spare);
  return children;
}

pid_t spare_of(pid_t server) {
  pid_t spare = 0;
  const bool found = eventually([&] {
    for (const pid_t pid : all_children_of(server))
      if (glovebox::test::name_of(pid) == "glovebox-spare") spare = pid;
    return spare != 0;
  });
  if (!found) throw std::logic_error("the fork server keeps no spare child");
  return spare;
}

std::size_t open_descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& each : std::filesystem::directory_iterator("/proc/self/fd"))
    ++count;
  return count - 1;  // the folder's own
}

double resident_memory(pid_t pid) {
  std::size_t pages = 0;
  std::ifstream("/proc/" + std::to_string(pid) + "/statm") >> pages >> pages;
  return static_cast<double>(pages) * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1024 / 1024;
}

std::vector<int> marks(const std::string& file) {
  std::ifstream in(file);
  std::vector<int> found;
  for (int n; in >> n;) found.push_back(n);
  return found;
}

int echo(int n) {
  return n;
}

int pass_gate(const std::string& path, int n) {
  gate::pass(path);
  return n;
}

int mark(const std::string& file, int n) {
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) fail("open " + file);
  const std::string line = std::to_string(n) + '\n';
  if (::write(fd, line.data(), line.size()) < 0) fail("write");
  ::close(fd);
  return n;
}

int own_pid() {
  return ::getpid();
}
int parent_pid() {
  return ::getppid();
}
int abort_now(int) {
  std::abort();
}

void wait_for_ever() {
  for (;;) ::pause();
}

}  // namespace life

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "backtrace/subject_fixture.hpp"
#include "backtrace/backtrace_programs.hpp"
#include "support/time_scale.hpp"

#include "core/trace_codec.hpp"
#include "transport/memory_file.hpp"
#include "transport/socket.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>
#include <fstream>
#include <sstream>
#include <thread>

namespace glovebox::test {
namespace {

constexpr auto patience = std::chrono::seconds(20) * time_scale;

// Whether there is something to be read, in time.
bool wait_for_input(int fd) {
  pollfd waited{fd, POLLIN, 0};
  const auto most = std::chrono::duration_cast<std::chrono::milliseconds>(patience);
  return ::poll(&waited, 1, static_cast<int>(most.count())) == 1;
}

outcome follow(const char* mode, pid_t pid, int pidfd, int record) {
  using clock = std::chrono::steady_clock;
  auto [here, there] = transport::stream_pair();
  auto start = clock::now();
  const file_descriptor answer = transport::make_memory_file("answer");
  running_program program({backtrace_program, mode, std::to_string(pid)},
                          {there.get(), record, pidfd, answer.get()});
  there.reset();
  if (std::string_view(mode) == "hang") {
    // It may be ready, or not: what it does is the same.
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    start = clock::now();
    BOOST_REQUIRE(::write(here.get(), "!", 1) == 1);
  }
  outcome result;
  const auto passed = [&start] {
    return std::chrono::duration_cast<std::chrono::microseconds>(clock::now() - start);
  };
  for (const int event : {here.get(), program.pidfd()}) {
    if (!wait_for_input(event)) {
      BOOST_ERROR("no answer in time");
      program.kill();
    }
    (event == here.get() ? result.until_captured : result.until_result) = passed();
  }
  result.exit_code = program.wait();
  std::vector<std::byte> message(1024 * 1024);
  const ssize_t got = ::pread(answer.get(), message.data(), message.size(), 0);
  BOOST_REQUIRE(got >= 0);
  message.resize(static_cast<std::size_t>(got));
  result.traces = core::decode_traces(message);
  return result;
}

}  // namespace

record_file::record_file() : file_(transport::make_memory_file("record")) {
  BOOST_REQUIRE(transport::resize(file_, sizeof *record_));
  void* const memory =
      ::mmap(nullptr, sizeof *record_, PROT_READ | PROT_WRITE, MAP_SHARED, file_.get(), 0);
  BOOST_REQUIRE(memory != MAP_FAILED);
  record_ = static_cast<process::crash_record*>(memory);
}

record_file::~record_file() {
  ::munmap(record_, sizeof *record_);
}

running_program::running_program(std::vector<std::string> command,
                                 const std::vector<int>& from_three, int output) {
  std::vector<char*> arguments;
  for (std::string& each : command) arguments.push_back(each.data());
  arguments.push_back(nullptr);
  pid_ = ::fork();
  BOOST_REQUIRE(pid_ >= 0);
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    // First out of the way of those that they become.
    std::vector<int> moved;
    for (const int each : from_three) moved.push_back(::fcntl(each, F_DUPFD, 100));
    if (output >= 0) ::dup2(output, 1);
    int number = 3;
    for (const int each : moved) {
      if (each >= 0) ::dup2(each, number);
      ++number;
      ::close(each);
    }
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
  pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  BOOST_REQUIRE(pidfd_.get() >= 0);
}

running_program::~running_program() {
  kill();
}

int running_program::wait() {
  if (ended_) return 0;
  int status = 0;
  ::waitpid(pid_, &status, 0);
  ended_ = true;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

void running_program::kill() {
  if (ended_) return;
  ::kill(pid_, SIGKILL);
  wait();
}

subject::subject(const std::string& what, const char* program) {
  int ends[2];
  BOOST_REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  file_descriptor output(ends[0]), input(ends[1]);
  process = std::make_unique<running_program>(
      std::vector<std::string>{program ? program : subject_program, what},
      std::vector<int>{-1, record.descriptor()}, input.get());
  input.reset();
  char byte = 0;
  BOOST_REQUIRE(wait_for_input(output.get()));
  BOOST_REQUIRE(::read(output.get(), &byte, 1) == 1);
}

void subject::wait_for_state(char state) const {
  const auto until = std::chrono::steady_clock::now() + patience;
  for (std::string text; std::chrono::steady_clock::now() < until;) {
    std::ifstream stat("/proc/" + std::to_string(process->pid()) + "/stat");
    std::getline(stat, text);
    const std::size_t name_end = text.rfind(") ");
    if (name_end != text.npos && text[name_end + 2] == state) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  BOOST_FAIL("the subject does not come into that state");
}

outcome backtrace_of_crash(pid_t pid, int pidfd, int record) {
  return follow("crash", pid, pidfd, record);
}

outcome backtrace_of_hang(pid_t pid, int pidfd) {
  return follow("hang", pid, pidfd, pidfd);
}

std::uint32_t line_with(const std::string& remark) {
  std::ifstream source(subject_source);
  std::uint32_t number = 1;
  for (std::string line; std::getline(source, line); ++number)
    if (line.ends_with("// " + remark)) return number;
  BOOST_FAIL("no line of the subject has the remark " << remark);
  return 0;
}

boost::test_tools::assertion_result may_trace(boost::unit_test::test_unit_id) {
  static const bool may = [] {
    const subject sleeper("sleep");
    const pid_t pid = sleeper.process->pid();
    // Not by us, who are its parent: Yama allows that.
    const pid_t other = ::fork();
    if (other == 0) ::_exit(::ptrace(PTRACE_SEIZE, pid, nullptr, nullptr) == 0 ? 0 : 1);
    int status = 0;
    return ::waitpid(other, &status, 0) == other && status == 0;
  }();
  boost::test_tools::assertion_result result(may);
  if (!may) result.message() << "no process may be traced here";
  return result;
}

boost::test_tools::assertion_result may_symbolise(boost::unit_test::test_unit_id id) {
  if (have_elfutils) return may_trace(id);
  boost::test_tools::assertion_result result(false);
  result.message() << "needs the package libdw-dev";
  return result;
}

std::string text_of(const outcome& result) {
  std::ostringstream text;
  text << "exit " << result.exit_code << '\n';
  if (!result.traces) return text.str() + "no traces\n";
  for (const thread_trace& trace : *result.traces) {
    text << "thread " << trace.tid << ' ' << trace.name << " [" << trace.state << "]\n";
    for (const stack_frame& frame : trace.frames)
      text << "  " << std::hex << frame.address << ' ' << frame.module << '+' << frame.offset
           << std::dec << ' ' << frame.function << ' ' << frame.file << ':' << frame.line
           << (frame.inlined ? " (inlined)" : "") << '\n';
    text << "  note: " << trace.note << '\n';
  }
  return text.str();
}

}  // namespace glovebox::test

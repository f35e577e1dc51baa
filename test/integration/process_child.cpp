// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// The children of the fork server's tests: each does what it is told over its channel.
#include "process_fixture.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <sstream>
#include <stdexcept>

namespace process_test {
namespace {

std::string read_line(int from) {
  std::string line;
  for (char letter; ::read(from, &letter, 1) == 1;) {
    if (letter == '\n') return line;
    line.push_back(letter);
  }
  ::_exit(0);  // the application is gone
}

void answer(int to, std::string line) {
  line += '\n';
  if (::write(to, line.data(), line.size()) < 0) ::_exit(99);
}

std::string link(const std::string& path) {
  return std::filesystem::read_symlink(path);
}

std::string descriptors(const process::child_setup& setup) {
  std::string line;
  for (int fd : open_descriptors(::getpid())) {
    if (fd == setup.channel)
      line += "channel ";
    else if (fd == setup.recorder)
      line += "recorder ";
    else if (std::find(setup.descriptors.begin(), setup.descriptors.end(), fd) !=
             setup.descriptors.end())
      line += ::fcntl(fd, F_GETFD) == FD_CLOEXEC ? "given " : "inheritable ";
    else
      line += std::to_string(fd) + ' ';
  }
  return line;
}

std::string arguments(const process::child_setup& setup) {
  std::string line;
  for (const std::string& each : setup.arguments) line += '[' + each + ']';
  return line;
}

// What stands in a given file.
std::string text(const process::child_setup& setup, const std::string& index) {
  return read_line(setup.descriptors.at(std::stoul(index)));
}

std::string limit(int resource) {
  rlimit value{};
  ::getrlimit(static_cast<__rlimit_resource>(resource), &value);
  return std::to_string(value.rlim_cur);
}

// Mapped, not allocated: the sanitizers' allocators have reserved their space already.
std::string can_map(std::size_t megabytes) {
  void* const memory =
      ::mmap(nullptr, megabytes << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return "no";
  ::munmap(memory, megabytes << 20);
  return "yes";
}

// A grandchild that leaves the session, the process group and its parent; says its pid itself.
void daemonise(int channel) {
  if (::fork() != 0) return;
  ::setsid();
  if (::fork() != 0) ::_exit(0);
  answer(channel, std::to_string(::getpid()));
  for (;;) ::pause();
}

// One in the child's process group, which ignores what can be ignored.
void leave_behind(int channel) {
  if (::fork() != 0) return;
  for (int signal = 1; signal < NSIG; ++signal) std::signal(signal, SIG_IGN);
  answer(channel, std::to_string(::getpid()));
  for (;;) ::pause();
}

std::string print(const std::string& what) {
  std::printf("to stdout: %s", what.c_str());  // flushed by nobody but the end of the child
  std::fprintf(stderr, "to stderr: %s", what.c_str());
  return "printed";
}

std::string variable(const std::string& name) {
  const char* const value = std::getenv(name.c_str());
  return value == nullptr ? "(unset)" : value;
}

// What is answered with one line.
const std::map<std::string, std::string (*)(const std::string&)> questions{
    {"pid", [](const std::string&) { return std::to_string(::getpid()); }},
    {"group",
     [](const std::string&) -> std::string {
       return ::getpgrp() == ::getpid() ? "own" : "shared";
     }},
    {"status", [](const std::string& name) { return status_of(::getpid(), name); }},
    {"link", link},
    {"variable", variable},
    {"limit", [](const std::string& resource) { return limit(std::stoi(resource)); }},
    {"map", [](const std::string& megabytes) { return can_map(std::stoull(megabytes)); }},
    {"print", print},
};

// \returns false when the child is to return from its main
bool act(const process::child_setup& setup, const std::string& word, const std::string& argument) {
  if (word == "return") return false;
  if (word == "exit") ::_exit(std::stoi(argument));
  if (word == "throw") throw std::runtime_error("leaves child_main");
  if (word == "raise") {
    // A sanitizer's handler, in a fresh image, would turn it into an exit.
    std::signal(std::stoi(argument), SIG_DFL);
    ::kill(::getpid(), std::stoi(argument));
  } else if (word == "descriptors") {
    answer(setup.channel, descriptors(setup));
  } else if (word == "arguments") {
    answer(setup.channel, arguments(setup));
  } else if (word == "text") {
    answer(setup.channel, text(setup, argument));
  } else if (word == "daemonise") {
    daemonise(setup.channel);
  } else if (word == "leave_behind") {
    leave_behind(setup.channel);
  } else {
    ::_exit(98);
  }
  return true;
}

}  // namespace

void child_main(process::child_setup setup) {
  const process::recorder recorder = process::recorder::attach(setup.recorder);
  for (;;) {
    std::istringstream order(read_line(setup.channel));
    std::string word;
    std::string argument;
    order >> word >> argument;
    recorder->last_started.fetch_add(1);
    if (const auto question = questions.find(word); question != questions.end()) {
      answer(setup.channel, question->second(argument));
    } else if (!act(setup, word, argument)) {
      return;
    }
    recorder->last_finished.fetch_add(1);
  }
}

}  // namespace process_test

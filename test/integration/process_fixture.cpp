// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "process_fixture.hpp"

#include "support/spare.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

namespace process_test {
namespace {

std::uint64_t child_id(const process::server_message& message) {
  return std::visit([](const auto& m) { return m.child; }, message);
}

bool wait_for(int fd, short events, int milliseconds) {
  pollfd watched{.fd = fd, .events = events, .revents = 0};
  int result;
  do result = ::poll(&watched, 1, milliseconds);
  while (result < 0 && errno == EINTR);
  return result == 1;
}

std::vector<pid_t> all_children_of(pid_t parent) {
  const std::string id = std::to_string(parent);
  std::ifstream file("/proc/" + id + "/task/" + id + "/children");
  std::vector<pid_t> children;
  for (pid_t pid; file >> pid;) children.push_back(pid);
  return children;
}

}  // namespace

bool readable(int fd, int milliseconds) {
  return wait_for(fd, POLLIN, milliseconds);
}
bool writable(int fd, int milliseconds) {
  return wait_for(fd, POLLOUT, milliseconds);
}

std::set<int> open_descriptors(pid_t of) {
  std::set<int> found;
  const auto folder = "/proc/" + std::to_string(of) + "/fd";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    found.insert(std::stoi(entry.path().filename()));
  }
  // While it is read, the folder itself is one of them.
  if (of == ::getpid()) std::erase_if(found, [](int fd) { return ::fcntl(fd, F_GETFD) < 0; });
  return found;
}

std::vector<pid_t> children_of(pid_t parent) {
  std::vector<pid_t> children = all_children_of(parent);
  std::erase_if(children, glovebox::test::is_spare);
  return children;
}

pid_t spare_of(pid_t server) {
  const auto begin = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - begin < std::chrono::milliseconds(patience_ms)) {
    for (const pid_t pid : all_children_of(server))
      if (glovebox::test::name_of(pid) == "glovebox-spare") return pid;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  throw std::runtime_error("the fork server keeps no spare child");
}

unique_fd watch(pid_t pid) {
  return unique_fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

std::string stray_descriptors(std::string answer) {
  for (const std::string_view expected : {"0 ", "1 ", "2 ", "channel ", "recorder "}) {
    const std::size_t at = answer.find(expected);
    if (at == std::string::npos) throw std::runtime_error("missing in " + answer);
    answer.erase(at, expected.size());
  }
  return answer;
}

std::string status_of(pid_t pid, const std::string& name) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(name + ":\t")) return line.substr(name.size() + 2);
  }
  throw std::runtime_error("no " + name);
}

void child::tell(const std::string& order) const {
  std::string line = order + '\n';
  const iovec piece{line.data(), line.size()};
  const auto sent = transport::send_some(channel.get(), {&piece, 1}, {}, 0);
  if (sent.error != 0) throw std::system_error(sent.error, std::generic_category(), "tell");
}

std::string child::ask(const std::string& question) const {
  tell(question);
  return line();
}

std::string child::line() const {
  std::string answer;
  for (;;) {
    if (!readable(channel.get())) throw std::runtime_error("no answer");
    std::byte letter{};
    const auto got = transport::receive_some(channel.get(), {&letter, 1}, 0);
    if (got.bytes != 1) throw std::runtime_error("the child left");
    if (letter == std::byte{'\n'}) return answer;
    answer.push_back(static_cast<char>(letter));
  }
}

bool child::hung_up() const {
  std::byte letter{};
  return readable(channel.get()) &&
         transport::receive_some(channel.get(), {&letter, 1}, 0).bytes == 0;
}

application::application(const process::server_options& options)
    : server(process::launch_fork_server(options)) {}

child application::request(process::start_request request, std::vector<int> stdio) {
  child made;
  made.id = request.child = next_id_++;
  auto [ours, theirs] = transport::stream_pair();
  unique_fd recorder_fd;
  made.recorder = process::recorder::create(recorder_fd);
  made.channel = std::move(ours);
  std::vector<int> descriptors{theirs.get(), recorder_fd.get()};
  descriptors.insert(descriptors.end(), stdio.begin(), stdio.end());
  std::vector<std::byte> bytes = process::encode(request);
  const iovec piece{bytes.data(), bytes.size()};
  const auto sent = transport::send_some(server.control.get(), {&piece, 1}, descriptors, 0);
  if (sent.error != 0) throw std::system_error(sent.error, std::generic_category(), "request");
  return made;
}

child application::start(const process::start_request& what, std::vector<int> stdio) {
  child made = request(what, std::move(stdio));
  const process::server_message answer = next(made.id);
  const auto* const start = std::get_if<process::started>(&answer);
  if (start == nullptr) throw std::runtime_error("the child was not started");
  made.pid = start->pid;
  made.pidfd = take_pidfd(made.id);
  return made;
}

process::server_message application::next(std::uint64_t id) {
  for (auto kept = kept_.begin(); kept != kept_.end(); ++kept) {
    if (kept->first != id) continue;
    process::server_message message = kept->second;
    kept_.erase(kept);
    return message;
  }
  for (;;) {
    if (!readable(server.control.get())) throw std::runtime_error("the fork server is silent");
    std::vector<std::byte> buffer(process::max_message_bytes);
    std::vector<unique_fd> descriptors;
    const auto got = transport::receive_some(server.control.get(), buffer, descriptors, 0);
    if (got.bytes == 0) throw std::runtime_error("the fork server is gone");
    buffer.resize(got.bytes);
    const auto message = process::decode_server_message(buffer);
    if (!message) throw std::runtime_error("the fork server sent nonsense");
    const bool has_pidfd = std::holds_alternative<process::started>(*message);
    if (descriptors.size() != (has_pidfd ? 1u : 0u)) throw std::runtime_error("descriptors");
    const std::uint64_t about = child_id(*message);
    if (has_pidfd) pidfds_[about] = std::move(descriptors[0]);
    if (about == id) return *message;
    kept_.emplace_back(about, *message);
  }
}

process::exit_status application::wait_for_exit(const child& of) {
  const process::server_message message = next(of.id);
  if (!std::holds_alternative<process::exited>(message)) throw std::runtime_error("no exit");
  return std::get<process::exited>(message).status;
}

process::start_failed application::wait_for_failure(std::uint64_t id) {
  const process::server_message message = next(id);
  if (!std::holds_alternative<process::start_failed>(message)) {
    throw std::runtime_error("the start did not fail");
  }
  return std::get<process::start_failed>(message);
}

unique_fd application::take_pidfd(std::uint64_t id) {
  return std::move(pidfds_.at(id));
}

void application::settle() {
  // A request that fails at once; its answer comes after everything else is sent and closed.
  std::byte nonsense[16]{};
  const iovec piece{nonsense, sizeof nonsense};
  if (transport::send_some(server.control.get(), {&piece, 1}, {}, 0).error != 0) {
    throw std::runtime_error("the fork server is gone");
  }
  wait_for_failure(0);
}

}  // namespace process_test

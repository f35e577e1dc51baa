// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "process/server.hpp"

#include "process/bind_calls.hpp"
#include "process/coming_copies.hpp"
#include "process/command_start.hpp"
#include "process/keep_mapped.hpp"
#include "process/kept_off.hpp"
#include "process/messages.hpp"
#include "process/own_children.hpp"
#include "process/preloading.hpp"
#include "process/signals.hpp"
#include "process/spare_child.hpp"
#include "transport/socket.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <exception>
#include <new>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <vector>

namespace glovebox::process {
namespace {

using transport::unique_fd;

constexpr const char* server_name = "glovebox-server";
constexpr int exit_of_failed_server = 125;

// Answers waiting for a slow application, each perhaps with a pidfd: beyond this many no further
// request is read. Exits are always taken in; they are bounded by the children there are.
constexpr std::size_t most_waiting = 64;
constexpr int retry_ms = 10;
// Without requests for so long nobody is kept waiting.
constexpr int quiet_ms = 1;

unique_fd only_one(std::vector<unique_fd>& descriptors) {
  return descriptors.size() == 1 ? std::move(descriptors.front()) : unique_fd();
}

class server {
 public:
  server(int control, child_main_function child_main, const server_options& self,
         load_module_function load)
      : control_(control),
        child_main_(child_main),
        load_(load),
        self_(self),
        buffer_(max_message_bytes + 1) {}

  void prepare();
  [[noreturn]] void run();

 private:
  struct outgoing {
    std::vector<std::byte> bytes;
    unique_fd pidfd;
  };
  struct failure {
    start_stage stage;
    int error;
    std::string detail{};
  };

  bool receive_request();
  std::optional<failure> obey(std::span<const std::byte> bytes, std::vector<unique_fd>& descriptors,
                              bool descriptors_lost);
  std::optional<failure> start(const start_request& request, std::vector<unique_fd>& descriptors,
                               bool descriptors_lost);
  void adopt(std::size_t which);
  void kill_child(std::uint64_t child);
  bool start_spare(const start_request& request, std::span<const unique_fd> descriptors, pid_t& pid,
                   unique_fd& pidfd);
  pid_t fork_child(const start_request& request, std::vector<unique_fd>& descriptors);
  void keep_spare();
  void leave();
  void reap_all();
  bool reap_one(int options);
  void hear_of_copies();
  bool kill_orphans();
  void post(const server_message& message, unique_fd pidfd = {});
  void send_waiting();
  [[noreturn]] void finish();

  unique_fd control_;
  child_main_function child_main_;
  load_module_function load_;
  server_options self_;
  preloading preloaded_;
  pid_t own_pid_ = ::getpid();
  unique_fd signals_;
  std::unordered_map<pid_t, std::uint64_t> children_;
  coming_copies copies_;
  std::optional<spare_child> spare_;
  bool wants_spare_ = false;
  std::int32_t avoided_processor_ = -1;  // by the fork of it
  std::vector<exited> ended_;            // reaped, not yet posted
  std::deque<outgoing> waiting_;         // posted, not yet sent
  bool retry_later_ = false;
  bool orphans_left_ = false;  // they were spared for the sake of a copy
  bool ends_left_ = false;     // they were not looked at, the same
  bool ends_ = false;
  std::vector<pollfd> watched_;
  std::vector<std::byte> buffer_;
};

void server::prepare() {
  ::prctl(PR_SET_NAME, server_name);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  ::fcntl(control_.get(), F_SETFD, FD_CLOEXEC);
  // A spawned child may start in another directory.
  if (!self_.program.starts_with('/')) {
    if (char* const directory = ::getcwd(nullptr, 0)) {
      self_.program = std::string(directory) + '/' + self_.program;
      std::free(directory);
    }
  }
  sigset_t child_signal;
  ::sigemptyset(&child_signal);
  ::sigaddset(&child_signal, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &child_signal, nullptr);
  // The image's signal handling is neither the server's, whose children an ignored SIGCHLD would
  // reap, nor its children's; nor is that of modules that are preloaded. Once for all of them:
  // nobody else's code runs here later.
  default_signal_actions();
  signals_.reset(::signalfd(-1, &child_signal, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_) throw std::system_error(errno, std::generic_category(), "signalfd");
  // What the image has printed before must not be printed again by every child.
  std::fflush(nullptr);
  bind_calls();
  keep_code_mapped();
}

void server::run() {
  for (;;) {
    const bool read_requests = waiting_.size() < most_waiting;
    const bool can_send = !waiting_.empty() && !retry_later_;
    watched_.assign({
        {.fd = control_.get(),
         .events = static_cast<short>((read_requests ? POLLIN : 0) | (can_send ? POLLOUT : 0)),
         .revents = 0},
        {.fd = signals_.get(), .events = POLLIN, .revents = 0},
    });
    copies_.watch(watched_);
    // What was left for a request's sake is looked at again once it is read.
    const bool at_once =
        (ends_left_ && !copies_.were_ordered()) || (orphans_left_ && !copies_.may_come());
    const int patience = at_once ? 0 : wants_spare_ ? quiet_ms : retry_later_ ? retry_ms : -1;
    const int ready = ::poll(watched_.data(), watched_.size(), patience);
    if (ready < 0) {
      if (errno == EINTR) continue;
      finish();
    }
    if (ready == 0 && !at_once) keep_spare();
    retry_later_ = false;
    const std::vector<pollfd>& watched = watched_;
    for (std::size_t i = copies_.expected(); i-- != 0;)
      if (watched[2 + i].revents != 0) adopt(i);
    if (watched[1].revents != 0 || ends_left_) reap_all();
    if (orphans_left_) kill_orphans();
    if ((watched[0].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0) finish();
    if ((watched[0].revents & POLLIN) != 0) receive_request();
    send_waiting();
  }
}

// \returns whether there was one, and it could be read
bool server::receive_request() {
  std::vector<unique_fd> descriptors;
  const auto result = transport::receive_some(control_.get(), buffer_, descriptors, MSG_DONTWAIT);
  if (result.error == EAGAIN || result.error == ENOBUFS || result.error == ENOMEM) return false;
  if (result.error != 0 || result.bytes == 0) finish();

  const auto bytes = std::span<const std::byte>(buffer_).first(result.bytes);
  std::optional<failure> failed;
  try {
    failed = obey(bytes, descriptors, result.descriptors_lost);
  } catch (const std::bad_alloc&) {
    failed = failure{start_stage::request, ENOMEM};
  }
  if (failed)
    post(start_failed{child_of(bytes), failed->error, failed->stage, std::move(failed->detail)});
  return true;
}

std::optional<server::failure> server::obey(std::span<const std::byte> bytes,
                                            std::vector<unique_fd>& descriptors,
                                            bool descriptors_lost) {
  const auto request = decode_server_request(bytes);
  if (!request) return failure{start_stage::request, EINVAL};
  if (const auto* const unwanted = std::get_if<kill_request>(&*request)) {
    kill_child(unwanted->child);
    return std::nullopt;
  }
  if (const auto* const modules = std::get_if<preload_request>(&*request)) {
    spare_.reset();  // it lacks them
    preloaded_ = preload(*modules, load_, control_.get());
    return std::nullopt;
  }
  if (std::holds_alternative<count_request>(*request)) {
    copies_.count_in(only_one(descriptors));
    return std::nullopt;
  }
  if (const auto* const copy = std::get_if<adopt_request>(&*request)) {
    const int error = copies_.expect({copy->child, only_one(descriptors)});
    return error == 0 ? std::nullopt : std::optional(failure{start_stage::copy, error});
  }
  start_request wanted = std::get<start_request>(*request);
  if (!preloaded_.only_spawning.empty()) wanted.method = start_method::spawn;
  const bool needs_modules = wanted.command.empty() && wanted.method == start_method::forkserver;
  if (!preloaded_.error.empty() && needs_modules)
    return failure{start_stage::preload, preloaded_.error_number, preloaded_.error};
  return start(wanted, descriptors, descriptors_lost);
}

// A copy has said whether it can live, or nothing can come any more. The kernel says who has
// written it.
void server::adopt(std::size_t which) {
  const coming_copies::copy copy = copies_.take(which);
  std::int32_t error = 0;
  const pid_t pid = transport::sender_of_number(copy.registration.get(), error);
  siginfo_t info{};
  // Only what is a child of this process can be waited for, and its number is no other's till then.
  const bool own = pid > 0 && !children_.contains(pid) &&
                   ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0;
  if (!own || error < 0) error = ECHILD;  // no copy, or one that says what no copy does
  unique_fd pidfd(error == 0 ? static_cast<int>(::syscall(SYS_pidfd_open, pid, 0u)) : -1);
  if (!pidfd) {
    const start_stage stage = error == 0 ? start_stage::pidfd : start_stage::copy;
    post(start_failed{copy.child, error == 0 ? errno : error, stage});
    orphans_left_ = true;
  } else {
    children_.emplace(pid, copy.child);
    post(started{copy.child, pid}, std::move(pidfd));
  }
  send_waiting();  // before anything else, as somebody waits for it
}

// A search: it is rare that a child is given up before its application knows its pidfd.
void server::kill_child(std::uint64_t child) {
  if (copies_.give_up(child)) {
    orphans_left_ = true;  // it may have been made, and not have said so
    return;
  }
  for (const auto& [pid, number] : children_)
    if (number == child) ::kill(pid, SIGKILL);
}

std::optional<server::failure> server::start(const start_request& request,
                                             std::vector<unique_fd>& descriptors,
                                             bool descriptors_lost) {
  // They are lost when this process can open no more.
  if (descriptors_lost) return failure{start_stage::descriptors, EMFILE};
  if (descriptors.size() != request.descriptors()) {
    return failure{start_stage::descriptors, EINVAL};
  }

  pid_t pid = -1;
  unique_fd pidfd;
  if (!start_spare(request, descriptors, pid, pidfd)) {
    pid = fork_child(request, descriptors);
    if (pid < 0) return failure{start_stage::fork, errno};
    // Both sides do it, so that it is done whoever comes first.
    ::setpgid(pid, pid);
    pidfd.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0u)));
  }
  if (!pidfd) {
    const int error = errno;
    ::kill(pid, SIGKILL);  // unregistered, it is reaped like an orphan
    return failure{start_stage::pidfd, error};
  }
  try {
    children_.emplace(pid, request.child);
    // A command is executed in any case.
    post(started{request.child, pid,
                 request.command.empty() ? preloaded_.only_spawning : std::string()},
         std::move(pidfd));
  } catch (const std::bad_alloc&) {
    children_.erase(pid);
    ::kill(pid, SIGKILL);
    throw;
  }
  return std::nullopt;
}

// \returns false when there is none, or it is of no use; it is given up then
bool server::start_spare(const start_request& request, std::span<const unique_fd> descriptors,
                         pid_t& pid, unique_fd& pidfd) {
  if (!request.command.empty()) return false;
  wants_spare_ = true;
  avoided_processor_ = request.avoided_processor;
  std::optional<spare_child> spare = std::exchange(spare_, std::nullopt);
  if (!spare || !spare->start(request, descriptors)) return false;
  pid = spare->pid();
  pidfd = spare->take_pidfd();
  return true;
}

pid_t server::fork_child(const start_request& request, std::vector<unique_fd>& descriptors) {
  const all_signals_blocked blocked;
  const pid_t pid = request.command.empty() ? ::fork() : start_command(request, descriptors);
  if (pid != 0) return pid;
  leave();
  run_forked_child(request, descriptors, own_pid_, child_main_, self_);
}

// Who has wanted one child wants another one, sooner or later. It is forked when nothing else is to
// be done: fork(2) keeps a processor from others, which may be where a child that has just been
// started has to run.
void server::keep_spare() {
  if (!std::exchange(wants_spare_, false) || spare_) return;
  const all_signals_blocked blocked;
  std::optional<spare_child> made;
  {
    const kept_off elsewhere(avoided_processor_);
    made = spare_child::fork();
  }
  if (made && made->is_this_process()) {
    leave();
    made->live(own_pid_, child_main_, self_);
  }
  spare_ = std::move(made);
}

// A forked child has all descriptors of its parent, whatever close-on-exec says. The server's own
// go here; those of modules loaded into it stay, they may need them.
void server::leave() {
  control_.reset();
  signals_.reset();
  waiting_.clear();
  copies_ = {};
  spare_.reset();
}

void server::reap_all() {
  ends_left_ = false;
  signalfd_siginfo ignored[16];
  while (::read(signals_.get(), ignored, sizeof ignored) > 0) {
  }
  bool any = false;
  while (reap_one(WNOHANG)) any = true;
  if (!any) return;
  // Before the ends are reported: what they left behind is as good as gone by then.
  kill_orphans();
  for (const exited& end : std::exchange(ended_, {})) post(end);
}

// \returns false when there is none, or with WNOHANG none that has ended. The end of a copy that is
// still to be announced has to wait for that, and others behind it.
bool server::reap_one(int options) {
  siginfo_t info;
  if (!wait_for(P_ALL, 0, info, options | WNOWAIT)) return false;
  const pid_t pid = info.si_pid;
  if (!ends_ && !children_.contains(pid)) hear_of_copies();
  const auto child = children_.find(pid);
  if (!ends_ && child == children_.end() && copies_.were_ordered()) {
    ends_left_ = true;
    return false;
  }
  // While the leader is not reaped its number can be no other group's.
  if (child != children_.end()) ::kill(-pid, SIGKILL);
  rusage usage{};
  if (!wait_for(P_PID, static_cast<id_t>(pid), info, 0, &usage)) return true;
  if (child != children_.end()) {
    ended_.push_back({child->second, to_exit_status(info, usage)});
    children_.erase(child);
  } else if (spare_ && spare_->pid() == pid) {
    spare_.reset();
  }
  return true;
}

// What has ended may be a copy, although its request, or what it has said itself, is still to be
// read.
void server::hear_of_copies() {
  while (copies_.were_ordered() && waiting_.size() < most_waiting && receive_request()) {
  }
  std::vector<pollfd> all;
  copies_.watch(all);
  if (::poll(all.data(), all.size(), 0) <= 0) return;
  for (std::size_t i = all.size(); i-- != 0;)
    if (all[i].revents != 0) adopt(i);
}

// Kills what was re-parented to this process. It is reaped like the rest, and as its own children
// are re-parented then, the next round finds them. \returns false when there is no telling (/proc)
bool server::kill_orphans() {
  orphans_left_ = false;
  std::set<pid_t> killed;
  for (bool found = true; found;) {
    found = false;
    const auto present = own_children();
    if (!present) return false;
    if (!ends_ && copies_.may_come()) {
      orphans_left_ = true;
      return true;
    }
    for (const pid_t pid : *present) {
      if (children_.contains(pid) || (spare_ && spare_->pid() == pid)) continue;
      if (!killed.insert(pid).second) continue;
      ::kill(pid, SIGKILL);
      found = true;
    }
  }
  return true;
}

void server::post(const server_message& message, unique_fd pidfd) {
  waiting_.push_back({encode(message), std::move(pidfd)});
}

void server::send_waiting() {
  while (!waiting_.empty()) {
    outgoing& next = waiting_.front();
    const iovec piece{next.bytes.data(), next.bytes.size()};
    const int descriptor = next.pidfd.get();
    const auto result = transport::send_some(
        control_.get(), {&piece, 1}, {&descriptor, next.pidfd ? std::size_t{1} : 0}, MSG_DONTWAIT);
    switch (result.error) {
      case 0:
        waiting_.pop_front();
        continue;
      case EAGAIN:
        return;
      // The socket is writable, yet the kernel has no memory or the user has too many descriptors
      // in flight: nothing tells when that is over.
      case ETOOMANYREFS:
      case ENOBUFS:
      case ENOMEM:
        retry_later_ = true;
        return;
      default:
        finish();
    }
  }
}

void server::finish() {
  ends_ = true;
  spare_.reset();
  for (const auto& [pid, child] : children_) {
    ::kill(pid, SIGKILL);  // it may have left its group
    ::kill(-pid, SIGKILL);
  }
  for (;;) {
    const bool all_known = kill_orphans();
    // Without /proc an orphan cannot be found, and may live long.
    if (!all_known && children_.empty()) break;
    if (!reap_one(0)) break;
    while (reap_one(WNOHANG)) {
    }
  }
  ::_exit(0);
}

}  // namespace

void run_fork_server(int control, child_main_function child_main, const server_options& self,
                     load_module_function load) noexcept {
  try {
    server serving(control, child_main, self, load);
    serving.prepare();
    serving.run();
  } catch (const std::exception& e) {
    // Without the server its children end (PDEATHSIG), and the application sees its pidfd.
    std::fprintf(stderr, "glovebox fork server: %s\n", e.what());
    ::_exit(exit_of_failed_server);
  }
}

}  // namespace glovebox::process

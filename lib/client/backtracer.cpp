// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "client/backtracer.hpp"

#include "core/trace_codec.hpp"
#include "process/recorder.hpp"
#include "transport/memory_file.hpp"
#include "transport/socket.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <utility>

namespace glovebox::client {
namespace {

bool write_at(int file, const std::byte* from, std::size_t size, std::size_t offset) {
  while (size != 0) {
    const ssize_t written = ::pwrite(file, from, size, static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    const auto done = static_cast<std::size_t>(written);
    from += done;
    offset += done;
    size -= done;
  }
  return true;
}

transport::unique_fd copy_of(const process::crash_record* record) {
  transport::unique_fd file = transport::make_memory_file("glovebox-crash");
  if (!file || !record) return file;
  const auto* const from = reinterpret_cast<const std::byte*>(record);
  const bool complete =
      process::take_used_parts(*record, [&](std::size_t offset, std::size_t size) {
        return write_at(file.get(), from + offset, size, offset);
      });
  return complete ? std::move(file) : transport::unique_fd();
}

// Whatever the program becomes while it reads what is hostile, it can write no more than traces
// are.
transport::unique_fd make_answer_file() {
  transport::unique_fd file = transport::make_memory_file("glovebox-traces");
  constexpr int seals = F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
  const bool done = file && transport::resize(file, core::trace_limits::bytes) &&
                    ::fcntl(file.get(), F_ADD_SEALS, seals) == 0;
  return done ? std::move(file) : transport::unique_fd();
}

// What can be read once the process has ended. That it is gone does not matter to what it has left.
transport::unique_fd descriptor_of(const process::process_handle& process) {
  if (const auto opened = process.open())
    return transport::unique_fd(::fcntl(opened.get(), F_DUPFD_CLOEXEC, 0));
  return transport::unique_fd(errno == ESRCH ? ::eventfd(1, EFD_CLOEXEC) : -1);
}

// Up to where the program has written: it shares the offset. Nothing when that can't be.
std::vector<std::byte> written_to(int file) {
  const off_t size = ::lseek(file, 0, SEEK_CUR);
  if (size < 0 || static_cast<std::uint64_t>(size) > core::trace_limits::bytes) return {};
  std::vector<std::byte> bytes(static_cast<std::size_t>(size));
  for (std::size_t at = 0; at != bytes.size();) {
    const ssize_t got = ::pread(file, bytes.data() + at, bytes.size() - at, static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return {};
    at += static_cast<std::size_t>(got);
  }
  return bytes;
}

bool runs(const std::string& program) {
  return ::access(program.c_str(), X_OK) == 0;
}

}  // namespace

std::string backtrace_program() {
  if (const char* const chosen = std::getenv("GLOVEBOX_BACKTRACE"); chosen && *chosen)
    return runs(chosen) ? std::filesystem::absolute(chosen).string() : "";
  if (runs(GLOVEBOX_BACKTRACE_PATH)) return GLOVEBOX_BACKTRACE_PATH;
  // An installation that was moved, or a build tree.
  Dl_info here{};
  if (::dladdr(reinterpret_cast<const void*>(&backtrace_program), &here) == 0 || !here.dli_fname)
    return {};
  const auto directory = std::filesystem::absolute(here.dli_fname).parent_path();
  for (const char* const place :
       {"backtrace/glovebox-backtrace", "../backtrace/glovebox-backtrace",
        "../libexec/glovebox-backtrace", "../../libexec/glovebox-backtrace"})
    if (std::string program = (directory / place).string(); runs(program)) return program;
  return {};
}

std::shared_ptr<backtracer> backtracer::start(std::shared_ptr<server_link> link,
                                              const asio::any_io_executor& executor, victim what,
                                              const process::process_handle& process,
                                              const process::crash_record* record,
                                              std::function<void()> on_change) {
  process::start_request request;
  request.command = {backtrace_program(), what == victim::crashed ? "crash" : "hang",
                     std::to_string(process.pid())};
  if (request.command.front().empty()) return nullptr;
  request.environment = {"DEBUGINFOD_URLS"};  // unset: it would ask the network
  request.avoided_processor = ::sched_getcpu();
  const auto made = std::make_shared<backtracer>(std::move(on_change));
  try {
    auto [ours, theirs] = transport::stream_pair();
    std::vector<transport::unique_fd> descriptors;
    descriptors.push_back(std::move(theirs));
    descriptors.push_back(copy_of(record));
    descriptors.push_back(descriptor_of(process));
    made->answer_ = make_answer_file();
    descriptors.emplace_back(::fcntl(made->answer_.get(), F_DUPFD_CLOEXEC, 0));
    request.extra_descriptors = 2;
    if (!descriptors[1] || !descriptors[2] || !descriptors[3]) return nullptr;
    made->channel_.emplace(executor, ours.get());
    (void)ours.release();
    std::uint64_t number = 0;
    const std::lock_guard lock(made->lock_);
    if (!link->start(std::move(request), std::move(descriptors), made, number)) return nullptr;
    made->link_ = std::move(link);
    made->link_->want_messages(true);
    made->channel_->async_wait(asio::posix::stream_descriptor::wait_read,
                               [made](const asio_error_code& failed) {
                                 if (!failed) made->on_captured();
                               });
  } catch (const std::exception&) {
    made->cancel();
    return nullptr;  // it is a help, no more: without it the report is shorter
  }
  return made;
}

void backtracer::look() {
  const std::lock_guard lock(lock_);
  if (!channel_) return;
  const char go = 'g';
  // The socket is empty, so there is room for it; where nobody reads, the channel ends.
  [[maybe_unused]] const ssize_t sent =
      ::send(channel_->native_handle(), &go, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

bool backtracer::captured() const {
  const std::lock_guard lock(lock_);
  return over_ || !channel_;
}

bool backtracer::over() const {
  const std::lock_guard lock(lock_);
  return over_;
}

std::vector<thread_trace> backtracer::take() {
  const std::lock_guard lock(lock_);
  if (!over_) return {};
  auto traces = core::decode_traces(written_to(answer_.get()));
  return traces ? std::move(*traces) : std::vector<thread_trace>();
}

// It is only ever shut down.
void backtracer::on_captured() {
  std::function<void()> tell;
  {
    const std::lock_guard lock(lock_);
    if (!channel_) return;
    channel_.reset();
    tell = on_change_;
  }
  if (tell) tell();
}

void backtracer::on_end() {
  std::function<void()> tell;
  {
    const std::lock_guard lock(lock_);
    if (over_) return;
    end();
    tell.swap(on_change_);
  }
  if (tell) tell();
}

// The program has ended, or nobody waits for that any more.
void backtracer::end() noexcept {
  over_ = true;
  channel_.reset();
  if (pidfd_) process::kill_process(pidfd_.get(), SIGKILL);
  if (const auto link = std::exchange(link_, nullptr)) link->want_messages(false);
}

void backtracer::cancel() noexcept {
  std::function<void()> dropped;
  const std::lock_guard lock(lock_);
  end();
  answer_.reset();
  dropped.swap(on_change_);
}

void backtracer::on_started(pid_t, transport::unique_fd pidfd, std::string) {
  const std::lock_guard lock(lock_);
  pidfd_ = std::move(pidfd);
  if (over_) process::kill_process(pidfd_.get(), SIGKILL);
}

}  // namespace glovebox::client

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "client/server_link.hpp"
#include "process/crash_record.hpp"
#include "process/process_handle.hpp"
#include "transport/unique_fd.hpp"

#include <glovebox/asio.hpp>
#include <glovebox/stack_trace.hpp>

#include <asio/posix/stream_descriptor.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace glovebox::client {

/// A run of `glovebox-backtrace`, the program that looks at a child which crashed or hangs and
/// finds out where its threads are: in a process of its own, started by the fork server, since what
/// it reads (the child's memory, the files that it has mapped) is the child's to choose.
/// Thread-safe.
class backtracer final : public child_watcher, public std::enable_shared_from_this<backtracer> {
 public:
  enum class victim { crashed, hanging };

  /// \param record what the crash has left; null for a child that hangs
  /// \param on_change called without locks, on the executor, when there is something new to ask
  /// \returns null when there is no such program, or it could not be started
  static std::shared_ptr<backtracer> start(std::shared_ptr<server_link> link,
                                           const asio::any_io_executor& executor, victim what,
                                           const process::process_handle& process,
                                           const process::crash_record* record,
                                           std::function<void()> on_change);
  explicit backtracer(std::function<void()> on_change) : on_change_(std::move(on_change)) {}

  /// For a child that hangs: the program, which is ready by now, shall look. Once.
  void look();
  /// Whether the child is not needed any more.
  bool captured() const;
  /// Whether the program has ended.
  bool over() const;
  /// What was found; empty unless it is over, and mostly then.
  std::vector<thread_trace> take();
  /// Ends the program; nobody is told any more.
  void cancel() noexcept;

  // ---- child_watcher: of the program
  void on_started(pid_t pid, transport::unique_fd pidfd, std::string note) override;
  void on_start_failed(int, process::start_stage, std::string) override { on_end(); }
  void on_exited(const process::exit_status&) override { on_end(); }
  void on_server_lost() override { on_end(); }

 private:
  void on_captured();
  void on_end();
  void end() noexcept;

  std::function<void()> on_change_;
  mutable std::mutex lock_;
  std::shared_ptr<server_link> link_;  // whose messages bring the program's pidfd; null: over
  std::optional<asio::posix::stream_descriptor> channel_;  // nothing: the child was captured
  transport::unique_fd pidfd_;
  transport::unique_fd answer_;
  bool over_ = false;
};

/// The path of the program: the environment's GLOVEBOX_BACKTRACE, or where it was installed, or
/// beside the library. Empty: it is nowhere.
std::string backtrace_program();

}  // namespace glovebox::client

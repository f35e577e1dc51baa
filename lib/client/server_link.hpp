// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "process/copy_count.hpp"
#include "process/launcher.hpp"
#include "process/messages.hpp"
#include "transport/unique_fd.hpp"

#include <glovebox/asio.hpp>

#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace glovebox::client {

class server_link;
class service;

/// Who is told of a child. Called without locks.
class child_watcher {
 public:
  virtual ~child_watcher() = default;
  /// \param note why it was started in another way than was wanted; empty: it was not
  virtual void on_started(pid_t pid, transport::unique_fd pidfd, std::string note) = 0;
  /// \param detail more than the error says; may be empty
  virtual void on_start_failed(int error, process::start_stage stage, std::string detail) = 0;
  virtual void on_exited(const process::exit_status& status) = 0;
  virtual void on_server_lost() = 0;
};

/// A copy of a child that is about to be ordered, or was. As long as this lives its fork server
/// takes it for no orphan; then it has to be told, or there must be no copy. Movable.
class copy_notice {
 public:
  copy_notice() = default;
  explicit copy_notice(std::shared_ptr<server_link> to) noexcept;
  copy_notice(copy_notice&&) noexcept = default;
  copy_notice& operator=(copy_notice&& other) noexcept {
    std::swap(link_, other.link_);
    return *this;
  }
  ~copy_notice();

 private:
  friend class server_link;
  std::shared_ptr<server_link> link_;
};

/// The application's end of a fork server: sends requests, hands its messages out to those who
/// watch a child. It reads only while somebody needs a message, so that an idle link is no work for
/// the execution context. Thread-safe.
class server_link : public std::enable_shared_from_this<server_link> {
 public:
  /// \throws std::system_error
  static std::shared_ptr<server_link> launch(service& owner, asio::any_io_executor executor,
                                             std::string program, process::preload_request preload);
  server_link(service& owner, asio::any_io_executor executor, process::fork_server server);

  /// Asks for a child; the watcher hears of it. `request.child` is set here, and returned.
  /// False: the server is gone, and nobody will hear anything.
  bool start(process::start_request request, std::vector<transport::unique_fd> descriptors,
             std::weak_ptr<child_watcher> watcher, std::uint64_t& child);
  /// Tells of a copy that a child was ordered to make of itself; the watcher hears of that one, and
  /// `child` is set. \param notice from before it was ordered \param registration see
  /// process::adopt_request. False: the server is gone.
  bool adopt(copy_notice notice, transport::unique_fd registration,
             std::weak_ptr<child_watcher> watcher, std::uint64_t& child);
  /// Reading goes on while there are more calls with true than with false.
  void want_messages(bool wanted);
  /// The watcher is told no more. A child whose start it was not told yet is killed when it starts:
  /// nobody else can.
  void forget(std::uint64_t child) noexcept;
  /// Has the fork server kill a child: it needs no descriptor for that.
  void kill(std::uint64_t child) noexcept;
  bool lost() const noexcept;
  pid_t pid() const noexcept { return server_.pid; }

  void shut_down() noexcept;

 private:
  struct watched {
    std::weak_ptr<child_watcher> watcher;
    bool started = false;
  };
  struct outgoing {
    std::uint64_t child;
    std::vector<std::byte> bytes;
    std::vector<transport::unique_fd> descriptors;
    bool counted = false;  // a copy that was
  };

  template <class Request>
  bool ask(Request request, std::vector<transport::unique_fd> descriptors,
           std::weak_ptr<child_watcher> watcher, std::uint64_t& child, copy_notice notice = {});
  bool flush(std::unique_lock<std::mutex>& lock);
  void ask_to_kill(std::unique_lock<std::mutex>& lock, std::uint64_t child) noexcept;
  void flush_when_writable();
  void flush_later();
  void arm();
  void on_readable();
  void deliver(process::server_message&& message, std::vector<transport::unique_fd>& descriptors);
  void lose();
  std::shared_ptr<child_watcher> watcher_of(std::uint64_t child, bool last);

  friend class copy_notice;

  service& service_;
  process::fork_server server_;
  process::copy_count copies_;
  mutable std::mutex lock_;
  std::optional<asio::posix::stream_descriptor> control_;
  std::optional<asio::steady_timer> retry_;
  std::deque<outgoing> unsent_;
  std::unordered_map<std::uint64_t, watched> watchers_;
  std::uint64_t last_child_ = 0;
  int wanted_ = 0;
  bool reading_ = false;  // a wait for messages is outstanding
  bool writing_ = false;  // a flush is to come
  bool lost_ = false;
};

}  // namespace glovebox::client

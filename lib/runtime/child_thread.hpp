// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "transport/unique_fd.hpp"

#include <chrono>
#include <future>
#include <string>
#include <thread>
#include <vector>

namespace glovebox::runtime {

/// What a child that is a thread begins with.
struct thread_setup {
  transport::unique_fd channel;
  transport::unique_fd recorder;
  std::vector<std::string> arguments;
  std::vector<transport::unique_fd> descriptors;
  std::vector<std::string> module_path;
  std::vector<std::string> preload;
};

/// A child that is a thread of its parent's process (backend::in_process). It serves its channel as
/// a child process does; the channel is closed when it has ended. It cannot be killed: it ends when
/// the channel's other end is shut and the function that runs, if any, has returned.
class child_thread {
 public:
  /// \throws std::system_error when there can be no further thread
  explicit child_thread(thread_setup setup);
  child_thread(const child_thread&) = delete;
  child_thread& operator=(const child_thread&) = delete;
  /// Never waits: a thread that has not ended goes on by itself.
  ~child_thread();

  /// Whether it has ended; then nothing of it is left.
  bool over() const { return await_end(std::chrono::nanoseconds(0)); }
  /// The same, after a while.
  bool await_end(std::chrono::nanoseconds longest) const {
    return ended_.wait_for(longest) == std::future_status::ready;
  }
  /// Once it is over: why it could not go on; empty: it ended as it was asked to.
  const std::string& failure() const { return ended_.get(); }

 private:
  std::shared_future<std::string> ended_;
  std::thread thread_;
};

}  // namespace glovebox::runtime

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "process/recorder.hpp"

#include <atomic>
#include <cstdint>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

namespace glovebox::runtime {

/// Passes the parent's wish that a running call should end on to the code that runs: a skip bit in
/// the recorder, and its bell. There is a thread that listens from the first call on that may be
/// stopped; a child without such calls has none.
class stop_control {
 public:
  explicit stop_control(process::recorder_page& page) noexcept : page_(page) {}
  stop_control(const stop_control&) = delete;
  stop_control& operator=(const stop_control&) = delete;
  ~stop_control();

  /// \throws std::system_error when there can be no thread
  std::stop_token token(std::uint64_t call);
  void ended(std::uint64_t call) noexcept;

 private:
  void listen();
  void look();

  process::recorder_page& page_;
  std::mutex lock_;
  std::vector<std::pair<std::uint64_t, std::stop_source>> running_;
  std::atomic<bool> over_ = false;
  std::thread listener_;
};

}  // namespace glovebox::runtime

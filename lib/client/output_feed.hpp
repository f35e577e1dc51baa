// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/asio.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace glovebox::client {

/// Lines of a child's output on their way to the user, bounded.
class output_lines {
 public:
  static constexpr std::size_t longest_line = 4096;       // bytes; more is another line
  static constexpr std::size_t most_bytes = 1024 * 1024;  // waiting; more is dropped

  void add(std::string_view text);
  /// There is no more: what has no end yet is a line.
  void end();
  bool empty() const noexcept { return ready_.empty(); }
  /// What is complete, in order. Behind a gap stands how much was dropped.
  std::vector<std::string> take();

 private:
  void complete();

  std::vector<std::string> ready_;
  std::string open_;
  bool cut_ = false;  // the last line was complete for its length: an end that follows is its own
  std::size_t bytes_ = 0;
  std::size_t dropped_ = 0;  // lines
};

/// Passes lines on, on an executor, never under the caller's lock. Outlives its context until the
/// last line was passed on.
class output_feed : public std::enable_shared_from_this<output_feed> {
 public:
  using callback_type = std::function<void(std::string_view)>;
  output_feed(asio::any_io_executor executor, callback_type callback)
      : executor_(std::move(executor)), callback_(std::move(callback)) {}

  void add(std::string_view text);
  void end();

 private:
  void post_if_needed();
  void pass_on();

  std::mutex lock_;
  const asio::any_io_executor executor_;
  const callback_type callback_;
  output_lines lines_;
  bool posted_ = false;
};

}  // namespace glovebox::client

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "handler.hpp"
#include "request_parser.hpp"

#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>

namespace image_service {

/// How long a client may take. Each is a limit of the whole, not of the gaps between two bytes: a
/// byte every few seconds does not keep a connection.
struct connection_options {
  request_limits limits;
  std::chrono::milliseconds idle{30'000};    ///< between two requests; the connection is closed
  std::chrono::milliseconds header{10'000};  ///< from a request's first byte to its body: 408
  std::chrono::milliseconds body{60'000};    ///< 408
  std::chrono::milliseconds write{60'000};   ///< taking a response; the connection is closed
};

/// One connection: a request is read, handled and answered, then the next one. What a client sends
/// ahead (pipelining) waits in the kernel and in one bounded buffer. Runs on the socket's executor,
/// a strand; `drain`, `abandon` and `close` may be called from anywhere.
class connection : public std::enable_shared_from_this<connection>, client {
 public:
  connection(asio::ip::tcp::socket socket, handler& served, const connection_options& options);

  /// Until one side has ended it. Does not throw.
  asio::awaitable<void> run();
  /// Instead: one response, whatever the client wants.
  asio::awaitable<void> refuse();
  asio::any_io_executor get_executor() { return socket_.get_executor(); }

  /// Finishes what is handled, refuses what comes after it, then closes.
  void drain();
  /// Cancels the call that is under way, or refuses the request that is being read.
  void abandon();
  void close();

 private:
  enum class received : std::uint8_t { request, failed, timed_out, refused, closed };
  using clock = std::chrono::steady_clock;

  asio::awaitable<bool> serve_one();
  asio::awaitable<received> receive();
  asio::awaitable<response> respond(request asked);
  asio::awaitable<bool> send(const response& answer, bool with_body, bool is_http_1_0);
  asio::awaitable<bool> read_more(clock::time_point until);
  asio::awaitable<bool> write(std::string_view head, std::string_view body);
  asio::awaitable<void> linger();
  clock::time_point deadline_of(request_parser::place place, clock::time_point since) const;

  asio::cancellation_slot gone() override;
  void read_ahead();
  asio::awaitable<void> stop_reading_ahead();

  void arm(clock::time_point until);
  void disarm();
  std::string_view unread() const { return {input_.data() + first_, last_ - first_}; }
  std::size_t make_room();

  asio::ip::tcp::socket socket_;
  handler& served_;
  const connection_options& options_;
  request_parser parser_;
  std::array<char, 16 * 1024> input_;
  std::size_t first_ = 0, last_ = 0;  // what is in it and was not parsed

  asio::steady_timer timer_;  // the deadline of what the socket does now
  std::uint64_t armed_ = 0;   // tells one deadline from those before it
  bool timed_out_ = false;
  bool is_idle_ = false;     // nothing of a request has come yet
  bool is_reading_ = false;  // the rest of it is being waited for

  asio::cancellation_signal call_;
  asio::steady_timer ahead_ended_;
  bool is_reading_ahead_ = false;
  bool stops_reading_ahead_ = false;
  bool is_gone_ = false;
  bool is_draining_ = false;
  bool is_abandoned_ = false;
};

}  // namespace image_service

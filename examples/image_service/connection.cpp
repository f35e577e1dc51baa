// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "connection.hpp"

#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/post.hpp>
#include <asio/write.hpp>

#include <algorithm>
#include <cstring>
#include <exception>
#include <system_error>
#include <utility>

namespace image_service {
namespace {

using namespace std::chrono_literals;
using glovebox::as_tuple;

// How long a client that was idle when the server stops may still have a request on its way to us.
constexpr auto idle_drain = 250ms;
// What a client may still send when it has got its last response: closing with bytes unread would
// reset the connection, and it might lose that response.
constexpr auto linger_time = 1s;
constexpr std::size_t linger_bytes = 16 * 1024 * 1024;
// nginx's number for a request whose client has not waited for the response.
constexpr int client_closed = 499;
constexpr std::string_view continue_line = "HTTP/1.1 100 Continue\r\n\r\n";

response refusal() {
  response answer = error_response(503, "unavailable", "the server takes no further requests now");
  answer.headers.emplace_back("Retry-After", "1");
  answer.close = true;
  return answer;
}

}  // namespace

connection::connection(asio::ip::tcp::socket socket, handler& served,
                       const connection_options& options)
    : socket_(std::move(socket)),
      served_(served),
      options_(options),
      parser_(options.limits),
      timer_(socket_.get_executor()),
      ahead_ended_(socket_.get_executor()) {
  std::error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
}

asio::awaitable<void> connection::run() {
  const auto self = shared_from_this();
  for (;;) {
    const bool goes_on = co_await serve_one();
    if (!goes_on) break;
  }
  std::error_code ignored;
  socket_.close(ignored);
}

asio::awaitable<void> connection::refuse() {
  const auto self = shared_from_this();
  const response answer = refusal();
  served_.answered({}, answer.status, 0ns);
  co_await send(answer, true, false);
  std::error_code ignored;
  socket_.close(ignored);
}

asio::awaitable<bool> connection::serve_one() {
  const received what = co_await receive();
  const auto start = clock::now();
  response answer;
  std::string path;
  bool is_head = false, is_http_1_0 = false;
  if (what == received::closed) co_return false;
  if (what == received::failed) {
    answer = error_response(parser_.status(), "bad_request", parser_.reason());
    answer.close = true;
  } else if (what == received::timed_out) {
    answer = error_response(408, "request_timeout", "the request took too long to come");
    answer.close = true;
  } else if (what == received::refused) {
    answer = refusal();
  } else {
    request asked = parser_.take();
    const bool keep_alive = asked.keep_alive;
    path = asked.path;
    is_head = asked.method == "HEAD";
    is_http_1_0 = asked.is_http_1_0;
    if (is_draining_)
      answer = refusal();
    else
      answer = co_await respond(std::move(asked));
    answer.close = answer.close || is_draining_ || !keep_alive;
  }
  served_.answered(path, is_gone_ ? client_closed : answer.status, clock::now() - start);
  if (is_gone_) co_return false;
  co_return co_await send(answer, !is_head, is_http_1_0);
}

asio::awaitable<response> connection::respond(request asked) {
  response answer;
  try {
    answer = co_await served_.handle(std::move(asked), *this);
  } catch (const std::exception& why) {
    answer = error_response(500, "internal", why.what());
  }
  co_await stop_reading_ahead();
  co_return answer;
}

asio::awaitable<connection::received> connection::receive() {
  auto since = clock::now();
  request_parser::place place = parser_.where();
  for (;;) {
    const request_parser::outcome step = parser_.feed(unread());
    first_ += step.consumed;
    if (step.what == request_parser::event::request) co_return received::request;
    if (step.what == request_parser::event::failed) co_return received::failed;
    if (step.what == request_parser::event::expects_continue) {
      // Who is refused anyway should not send it all first.
      if (is_draining_) co_return received::refused;
      const bool written = co_await write(continue_line, {});
      if (!written) co_return received::closed;
      continue;
    }
    if (std::exchange(place, parser_.where()) != place) since = clock::now();
    is_idle_ = place == request_parser::place::between_requests;
    is_reading_ = !is_idle_;
    const bool has_read = co_await read_more(deadline_of(place, since));
    const bool was_reading = std::exchange(is_reading_, false);
    is_idle_ = false;
    if (has_read) continue;
    if (!was_reading) co_return received::closed;
    if (timed_out_) co_return received::timed_out;
    co_return is_abandoned_ ? received::refused : received::closed;
  }
}

connection::clock::time_point connection::deadline_of(request_parser::place place,
                                                      clock::time_point since) const {
  switch (place) {
    case request_parser::place::between_requests:
      return is_draining_ ? clock::now() + idle_drain : since + options_.idle;
    case request_parser::place::header:
      return since + options_.header;
    default:
      return since + options_.body;
  }
}

// False when the client has closed, an error has occurred, or the deadline has passed.
asio::awaitable<bool> connection::read_more(clock::time_point until) {
  const std::size_t room = make_room();
  arm(until);
  const auto [error, size] = co_await socket_.async_read_some(
      asio::buffer(input_.data() + last_, room), as_tuple(asio::use_awaitable));
  disarm();
  last_ += size;
  co_return !error;
}

asio::awaitable<bool> connection::write(std::string_view head, std::string_view body) {
  const std::array<asio::const_buffer, 2> buffers{asio::buffer(head.data(), head.size()),
                                                  asio::buffer(body.data(), body.size())};
  arm(clock::now() + options_.write);
  const auto [error, size] =
      co_await asio::async_write(socket_, buffers, as_tuple(asio::use_awaitable));
  disarm();
  co_return !error;
}

asio::awaitable<bool> connection::send(const response& answer, bool with_body, bool is_http_1_0) {
  connection_field field = connection_field::none;
  if (answer.close)
    field = connection_field::close;
  else if (is_http_1_0)
    field = connection_field::keep_alive;
  const std::string head = head_of(answer, field);
  const bool written = co_await write(head, with_body ? body_of(answer) : std::string_view());
  if (!written) co_return false;
  if (answer.close) co_await linger();
  co_return !answer.close;
}

asio::awaitable<void> connection::linger() {
  std::error_code ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  const auto until = clock::now() + linger_time;
  for (std::size_t read = 0; read < linger_bytes; read += last_) {
    first_ = last_ = 0;
    const bool has_read = co_await read_more(until);
    if (!has_read) break;
  }
}

std::size_t connection::make_room() {
  if (first_ == last_) {
    first_ = last_ = 0;
  } else if (last_ == input_.size() && first_ != 0) {
    std::memmove(input_.data(), input_.data() + first_, last_ - first_);
    last_ -= std::exchange(first_, 0);
  }
  return input_.size() - last_;
}

// --- deadlines --------------------------------------------------------------------------------

void connection::arm(clock::time_point until) {
  timed_out_ = false;
  timer_.expires_at(until);
  timer_.async_wait([self = shared_from_this(), mine = ++armed_](std::error_code error) {
    // It may have been on its way here when it was armed again.
    if (error || mine != self->armed_) return;
    self->timed_out_ = true;
    std::error_code ignored;
    self->socket_.cancel(ignored);
  });
}

void connection::disarm() {
  ++armed_;
  timer_.cancel();
}

// --- during a call ------------------------------------------------------------------------------

asio::cancellation_slot connection::gone() {
  read_ahead();
  return call_.slot();
}

// A client that closes, or only stops sending, doesn't wait for its response. What it sends instead
// is the next request; when the buffer is full of that, nobody looks further.
void connection::read_ahead() {
  if (is_reading_ahead_ || stops_reading_ahead_) return;
  const std::size_t room = make_room();
  if (room == 0) return;
  is_reading_ahead_ = true;
  socket_.async_read_some(asio::buffer(input_.data() + last_, room),
                          [self = shared_from_this()](std::error_code error, std::size_t size) {
                            self->is_reading_ahead_ = false;
                            self->last_ += size;
                            if (self->stops_reading_ahead_) {
                              self->ahead_ended_.cancel();
                            } else if (!error) {
                              self->read_ahead();
                            } else {
                              self->is_gone_ = true;
                              self->call_.emit(asio::cancellation_type::terminal);
                            }
                          });
}

asio::awaitable<void> connection::stop_reading_ahead() {
  if (is_reading_ahead_) {
    stops_reading_ahead_ = true;
    std::error_code ignored;
    socket_.cancel(ignored);
    ahead_ended_.expires_at(clock::time_point::max());
    co_await ahead_ended_.async_wait(as_tuple(asio::use_awaitable));
    stops_reading_ahead_ = false;
  }
}

// --- from anywhere ------------------------------------------------------------------------------

void connection::drain() {
  asio::post(get_executor(), [self = shared_from_this()] {
    self->is_draining_ = true;
    if (self->is_idle_) self->arm(clock::now() + idle_drain);
  });
}

void connection::abandon() {
  asio::post(get_executor(), [self = shared_from_this()] {
    self->is_abandoned_ = true;
    self->call_.emit(asio::cancellation_type::terminal);
    std::error_code ignored;
    if (self->is_reading_) self->socket_.cancel(ignored);
  });
}

void connection::close() {
  asio::post(get_executor(), [self = shared_from_this()] {
    self->call_.emit(asio::cancellation_type::terminal);
    std::error_code ignored;
    self->socket_.close(ignored);
  });
}

}  // namespace image_service

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "request.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace image_service {

/// What a request may take; what takes more ends with a status that says so.
struct request_limits {
  std::size_t target = 4096;            ///< of the URL [bytes]: 414
  std::size_t header = 16 * 1024;       ///< from the request line to the empty line [bytes]: 431
  std::size_t header_fields = 100;      ///< lines of it: 431
  std::size_t body = 16 * 1024 * 1024;  ///< [bytes]: 413
};

/// Bytes in, requests or the status of an error out. It knows no sockets, and gives the same
/// whatever the pieces in which the bytes arrive. Stricter than the HTTP parser in it
/// (http-parser): what proxies are known to understand otherwise is refused, so that nobody
/// smuggles a request past one.
class request_parser {
 public:
  enum class event : std::uint8_t {
    more,              ///< all bytes were taken, and further ones are needed
    expects_continue,  ///< the client sends the body when it is told to: `100 Continue`
    request,           ///< complete: `take()` it, then go on
    failed,            ///< `status()` is the answer, and the connection is good for nothing more
  };
  enum class place : std::uint8_t { between_requests, header, body };
  struct outcome {
    std::size_t consumed = 0;  ///< bytes; the others are for the next call
    event what = event::more;
  };

  explicit request_parser(const request_limits& limits);
  ~request_parser();
  request_parser(const request_parser&) = delete;
  request_parser& operator=(const request_parser&) = delete;

  /// Takes bytes up to the first event.
  outcome feed(std::string_view bytes);
  /// The request that was complete.
  request take();
  /// How far the next one is.
  place where() const;
  /// Of an error, and what is wrong, for people.
  int status() const;
  const std::string& reason() const;

 private:
  struct implementation;
  std::unique_ptr<implementation> implementation_;
};

}  // namespace image_service

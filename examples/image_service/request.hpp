// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace image_service {

/// An HTTP/1.x request, complete with its body.
struct request {
  std::string method;
  std::string path;   ///< as it was sent: nothing is decoded
  std::string query;  ///< behind the `?`, as it was sent
  /// Names in lower case, values without white space around them, in the order in which they came.
  std::vector<std::pair<std::string, std::string>> headers;
  std::vector<std::byte> body;
  bool keep_alive = true;    ///< the client will read, and may send, more than this
  bool has_length = false;   ///< it said how long its body is, which may be 0
  bool is_http_1_0 = false;  ///< it doesn't know chunks, nor interim responses

  /// The first one of that name, which is in lower case; null: none.
  const std::string* header(std::string_view name) const {
    for (const auto& [each, value] : headers)
      if (each == name) return &value;
    return nullptr;
  }
};

/// The first parameter of that name in a query (`a=1&b=2`), percent-encoding and `+` decoded.
std::optional<std::string> find_parameter(std::string_view query, std::string_view name);

}  // namespace image_service

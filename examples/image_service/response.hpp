// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace image_service {

struct response {
  int status = 200;
  std::string content_type;
  /// Text, or what a child has made: whatever it is, it is moved here and sent from here.
  std::variant<std::string, std::vector<std::byte>> body;
  std::vector<std::pair<std::string, std::string>> headers;  ///< besides those that `head_of` adds
  bool close = false;                                        ///< the connection ends with it
};

std::string_view body_of(const response& answer);

/// How a response says whether the connection goes on; HTTP/1.0 and 1.1 take silence for opposites.
enum class connection_field { none, keep_alive, close };

/// Status line and header, with length, date and what browsers should know.
std::string head_of(const response& answer, connection_field connection);

std::string_view reason_phrase(int status);

response text_response(int status, std::string text);
/// `json` is an object, serialised.
response json_response(int status, std::string json);
/// `{"error": error, "message": message}`
response error_response(int status, std::string_view error, std::string_view message);

/// Text as JSON can hold it, whatever a child sent: what is not ASCII becomes `?`.
std::string as_ascii(std::string_view text);

}  // namespace image_service

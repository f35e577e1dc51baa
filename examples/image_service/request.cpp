// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "request.hpp"

#include <charconv>

namespace image_service {
namespace {

std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    unsigned code = 0;
    const char* const digits = text.data() + at + 1;
    if (text[at] == '+') {
      out += ' ';
    } else if (text[at] == '%' && text.size() - at > 2 &&
               std::from_chars(digits, digits + 2, code, 16).ptr == digits + 2) {
      out += static_cast<char>(code);
      at += 2;
    } else {
      out += text[at];
    }
  }
  return out;
}

}  // namespace

std::optional<std::string> find_parameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view field = query.substr(0, query.find('&'));
    query.remove_prefix(field.size() == query.size() ? field.size() : field.size() + 1);
    const std::size_t equals = field.find('=');
    if (decoded(field.substr(0, equals)) != name) continue;
    return equals == field.npos ? std::string() : decoded(field.substr(equals + 1));
  }
  return std::nullopt;
}

}  // namespace image_service

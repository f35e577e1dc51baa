// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "response.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <ctime>

namespace image_service {
namespace {

constexpr std::array<std::pair<int, std::string_view>, 19> phrases{{
    {100, "Continue"},
    {200, "OK"},
    {204, "No Content"},
    {400, "Bad Request"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {411, "Length Required"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {417, "Expectation Failed"},
    {422, "Unprocessable Content"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
}};

std::string http_date() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::array<char, 40> text{};
  // Names of days and months are English as long as nobody calls setlocale.
  return {text.data(),
          std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts)};
}

void add_field(std::string& head, std::string_view name, std::string_view value) {
  head.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

std::string_view body_of(const response& answer) {
  if (const auto* const text = std::get_if<std::string>(&answer.body)) return *text;
  const auto& bytes = std::get<std::vector<std::byte>>(answer.body);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string head_of(const response& answer, connection_field connection) {
  std::string head = "HTTP/1.1 " + std::to_string(answer.status) + ' ';
  head.append(reason_phrase(answer.status)).append("\r\n");
  add_field(head, "Date", http_date());
  if (answer.status != 204)
    add_field(head, "Content-Length", std::to_string(body_of(answer).size()));
  if (!answer.content_type.empty()) {
    add_field(head, "Content-Type", answer.content_type);
    add_field(head, "X-Content-Type-Options", "nosniff");
  }
  for (const auto& [name, value] : answer.headers) add_field(head, name, value);
  if (connection != connection_field::none)
    add_field(head, "Connection", connection == connection_field::close ? "close" : "keep-alive");
  return head + "\r\n";
}

std::string_view reason_phrase(int status) {
  const auto found = std::find_if(phrases.begin(), phrases.end(),
                                  [&](const auto& each) { return each.first == status; });
  return found == phrases.end() ? "Unknown" : found->second;
}

response text_response(int status, std::string text) {
  response answer;
  answer.status = status;
  answer.content_type = "text/plain; charset=utf-8";
  answer.body = std::move(text);
  return answer;
}

response json_response(int status, std::string json) {
  response answer;
  answer.status = status;
  answer.content_type = "application/json";
  answer.body = std::move(json) + "\n";
  return answer;
}

response error_response(int status, std::string_view error, std::string_view message) {
  const boost::json::object body{{"error", error}, {"message", as_ascii(message)}};
  return json_response(status, boost::json::serialize(body));
}

std::string as_ascii(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (static_cast<signed char>(c) < 0) c = '?';
  return out;
}

}  // namespace image_service

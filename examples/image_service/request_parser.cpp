// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "request_parser.hpp"

#include "framing_check.hpp"

#include <http_parser.h>

#include <algorithm>
#include <exception>
#include <utility>

namespace image_service {
namespace {

// More is taken for a body when it has come: a promise costs the client nothing.
constexpr std::size_t most_reserved = 1024 * 1024;
constexpr std::string_view white_space = " \t";

std::string lower_case(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(white_space);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(white_space) - first + 1);
}

bool is_token(std::string_view text) {
  constexpr std::string_view others = "!#$%&'*+-.^_`|~";
  const auto belongs = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           others.find(c) != others.npos;
  };
  return !text.empty() && std::all_of(text.begin(), text.end(), belongs);
}

bool is_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

bool is_number(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

struct request_parser::implementation {
  explicit implementation(const request_limits& all_limits);

  outcome feed(std::string_view bytes);
  outcome fail(std::size_t consumed, int code, std::string why);

  // What http-parser calls. A member function's result other than 0 ends parsing.
  template <auto Member>
  static int notify(http_parser* self);
  template <auto Member>
  static int hand_over(http_parser* self, const char* data, std::size_t size);
  int begin();
  int add_target(std::string_view text);
  int add_name(std::string_view text);
  int add_value(std::string_view text);
  int end_header();
  int announce_chunk();
  int add_body(std::string_view text);
  int end();

  int refuse(int code, std::string why);
  void finish_field();
  int check_fields();
  int check_length();
  int check_target();
  std::size_t count_of(std::string_view name) const;
  std::size_t execute(std::string_view bytes);
  int status_of_error() const;

  const request_limits limits;
  http_parser parser{};
  http_parser_settings settings{};
  framing_check framing;
  request current;
  place at = place::between_requests;
  bool header_ended = false;  // just now
  bool complete = false;      // just now
  bool expects = false;       // it asked for `100 Continue`
  bool chunked = false;
  std::string target;
  std::string name, value;  // of the field that is being read
  bool in_value = false;
  bool names_are_tokens = true;
  std::size_t header_size = 0;  // so far [bytes]
  int status = 0;               // 0: no error
  std::string reason;
};

template <auto Member>
int request_parser::implementation::notify(http_parser* self) {
  auto& parser = *static_cast<implementation*>(self->data);
  try {
    return (parser.*Member)();
  } catch (const std::exception& why) {  // must not pass through code of C
    return parser.refuse(500, why.what());
  }
}

template <auto Member>
int request_parser::implementation::hand_over(http_parser* self, const char* data,
                                              std::size_t size) {
  auto& parser = *static_cast<implementation*>(self->data);
  try {
    return (parser.*Member)(std::string_view(data, size));
  } catch (const std::exception& why) {
    return parser.refuse(500, why.what());
  }
}

request_parser::implementation::implementation(const request_limits& all_limits)
    : limits(all_limits) {
  using self = implementation;
  http_parser_init(&parser, HTTP_REQUEST);
  parser.data = this;
  http_parser_settings_init(&settings);
  settings.on_message_begin = notify<&self::begin>;
  settings.on_url = hand_over<&self::add_target>;
  settings.on_header_field = hand_over<&self::add_name>;
  settings.on_header_value = hand_over<&self::add_value>;
  settings.on_headers_complete = notify<&self::end_header>;
  settings.on_chunk_header = notify<&self::announce_chunk>;
  settings.on_body = hand_over<&self::add_body>;
  settings.on_message_complete = notify<&self::end>;
}

request_parser::outcome request_parser::implementation::fail(std::size_t consumed, int code,
                                                             std::string why) {
  if (status == 0) refuse(code, std::move(why));
  return {consumed, event::failed};
}

int request_parser::implementation::refuse(int code, std::string why) {
  status = code;
  reason = std::move(why);
  return -1;
}

// Feeds it as much as the checks let pass, and that in steps: up to the end of a header, so that
// its limit holds exactly, then from there on.
request_parser::outcome request_parser::implementation::feed(std::string_view bytes) {
  std::size_t consumed = 0;
  while (status == 0 && consumed != bytes.size()) {
    std::string_view step = bytes.substr(consumed);
    if (at != place::body) {
      if (header_size == limits.header)
        return framing.in_first_line() ? fail(consumed, 414, "the URL is too long")
                                       : fail(consumed, 431, "the header is too large");
      step = step.substr(0, limits.header - header_size);
      step = step.substr(0, framing.header(step));
    } else if (chunked) {
      step = step.substr(0, framing.chunks(step));
    }
    if (step.empty()) return fail(consumed, 400, "a byte that must not be there");
    const std::size_t taken = execute(step);
    consumed += taken;
    if (status != 0 || HTTP_PARSER_ERRNO(&parser) != HPE_OK) break;
    if (complete) return {consumed, event::request};
    if (at != place::body) header_size += taken;
    if (std::exchange(header_ended, false)) {
      if (std::exchange(expects, false)) return {consumed, event::expects_continue};
    } else if (at != place::body && framing.at_end()) {
      return fail(consumed, 400, "a header without an end");
    }
  }
  if (status == 0 && HTTP_PARSER_ERRNO(&parser) == HPE_OK) return {consumed, event::more};
  return fail(consumed, status_of_error(), http_errno_description(HTTP_PARSER_ERRNO(&parser)));
}

// It is paused at the end of a header, before that one's last byte, and at the end of a request.
std::size_t request_parser::implementation::execute(std::string_view bytes) {
  std::size_t taken = http_parser_execute(&parser, &settings, bytes.data(), bytes.size());
  if (HTTP_PARSER_ERRNO(&parser) != HPE_PAUSED) return taken;
  http_parser_pause(&parser, 0);
  if (complete || taken == bytes.size()) return taken;
  taken += http_parser_execute(&parser, &settings, bytes.data() + taken, 1);
  if (HTTP_PARSER_ERRNO(&parser) == HPE_PAUSED) http_parser_pause(&parser, 0);
  return taken;
}

int request_parser::implementation::status_of_error() const {
  switch (HTTP_PARSER_ERRNO(&parser)) {
    case HPE_INVALID_METHOD:
      return 501;
    case HPE_INVALID_VERSION:
      return 505;
    case HPE_HEADER_OVERFLOW:
      return 431;
    default:
      return 400;
  }
}

int request_parser::implementation::begin() {
  at = place::header;
  return 0;
}

int request_parser::implementation::add_target(std::string_view text) {
  target += text;
  return 0;
}

int request_parser::implementation::add_name(std::string_view text) {
  if (at == place::body) return 0;  // of a trailer: nobody wants it
  if (in_value) finish_field();
  name += text;
  return 0;
}

int request_parser::implementation::add_value(std::string_view text) {
  if (at == place::body) return 0;
  in_value = true;
  value += text;
  return 0;
}

void request_parser::implementation::finish_field() {
  if (name.empty() && !in_value) return;
  names_are_tokens = names_are_tokens && is_token(name);
  current.headers.emplace_back(lower_case(std::move(name)), std::string(trimmed(value)));
  name.clear();
  value.clear();
  in_value = false;
}

// All that is wrong with a header is said here, and not when a part of it comes: which parts
// http-parser hands over before it stumbles upon another one depends on the pieces in which they
// arrive.
int request_parser::implementation::end_header() {
  parser.upgrade = 0;  // other protocols are not spoken here
  finish_field();
  if (check_fields() != 0 || check_length() != 0 || check_target() != 0) return -1;
  at = place::body;
  header_ended = true;
  if (chunked) framing.start_chunks();
  http_parser_pause(&parser, 1);
  return 0;
}

std::size_t request_parser::implementation::count_of(std::string_view wanted) const {
  return static_cast<std::size_t>(
      std::count_if(current.headers.begin(), current.headers.end(),
                    [&](const auto& field) { return field.first == wanted; }));
}

int request_parser::implementation::check_fields() {
  if (parser.http_major != 1 || parser.http_minor > 1)
    return refuse(505, "this is a server of HTTP/1.0 and 1.1");
  if (current.headers.size() > limits.header_fields) return refuse(431, "too many header fields");
  if (!names_are_tokens)
    return refuse(400, "a character that must not be in the name of a header field");
  current.is_http_1_0 = parser.http_minor == 0;
  current.method = http_method_str(static_cast<http_method>(parser.method));
  if (current.method == "CONNECT") return refuse(501, "this is no proxy");
  const std::size_t hosts = count_of("host");
  if (hosts > 1 || (hosts == 0 && !current.is_http_1_0))
    return refuse(400, "one Host field is needed");
  if (const std::string* const expected = current.header("expect")) {
    if (lower_case(*expected) != "100-continue" || count_of("expect") > 1)
      return refuse(417, "what the client expects is not known");
    expects = !current.is_http_1_0;
  }
  return 0;
}

// Two lengths, even equal ones, or a length and chunks: others may go by the one that we don't.
int request_parser::implementation::check_length() {
  const std::size_t lengths = count_of("content-length"), encodings = count_of("transfer-encoding");
  if (lengths + encodings > 1) return refuse(400, "the length of the body is given twice");
  current.has_length = lengths + encodings == 1;
  if (encodings == 1) {
    if (lower_case(*current.header("transfer-encoding")) != "chunked")
      return refuse(501, "of the transfer encodings only chunked is known");
    if (current.is_http_1_0) return refuse(400, "chunks in HTTP/1.0");
    chunked = true;
  }
  if (lengths == 1) {
    if (!is_number(*current.header("content-length")))
      return refuse(400, "the length of the body is no number");
    if (parser.content_length > limits.body) return refuse(413, "the body is too large");
    current.body.reserve(std::min(static_cast<std::size_t>(parser.content_length), most_reserved));
    expects = expects && parser.content_length != 0;
  }
  expects = expects && current.has_length;
  return 0;
}

int request_parser::implementation::check_target() {
  if (target.size() > limits.target) return refuse(414, "the URL is too long");
  if (!is_visible(target)) return refuse(400, "a character that must not be in a URL");
  if (target == "*" && current.method == "OPTIONS") {
    current.path = target;
    return 0;
  }
  http_parser_url parts;
  http_parser_url_init(&parts);
  if (http_parser_parse_url(target.data(), target.size(), 0, &parts) != 0)
    return refuse(400, "no URL");
  const auto part = [&](http_parser_url_fields which) {
    if (!(parts.field_set & 1u << which)) return std::string();
    return target.substr(parts.field_data[which].off, parts.field_data[which].len);
  };
  current.path = part(UF_PATH);
  current.query = part(UF_QUERY);
  if (current.path.empty()) current.path = "/";
  return current.path.front() == '/' ? 0 : refuse(400, "no URL");
}

int request_parser::implementation::announce_chunk() {
  if (parser.content_length > limits.body - current.body.size())
    return refuse(413, "the body is too large");
  return 0;
}

int request_parser::implementation::add_body(std::string_view text) {
  const auto* const first = reinterpret_cast<const std::byte*>(text.data());
  current.body.insert(current.body.end(), first, first + text.size());
  return 0;
}

int request_parser::implementation::end() {
  complete = true;
  current.keep_alive = http_should_keep_alive(&parser) != 0;
  http_parser_pause(&parser, 1);
  return 0;
}

request_parser::request_parser(const request_limits& limits)
    : implementation_(std::make_unique<implementation>(limits)) {}

request_parser::~request_parser() = default;

request_parser::outcome request_parser::feed(std::string_view bytes) {
  return implementation_->feed(bytes);
}

request request_parser::take() {
  implementation& self = *implementation_;
  self.at = place::between_requests;
  self.complete = self.header_ended = self.expects = self.chunked = false;
  self.names_are_tokens = true;
  self.target.clear();
  self.header_size = 0;
  self.framing.start_header();
  return std::exchange(self.current, request());
}

request_parser::place request_parser::where() const {
  return implementation_->at;
}

int request_parser::status() const {
  return implementation_->status;
}

const std::string& request_parser::reason() const {
  return implementation_->reason;
}

}  // namespace image_service

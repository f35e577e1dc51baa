// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// What a client sends to the example image_service.
#include "fuzz/fuzz.hpp"

#include "request_parser.hpp"

namespace {

using namespace glovebox::fuzz;
using namespace image_service;
using event = request_parser::event;

request_limits small_limits() {
  request_limits limits;
  limits.target = 64;
  limits.header = 512;
  limits.header_fields = 8;
  limits.body = 256;
  return limits;
}

struct result {
  std::vector<request> requests;
  int continues = 0;
  int status = 0;
  std::string reason;
};

result parse(std::string_view text, std::size_t piece) {
  result out;
  request_parser parser(small_limits());
  while (!text.empty() && parser.status() == 0) {
    // A copy, so that sanitizers see what is read beyond its end.
    const bytes part = exact(std::as_bytes(std::span(text.substr(0, piece))));
    const auto step = parser.feed(text_of(part));
    require(step.consumed <= part.size(), "more consumed than there was");
    require(step.consumed == part.size() || step.what != event::more, "bytes left without reason");
    require((step.what == event::failed) == (parser.status() != 0), "a failure without status");
    if (step.what == event::request) out.requests.push_back(parser.take());
    if (step.what == event::expects_continue) ++out.continues;
    text.remove_prefix(step.consumed);
  }
  out.status = parser.status();
  out.reason = parser.reason();
  return out;
}

void check(const request& each) {
  const request_limits limits = small_limits();
  require(!each.method.empty() && !each.path.empty(), "a request for nothing");
  require(each.path.size() + each.query.size() <= limits.target, "a URL that is too long");
  require(each.body.size() <= limits.body, "a body that is too large");
  require(each.body.empty() || each.has_length, "a body of no length");
  require(each.headers.size() <= limits.header_fields, "too many fields");
  int lengths = 0, hosts = 0;
  for (const auto& [name, value] : each.headers) {
    lengths += name == "content-length" || name == "transfer-encoding";
    hosts += name == "host";
    require(name.find_first_of(" \t\r\n:") == name.npos, "a name that is none");
    require(value.find_first_of(std::string_view("\r\n\0", 3)) == value.npos,
            "a value that is more than one");
  }
  require(lengths <= 1 && hosts <= 1, "what can be understood in two ways");
}

bool same(const request& a, const request& b) {
  return a.method == b.method && a.path == b.path && a.query == b.query && a.headers == b.headers &&
         a.body == b.body && a.keep_alive == b.keep_alive && a.has_length == b.has_length;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  input from(data, size);
  const std::size_t piece = std::size_t{1} + from.byte();
  const std::string text(text_of(from.rest()));
  const result whole = parse(text, text.size());
  for (const request& each : whole.requests) check(each);
  require(whole.status == 0 || (whole.status >= 400 && whole.status < 600), "no status");
  for (const std::size_t other : {std::size_t{1}, piece}) {
    const result again = parse(text, other);
    require(again.requests.size() == whole.requests.size() && again.status == whole.status &&
                again.reason == whole.reason && again.continues == whole.continues,
            "how it arrives makes a difference");
    for (std::size_t i = 0; i != whole.requests.size(); ++i)
      require(::same(again.requests[i], whole.requests[i]), "how it arrives makes a difference");
  }
  find_parameter(text, "size");
  return 0;
}

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// The datagrams between a parent and its fork server, both ways.
#include "process/messages.hpp"

#include "fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace glovebox;
  using namespace glovebox::fuzz;
  const bytes from = exact(std::as_bytes(std::span(data, size)));
  const auto message = process::decode_server_message(from);
  if (message) require(same(process::encode(*message), from), "a message that encode never writes");
  const auto request = process::decode_server_request(from);
  require(!message || !request, "a message both ways");
  const std::uint64_t child = process::child_of(from);
  if (!request) return 0;
  require(same(process::encode(*request), from), "a request that encode never writes");
  if (const auto* const start = std::get_if<process::start_request>(&*request))
    require(start->child == child, "another child");
  return 0;
}

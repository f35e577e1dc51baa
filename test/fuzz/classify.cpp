// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// What a child's end means, with anything in the recorder that the evidence was copied from.
#include "core/classify.hpp"

#include "fuzz/fuzz.hpp"

#include <csignal>

namespace {

using namespace glovebox;
using namespace glovebox::fuzz;
using core::evidence;

// Mostly small, so that they fit together.
std::uint64_t number(input& from) {
  const std::uint8_t what = from.byte();
  return what < 0xF0 ? what % 16 : from.number<std::uint64_t>();
}

evidence read(input& from) {
  evidence facts;
  facts.killed = static_cast<evidence::kill>(from.byte() % 5);
  facts.overran = number(from);
  const std::uint8_t exit = from.byte();
  facts.exit = static_cast<evidence::exit_kind>(exit % 3);
  facts.crashed = exit >= 128;
  facts.exit_value = from.byte();
  const std::uint8_t flags = from.byte();
  facts.server_lost = (flags & 1) != 0;
  facts.never_started = (flags & 2) != 0;
  if ((flags & 4) != 0) facts.start_error = from.byte();
  if ((flags & 8) != 0) facts.exec_error = from.byte();
  if ((flags & 16) != 0) facts.allocation_failed = from.byte();
  if ((flags & 32) != 0) {
    facts.signal_number = from.byte();
    facts.signal_code = from.number<std::int32_t>();
    facts.signal_sender = from.byte();
    facts.signal_address = from.number<std::uint64_t>();
  }
  facts.pid = from.byte();
  facts.last_started = number(from);
  facts.last_finished = number(from);
  facts.last_nested_started = core::session::nested_bit | number(from);
  if ((flags & 64) != 0) facts.last_nested_started = number(from);
  for (std::uint8_t i = from.byte() % 4; i != 0; --i)
    facts.nested_running.push_back(core::session::nested_bit | number(from));
  if ((flags & 128) != 0) facts.nested_running.push_back(number(from));
  facts.highest_sent = number(from);
  facts.highest_nested_sent = core::session::nested_bit + number(from) % 1024;
  return facts;
}

void check_calls(const evidence& facts, const termination& end) {
  int guilty = 0;
  for (const std::uint64_t base : {std::uint64_t{0}, core::session::nested_bit}) {
    const std::uint64_t sent = base == 0 ? facts.highest_sent : facts.highest_nested_sent;
    for (std::uint64_t id = base + 1; id <= base + 20; ++id) {
      const core::call_view seen = core::view_of(facts, end, id);
      if (id > sent) require(seen.phase == phase::queued, "a call that was never sent has started");
      if (seen.phase == phase::queued)
        require(seen.culprit == culprit::no, "a call that did not start is to blame");
      if (seen.culprit == culprit::yes) {
        ++guilty;
        require(seen.phase == phase::running, "a call that does not run is to blame");
      }
    }
  }
  require(guilty <= 1, "more than one call is to blame");
  if (end.cause == cause::killed_by_owner || end.cause == cause::fork_server_lost ||
      end.cause == cause::start_timeout || end.cause == cause::start_failed)
    require(guilty == 0, "a call is to blame for what others did");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  input from(data, size);
  const evidence facts = read(from);
  const termination end = core::classify(facts);
  require(!to_string(end.cause).empty(), "a cause without a name");
  if (end.cause == cause::out_of_memory)
    require(facts.allocation_failed != 0, "out of memory without evidence");
  if (facts.killed == evidence::kill::none)
    require(end.cause != cause::killed_by_owner && end.cause != cause::deadline,
            "killed by the parent, which has not done it");
  require(!end.summary().empty() && !end.report().empty(), "an end without words");
  check_calls(facts, end);
  return 0;
}

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// What the backtrace program answers, and what is made of it for people.
#include "core/frames.hpp"
#include "core/trace_codec.hpp"
#include "farm/frames.hpp"
#include "fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace glovebox;
  using namespace glovebox::fuzz;
  const bytes from = exact(std::as_bytes(std::span(data, size)));
  const auto traces = core::decode_traces(from);
  if (!traces) return 0;
  require(same(core::encode(*traces), from), "read from bytes that are not its own");
  for (const thread_trace& each : *traces) {
    const std::size_t kept = core::without_runtime(each.frames).size();
    require(kept <= each.frames.size() && (kept != 0 || each.frames.empty()),
            "no frames are left, or more than there were");
    require(farming::telling_frames(each).size() <= 3, "more frames than were asked for");
    const std::string text = to_text(each);
    require(text.empty() || text.ends_with('\n'), "a text without an end");
    for (const stack_frame& frame : each.frames)
      require(!farming::frame_text(frame).empty(), "a frame without a text");
  }
  return 0;
}

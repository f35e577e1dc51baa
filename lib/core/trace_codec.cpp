// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "core/trace_codec.hpp"

#include <glovebox/codec.hpp>

#include <algorithm>
#include <string>
#include <string_view>

namespace glovebox::core {
namespace {

// So every text stays in the body: a trace has no attachments.
static_assert(trace_limits::text < attachment_threshold);

void write(encoder& out, std::string_view text) {
  glovebox::encode(out, text.substr(0, trace_limits::text));
}

std::string read_text(decoder& in) {
  std::string text = decode<std::string>(in);
  if (text.size() > trace_limits::text) in.fail("a text is too long");
  return text;
}

std::size_t read_count(decoder& in, std::size_t most, const char* what) {
  const std::uint64_t count = in.count();
  if (count > most) in.fail(what);
  return static_cast<std::size_t>(count);
}

void write(encoder& out, const stack_frame& frame) {
  out.number(frame.address);
  write(out, frame.module);
  write(out, frame.build_id);
  out.number(frame.offset);
  write(out, frame.function);
  write(out, frame.file);
  out.number(frame.line);
  glovebox::encode(out, frame.inlined);
}

stack_frame read_frame(decoder& in) {
  stack_frame frame;
  frame.address = in.number<std::uint64_t>();
  frame.module = read_text(in);
  frame.build_id = read_text(in);
  frame.offset = in.number<std::uint64_t>();
  frame.function = read_text(in);
  frame.file = read_text(in);
  frame.line = in.number<std::uint32_t>();
  frame.inlined = decode<bool>(in);
  return frame;
}

}  // namespace

std::vector<std::byte> encode(std::span<const thread_trace> traces) {
  byte_buffer body;
  std::vector<attachment> none;
  encoder out(body, none);
  traces = traces.first(std::min(traces.size(), trace_limits::threads));
  std::size_t frames_left = trace_limits::frames;
  out.count(traces.size());
  for (const thread_trace& trace : traces) {
    out.number(static_cast<std::int32_t>(trace.tid));
    write(out, trace.name);
    write(out, trace.state);
    const std::size_t frames = std::min(trace.frames.size(), frames_left);
    frames_left -= frames;
    out.count(frames);
    for (std::size_t i = 0; i != frames; ++i) write(out, trace.frames[i]);
    write(out, trace.note);
  }
  const auto written = body.view();
  return {written.begin(), written.end()};
}

std::optional<std::vector<thread_trace>> decode_traces(std::span<const std::byte> bytes) {
  if (bytes.size() > trace_limits::bytes) return std::nullopt;
  try {
    decoder in(bytes);
    // Room is made for what has been read, not for what is announced.
    std::vector<thread_trace> traces;
    std::size_t frames_left = trace_limits::frames;
    for (std::size_t n = read_count(in, trace_limits::threads, "too many threads"); n != 0; --n) {
      thread_trace& trace = traces.emplace_back();
      trace.tid = in.number<std::int32_t>();
      trace.name = read_text(in);
      trace.state = read_text(in);
      const std::size_t frames = read_count(in, frames_left, "too many frames");
      frames_left -= frames;
      for (std::size_t i = 0; i != frames; ++i) trace.frames.push_back(read_frame(in));
      trace.note = read_text(in);
    }
    in.finish();
    return traces;
  } catch (const codec_error&) {
    return std::nullopt;
  }
}

}  // namespace glovebox::core

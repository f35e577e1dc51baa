// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "core/trace_codec.hpp"
#include "unit/frames.hpp"

#include <boost/test/unit_test.hpp>

#include <limits>
#include <optional>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(trace_codec_test)

using namespace glovebox::core;
using namespace glovebox::test;
using glovebox::stack_frame;
using glovebox::thread_trace;
using traces = std::vector<thread_trace>;

bool equal(const stack_frame& a, const stack_frame& b) {
  return a.address == b.address && a.module == b.module && a.build_id == b.build_id &&
         a.offset == b.offset && a.function == b.function && a.file == b.file && a.line == b.line &&
         a.inlined == b.inlined;
}

bool equal(const traces& a, const traces& b) {
  return std::equal(
      a.begin(), a.end(), b.begin(), b.end(), [](const thread_trace& x, const thread_trace& y) {
        return x.tid == y.tid && x.name == y.name && x.state == y.state && x.note == y.note &&
               std::equal(x.frames.begin(), x.frames.end(), y.frames.begin(), y.frames.end(),
                          [](const auto& f, const auto& g) { return equal(f, g); });
      });
}

traces sample() {
  stack_frame inner;
  inner.address = 0x7f12'3456'789a;
  inner.module = "/usr/lib/libm.so.6";
  inner.build_id = "00ff17";
  inner.offset = 0x789a;
  inner.function = "f(int)";
  inner.file = "f.cpp";
  inner.line = std::numeric_limits<std::uint32_t>::max();
  inner.inlined = true;
  stack_frame outer;
  outer.address = std::numeric_limits<std::uint64_t>::max();
  thread_trace first{17, "main", "", {inner, outer}, ""};
  thread_trace second{18, std::string("a\0\xff", 3), "sleeping in do_poll", {}, "not permitted"};
  return {first, second};
}

BOOST_AUTO_TEST_CASE(traces_come_back) {
  BOOST_TEST(equal(decode_traces(encode(sample())).value(), sample()));
  BOOST_TEST(decode_traces(encode({})).value().empty());
}

BOOST_AUTO_TEST_CASE(what_is_too_long_is_cut) {
  traces long_ones = sample();
  long_ones[0].name.assign(100'000, 'n');
  long_ones[0].frames[0].function.assign(trace_limits::text + 1, 'f');
  long_ones[1].note.assign(trace_limits::text, 'w');
  traces expected = long_ones;
  expected[0].name.resize(trace_limits::text);
  expected[0].frames[0].function.resize(trace_limits::text);
  BOOST_TEST(equal(decode_traces(encode(long_ones)).value(), expected));
}

BOOST_AUTO_TEST_CASE(what_is_too_much_is_left_out) {
  traces many(trace_limits::threads + 1);
  BOOST_TEST(decode_traces(encode(many)).value().size() == trace_limits::threads);
  many.resize(3);
  many[0].frames.resize(trace_limits::frames - 1);
  many[1].frames.resize(2);
  many[2].frames.resize(1);
  const traces got = decode_traces(encode(many)).value();
  BOOST_TEST(got[0].frames.size() == trace_limits::frames - 1);
  BOOST_TEST(got[1].frames.size() == 1u);
  BOOST_TEST(got[2].frames.empty());
}

// The largest that there can be is taken.
BOOST_AUTO_TEST_CASE(the_limits_go_together) {
  const std::string text(trace_limits::text, 't');
  traces most(trace_limits::threads);
  for (thread_trace& each : most) each.name = each.state = each.note = text;
  stack_frame frame;
  frame.module = frame.file = frame.function = text;
  frame.build_id = std::string(40, 'b');
  most[0].frames.assign(trace_limits::frames, frame);
  BOOST_TEST(equal(decode_traces(encode(most)).value(), most));
}

BOOST_AUTO_TEST_CASE(more_than_the_limits_is_refused) {
  bytes message = encode(traces(trace_limits::threads));
  BOOST_REQUIRE(message[0] == std::byte{trace_limits::threads});
  message[0] = std::byte{trace_limits::threads + 1};
  const bytes one = encode(traces(1));
  message.insert(message.end(), one.begin() + 1, one.end());
  BOOST_TEST(!decode_traces(message));
}

BOOST_AUTO_TEST_CASE(every_truncation_is_refused) {
  const bytes whole = encode(sample());
  for (std::size_t size = 0; size != whole.size(); ++size) {
    // A copy of that size, so that a look behind its end is noticed.
    const bytes part(whole.data(), whole.data() + size);
    BOOST_TEST(!decode_traces(part));
  }
  bytes longer = whole;
  longer.push_back({});
  BOOST_TEST(!decode_traces(longer));
}

BOOST_AUTO_TEST_CASE(every_byte_flipped) {
  const bytes whole = encode(sample());
  std::size_t refused = 0;
  for (std::size_t i = 0; i != whole.size(); ++i) {
    for (unsigned value = 0; value != 256; ++value) {
      bytes changed = whole;
      changed[i] = static_cast<std::byte>(value);
      const std::optional<traces> got = decode_traces(changed);
      if (!got) ++refused;
      // What is accepted is what stands there: written again it is the same.
      if (got) BOOST_REQUIRE(same(encode(*got), changed));
    }
  }
  BOOST_TEST(refused > 1000u);
}

BOOST_AUTO_TEST_CASE(random_bytes) {
  for (const std::uint32_t seed : seeds(2000)) {
    dice random(seed);
    bytes some = random.some(random.below(400));
    if (!some.empty() && random.one_in(2)) some[0] = static_cast<std::byte>(random.below(4));
    const std::optional<traces> got = decode_traces(some);
    if (got) BOOST_REQUIRE(same(encode(*got), some));
  }
}

BOOST_AUTO_TEST_SUITE_END()

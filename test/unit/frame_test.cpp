// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "core/frame.hpp"
#include "unit/frames.hpp"

#include <boost/test/unit_test.hpp>

#include <limits>
#include <string>
#include <utility>

BOOST_AUTO_TEST_SUITE(frame_test)

using namespace glovebox::core;
using namespace glovebox::test;
using glovebox::attachment;
using glovebox::limits;

limits narrow() {
  limits bounds;
  bounds.message_bytes = 200;
  bounds.attachments = 3;
  bounds.descriptors = 2;
  return bounds;
}

struct received_frame {
  frame_header header;
  bytes body;
  std::vector<bytes> attachments;
};

received_frame copy_of(const frame_view& from) {
  received_frame copy{from.header, {from.body.begin(), from.body.end()}, {}};
  for (const auto each : from.attachments) copy.attachments.emplace_back(each.begin(), each.end());
  return copy;
}

bytes wire_of(const received_frame& frame) {
  std::vector<attachment> attachments;
  for (const bytes& each : frame.attachments) attachments.push_back(borrowed(each));
  bytes wire;
  append_frame(wire, frame.header, frame.body, attachments);
  return wire;
}

/// What became of a stream.
struct reading {
  std::vector<received_frame> frames;
  bool broken = false;
};

void drain(frame_reader& reader, reading& into) {
  frame_view frame;
  for (;;) {
    switch (reader.next(frame)) {
      case frame_reader::outcome::frame:
        into.frames.push_back(copy_of(frame));
        break;
      case frame_reader::outcome::need_more:
        return;
      case frame_reader::outcome::violation:
        into.broken = true;
        return;
    }
  }
}

reading read_all(view stream, std::size_t chunk, const limits& bounds) {
  frame_reader reader(bounds);
  reading result;
  feed(reader, stream, chunk, [&] { drain(reader, result); });
  return result;
}

std::uint64_t number_at(view from, std::size_t offset, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i != size; ++i)
    value |= static_cast<std::uint64_t>(from[offset + i]) << (8 * i);
  return value;
}

/// What must become of a stream: the ends of its frames, and whether it is broken after the last.
struct expectation {
  std::vector<std::size_t> ends;
  bool broken = false;
};

// An attachment that is a descriptor has no bytes.
std::uint64_t size_at(view frame, std::size_t attachment) {
  const std::uint64_t size = number_at(frame, 32 + attachment * 8, 8);
  return size == frame_header::size_of_descriptor ? 0 : size;
}

expectation expect(view stream, const limits& bounds) {
  expectation result;
  for (std::size_t at = 0; stream.size() - at >= 32;) {
    const view frame = stream.subspan(at);
    const std::uint64_t payload = number_at(frame, 0, 4);
    const std::uint64_t kind = number_at(frame, 4, 1);
    const std::uint64_t count = number_at(frame, 12, 4);
    result.broken = kind < 1 || kind > 13 || number_at(frame, 5, 1) > 2 ||
                    number_at(frame, 6, 1) > bounds.descriptors || number_at(frame, 7, 1) != 0 ||
                    payload > bounds.message_bytes || count > bounds.attachments ||
                    count * 8 > payload;
    if (result.broken || frame.size() - 32 < payload) return result;
    std::uint64_t rest = payload - count * 8;
    for (std::uint64_t i = 0; i != count; ++i) {
      const std::uint64_t size = size_at(frame, static_cast<std::size_t>(i));
      if (size > rest) {
        result.broken = true;
        return result;
      }
      rest -= size;
    }
    // None of those that are announced have come.
    result.broken = number_at(frame, 6, 1) != 0;
    if (result.broken) return result;
    at += 32 + static_cast<std::size_t>(payload);
    result.ends.push_back(at);
  }
  return result;
}

/// Whether the frames are exactly what the bytes say: written again they are the same bytes.
bool as_expected(view stream, const reading& got, const limits& bounds) {
  const expectation wanted = expect(stream, bounds);
  if (got.broken != wanted.broken || got.frames.size() != wanted.ends.size()) return false;
  std::size_t at = 0;
  for (std::size_t i = 0; i != got.frames.size(); ++i) {
    const view frame = stream.subspan(at, wanted.ends[i] - at);
    bytes plain(frame.begin(), frame.end());
    for (std::size_t each = 0; each != got.frames[i].attachments.size(); ++each) {
      const std::uint64_t size = size_at(frame, each);
      std::memcpy(plain.data() + 32 + each * 8, &size, sizeof size);
    }
    if (!same(wire_of(got.frames[i]), plain)) return false;
    at = wanted.ends[i];
  }
  return true;
}

frame_header header_of(frame_kind kind, std::uint64_t call = 0, std::uint32_t target = 0) {
  frame_header header;
  header.kind = kind;
  header.call = call;
  header.target = target;
  return header;
}

/// One of each: with and without body, attachments, empty attachments.
bytes sample_stream() {
  bytes stream;
  append_frame(stream, header_of(frame_kind::ready, 0, 1), {}, {});
  frame_header call = header_of(frame_kind::call, 0x1122334455667788, 7);
  call.encoding = body_encoding::binary;
  const bytes body = pattern(17, 1), first = pattern(9, 2), third = pattern(30, 3);
  const attachment three[] = {borrowed(first), borrowed({}), borrowed(third)};
  append_frame(stream, call, body, three);
  frame_header reply = header_of(frame_kind::reply, 3);
  reply.object = ~std::uint64_t{0};
  append_frame(stream, reply, {}, std::span(three).first(1));
  append_frame(stream, header_of(frame_kind::skipped, 4), {}, {});
  append_frame(stream, header_of(frame_kind::error, 5), pattern(1, 9),
               std::span(three).subspan(1, 1));
  return stream;
}

BOOST_AUTO_TEST_CASE(layout_of_the_header) {
  frame_header header;
  header.payload = 0x04030201;
  header.kind = frame_kind::reply;
  header.encoding = body_encoding::binary;
  header.descriptors = 6;
  header.reserved = 7;
  header.target = 0x0B0A0908;
  header.attachments = 0x0F0E0D0C;
  header.call = 0x1716151413121110;
  header.object = 0x1F1E1D1C1B1A1918;
  const auto wire = to_wire(header);
  static_assert(sizeof wire == 32);
  const unsigned char wanted[32] = {1,    2,    3,    4,    5,    1,    6,    7,
                                    8,    9,    0x0A, 0x0B, 0x0C, 0x0D, 0x0E, 0x0F,
                                    0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17,
                                    0x18, 0x19, 0x1A, 0x1B, 0x1C, 0x1D, 0x1E, 0x1F};
  BOOST_TEST(same(wire, std::as_bytes(std::span(wanted))));
}

BOOST_AUTO_TEST_CASE(fit_sets_the_sizes) {
  const bytes data = pattern(10, 0);
  const attachment two[] = {borrowed(data), borrowed({})};
  frame_header header;
  fit(header, 5, two, {});
  BOOST_TEST(header.payload == 5u + 10u + 2 * 8u);
  BOOST_TEST(header.attachments == 2u);
}

BOOST_AUTO_TEST_CASE(fit_keeps_to_the_limits) {
  const limits bounds = narrow();
  const bytes data = pattern(100, 0);
  const std::vector<attachment> some(3, borrowed({})), many(4, borrowed({}));
  const attachment large[] = {borrowed(data)};
  frame_header header;
  BOOST_CHECK_NO_THROW(fit(header, 200, {}, bounds));
  BOOST_CHECK_THROW(fit(header, 201, {}, bounds), glovebox::codec_error);
  BOOST_CHECK_NO_THROW(fit(header, 92, large, bounds));
  BOOST_CHECK_THROW(fit(header, 93, large, bounds), glovebox::codec_error);
  BOOST_CHECK_NO_THROW(fit(header, 0, some, bounds));
  BOOST_CHECK_THROW(fit(header, 0, many, bounds), glovebox::codec_error);
}

BOOST_AUTO_TEST_CASE(fit_never_wraps_the_32_bits_of_the_wire) {
  limits bounds;
  bounds.message_bytes = std::uint64_t{1} << 40;
  frame_header header;
  constexpr std::size_t most = std::numeric_limits<std::uint32_t>::max();
  fit(header, most, {}, bounds);
  BOOST_TEST(header.payload == most);
  BOOST_CHECK_THROW(fit(header, most + 1, {}, bounds), glovebox::codec_error);
}

BOOST_AUTO_TEST_CASE(every_split_and_every_truncation) {
  const bytes stream = sample_stream();
  const expectation whole = expect(stream, narrow());
  BOOST_REQUIRE(whole.ends.size() == 5u);
  BOOST_REQUIRE(whole.ends.back() == stream.size());
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    BOOST_TEST_CONTEXT("cut at " << cut) {
      frame_reader reader(narrow());
      reading result;
      feed(reader, view(stream).first(cut), cut, [&] { drain(reader, result); });
      // The truncated stream: whole frames only, and nothing lost of the one that is under way.
      BOOST_REQUIRE(as_expected(view(stream).first(cut), result, narrow()));
      BOOST_REQUIRE(!result.broken);
      const std::size_t before = result.frames.empty() ? 0 : whole.ends[result.frames.size() - 1];
      BOOST_REQUIRE(reader.pending() == cut - before);
      feed(reader, view(stream).subspan(cut), stream.size(), [&] { drain(reader, result); });
      BOOST_REQUIRE(as_expected(stream, result, narrow()));
      BOOST_REQUIRE(reader.pending() == 0u);
    }
  }
}

BOOST_AUTO_TEST_CASE(reads_of_every_size) {
  const bytes stream = sample_stream();
  for (std::size_t chunk = 1; chunk <= stream.size(); ++chunk)
    BOOST_REQUIRE_MESSAGE(as_expected(stream, read_all(stream, chunk, narrow()), narrow()),
                          "in reads of " << chunk);
}

BOOST_AUTO_TEST_CASE(every_byte_flipped) {
  const bytes stream = sample_stream();
  for (std::size_t i = 0; i != stream.size(); ++i) {
    for (unsigned value = 0; value != 256; ++value) {
      bytes changed = stream;
      changed[i] = static_cast<std::byte>(value);
      for (const std::size_t chunk : {std::size_t{37}, stream.size()})
        BOOST_REQUIRE_MESSAGE(as_expected(changed, read_all(changed, chunk, narrow()), narrow()),
                              "byte " << i << " = " << value << ", in reads of " << chunk);
    }
  }
}

BOOST_AUTO_TEST_CASE(random_streams) {
  for (const auto seed : seeds(3000)) {
    dice random(seed);
    bytes stream;
    while (stream.size() < 300 && !random.one_in(6)) {
      frame_header header =
          header_of(static_cast<frame_kind>(1 + random.below(13)), random.below(9));
      const bytes body = random.some(random.below(60)), data = random.some(random.below(40));
      const std::vector<attachment> attached(random.below(4), borrowed(data));
      append_frame(stream, header, body, attached);
    }
    if (random.one_in(2)) stream.resize(stream.size() + random.below(40));
    for (std::size_t flips = random.below(4); flips != 0 && !stream.empty(); --flips)
      stream[random.below(stream.size())] = static_cast<std::byte>(random.below(256));
    const std::size_t chunk = 1 + random.below(100);
    BOOST_REQUIRE_MESSAGE(as_expected(stream, read_all(stream, chunk, narrow()), narrow()),
                          "seed " << seed);
  }
}

BOOST_AUTO_TEST_CASE(the_header_alone_breaks_the_stream) {
  const auto breaks = [](const frame_header& header) {
    frame_reader reader(narrow());
    reading result;
    feed(reader, to_wire(header), 32, [&] { drain(reader, result); });
    BOOST_TEST(result.frames.empty() == (header.payload != 0 || result.broken));
    BOOST_TEST(result.broken == !reader.violation().empty());
    return result.broken;
  };
  const frame_header good = header_of(frame_kind::reply, 1);
  BOOST_TEST(!breaks(good));
  for (unsigned kind = 0; kind != 256; ++kind)
    BOOST_TEST(breaks(header_of(static_cast<frame_kind>(kind))) == (kind < 1 || kind > 13));
  frame_header header = good;
  header.payload = 200;
  BOOST_TEST(!breaks(header));
  header.payload = 201;
  BOOST_TEST(breaks(header));
  header.payload = ~0u;
  BOOST_TEST(breaks(header));
  header.payload = 24;
  header.attachments = 3;
  BOOST_TEST(!breaks(header));
  header.payload = 23;
  BOOST_TEST(breaks(header));
  header.payload = 200;
  header.attachments = 4;
  BOOST_TEST(breaks(header));
  header.attachments = 0x20000001;  // times 8 is 8 in 32 bits
  BOOST_TEST(breaks(header));
  header = good;
  header.payload = 16;
  header.attachments = 2;
  header.descriptors = 2;
  BOOST_TEST(!breaks(header));
  header.descriptors = 3;
  BOOST_TEST(breaks(header));
  header = good;
  header.reserved = 1;
  BOOST_TEST(breaks(header));
  header = good;
  header.encoding = static_cast<body_encoding>(3);
  BOOST_TEST(breaks(header));
}

BOOST_AUTO_TEST_CASE(attachment_sizes_that_add_up_only_by_wrapping) {
  // Body and attachments take 40 bytes; the pairs add up to at most that in 64 bits.
  const std::uint64_t huge = ~std::uint64_t{0};
  const std::pair<std::uint64_t, std::uint64_t> pairs[] = {
      {huge, 1},    {1, huge},
      {huge, huge}, {huge - 39, 40},
      {41, 0},      {0, 41},
      {20, 21},     {frame_header::size_of_descriptor + 1, frame_header::size_of_descriptor + 39},
      {huge - 7, 8}};
  for (const auto& [first, second] : pairs) {
    frame_header header = header_of(frame_kind::reply, 1);
    header.payload = 16 + 40;
    header.attachments = 2;
    const auto start = to_wire(header);
    bytes stream(start.begin(), start.end());
    append_little_endian(stream, first);
    append_little_endian(stream, second);
    stream.resize(32 + 16 + 40);
    const reading result = read_all(stream, stream.size(), narrow());
    BOOST_TEST(result.broken);
    BOOST_TEST(result.frames.empty());
  }
}

BOOST_AUTO_TEST_CASE(memory_follows_what_arrived_not_what_was_announced) {
  frame_header header = header_of(frame_kind::reply, 1);
  header.payload = 1u << 30;
  frame_reader reader;
  frame_view frame;
  std::size_t held = 0;
  std::size_t last = 0;
  int growths = 0;
  const auto start = to_wire(header);
  std::memcpy(reader.prepare().data(), start.data(), start.size());
  reader.commit(start.size());
  held += start.size();
  while (held < 5'000'000) {
    BOOST_REQUIRE((reader.next(frame) == frame_reader::outcome::need_more));
    const std::span<std::byte> room = reader.prepare();
    BOOST_REQUIRE(!room.empty());
    const std::size_t capacity = held + room.size();
    BOOST_REQUIRE(capacity <= std::max(2 * held, 2 * frame_reader::usual_capacity));
    growths += capacity != last;
    last = capacity;
    const std::size_t size = std::min<std::size_t>(room.size(), 50'000);
    std::memset(room.data(), 0, size);
    reader.commit(size);
    held += size;
    BOOST_REQUIRE(reader.pending() == held);
  }
  BOOST_TEST(growths <= 8);  // each copies everything
}

BOOST_AUTO_TEST_CASE(large_frames_among_small_ones) {
  for (const std::size_t size : {std::size_t{65'503}, std::size_t{65'504}, std::size_t{65'505},
                                 std::size_t{131'072}, std::size_t{1'000'000}}) {
    for (const std::size_t chunk : {std::size_t{10'007}, std::size_t{1} << 30}) {
      bytes stream = sample_stream();
      const bytes large = pattern(size, 5);
      append_frame(stream, header_of(frame_kind::reply, 6), large, {});
      const attachment attached[] = {borrowed(large)};
      append_frame(stream, header_of(frame_kind::reply, 7), pattern(3, 1), attached);
      const bytes rest = sample_stream();
      stream.insert(stream.end(), rest.begin(), rest.end());
      const reading result = read_all(stream, chunk, {});
      BOOST_TEST(result.frames.size() == 12u);
      BOOST_TEST(as_expected(stream, result, {}));
    }
  }
}

BOOST_AUTO_TEST_CASE(the_memory_of_a_large_frame_is_given_back) {
  bytes stream;
  append_frame(stream, header_of(frame_kind::reply, 6), pattern(3'000'000, 5), {});
  append_frame(stream, header_of(frame_kind::skipped, 7), {}, {});
  frame_reader reader;
  reading result;
  feed(reader, stream, stream.size(), [&] { drain(reader, result); });
  BOOST_TEST(result.frames.size() == 2u);
  BOOST_TEST(reader.prepare().size() == frame_reader::usual_capacity);
}

BOOST_AUTO_TEST_CASE(a_broken_stream_stays_broken_and_costs_nothing) {
  for (const bool refused : {false, true}) {
    frame_reader reader(narrow());
    reading result;
    if (refused)
      reader.refuse("for a test");
    else
      feed(reader, bytes(32), 32, [&] { drain(reader, result); });
    BOOST_TEST(!reader.violation().empty());
    const std::string why(reader.violation());
    // Good frames come too late, and the flood is neither kept nor does it leave no room.
    const bytes good = sample_stream();
    for (int round = 0; round != 2000; ++round) {
      const std::span<std::byte> room = reader.prepare();
      BOOST_REQUIRE(room.size() == frame_reader::usual_capacity);
      std::memcpy(room.data(), good.data(), good.size());
      reader.commit(round % 2 == 0 ? good.size() : room.size());
      frame_view frame;
      BOOST_REQUIRE((reader.next(frame) == frame_reader::outcome::violation));
    }
    BOOST_TEST(reader.violation() == why);
  }
}

BOOST_AUTO_TEST_SUITE_END()

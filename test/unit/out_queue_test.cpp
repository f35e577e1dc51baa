// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "core/out_queue.hpp"
#include "unit/frames.hpp"

#include <boost/test/unit_test.hpp>

#include <malloc.h>
#include <array>
#include <cstdlib>
#include <memory>
#include <new>

namespace {

// Memory of this program, counted, and running out on demand.
std::size_t live_bytes = 0;
long fail_after = -1;  // allocations until one fails; negative: none does

}  // namespace

[[gnu::noinline]] void* operator new(std::size_t size) {
  if (fail_after >= 0 && fail_after-- == 0) throw std::bad_alloc();
  void* const memory = std::malloc(size);
  if (!memory) throw std::bad_alloc();
  live_bytes += ::malloc_usable_size(memory);
  return memory;
}
// Sanitizers have their own, which do not call these.
[[gnu::noinline]] void* operator new[](std::size_t size) {
  return operator new(size);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  if (memory) live_bytes -= ::malloc_usable_size(memory);
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  operator delete(memory);
}
[[gnu::noinline]] void operator delete[](void* memory) noexcept {
  operator delete(memory);
}
[[gnu::noinline]] void operator delete[](void* memory, std::size_t) noexcept {
  operator delete(memory);
}

namespace {

using namespace glovebox::core;
using namespace glovebox::test;
using glovebox::attachment;
using glovebox::byte_buffer;
using glovebox::limits;

frame_header call_header(std::uint64_t id) {
  frame_header header;
  header.kind = frame_kind::call;
  header.encoding = body_encoding::binary;
  header.call = id;
  return header;
}

/// The next bytes as a socket would take them: at most `most`, out of at most `pieces` pieces.
bytes send(out_queue& queue, std::size_t most, std::size_t pieces = 4) {
  std::array<iovec, 64> room;
  bytes sent;
  for (const iovec& each : queue.gather(std::span(room).first(pieces))) {
    const auto* const from = static_cast<const std::byte*>(each.iov_base);
    const std::size_t size = std::min(each.iov_len, most - sent.size());
    sent.insert(sent.end(), from, from + size);
  }
  queue.consume(sent.size());
  return sent;
}

bytes content(out_queue& queue) {
  bytes all;
  while (!queue.empty()) {
    const bytes more = send(queue, 1 << 20);
    if (more.empty()) break;  // bytes that it counts and does not have: the comparison fails
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

BOOST_AUTO_TEST_CASE(an_empty_queue) {
  out_queue queue;
  std::array<iovec, 2> pieces;
  BOOST_TEST(queue.empty());
  BOOST_TEST(queue.gather(pieces).empty());
  queue.consume(0);
  queue.clear();
  BOOST_TEST(queue.bytes() == 0u);
}

BOOST_AUTO_TEST_CASE(random_frames_in_random_writes) {
  for (const auto seed : seeds(60)) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      dice random(seed);
      const bytes source = pattern(200'000, seed % 251);
      out_queue queue;
      bytes wanted, got;
      std::uint64_t id = 0;
      for (int step = 0; step != 300; ++step) {
        if (random.one_in(2)) {
          const bytes body = random.some(random.below(random.one_in(10) ? 100'000 : 200));
          std::vector<attachment> attached;
          while (random.one_in(2))
            attached.push_back(borrowed(view(source).subspan(
                random.below(1000), random.below(random.one_in(2) ? 40'000 : 20))));
          queue.put(call_header(++id), buffer_of(body), attached);
          append_frame(wanted, call_header(id), body, attached);
        } else {
          const bytes more =
              send(queue, random.one_in(3) ? random.below(50) : random.below(100'000),
                   1 + random.below(5));
          got.insert(got.end(), more.begin(), more.end());
        }
        BOOST_REQUIRE(queue.bytes() == wanted.size() - got.size());
        BOOST_REQUIRE(queue.empty() == (wanted.size() == got.size()));
      }
      const bytes rest = content(queue);
      got.insert(got.end(), rest.begin(), rest.end());
      BOOST_TEST(same(got, wanted));
    }
  }
}

BOOST_AUTO_TEST_CASE(every_pair_of_writes) {
  const bytes large = pattern(16 * 1024 + 1, 3), small = pattern(20, 4);
  const attachment attached[] = {borrowed(small), borrowed(large), borrowed({})};
  bytes wanted;
  append_frame(wanted, call_header(1), pattern(5, 1), attached);
  append_frame(wanted, call_header(2), {}, {});
  for (std::size_t cut = 0; cut <= wanted.size(); ++cut) {
    if (cut == 200) cut = wanted.size() - 100;  // between lies one attachment
    out_queue queue;
    queue.put(call_header(1), buffer_of(pattern(5, 1)), attached);
    queue.put(call_header(2), {}, {});
    bytes got;
    while (got.size() < cut) {
      const bytes more = send(queue, cut - got.size());
      BOOST_REQUIRE(!more.empty());
      got.insert(got.end(), more.begin(), more.end());
    }
    const bytes rest = content(queue);
    got.insert(got.end(), rest.begin(), rest.end());
    BOOST_REQUIRE_MESSAGE(same(got, wanted), "cut at " << cut);
  }
}

BOOST_AUTO_TEST_CASE(large_attachments_are_sent_from_where_they_lie_and_kept_until_then) {
  auto owner = std::make_shared<const bytes>(pattern(100'000, 1));
  const std::weak_ptr<const bytes> alive = owner;
  const void* const place = owner->data();
  out_queue queue;
  {
    const view all = *owner;
    const attachment attached[] = {{std::move(owner), all}};
    queue.put(call_header(1), {}, attached);
  }
  BOOST_REQUIRE(!alive.expired());

  std::array<iovec, 8> room;
  const auto pieces = queue.gather(room);
  BOOST_REQUIRE(pieces.size() == 2u);
  BOOST_TEST(pieces[0].iov_len == 40u);
  BOOST_TEST(pieces[1].iov_base == place);
  queue.consume(40 + 99'999);
  BOOST_TEST(!alive.expired());
  BOOST_TEST(queue.gather(room)[0].iov_base == static_cast<const std::byte*>(place) + 99'999);
  queue.consume(1);
  BOOST_TEST(alive.expired());
  BOOST_TEST(queue.empty());
}

BOOST_AUTO_TEST_CASE(small_frames_become_one_piece) {
  out_queue queue;
  for (std::uint64_t id = 1; id <= 100; ++id) queue.put(call_header(id), {}, {});
  std::array<iovec, 8> room;
  BOOST_TEST(queue.gather(room).size() == 1u);
}

BOOST_AUTO_TEST_CASE(clear_forgets_everything) {
  auto owner = std::make_shared<const bytes>(pattern(100'000, 1));
  out_queue queue;
  const attachment attached[] = {{owner, *owner}};
  queue.put(call_header(1), {}, attached);
  send(queue, 50);
  queue.clear();
  BOOST_TEST(queue.empty());
  BOOST_TEST(owner.use_count() == 2);
  queue.put(call_header(2), {}, {});
  bytes wanted;
  append_frame(wanted, call_header(2), {}, {});
  BOOST_TEST(same(content(queue), wanted));
}

BOOST_AUTO_TEST_CASE(what_exceeds_the_limits_leaves_no_trace) {
  limits bounds;
  bounds.message_bytes = 100;
  bounds.attachments = 1;
  out_queue queue(bounds);
  queue.put(call_header(1), buffer_of(pattern(100, 0)), {});
  const std::vector<attachment> two(2, borrowed({}));
  BOOST_CHECK_THROW(queue.put(call_header(2), buffer_of(pattern(101, 0)), {}),
                    glovebox::codec_error);
  BOOST_CHECK_THROW(queue.put(call_header(2), {}, two), glovebox::codec_error);
  bytes wanted;
  append_frame(wanted, call_header(1), pattern(100, 0), {});
  BOOST_TEST(same(content(queue), wanted));
}

BOOST_AUTO_TEST_CASE(memory_that_runs_out_leaves_no_half_frame) {
  const bytes large = pattern(20'000, 3), small = pattern(3000, 4);
  const attachment attached[] = {borrowed(small), borrowed(large), borrowed(small)};
  const byte_buffer body = buffer_of(pattern(500, 1));
  bytes wanted;
  append_frame(wanted, call_header(1), {}, {});
  append_frame(wanted, call_header(3), body.view(), attached);
  bool failed = true;
  for (long step = 0; failed; ++step) {
    BOOST_TEST_CONTEXT("allocation " << step) {
      out_queue queue;
      queue.put(call_header(1), {}, {});
      const std::size_t before = queue.bytes();
      failed = false;
      fail_after = step;
      try {
        queue.put(call_header(2), body, attached);
      } catch (const std::bad_alloc&) {
        failed = true;
      }
      fail_after = -1;
      if (failed) {
        BOOST_TEST(queue.bytes() == before);
        queue.put(call_header(3), body, attached);
        BOOST_TEST(same(content(queue), wanted));
      } else {
        BOOST_TEST(step >= 3);  // or nothing was tested
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_queue_that_is_never_empty_does_not_grow) {
  out_queue queue;
  const byte_buffer body = buffer_of(pattern(1000, 0));
  bytes room(1100);
  const std::size_t before = live_bytes;
  for (std::uint64_t id = 1; id <= 20'000; ++id) {
    queue.put(call_header(id), body, {});
    if (id > 1) queue.consume(frame_header::wire_size + body.size());  // one frame stays
    BOOST_REQUIRE(!queue.empty());
    BOOST_REQUIRE(live_bytes < before + 1'000'000);
  }
}

}  // namespace

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "runtime/reply_ring.hpp"
#include "transport/socket.hpp"
#include "unit/frames.hpp"

#include <boost/test/unit_test.hpp>

#include <sys/socket.h>
#include <unistd.h>
#include <string>
#include <thread>
#include <utility>

namespace {

struct process_ended {
  int status;
};

}  // namespace

// A child whose parent is gone ends. A test must not end with it, least of all with status 0.
extern "C" void _exit(int status) {
  throw process_ended{status};
}

namespace {

using namespace glovebox::core;
using namespace glovebox::test;
using glovebox::attachment;
using glovebox::limits;
using glovebox::process::recorder;
using glovebox::process::recorder_page;
using glovebox::process::unsent_replies;
using glovebox::runtime::reply_ring;
using glovebox::transport::receive_some;
using glovebox::transport::stream_pair;
using glovebox::transport::unique_fd;

constexpr std::size_t ring_bytes = recorder_page::ring_bytes;

/// A child's way out, with the parent at the other end; `stream` is what the child has said.
struct channel {
  explicit channel(const limits& bounds = {}) : ring(*page, ends.second.get(), bounds) {}

  void put(std::uint64_t id, view body, std::span<const attachment> attachments = {}) {
    frame_header header;
    header.kind = frame_kind::reply;
    header.encoding = body_encoding::binary;
    header.call = id;
    ring.put(header, buffer_of(body), attachments);
    for (const attachment& each : attachments)
      if (each.descriptor >= 0) ++header.descriptors;
    append_frame(stream, header, body, attachments);
  }
  /// What has arrived at the parent.
  bytes received() {
    bytes all;
    std::byte buffer[16 * 1024];
    for (;;) {
      const auto result = receive_some(ends.first.get(), buffer, MSG_DONTWAIT);
      if (result.error != 0 || result.bytes == 0) return all;
      all.insert(all.end(), buffer, buffer + result.bytes);
    }
  }
  std::uint64_t from() const { return page->ring_from.load(); }
  std::uint64_t head() const { return page->ring_head.load(); }

  unique_fd descriptor;
  recorder page = recorder::create(descriptor);
  std::pair<unique_fd, unique_fd> ends = stream_pair();
  reply_ring ring;
  bytes stream;
};

/// The parent as a thread that reads until the child is gone.
class reading_parent {
 public:
  explicit reading_parent(channel& on)
      : channel_(on), thread_([this, fd = on.ends.first.get()] {
          std::vector<std::byte> buffer(64 * 1024);
          for (;;) {
            const auto result = receive_some(fd, buffer, 0);
            if (result.error != 0 || result.bytes == 0) return;
            got_.insert(got_.end(), buffer.data(), buffer.data() + result.bytes);
          }
        }) {}
  ~reading_parent() {
    if (thread_.joinable()) all();
  }
  /// Everything, once the child's end is closed for writing.
  const bytes& all() {
    ::shutdown(channel_.ends.second.get(), SHUT_WR);
    thread_.join();
    return got_;
  }

 private:
  channel& channel_;
  bytes got_;
  std::thread thread_;
};

/// What the parent has of the stream, and the ring, must be the whole stream.
bool complete(const channel& of, std::uint64_t received) {
  const bytes rest = unsent_replies(of.page, received);
  return same(rest, view(of.stream).subspan(static_cast<std::size_t>(received)));
}

BOOST_AUTO_TEST_CASE(frames_with_descriptors_pass_the_ring_by) {
  channel child;
  child.put(1, pattern(10, 1));
  const attachment with[] = {{nullptr, {}, child.descriptor.get()}};
  child.put(2, pattern(20, 2), with);
  BOOST_TEST(child.ring.empty());
  // None of it can be taken out of the ring, or the descriptor would be missed.
  BOOST_TEST(child.from() == child.head());
  BOOST_TEST(child.head() == child.stream.size());
  std::vector<unique_fd> descriptors;
  bytes got(child.stream.size());
  std::size_t size = 0;
  while (size != got.size()) {
    const auto result =
        receive_some(child.ends.first.get(), std::span(got).subspan(size), descriptors, 0);
    BOOST_REQUIRE(result.error == 0);
    size += result.bytes;
  }
  BOOST_TEST(same(got, child.stream));
  BOOST_TEST(descriptors.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_descriptor_that_cannot_be_sent_spoils_its_frame_only) {
  channel child;
  child.put(1, pattern(10, 1));
  const attachment with[] = {{nullptr, {}, 9999}};
  frame_header header;
  header.kind = frame_kind::reply;
  header.call = 2;
  BOOST_CHECK_THROW(child.ring.put(header, buffer_of(pattern(20, 2)), with), std::system_error);
  child.put(3, pattern(10, 3));
  child.ring.flush();
  BOOST_TEST(same(child.received(), child.stream));
}

BOOST_AUTO_TEST_CASE(frames_wait_in_the_ring_until_they_are_sent) {
  channel child;
  BOOST_TEST(child.ring.empty());
  child.put(1, pattern(10, 1));
  const bytes data = pattern(30'000, 3);
  const attachment attached[] = {borrowed(data), borrowed({}), borrowed(view(data).first(3))};
  child.put(2, {}, attached);
  BOOST_TEST(!child.ring.empty());
  BOOST_TEST(child.ring.unsent() == child.stream.size());
  BOOST_TEST(child.head() == child.stream.size());
  BOOST_TEST(child.received().empty());
  BOOST_TEST(same(unsent_replies(child.page, 0), child.stream));
  child.ring.flush();
  BOOST_TEST(child.ring.empty());
  BOOST_TEST(child.ring.unsent() == 0u);
  BOOST_TEST(same(child.received(), child.stream));
  child.ring.flush();
  BOOST_TEST(child.received().empty());
  // What was sent stays readable until its place is needed: the kernel may lose it with the child.
  BOOST_TEST(complete(child, 0));
}

BOOST_AUTO_TEST_CASE(every_cut_of_what_was_sent) {
  channel child;
  reading_parent parent(child);
  // The frames of the second round of the ring lie across its end.
  const bytes filler = pattern(ring_bytes / 4, 1);
  for (std::uint64_t id = 1; id <= 3; ++id) child.put(id, filler);
  child.put(4, pattern(ring_bytes / 4 - 4 * 32 - 100, 2));
  BOOST_REQUIRE(child.head() == ring_bytes - 100);
  child.ring.flush();
  const std::uint64_t start = child.head();
  const bytes data = pattern(70, 4);
  const attachment attached[] = {borrowed(data), borrowed(view(data).first(5))};
  for (std::uint64_t id = 5; id != 10; ++id) child.put(id, pattern(id, id), attached);
  BOOST_REQUIRE(child.head() > ring_bytes + 100);
  BOOST_TEST(child.from() == start);
  for (std::uint64_t received = start; received <= child.head(); ++received)
    BOOST_REQUIRE_MESSAGE(complete(child, received), "cut at " << received);
  // Nothing is invented: neither for one that has got more, nor for one that has got too little.
  BOOST_TEST(unsent_replies(child.page, child.head() + 1).empty());
  BOOST_TEST(unsent_replies(child.page, start - 1).empty());
  child.ring.flush();
  BOOST_TEST(same(parent.all(), child.stream));
}

BOOST_AUTO_TEST_CASE(a_full_ring_is_sent_before_it_is_overwritten) {
  channel child;
  reading_parent parent(child);
  const bytes body = pattern(1000, 7);
  // Nobody flushes but the ring itself.
  for (std::uint64_t id = 1; id != 2000; ++id) {
    child.put(id, body);
    BOOST_REQUIRE(child.head() == child.stream.size());
    BOOST_REQUIRE(child.head() - child.from() <= ring_bytes);
    BOOST_REQUIRE(child.ring.unsent() <= ring_bytes);
    if (id % 97 == 0) BOOST_REQUIRE(complete(child, child.from()));
  }
  // The parent lacks what was not flushed, and finds it.
  const std::size_t sent = child.stream.size() - static_cast<std::size_t>(child.ring.unsent());
  const bytes& got = parent.all();
  BOOST_TEST(same(got, view(child.stream).first(sent)));
  BOOST_TEST(complete(child, sent));
}

BOOST_AUTO_TEST_CASE(frames_as_large_as_the_ring_and_larger) {
  constexpr std::size_t most = ring_bytes - 32;
  BOOST_TEST(reply_ring::fits(most));
  BOOST_TEST(!reply_ring::fits(most + 1));
  for (const std::size_t size : {most - 1, most, most + 1, ring_bytes, 3 * ring_bytes + 17}) {
    BOOST_TEST_CONTEXT("size " << size) {
      channel child;
      reading_parent parent(child);
      child.put(1, pattern(100, 1));
      child.put(2, pattern(size, 2));
      BOOST_TEST(child.head() == child.stream.size());
      if (size <= most) {
        BOOST_TEST(child.ring.unsent() == size + 32);
        BOOST_TEST(complete(child, child.from()));
      } else {
        // It is sent, with all that came before it, and the ring knows nothing of it.
        BOOST_TEST(child.ring.empty());
        BOOST_TEST(child.from() == child.head());
        for (const std::size_t missing : {std::size_t{1}, size, child.stream.size()})
          BOOST_TEST(unsent_replies(child.page, child.stream.size() - missing).empty());
      }
      child.put(3, pattern(50, 3));
      BOOST_TEST(complete(child, child.stream.size() - 50 - 32));
      child.ring.flush();
      BOOST_TEST(same(parent.all(), child.stream));
    }
  }
}

BOOST_AUTO_TEST_CASE(large_frames_of_many_pieces) {
  // More than one system call takes: 1024 attachments, most of them, but not all, empty.
  channel child;
  reading_parent parent(child);
  const bytes data = pattern(40'000, 5);
  std::vector<attachment> attached(1024, borrowed({}));
  for (std::size_t i = 0; i < attached.size(); i += 100) attached[i] = borrowed(data);
  child.put(1, pattern(10, 1), attached);
  child.put(2, {}, attached);
  BOOST_TEST(child.ring.empty());
  attached.assign(1023, borrowed({}));
  attached.push_back(borrowed(pattern(0, 0)));
  child.put(3, {}, attached);
  child.ring.flush();
  BOOST_TEST(same(parent.all(), child.stream));
}

BOOST_AUTO_TEST_CASE(what_exceeds_the_limits_leaves_no_trace) {
  limits bounds;
  bounds.message_bytes = 100;
  bounds.attachments = 1;
  channel child(bounds);
  child.put(1, pattern(100, 1));
  const std::vector<attachment> two(2, borrowed({}));
  BOOST_CHECK_THROW(child.put(2, pattern(101, 1)), glovebox::codec_error);
  BOOST_CHECK_THROW(child.put(2, {}, two), glovebox::codec_error);
  BOOST_TEST(child.head() == child.stream.size());
  child.put(3, {});
  child.ring.flush();
  BOOST_TEST(same(child.received(), child.stream));
}

BOOST_AUTO_TEST_CASE(a_child_ends_with_its_parent) {
  const auto ends_with_0 = [](const process_ended& end) { return end.status == 0; };
  channel flushing;
  flushing.put(1, pattern(10, 1));
  flushing.ends.first.reset();
  BOOST_CHECK_EXCEPTION(flushing.ring.flush(), process_ended, ends_with_0);
  channel large;
  large.ends.first.reset();
  BOOST_CHECK_EXCEPTION(large.put(1, pattern(ring_bytes, 1)), process_ended, ends_with_0);
}

BOOST_AUTO_TEST_CASE(random_frames_and_flushes) {
  for (const auto seed : seeds(30)) {
    BOOST_TEST_CONTEXT("GLOVEBOX_TEST_SEED=" << seed) {
      dice random(seed);
      channel child;
      reading_parent parent(child);
      const bytes data = pattern(50'000, seed);
      for (std::uint64_t id = 1; id != 120; ++id) {
        std::vector<attachment> attached;
        while (random.one_in(3))
          attached.push_back(borrowed(view(data).subspan(random.below(100), random.below(40'000))));
        const std::size_t size = random.one_in(25)  ? random.below(2 * ring_bytes)
                                 : random.one_in(3) ? random.below(30'000)
                                                    : random.below(200);
        child.put(id, pattern(size, id), attached);
        if (random.one_in(5)) child.ring.flush();
        BOOST_REQUIRE(child.head() == child.stream.size());
        BOOST_REQUIRE(child.from() <= child.head() - child.ring.unsent());
        if (random.one_in(4)) {
          // The parent may have any part of what was sent.
          const std::uint64_t sent = child.head() - child.ring.unsent();
          const std::uint64_t received =
              child.from() + random.below(static_cast<std::size_t>(sent - child.from()) + 1);
          BOOST_REQUIRE(complete(child, received));
        }
      }
      child.ring.flush();
      BOOST_REQUIRE(same(parent.all(), child.stream));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_reader_of_frames_goes_on_from_the_ring) {
  // As the parent does it: whole frames out of the socket, the rest out of the ring, in one reader.
  channel child;
  for (std::uint64_t id = 1; id != 20; ++id) child.put(id, pattern(id * 10, id));
  child.ring.flush();
  const bytes sent = child.received();
  for (std::uint64_t id = 20; id != 30; ++id) child.put(id, pattern(id * 10, id));
  for (std::size_t received = 0; received <= sent.size(); received += 7) {
    frame_reader reader;
    frame_view frame;
    std::uint64_t last = 0;
    const auto drain = [&] {
      for (auto what = reader.next(frame); what != frame_reader::outcome::need_more;
           what = reader.next(frame)) {
        BOOST_REQUIRE((what == frame_reader::outcome::frame));
        BOOST_REQUIRE(frame.header.call == ++last);
        BOOST_REQUIRE(same(frame.body, pattern(last * 10, last)));
      }
    };
    feed(reader, view(sent).first(received), 1000, drain);
    feed(reader, unsent_replies(child.page, received), 1000, drain);
    BOOST_REQUIRE(last == 29u);
    BOOST_REQUIRE(reader.pending() == 0u);
  }
}

}  // namespace

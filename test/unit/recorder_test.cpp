// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "process/recorder.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <system_error>
#include <thread>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(recorder_test)

using namespace glovebox::process;
using glovebox::transport::unique_fd;

constexpr std::uint64_t size = recorder_page::ring_bytes;

// The byte at an offset of the stream. Its period is no divisor of the ring's size, so bytes of
// another round of the ring are noticed.
std::byte stream_byte(std::uint64_t offset) {
  return static_cast<std::byte>(offset % 251);
}

// What the child does: make room, write, commit.
void append(recorder& to, std::uint64_t bytes) {
  const std::uint64_t head = to->ring_head.load();
  if (head + bytes - to->ring_from.load() > size) to->ring_from = head + bytes - size;
  for (std::uint64_t i = head; i < head + bytes; ++i) to->ring[i % size] = stream_byte(i);
  to->ring_head = head + bytes;
}

bool is_stream(const std::vector<std::byte>& bytes, std::uint64_t from) {
  for (std::byte b : bytes) {
    if (b != stream_byte(from++)) return false;
  }
  return true;
}

struct fixture {
  unique_fd descriptor;
  recorder page = recorder::create(descriptor);
};

BOOST_FIXTURE_TEST_SUITE(of_one_recorder, fixture)

BOOST_AUTO_TEST_CASE(starts_empty) {
  BOOST_REQUIRE(page);
  BOOST_TEST(page->magic == recorder_page::magic_value);
  BOOST_TEST(page->last_started == 0u);
  BOOST_TEST(page->start_errno == 0u);
  BOOST_TEST(page->skip[recorder_page::skip_bits / 64 - 1] == 0u);
  BOOST_TEST(unsent_replies(page, 0).empty());
}

BOOST_AUTO_TEST_CASE(both_sides_see_the_same) {
  recorder child = recorder::attach(descriptor.get());
  child->last_started = 5;
  page->skip[1] = 2;
  BOOST_TEST(page->last_started == 5u);
  BOOST_TEST(child->skip[1] == 2u);
}

BOOST_AUTO_TEST_CASE(outlives_the_descriptor_and_the_childs_mapping) {
  {
    recorder child = recorder::attach(descriptor.get());
    append(child, 10);
  }
  descriptor.reset();
  BOOST_TEST(unsent_replies(page, 0).size() == 10u);
}

BOOST_AUTO_TEST_CASE(its_size_and_seals_are_final) {
  const int seals = ::fcntl(descriptor.get(), F_GET_SEALS);
  BOOST_TEST((seals & (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)) ==
             (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL));
  BOOST_TEST(::ftruncate(descriptor.get(), 0) == -1);
  BOOST_TEST(errno == EPERM);
  BOOST_TEST(::ftruncate(descriptor.get(), 2 * sizeof(recorder_page)) == -1);
  BOOST_TEST(::fcntl(descriptor.get(), F_ADD_SEALS, F_SEAL_WRITE) == -1);
  BOOST_TEST((::fcntl(descriptor.get(), F_GETFD) & FD_CLOEXEC) == FD_CLOEXEC);
}

BOOST_AUTO_TEST_CASE(moves) {
  recorder other = std::move(page);
  BOOST_TEST(!page);
  BOOST_REQUIRE(other);
  append(other, 3);
  unique_fd second;
  page = recorder::create(second);
  page = std::move(other);
  BOOST_TEST(page->ring_head == 3u);
  BOOST_TEST(unsent_replies(recorder(), 0).empty());
}

BOOST_AUTO_TEST_CASE(ring_holds_what_was_not_received) {
  append(page, 1000);
  BOOST_TEST(unsent_replies(page, 1000).empty());
  const auto all = unsent_replies(page, 0);
  BOOST_TEST(all.size() == 1000u);
  BOOST_TEST(is_stream(all, 0));
  const auto rest = unsent_replies(page, 990);
  BOOST_TEST(rest.size() == 10u);
  BOOST_TEST(is_stream(rest, 990));
}

BOOST_AUTO_TEST_CASE(ring_wraps_around) {
  append(page, size - 5);
  append(page, 20);
  const auto wrapped = unsent_replies(page, size - 5);
  BOOST_TEST(wrapped.size() == 20u);
  BOOST_TEST(is_stream(wrapped, size - 5));
  const auto full = unsent_replies(page, 15);
  BOOST_TEST(full.size() == size);
  BOOST_TEST(is_stream(full, 15));
  // One byte earlier is overwritten, and with it the boundary of the frames.
  BOOST_TEST(unsent_replies(page, 14).empty());
}

BOOST_AUTO_TEST_CASE(ring_far_into_the_stream) {
  const std::uint64_t far = (std::uint64_t{1} << 40) + 12345;
  page->ring_from = far;
  page->ring_head = far;
  append(page, 777);
  const auto all = unsent_replies(page, far);
  BOOST_TEST(all.size() == 777u);
  BOOST_TEST(is_stream(all, far));
}

BOOST_AUTO_TEST_CASE(implausible_numbers_yield_nothing) {
  append(page, 100);
  const auto with = [this](std::uint64_t from, std::uint64_t head, std::uint64_t received) {
    page->ring_from = from;
    page->ring_head = head;
    return unsent_replies(page, received).size();
  };
  constexpr std::uint64_t top = ~std::uint64_t{0};
  BOOST_TEST(with(0, 100, 90) == 10u);  // the plausible ones first
  BOOST_TEST(with(0, size, 0) == size);
  BOOST_TEST(with(101, 100, 90) == 0u);           // backwards
  BOOST_TEST(with(0, size + 1, 50) == 0u);        // more than the ring holds
  BOOST_TEST(with(0, top, 50) == 0u);             // far more
  BOOST_TEST(with(top, 100, 50) == 0u);           //
  BOOST_TEST(with(top - 5, top, 50) == 0u);       // not what is missing
  BOOST_TEST(with(60, 100, 50) == 0u);            // a gap
  BOOST_TEST(with(0, 100, 101) == 0u);            // more received than committed
  BOOST_TEST(with(top - 5, top, top - 3) == 3u);  // the largest numbers there are
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_CASE(attach_refuses_what_is_no_recorder) {
  const auto refuses = [](int descriptor, int error) {
    try {
      recorder::attach(descriptor);
      return false;
    } catch (const std::system_error& e) {
      return e.code() == std::error_code(error, std::generic_category());
    }
  };
  BOOST_TEST(refuses(-1, EBADF));
  const unique_fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  BOOST_TEST(refuses(null.get(), EINVAL));
  const unique_fd memory(::memfd_create("test", MFD_CLOEXEC));
  BOOST_TEST(refuses(memory.get(), EINVAL));  // size
  BOOST_REQUIRE(::ftruncate(memory.get(), sizeof(recorder_page)) == 0);
  BOOST_TEST(refuses(memory.get(), EINVAL));  // magic
}

BOOST_AUTO_TEST_CASE(marks_of_calls) {
  unique_fd descriptor;
  const recorder page = recorder::create(descriptor);
  constexpr std::uint64_t nested = std::uint64_t{1} << 63;
  for (const std::uint64_t id : {std::uint64_t{1}, std::uint64_t{64}, nested + 1, nested + 64}) {
    BOOST_TEST(!is_marked(*page, id));
    BOOST_TEST(!unmark(*page, id));
    mark(*page, id);
    BOOST_TEST(is_marked(*page, id));
    BOOST_TEST(!is_marked(*page, id ^ nested));
    BOOST_TEST(!is_marked(*page, id + 1));
    BOOST_TEST(is_marked(*page, id + recorder_page::skip_bits));
    BOOST_TEST(unmark(*page, id));
    BOOST_TEST(!is_marked(*page, id));
  }
}

BOOST_AUTO_TEST_CASE(the_bell_wakes_who_waits) {
  unique_fd descriptor;
  const recorder page = recorder::create(descriptor);
  const std::uint32_t before = page->bell;
  ring_bell(*page);
  await_bell(*page, before);  // it has rung already
  const std::uint32_t now = page->bell;
  BOOST_TEST(now != before);
  std::thread waiter([&] {
    while (page->bell == now) await_bell(*page, now);
  });
  ring_bell(*page);
  waiter.join();
}

BOOST_AUTO_TEST_SUITE_END()

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "core/out_queue.hpp"
#include "transport/socket.hpp"
#include "unit/descriptors_fixture.hpp"
#include "unit/session_sides.hpp"

#include <sys/socket.h>
#include <array>
#include <cerrno>
#include <memory>
#include <vector>

BOOST_AUTO_TEST_SUITE(descriptors_test)

using namespace glovebox;
using namespace glovebox::core;
using namespace glovebox::test;

/// A frame whose attachments are as many descriptors.
bytes frame_with(frame_header header, std::size_t descriptors, std::size_t announced) {
  bytes made;
  const std::vector<attachment> attached(descriptors, attachment{nullptr, {}, 0});
  header.descriptors = static_cast<std::uint8_t>(announced);
  append_frame(made, header, pattern(9, 1), attached);
  return made;
}
bytes frame_with(frame_header header, std::size_t descriptors) {
  return frame_with(header, descriptors, descriptors);
}
void bring(side& to, std::size_t descriptors) {
  for (std::size_t i = 0; i != descriptors; ++i) to.talk.reader().arrived().push_back(some_file());
}

BOOST_FIXTURE_TEST_SUITE(frames, no_leak)

BOOST_AUTO_TEST_CASE(are_handed_out_with_the_frames_that_announce_them) {
  parent_side parent(3, 3);
  bring(parent, 3);
  std::vector<std::pair<dev_t, ino_t>> files;
  for (const file_descriptor& each : parent.talk.reader().arrived())
    files.push_back(file_of(each.get()));
  bytes stream = frame_with(header_of(frame_kind::reply, 1), 2);
  const bytes plain = frame_with(header_of(frame_kind::reply, 2), 0);
  const bytes third = frame_with(header_of(frame_kind::reply, 3), 1);
  stream.insert(stream.end(), plain.begin(), plain.end());
  stream.insert(stream.end(), third.begin(), third.end());
  parent.hear(stream);
  session::event event = parent.next();
  BOOST_REQUIRE((event.kind == kind::reply));
  BOOST_REQUIRE(event.frame.descriptors.size() == 2u);
  BOOST_TEST((file_of(event.frame.descriptors[0].get()) == files[0]));
  BOOST_TEST((file_of(event.frame.descriptors[1].get()) == files[1]));
  parent.talk.next(event);
  BOOST_REQUIRE((event.kind == kind::reply));
  BOOST_TEST(event.frame.descriptors.empty());
  parent.talk.next(event);
  BOOST_REQUIRE(event.frame.descriptors.size() == 1u);
  BOOST_TEST((file_of(event.frame.descriptors[0].get()) == files[2]));
  BOOST_TEST((parent.next().kind == kind::none));
}

BOOST_AUTO_TEST_CASE(wait_for_the_rest_of_their_frame) {
  parent_side parent(1, 1);
  const bytes frame = frame_with(header_of(frame_kind::reply, 1), 2);
  bring(parent, 2);
  for (std::size_t i = 0; i != frame.size(); ++i) {
    parent.hear(view(frame).subspan(i, 1));
    const session::event event = parent.next();
    BOOST_REQUIRE((event.kind == (i + 1 == frame.size() ? kind::reply : kind::none)));
    BOOST_TEST(event.frame.descriptors.size() == (i + 1 == frame.size() ? 2u : 0u));
  }
}

void expect_broken(side& one, view stream) {
  one.hear(stream);
  session::event event = one.next();
  while (event.kind != kind::violation && event.kind != kind::none) event = one.next();
  BOOST_TEST((event.kind == kind::violation));
  BOOST_TEST(event.why.find("escriptors") != event.why.npos);
  one.talk.reader().prepare();
  BOOST_TEST(one.talk.reader().arrived().empty());
}

BOOST_AUTO_TEST_CASE(unannounced_ones_are_a_violation) {
  parent_side alone(1, 1);  // with no frame at all
  bring(alone, 1);
  expect_broken(alone, {});
  parent_side plain(1, 1);
  bring(plain, 1);
  expect_broken(plain, frame_with(header_of(frame_kind::reply, 1), 0));
  parent_side more(1, 1);
  bring(more, 3);
  expect_broken(more, frame_with(header_of(frame_kind::reply, 1), 2));
  parent_side unfinished(1, 1);
  bring(unfinished, 3);
  const bytes two = frame_with(header_of(frame_kind::reply, 1), 2);
  expect_broken(unfinished, view(two).first(two.size() - 1));
  // Before the header is there nobody knows, but the limit holds.
  parent_side early(1, 1);
  bring(early, limits().descriptors);
  early.hear(view(two).first(1));
  BOOST_TEST((early.next().kind == kind::none));
  bring(early, 1);
  expect_broken(early, view(two).subspan(1, 1));
}

BOOST_AUTO_TEST_CASE(announced_ones_that_do_not_come_are_a_violation) {
  parent_side none(1, 1);
  expect_broken(none, frame_with(header_of(frame_kind::reply, 1), 1));
  parent_side fewer(1, 1);
  bring(fewer, 1);
  expect_broken(fewer, frame_with(header_of(frame_kind::reply, 1), 2));
  parent_side unmarked(1, 1);
  bring(unmarked, 2);
  expect_broken(unmarked, frame_with(header_of(frame_kind::reply, 1), 1, 2));
  parent_side without_table(1, 1);
  bring(without_table, 1);
  expect_broken(without_table, frame_with(header_of(frame_kind::reply, 1), 0, 1));
}

BOOST_AUTO_TEST_CASE(more_than_the_limit_are_a_violation) {
  parent_side parent(1, 1);
  const std::size_t most = limits().descriptors;
  bring(parent, most + 1);
  expect_broken(parent, frame_with(header_of(frame_kind::reply, 1), most + 1));
}

BOOST_AUTO_TEST_CASE(only_calls_and_their_results_carry_some) {
  for (const auto what : {frame_kind::error, frame_kind::skipped, frame_kind::let_go}) {
    parent_side parent(1, 1);
    bring(parent, 1);
    expect_broken(parent, frame_with(header_of(what, 1), 1));
  }
  for (const auto what : {frame_kind::define, frame_kind::release}) {
    child_side child;
    bring(child, 1);
    expect_broken(child, frame_with(header_of(what, 1), 1));
  }
  for (const auto what : {frame_kind::call, frame_kind::operate}) {
    child_side child;
    bring(child, 1);
    child.hear(frame_with(header_of(what, 1), 1));
    BOOST_TEST(child.next().frame.descriptors.size() == 1u);
  }
}

BOOST_AUTO_TEST_CASE(a_late_reply_closes_its_own) {
  parent_side parent(1, 1);
  parent.talk.withdraw(1);
  bring(parent, 1);
  const int number = parent.talk.reader().arrived()[0].get();
  parent.hear(frame_with(header_of(frame_kind::reply, 1), 1));
  session::event event;
  parent.talk.next(event);
  BOOST_TEST((event.kind == kind::late));
  parent.talk.next(event);
  BOOST_TEST(!is_open(number));
}

BOOST_AUTO_TEST_CASE(lost_ones_are_missed_by_their_frame_only) {
  child_side child;
  child.talk.reader().descriptors_lost();
  bring(child, 1);
  bytes stream = frame_with(header_of(frame_kind::call, 1), 2);
  const bytes second = frame_with(header_of(frame_kind::call, 2), 1);
  stream.insert(stream.end(), second.begin(), second.end());
  child.hear(stream);
  session::event event = child.next();
  BOOST_REQUIRE((event.kind == kind::call));
  BOOST_REQUIRE(event.frame.descriptors.size() == 2u);
  BOOST_TEST(!event.frame.descriptors[0]);
  BOOST_TEST(!event.frame.descriptors[1]);
  child.talk.next(event);
  BOOST_REQUIRE(event.frame.descriptors.size() == 1u);
  BOOST_TEST(bool(event.frame.descriptors[0]));
}

/// An out_queue at one end of a socket, a session at the other.
struct joined {
  std::pair<file_descriptor, file_descriptor> ends = transport::stream_pair();
  out_queue out;
  child_side child;

  void put(std::uint64_t id, const std::vector<attachment>& attached) {
    out.put(header_of(frame_kind::call, id), buffer_of("body"), attached);
  }
  void send_one() {
    std::array<iovec, 64> pieces;
    std::array<int, transport::max_descriptors> numbers;
    const auto sent = transport::send_some(ends.first.get(), out.gather(pieces),
                                           out.descriptors(numbers), MSG_DONTWAIT);
    BOOST_REQUIRE(sent.error == 0);
    out.consume(sent.bytes);
  }
  bool receive_one() {
    auto& reader = child.talk.reader();
    const auto room = reader.prepare();
    const auto got =
        transport::receive_some(ends.second.get(), room.first(7), reader.arrived(), MSG_DONTWAIT);
    if (got.descriptors_lost) reader.descriptors_lost();
    if (got.error == 0) reader.commit(got.bytes);
    return got.error == 0;
  }
};

attachment attached(file_descriptor file) {
  const int number = file.get();
  return {std::make_shared<const file_descriptor>(std::move(file)), {}, number};
}

BOOST_AUTO_TEST_CASE(travel_with_the_first_byte_of_their_frame) {
  joined two;
  const bytes large = pattern(50'000, 4);
  std::vector<std::pair<dev_t, ino_t>> files;
  std::vector<std::size_t> counts;
  for (std::uint64_t id = 1; id != 9; ++id) {
    std::vector<attachment> all;
    const std::size_t count = id * 7 % 5;
    for (std::size_t i = 0; i != count; ++i) {
      all.push_back(attached(some_file()));
      files.push_back(file_of(all.back().descriptor));
    }
    if (id % 2 == 0) all.push_back(test::borrowed(large));
    counts.push_back(count);
    two.put(id, all);
  }
  std::size_t file = 0;
  std::uint64_t id = 0;
  while (id != 8) {
    if (!two.out.empty()) two.send_one();
    while (two.receive_one()) {
      session::event event;
      for (two.child.talk.next(event); event.kind == kind::call; two.child.talk.next(event)) {
        BOOST_TEST(event.frame.header.call == ++id);
        BOOST_TEST(event.frame.header.descriptors == counts[id - 1]);
        for (std::size_t i = 0; i != counts[id - 1]; ++i) {
          BOOST_TEST((file_of(event.frame.descriptors[i].get()) == files[file++]));
          BOOST_TEST(closes_on_exec(event.frame.descriptors[i]));
        }
      }
      BOOST_REQUIRE((event.kind == kind::none));
    }
  }
  BOOST_TEST(file == files.size());
  BOOST_TEST(two.out.empty());
}

BOOST_AUTO_TEST_CASE(that_cannot_be_sent_are_missed_by_their_frame_only) {
  joined two;
  two.put(1, {attachment{nullptr, {}, 9999}});
  two.put(2, {attached(some_file())});
  std::array<iovec, 64> pieces;
  std::array<int, transport::max_descriptors> numbers;
  const auto sent = transport::send_some(two.ends.first.get(), two.out.gather(pieces),
                                         two.out.descriptors(numbers), MSG_DONTWAIT);
  BOOST_REQUIRE(sent.error == EBADF);
  two.out.lose_descriptors();
  while (!two.out.empty()) two.send_one();
  std::vector<bool> got;
  while (two.receive_one()) {
    session::event event;
    for (two.child.talk.next(event); event.kind == kind::call; two.child.talk.next(event)) {
      BOOST_REQUIRE(event.frame.descriptors.size() == 1u);
      got.push_back(bool(event.frame.descriptors[0]));
    }
  }
  BOOST_TEST((got == std::vector<bool>{false, true}));
}

BOOST_AUTO_TEST_CASE(what_was_sent_is_let_go) {
  joined two;
  auto file = std::make_shared<const file_descriptor>(some_file());
  const std::weak_ptr<const file_descriptor> alive = file;
  const int number = file->get();
  two.put(1, {attachment{std::move(file), {}, number}});
  BOOST_TEST(!alive.expired());
  two.send_one();
  BOOST_TEST(alive.expired());
}

BOOST_AUTO_TEST_CASE(too_many_are_not_taken_in) {
  joined two;
  const std::vector<attachment> many(limits().descriptors + 1, attached(some_file()));
  BOOST_CHECK_THROW(two.put(1, many), codec_error);
  BOOST_TEST(two.out.empty());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()

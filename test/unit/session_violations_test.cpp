// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "core/session.hpp"
#include "unit/session_sides.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(session_violations_test)

using namespace glovebox::core;
using namespace glovebox::test;
using withdrawal = session::withdrawal;

/// Each must break the session for good; nothing is handed out afterwards.
void expect_violation(side& one, const frame_header& header) {
  BOOST_TEST((one.after(header) == kind::violation));
  const session::event again = one.next();
  BOOST_TEST((again.kind == kind::violation));
  BOOST_TEST(!again.why.empty());
  for (int round = 0; round != 3; ++round) {
    const std::span<std::byte> room = one.talk.reader().prepare();
    BOOST_TEST(room.size() == frame_reader::usual_capacity);
    bytes frames;
    append_frame(frames, header_of(frame_kind::ready, 0, 0, protocol_version), {}, {});
    append_frame(frames, header_of(frame_kind::reply, 1), {}, {});
    append_frame(frames, header_of(frame_kind::call, 1'000'000), {}, {});
    std::memcpy(room.data(), frames.data(), frames.size());
    one.talk.reader().commit(room.size());
    const session::event later = one.next();
    BOOST_TEST((later.kind == kind::violation));
    BOOST_TEST(later.why == again.why);
    BOOST_TEST(later.call == nullptr);
  }
}

BOOST_AUTO_TEST_SUITE(violations)

BOOST_AUTO_TEST_CASE(the_ready_frame_comes_first_and_once) {
  for (const auto what : {frame_kind::define, frame_kind::call, frame_kind::release,
                          frame_kind::reply, frame_kind::error, frame_kind::skipped}) {
    parent_side parent;
    expect_violation(parent, header_of(what, 1));
  }
  parent_side wrong_version;
  expect_violation(wrong_version, header_of(frame_kind::ready, 0, 0, protocol_version + 1));
  parent_side twice(0, 0);
  expect_violation(twice, header_of(frame_kind::ready, 0, 0, protocol_version));
}

BOOST_AUTO_TEST_CASE(frames_that_only_a_parent_sends) {
  for (const auto what : {frame_kind::define, frame_kind::call, frame_kind::release}) {
    parent_side parent(1, 1);
    expect_violation(parent, header_of(what, 1));
    BOOST_TEST(parent.talk.find(1) == parent.call(1));
  }
}

BOOST_AUTO_TEST_CASE(descriptors_are_announced_by_nobody) {
  parent_side parent(1, 1);
  frame_header header = header_of(frame_kind::reply, 1);
  header.descriptors = 1;
  expect_violation(parent, header);
  child_side child;
  header.kind = frame_kind::call;
  expect_violation(child, header);
}

BOOST_AUTO_TEST_CASE(answers_to_calls_that_wait_for_none) {
  for (const auto what : {frame_kind::reply, frame_kind::error, frame_kind::skipped}) {
    BOOST_TEST_CONTEXT("kind " << static_cast<int>(what)) {
      // Unknown, not sent yet, never opened.
      for (const std::uint64_t id : {std::uint64_t{0}, std::uint64_t{3}, std::uint64_t{4},
                                     std::uint64_t{5}, std::uint64_t{65}, ~std::uint64_t{0}}) {
        parent_side parent(4, 2);
        expect_violation(parent, header_of(what, id));
        BOOST_TEST(parent.talk.open_calls() == 4u);
      }
      // Answered already: one that others have overtaken, and one that none has.
      for (const std::uint64_t id : {std::uint64_t{1}, std::uint64_t{2}}) {
        parent_side parent(3, 3);
        BOOST_TEST((parent.after(header_of(frame_kind::reply, id)) == kind::reply));
        expect_violation(parent, header_of(what, id));
        BOOST_TEST(parent.talk.open_calls() == 2u);
      }
      // Withdrawn before it was sent.
      parent_side unsent(3, 1);
      BOOST_TEST((unsent.talk.withdraw(2) == withdrawal::unsent));
      expect_violation(unsent, header_of(what, 2));
      // Abandoned, and answered once already.
      parent_side abandoned(2, 2);
      BOOST_TEST((abandoned.talk.withdraw(2) == withdrawal::abandoned));
      BOOST_TEST((abandoned.after(header_of(frame_kind::skipped, 2)) == kind::late));
      expect_violation(abandoned, header_of(what, 2));
      // Handed back.
      parent_side closed(2, 2);
      closed.talk.close();
      expect_violation(closed, header_of(what, 1));
    }
  }
}

BOOST_AUTO_TEST_CASE(only_withdrawn_calls_are_skipped_and_only_results_are_objects) {
  parent_side skipping(1, 1);
  expect_violation(skipping, header_of(frame_kind::skipped, 1));
  parent_side error(1, 1);
  expect_violation(error, header_of(frame_kind::error, 1, 5));
  parent_side skipped(1, 1);
  skipped.talk.withdraw(1);
  expect_violation(skipped, header_of(frame_kind::skipped, 1, 5));
}

BOOST_AUTO_TEST_CASE(frames_that_only_a_child_sends) {
  for (const auto what :
       {frame_kind::ready, frame_kind::reply, frame_kind::error, frame_kind::skipped}) {
    child_side child;
    expect_violation(child, header_of(what, 1, 0, protocol_version));
  }
}

BOOST_AUTO_TEST_CASE(ids_only_grow) {
  child_side zero;
  expect_violation(zero, header_of(frame_kind::call, 0));
  for (const std::uint64_t id : {std::uint64_t{1}, std::uint64_t{6}, std::uint64_t{7}}) {
    child_side child;
    BOOST_TEST((child.after(header_of(frame_kind::call, 3)) == kind::call));
    BOOST_TEST((child.after(header_of(frame_kind::call, 7)) == kind::call));
    expect_violation(child, header_of(frame_kind::call, id));
  }
}

BOOST_AUTO_TEST_CASE(callbacks) {
  for (const std::uint64_t call : {std::uint64_t{0}, std::uint64_t{2}, std::uint64_t{3},
                                   session::nested_bit + 1, ~std::uint64_t{0}}) {
    parent_side parent(2, 1);
    expect_violation(parent, header_of(frame_kind::callback, call, 1));
  }
  {
    parent_side parent(2, 1);  // numbers that do not grow
    expect_violation(parent, header_of(frame_kind::callback, 1, 0));
  }
  {
    parent_side parent(2, 1);
    BOOST_TEST((parent.after(header_of(frame_kind::callback, 1, 4)) == kind::callback));
    expect_violation(parent, header_of(frame_kind::callback, 1, 4));
  }
  {
    parent_side parent(2, 1);  // more than may be open
    for (std::uint64_t number = 1; number <= glovebox::limits{}.callback_depth; ++number)
      BOOST_TEST((parent.after(header_of(frame_kind::callback, 1, number)) == kind::callback));
    expect_violation(parent, header_of(frame_kind::callback, 1, 1000));
  }
  for (const auto what : {frame_kind::callback_reply, frame_kind::callback_error}) {
    parent_side parent(2, 1);
    expect_violation(parent, header_of(what, 0, 1));
    child_side child;
    expect_violation(child, header_of(what, 0, 1));
  }
  for (const auto what : {frame_kind::callback, frame_kind::let_go}) {
    child_side child;
    expect_violation(child, header_of(what, 1, 1));
  }
}

BOOST_AUTO_TEST_CASE(definitions_are_bounded) {
  child_side child;
  BOOST_TEST((child.after(header_of(frame_kind::define, 0, 0, 0)) == kind::define));
  BOOST_TEST((child.after(header_of(frame_kind::define, 0, 0, session::max_definitions - 1)) ==
              kind::define));
  expect_violation(child, header_of(frame_kind::define, 0, 0, session::max_definitions));
}

BOOST_AUTO_TEST_CASE(every_byte_of_a_childs_stream_flipped) {
  bytes stream;
  append_frame(stream, header_of(frame_kind::ready, 0, 0, protocol_version), {}, {});
  append_frame(stream, header_of(frame_kind::reply, 1, 9), pattern(5, 1), {});
  append_frame(stream, header_of(frame_kind::error, 2), pattern(3, 1), {});
  append_frame(stream, header_of(frame_kind::skipped, 3), {}, {});
  append_frame(stream, header_of(frame_kind::reply, 4), {}, {});
  for (std::size_t i = 0; i != stream.size(); ++i) {
    for (unsigned value = 0; value != 256; ++value) {
      parent_side parent;
      parent.talk.define(0, buffer_of("f"));
      parent.open_calls(6);
      for (int sent = 0; sent != 5; ++sent) parent.send_one();
      parent.talk.withdraw(3);
      bytes changed = stream;
      changed[i] = static_cast<std::byte>(value);
      parent.hear(changed);
      std::size_t answered = 0;
      session::event event = parent.next();
      for (; event.kind != kind::none && event.kind != kind::violation; event = parent.next()) {
        if (event.kind == kind::ready || event.kind == kind::late || event.kind == kind::let_go)
          continue;
        if (event.kind == kind::callback) {
          BOOST_REQUIRE(parent.talk.sent(event.frame.header.call));
          continue;
        }
        BOOST_REQUIRE((event.kind == kind::reply || event.kind == kind::error));
        auto* const call = static_cast<test_call*>(event.call);
        BOOST_REQUIRE(call != nullptr);
        BOOST_REQUIRE(call->id == event.frame.header.call);
        BOOST_REQUIRE((call->id < 6 && call->id != 3));
        BOOST_REQUIRE(++call->answers == 1);
        ++answered;
      }
      BOOST_REQUIRE(parent.talk.close().size() == 5 - answered);
    }
  }
}

BOOST_AUTO_TEST_CASE(every_byte_of_a_parents_stream_flipped) {
  bytes stream;
  append_frame(stream, header_of(frame_kind::define, 0, 0, 3), pattern(5, 1), {});
  append_frame(stream, header_of(frame_kind::call, 1, 0, 3), pattern(5, 1), {});
  append_frame(stream, header_of(frame_kind::release, 0, 4, 2), {}, {});
  append_frame(stream, header_of(frame_kind::call, 2, 0, 3), {}, {});
  for (std::size_t i = 0; i != stream.size(); ++i) {
    for (unsigned value = 0; value != 256; ++value) {
      child_side child;
      bytes changed = stream;
      changed[i] = static_cast<std::byte>(value);
      child.hear(changed);
      std::uint64_t last = 0, last_nested = session::nested_bit;
      for (session::event event = child.next();
           event.kind != kind::none && event.kind != kind::violation; event = child.next()) {
        if (event.kind == kind::define)
          BOOST_REQUIRE(event.frame.header.target < session::max_definitions);
        BOOST_REQUIRE((event.kind != kind::returned));  // there was no callback
        if (event.kind != kind::call) continue;
        const std::uint64_t id = event.frame.header.call;
        std::uint64_t& before = session::is_nested(id) ? last_nested : last;
        BOOST_REQUIRE(id > before);
        before = id;
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()

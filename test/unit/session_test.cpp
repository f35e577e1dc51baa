// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "core/session.hpp"
#include "unit/session_sides.hpp"

#include <boost/test/unit_test.hpp>

#include <initializer_list>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(session_test)

using namespace glovebox::core;
using namespace glovebox::test;
using glovebox::attachment;
using withdrawal = session::withdrawal;

bytes release_frames(std::initializer_list<std::pair<std::uint64_t, std::uint32_t>> all) {
  bytes stream;
  for (const auto& [object, count] : all)
    append_frame(stream, header_of(frame_kind::release, 0, object, count), {}, {});
  return stream;
}

BOOST_AUTO_TEST_CASE(answers_reach_their_call) {
  parent_side parent(3, 3);
  frame_header reply = header_of(frame_kind::reply, 2, 77);
  reply.encoding = body_encoding::binary;
  parent.hear(reply, pattern(10, 1));
  parent.hear(header_of(frame_kind::error, 1), pattern(4, 2));
  session::event event = parent.next();
  BOOST_TEST((event.kind == kind::reply));
  BOOST_TEST(event.call == parent.call(2));
  BOOST_TEST(event.frame.header.object == 77u);
  BOOST_TEST(same(event.frame.body, pattern(10, 1)));
  event = parent.next();
  BOOST_TEST((event.kind == kind::error));
  BOOST_TEST(event.call == parent.call(1));
  BOOST_TEST(same(event.frame.body, pattern(4, 2)));
  BOOST_TEST((parent.next().kind == kind::none));
  BOOST_TEST(parent.talk.open_calls() == 1u);
  BOOST_TEST(parent.talk.unanswered() == 1u);
  BOOST_TEST(parent.talk.find(1) == nullptr);
  BOOST_TEST(parent.talk.find(3) == parent.call(3));
  // An object that somebody waits for is his.
  parent.talk.flush_releases();
  BOOST_TEST(parent.out.stream.empty());
}

BOOST_AUTO_TEST_CASE(late_answers_are_dropped_and_their_objects_released) {
  parent_side parent(4, 4);
  for (std::uint64_t id = 1; id <= 4; ++id)
    BOOST_TEST((parent.talk.withdraw(id) == withdrawal::abandoned));
  BOOST_TEST(parent.talk.open_calls() == 0u);
  BOOST_TEST(parent.talk.unanswered() == 4u);
  bytes late;
  append_frame(late, header_of(frame_kind::reply, 3, 42), {}, {});
  append_frame(late, header_of(frame_kind::error, 1), {}, {});
  append_frame(late, header_of(frame_kind::skipped, 2), {}, {});
  append_frame(late, header_of(frame_kind::reply, 4), {}, {});
  parent.hear(late);
  for (const std::uint64_t id : {3, 1, 2, 4}) {
    const session::event event = parent.next();
    BOOST_TEST((event.kind == kind::late));
    BOOST_TEST(event.frame.header.call == id);
    BOOST_TEST(event.call == nullptr);
  }
  BOOST_TEST((parent.next().kind == kind::none));
  BOOST_TEST(parent.talk.unanswered() == 0u);
  parent.talk.flush_releases();
  BOOST_TEST(same(parent.out.take(), release_frames({{42, 1}})));
}

BOOST_AUTO_TEST_CASE(withdrawing) {
  parent_side parent(5, 2);
  BOOST_TEST((parent.talk.withdraw(0) == withdrawal::unknown));
  BOOST_TEST((parent.talk.withdraw(6) == withdrawal::unknown));
  BOOST_TEST((parent.talk.withdraw(~std::uint64_t{0}) == withdrawal::unknown));
  BOOST_TEST((parent.talk.withdraw(1) == withdrawal::abandoned));
  BOOST_TEST((parent.talk.withdraw(1) == withdrawal::unknown));
  BOOST_TEST((parent.talk.withdraw(4) == withdrawal::unsent));
  BOOST_TEST((parent.talk.withdraw(4) == withdrawal::unknown));
  BOOST_TEST((parent.after(header_of(frame_kind::reply, 2)) == kind::reply));
  BOOST_TEST((parent.talk.withdraw(2) == withdrawal::unknown));
  BOOST_TEST(parent.talk.find(1) == nullptr);
  BOOST_TEST(parent.talk.find(2) == nullptr);
  BOOST_TEST(parent.talk.find(4) == nullptr);
  BOOST_TEST((parent.open_ids() == std::vector<std::uint64_t>{3, 5}));
  BOOST_TEST(parent.talk.open_calls() == 2u);
}

BOOST_AUTO_TEST_CASE(gaps_are_passed_over) {
  parent_side parent(6, 0);
  parent.talk.withdraw(1);
  parent.talk.withdraw(3);
  parent.talk.withdraw(6);
  BOOST_TEST(parent.talk.unsent() == parent.call(2));
  parent.send_one();
  BOOST_TEST(parent.talk.unsent() == parent.call(4));
  parent.send_one();
  parent.talk.withdraw(5);
  BOOST_TEST(parent.talk.unsent() == nullptr);
  bytes wanted;
  for (const std::uint64_t id : {2, 4}) {
    frame_header header = header_of(frame_kind::call, id);
    header.encoding = body_encoding::binary;
    append_frame(wanted, header, buffer_of("args").view(), {});
  }
  BOOST_TEST(same(parent.out.take(), wanted));
  // Nothing open has an id up to it, and nothing sent one above it.
  BOOST_TEST(parent.talk.highest_sent() >= 4u);
  parent.open_calls(1);
  BOOST_TEST(parent.talk.highest_sent() < 7u);
  BOOST_TEST(parent.talk.unsent() == parent.call(7));
}

BOOST_AUTO_TEST_CASE(the_window) {
  parent_side parent(static_cast<int>(session::window) + 3, 0);
  std::uint64_t sent = 0;
  while (parent.talk.unsent()) {
    parent.send_one();
    ++sent;
  }
  BOOST_TEST(sent == session::window);
  BOOST_TEST(parent.talk.unanswered() == session::window);
  // What counts is the oldest: skip bits are shared by ids, not by calls.
  BOOST_TEST((parent.after(header_of(frame_kind::reply, 2)) == kind::reply));
  BOOST_TEST(parent.talk.unsent() == nullptr);
  // To have abandoned it does not help, the child may still run it.
  BOOST_TEST((parent.talk.withdraw(1) == withdrawal::abandoned));
  BOOST_TEST(parent.talk.unsent() == nullptr);
  BOOST_TEST((parent.after(header_of(frame_kind::skipped, 1)) == kind::late));
  for (std::uint64_t id = session::window + 1; id <= session::window + 2; ++id) {
    BOOST_REQUIRE(parent.talk.unsent() == parent.call(id));
    parent.send_one();
  }
  BOOST_TEST(parent.talk.unsent() == nullptr);
  BOOST_TEST(parent.talk.open_calls() == session::window + 1);
}

// Its owner has seen it start, and the child has seen that it should not: both were right.
BOOST_AUTO_TEST_CASE(a_call_that_may_be_skipped) {
  parent_side parent(2, 2);
  parent.call(1)->may_be_skipped = true;
  parent.hear(header_of(frame_kind::skipped, 1));
  const session::event event = parent.next();
  BOOST_TEST((event.kind == kind::skipped));
  BOOST_TEST(event.call == parent.call(1));
  BOOST_TEST(parent.talk.open_calls() == 1u);
  BOOST_TEST((parent.after(header_of(frame_kind::skipped, 1)) == kind::violation));

  // What a call was does not count for the next one in its memory.
  parent_side again(0, 0);
  test_call reused;
  reused.may_be_skipped = true;
  again.talk.open(reused);
  again.send_one();
  BOOST_TEST((again.after(header_of(frame_kind::skipped, reused.id)) == kind::violation));

  parent_side answered(1, 1);
  answered.call(1)->may_be_skipped = true;
  BOOST_TEST((answered.after(header_of(frame_kind::reply, 1)) == kind::reply));
}

BOOST_AUTO_TEST_CASE(ids_outgrow_the_slots) {
  // The first call stays unanswered; at every size of the ring the ids beside it are right.
  parent_side parent(1, 1);
  for (std::uint64_t id = 2; id != 3000; ++id) {
    parent.open_calls(1);
    parent.send_one();
    if (id % 3 == 0) {
      const session::event event =
          (parent.hear(header_of(frame_kind::reply, id - 1)), parent.next());
      BOOST_REQUIRE(event.call == parent.call(id - 1));
    }
  }
  for (std::uint64_t id = 1; id != 3000; ++id)
    BOOST_REQUIRE(parent.talk.find(id) == (id % 3 == 2 && id != 2999 ? nullptr : parent.call(id)));
  const std::vector<pending_call*> open = parent.talk.open_list();
  BOOST_TEST(open.size() == parent.talk.open_calls());
  for (std::size_t i = 1; i < open.size(); ++i) BOOST_REQUIRE(open[i - 1]->id < open[i]->id);
}

BOOST_AUTO_TEST_CASE(close_hands_back_what_is_open) {
  parent_side parent(6, 4);
  parent.after(header_of(frame_kind::reply, 2));
  parent.talk.withdraw(3);
  parent.talk.withdraw(5);
  parent.talk.release(9, 1);
  const std::vector<pending_call*> back = parent.talk.close();
  BOOST_TEST((back == std::vector<pending_call*>{parent.call(1), parent.call(4), parent.call(6)}));
  BOOST_TEST(parent.talk.open_calls() == 0u);
  BOOST_TEST(parent.talk.unanswered() == 0u);
  BOOST_TEST(parent.talk.unsent() == nullptr);
  BOOST_TEST(parent.talk.close().empty());
  for (std::uint64_t id = 1; id <= 6; ++id) {
    BOOST_TEST(parent.talk.find(id) == nullptr);
    BOOST_TEST((parent.talk.withdraw(id) == withdrawal::unknown));
  }
  parent.talk.flush_releases();
  BOOST_TEST(parent.out.stream.empty());
}

BOOST_AUTO_TEST_CASE(releases_go_before_calls_and_in_order) {
  parent_side parent(1, 0);
  parent.talk.release(5, 1);
  parent.talk.release(4, 3);
  BOOST_TEST(parent.out.stream.empty());
  parent.send_one();
  const bytes wanted = release_frames({{5, 1}, {4, 3}});
  const bytes said = parent.out.take();
  BOOST_REQUIRE(said.size() > wanted.size());
  BOOST_TEST(same(view(said).first(wanted.size()), wanted));
  parent.talk.flush_releases();
  BOOST_TEST(parent.out.stream.empty());
}

BOOST_AUTO_TEST_CASE(a_call_that_exceeds_the_limits_stays_unsent) {
  parent_side parent(2, 0);
  parent.out.bounds.message_bytes = 10;
  parent.out.bounds.attachments = 1;
  const std::vector<attachment> two(2, borrowed({}));
  BOOST_CHECK_THROW(parent.talk.send(0, body_encoding::binary, buffer_of("eleven bytes"), {}),
                    glovebox::codec_error);
  BOOST_CHECK_THROW(parent.talk.send(0, body_encoding::binary, {}, two), glovebox::codec_error);
  BOOST_TEST(parent.out.stream.empty());
  BOOST_TEST(parent.talk.unsent() == parent.call(1));
  BOOST_TEST(parent.talk.unanswered() == 0u);
  BOOST_TEST((parent.talk.withdraw(1) == withdrawal::unsent));
  BOOST_TEST(parent.talk.unsent() == parent.call(2));
  parent.send_one();
  BOOST_TEST(parent.talk.highest_sent() == 2u);
}

BOOST_AUTO_TEST_CASE(a_sink_that_fails_at_every_frame) {
  // Two definitions, three releases, two calls: seven frames, each fails once, all are said once.
  bytes wanted;
  for (int fail_at = 0; fail_at <= 7; ++fail_at) {
    BOOST_TEST_CONTEXT("frame " << fail_at) {
      parent_side parent;
      parent.make_ready();
      parent.open_calls(2);
      parent.out.fail_at = fail_at;
      const auto until_done = [&](auto step) {
        try {
          step();
        } catch (const std::bad_alloc&) {
          step();
        }
      };
      for (std::uint32_t function = 0; function != 2; ++function)
        until_done([&] {
          if (parent.talk.defined(function)) return;
          parent.talk.define(function, buffer_of("f"));
        });
      for (std::uint64_t object = 1; object <= 3; ++object) parent.talk.release(object, 1);
      for (std::uint64_t id = 1; id <= 2; ++id)
        until_done([&] {
          BOOST_TEST(parent.talk.unsent() == parent.call(id));
          parent.send_one();
        });
      BOOST_TEST(parent.out.fail_at == 0);
      BOOST_TEST(parent.talk.unanswered() == 2u);
      if (fail_at == 0) wanted = parent.out.stream;
      BOOST_TEST(same(parent.out.stream, wanted));
    }
  }
}

BOOST_AUTO_TEST_CASE(definitions) {
  parent_side parent;
  BOOST_TEST(!parent.talk.defined(0));
  BOOST_TEST(!parent.talk.defined(~0u));
  parent.talk.define(5, buffer_of("five"));
  BOOST_TEST(parent.talk.defined(5));
  BOOST_TEST(!parent.talk.defined(4));
  BOOST_TEST(!parent.talk.defined(6));
  // What the parent of a copy knows of it beforehand, and has told it itself.
  parent_side of_copy;
  of_copy.talk.define(7, buffer_of("seven"));
  of_copy.talk.know(parent.talk.definitions());
  for (const std::uint32_t function : {5u, 7u}) BOOST_TEST(of_copy.talk.defined(function));
  for (const std::uint32_t function : {4u, 6u, 8u}) BOOST_TEST(!of_copy.talk.defined(function));
}

BOOST_AUTO_TEST_CASE(what_a_child_says) {
  child_side child;
  const bytes data = pattern(6, 2);
  const attachment attached[] = {borrowed(data)};
  child.talk.say_ready();
  child.talk.reply(7, 8, buffer_of("value"), attached);
  child.talk.reply_error(9, buffer_of("what"));
  child.talk.reply_error(10, {}, attached);
  child.talk.reply_skipped(11);
  bytes wanted;
  const auto binary = [](frame_header header) {
    header.encoding = body_encoding::binary;
    return header;
  };
  append_frame(wanted, header_of(frame_kind::ready, 0, 0, protocol_version), {}, {});
  append_frame(wanted, binary(header_of(frame_kind::reply, 7, 8)), buffer_of("value").view(),
               attached);
  append_frame(wanted, binary(header_of(frame_kind::error, 9)), buffer_of("what").view(), {});
  append_frame(wanted, binary(header_of(frame_kind::error, 10)), {}, attached);
  append_frame(wanted, header_of(frame_kind::skipped, 11), {}, {});
  BOOST_TEST(same(child.out.stream, wanted));
}

// ---- callbacks and nested calls

BOOST_AUTO_TEST_CASE(nested_calls_go_first_and_have_ids_of_their_own) {
  parent_side parent(2, 1);
  parent.calls.push_back(std::make_unique<test_call>());
  test_call& nested = *parent.calls.back();
  parent.talk.open(nested, true);
  BOOST_TEST(nested.id == session::nested_bit + 1);
  BOOST_TEST(parent.talk.unsent() == &nested);
  BOOST_TEST(!parent.talk.sent(nested.id));
  parent.send_one();
  BOOST_TEST(parent.talk.sent(nested.id));
  BOOST_TEST(parent.talk.unsent() == parent.call(2));
  BOOST_TEST(parent.talk.highest_sent() == 1u);
  BOOST_TEST(parent.talk.find(nested.id) == &nested);
  BOOST_TEST((parent.open_ids() == std::vector<std::uint64_t>{1, 2, nested.id}));
  parent.hear(header_of(frame_kind::reply, nested.id));
  const session::event event = parent.next();
  BOOST_TEST((event.kind == kind::reply));
  BOOST_TEST(event.call == &nested);
  BOOST_TEST(parent.talk.open_calls() == 2u);
}

BOOST_AUTO_TEST_CASE(a_callback_there_and_back) {
  parent_side parent(1, 1);
  child_side child;
  BOOST_TEST((child.after(header_of(frame_kind::call, 1)) == kind::call));
  BOOST_TEST(child.talk.call_back(1, 2, body_encoding::json, buffer_of("[5]"), {}) == 1u);
  parent.hear(child.out.take());
  session::event event = parent.next();
  BOOST_TEST((event.kind == kind::callback));
  BOOST_TEST(event.call == parent.call(1));
  BOOST_TEST(event.frame.header.target == 2u);
  BOOST_TEST(event.frame.header.object == 1u);
  BOOST_TEST(same(event.frame.body, buffer_of("[5]").view()));
  BOOST_TEST(parent.talk.open_callbacks() == 1u);
  parent.talk.callback_reply(1, body_encoding::json, buffer_of("6"), {});
  BOOST_TEST(parent.talk.open_callbacks() == 0u);
  child.hear(parent.out.take());
  event = child.next();
  BOOST_TEST((event.kind == kind::returned));
  BOOST_TEST((event.frame.header.kind == frame_kind::callback_reply));
  BOOST_TEST(event.frame.header.object == 1u);
  BOOST_TEST(same(event.frame.body, buffer_of("6").view()));
  // Answered once.
  parent.talk.callback_error(1, buffer_of("late"));
  BOOST_TEST(parent.out.stream.empty());
  // One whose call was withdrawn has no call.
  parent.talk.withdraw(1);
  child.talk.call_back(1, 0, body_encoding::binary, buffer_of(""), {});
  parent.hear(child.out.take());
  event = parent.next();
  BOOST_TEST((event.kind == kind::callback));
  BOOST_TEST(event.call == nullptr);
  parent.talk.callback_error(2, buffer_of("gone"));
  child.hear(parent.out.take());
  event = child.next();
  BOOST_TEST((event.kind == kind::returned));
  BOOST_TEST((event.frame.header.kind == frame_kind::callback_error));
}

BOOST_AUTO_TEST_CASE(callables_are_let_go) {
  parent_side parent(1, 1);
  child_side child;
  child.talk.let_go(1, 3);
  parent.hear(child.out.take());
  const session::event event = parent.next();
  BOOST_TEST((event.kind == kind::let_go));
  BOOST_TEST(event.frame.header.call == 1u);
  BOOST_TEST(event.frame.header.target == 3u);
}

BOOST_AUTO_TEST_SUITE_END()

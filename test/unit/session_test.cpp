// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#define BOOST_TEST_MODULE session
#include "core/session.hpp"
#include "unit/frames.hpp"

#include <boost/test/unit_test.hpp>

#include <memory>
#include <string>

namespace {

using namespace glovebox::core;
using namespace glovebox::test;
using glovebox::attachment;
using glovebox::limits;
using kind = session::event_kind;
using withdrawal = session::withdrawal;

struct test_call : pending_call {
  int answers = 0;
};

frame_header header_of(frame_kind what, std::uint64_t call = 0, std::uint64_t object = 0,
                       std::uint32_t target = 0) {
  frame_header header;
  header.kind = what;
  header.call = call;
  header.object = object;
  header.target = target;
  return header;
}

/// A session and what it has said.
struct side {
  explicit side(session::role role, const limits& bounds = {}) : talk(role, out, bounds) {}

  void hear(view data) {
    std::memcpy(talk.reader().prepare().data(), data.data(), data.size());
    talk.reader().commit(data.size());
  }
  void hear(const frame_header& header, view body = {}) {
    bytes frame;
    append_frame(frame, header, body, {});
    hear(frame);
  }
  session::event next() {
    session::event event;
    talk.next(event);
    return event;
  }
  /// The next event of one frame.
  kind after(const frame_header& header, view body = {}) {
    hear(header, body);
    return next().kind;
  }

  collecting_sink out;
  session talk;
};

struct parent_side : side {
  explicit parent_side(const limits& bounds = {}) : side(session::role::parent, bounds) {}
  /// With the child ready, function 0 defined and so many calls open, of which so many are sent.
  parent_side(int open, int send) : parent_side() {
    make_ready();
    talk.define(0, buffer_of("f"));
    open_calls(open);
    for (int i = 0; i != send; ++i) send_one();
    out.stream.clear();
  }
  void make_ready() {
    BOOST_REQUIRE((after(header_of(frame_kind::ready, 0, 0, protocol_version)) == kind::ready));
  }
  void open_calls(int count) {
    for (int i = 0; i != count; ++i) {
      calls.push_back(std::make_unique<test_call>());
      talk.open(*calls.back());
    }
  }
  void send_one() { talk.send(0, body_encoding::binary, buffer_of("args"), {}); }
  test_call* call(std::uint64_t id) { return calls[static_cast<std::size_t>(id - 1)].get(); }
  std::vector<std::uint64_t> open_ids() const {
    std::vector<std::uint64_t> ids;
    for (const pending_call* each : talk.open_list()) ids.push_back(each->id);
    return ids;
  }

  std::vector<std::unique_ptr<test_call>> calls;  // ids count from 1
};

struct child_side : side {
  child_side() : side(session::role::child) {}
};

bytes release_frames(std::initializer_list<std::pair<std::uint64_t, std::uint32_t>> all) {
  bytes stream;
  for (const auto& [object, count] : all)
    append_frame(stream, header_of(frame_kind::release, 0, object, count), {}, {});
  return stream;
}

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

BOOST_AUTO_TEST_SUITE(of_the_parent)

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

BOOST_AUTO_TEST_CASE(answers_to_calls_that_wait_for_none) {
  for (const auto what : {frame_kind::reply, frame_kind::error, frame_kind::skipped}) {
    BOOST_TEST_CONTEXT("kind " << static_cast<int>(what)) {
      // Unknown, not sent yet, never opened.
      for (const std::uint64_t id :
           {std::uint64_t{0}, std::uint64_t{3}, std::uint64_t{4}, std::uint64_t{5},
            std::uint64_t{65}, ~std::uint64_t{0}}) {
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
      BOOST_TEST((abandoned.after(header_of(frame_kind::skipped, 2)) == kind::none));
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

BOOST_AUTO_TEST_CASE(late_answers_are_dropped_and_their_objects_released) {
  parent_side parent(4, 4);
  for (std::uint64_t id = 1; id <= 4; ++id)
    BOOST_TEST((parent.talk.withdraw(id) == withdrawal::abandoned));
  BOOST_TEST(parent.talk.open_calls() == 0u);
  BOOST_TEST(parent.talk.unanswered() == 4u);
  // One event for all: none.
  bytes late;
  append_frame(late, header_of(frame_kind::reply, 3, 42), {}, {});
  append_frame(late, header_of(frame_kind::error, 1), {}, {});
  append_frame(late, header_of(frame_kind::skipped, 2), {}, {});
  append_frame(late, header_of(frame_kind::reply, 4), {}, {});
  parent.hear(late);
  const session::event event = parent.next();
  BOOST_TEST((event.kind == kind::none));
  BOOST_TEST(event.call == nullptr);
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
  BOOST_TEST((parent.after(header_of(frame_kind::skipped, 1)) == kind::none));
  for (std::uint64_t id = session::window + 1; id <= session::window + 2; ++id) {
    BOOST_REQUIRE(parent.talk.unsent() == parent.call(id));
    parent.send_one();
  }
  BOOST_TEST(parent.talk.unsent() == nullptr);
  BOOST_TEST(parent.talk.open_calls() == session::window + 1);
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
        if (event.kind == kind::ready) continue;
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

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(of_the_child)

BOOST_AUTO_TEST_CASE(what_it_says) {
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

BOOST_AUTO_TEST_CASE(definitions_are_bounded) {
  child_side child;
  BOOST_TEST((child.after(header_of(frame_kind::define, 0, 0, 0)) == kind::define));
  BOOST_TEST((child.after(header_of(frame_kind::define, 0, 0, session::max_definitions - 1)) ==
              kind::define));
  expect_violation(child, header_of(frame_kind::define, 0, 0, session::max_definitions));
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
      std::uint64_t last = 0;
      for (session::event event = child.next();
           event.kind != kind::none && event.kind != kind::violation; event = child.next()) {
        if (event.kind == kind::define)
          BOOST_REQUIRE(event.frame.header.target < session::max_definitions);
        if (event.kind == kind::call) BOOST_REQUIRE(event.frame.header.call > last);
        if (event.kind == kind::call) last = event.frame.header.call;
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace

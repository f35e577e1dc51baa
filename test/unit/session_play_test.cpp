// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "core/out_queue.hpp"
#include "core/session.hpp"
#include "unit/frames.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

BOOST_AUTO_TEST_SUITE(session_play_test)

using namespace glovebox::core;
using namespace glovebox::test;
using glovebox::attachment;
using kind = session::event_kind;
using withdrawal = session::withdrawal;

struct test_call : pending_call {};

/// Both ends of a channel, played against each other at random; what each step must lead to is
/// known by much simpler means. A step that goes wrong stops the test: its seed repeats it.
class play {
 public:
  explicit play(std::uint32_t seed)
      : random_(seed),
        // Most games are about order, some about many calls under way.
        eager_(random_.one_in(4)),
        parent_(session::role::parent, to_child_),
        child_(session::role::child, to_parent_) {}

  void run() {
    child_.say_ready();
    for (int step = 0; step != 1500; ++step) {
      random_step();
      check_counts();
    }
    if (random_.one_in(3))
      end_by_death();
    else
      end_in_peace();
  }

 private:
  // What is known of a call that was opened.
  enum class fate { unsent, sent, answered, withdrawn, abandoned, handed_back };
  struct opened {
    std::unique_ptr<test_call> call;
    fate now = fate::unsent;
    std::uint32_t function = 0;
    bytes arguments;
    bytes large;  // the attachment, when there is one
  };
  // What the child has said about a call.
  struct said {
    frame_kind kind;
    std::uint64_t object;
    bytes body;
  };

  void random_step() {
    switch (random_.below(8)) {
      case 0:
        for (std::size_t n = eager_ ? random_.below(40) : random_.below(3); n != 0; --n) open_one();
        break;
      case 1:
        for (std::size_t n = random_.below(eager_ ? 60 : 4); n != 0 && parent_.unsent(); --n)
          send_one();
        break;
      case 2:
        if (!eager_ || random_.one_in(4)) withdraw_one();
        break;
      case 3:
        if (random_.one_in(3)) {
          const std::uint64_t object = 1 + random_.below(1000);
          const auto count = static_cast<std::uint32_t>(1 + random_.below(5));
          parent_.release(object, count);
          released_[object] += count;
        } else {
          parent_.flush_releases();
        }
        break;
      case 4:
      case 5:
        carry(to_child_, child_);
        hear_as_child();
        break;
      case 6:
        for (std::size_t n = random_.below(eager_ ? 30 : 3); n != 0 && !waiting_.empty(); --n)
          answer_one();
        break;
      default:
        carry(to_parent_, parent_);
        hear_as_parent();
    }
  }

  void open_one() {
    opened made;
    made.call = std::make_unique<test_call>();
    parent_.open(*made.call);
    const std::uint64_t id = made.call->id;
    BOOST_REQUIRE(id == last_id_ + 1);
    last_id_ = id;
    made.function = static_cast<std::uint32_t>(random_.below(6));
    made.arguments = random_.some(random_.below(50));
    if (random_.one_in(20)) made.large = pattern(random_.below(40'000), id % 251);
    calls_.emplace(id, std::move(made));
  }

  // What parent_.unsent() must be.
  std::optional<std::uint64_t> first_unsent() const {
    for (const auto& [id, what] : calls_)
      if (what.now == fate::unsent) return id;
    return std::nullopt;
  }

  void send_one() {
    const std::uint64_t id = parent_.unsent()->id;
    BOOST_REQUIRE(id == first_unsent().value());
    opened& what = calls_.at(id);
    if (!parent_.defined(what.function))
      parent_.define(what.function, buffer_of("function " + std::to_string(what.function)));
    std::vector<attachment> attached;
    if (!what.large.empty()) attached.push_back(borrowed(what.large));
    parent_.send(what.function, body_encoding::binary, buffer_of(what.arguments), attached);
    what.now = fate::sent;
    sent_.push_back(id);
  }

  void withdraw_one() {
    const std::uint64_t id = random_.below(last_id_ + 2);
    const auto found = calls_.find(id);
    withdrawal wanted = withdrawal::unknown;
    if (found != calls_.end() && found->second.now == fate::unsent) {
      wanted = withdrawal::unsent;
      found->second.now = fate::withdrawn;
    } else if (found != calls_.end() && found->second.now == fate::sent) {
      wanted = withdrawal::abandoned;
      found->second.now = fate::abandoned;
    }
    BOOST_REQUIRE((parent_.withdraw(id) == wanted));
    BOOST_REQUIRE(parent_.find(id) == nullptr);
    if (wanted != withdrawal::unknown) found->second.call.reset();
  }

  // Moves some bytes.
  void carry(out_queue& from, session& to) {
    std::array<iovec, 8> pieces;
    std::size_t most = random_.one_in(3) ? random_.below(60) : random_.below(100'000);
    const auto gathered = from.gather(std::span(pieces).first(1 + random_.below(8)));
    std::size_t moved = 0;
    for (const iovec& piece : gathered) {
      for (std::size_t at = 0; at != piece.iov_len && most != 0;) {
        const std::span<std::byte> room = to.reader().prepare();
        const std::size_t size = std::min({room.size(), piece.iov_len - at, most});
        std::memcpy(room.data(), static_cast<const std::byte*>(piece.iov_base) + at, size);
        to.reader().commit(size);
        at += size;
        most -= size;
        moved += size;
        if (&to == &child_)
          hear_as_child();
        else
          hear_as_parent();
      }
    }
    from.consume(moved);
  }

  void hear_as_child() {
    session::event event;
    for (child_.next(event); event.kind != kind::none; child_.next(event)) {
      const frame_header& header = event.frame.header;
      switch (event.kind) {
        case kind::define:
          BOOST_REQUIRE(known_.insert(header.target).second);
          BOOST_REQUIRE(text_of(event.frame.body) == "function " + std::to_string(header.target));
          break;
        case kind::call: {
          // Exactly those that were sent, in that order, with what they were sent with.
          BOOST_REQUIRE(!sent_.empty());
          BOOST_REQUIRE(header.call == sent_.front());
          sent_.pop_front();
          const opened& what = calls_.at(header.call);
          BOOST_REQUIRE(header.target == what.function);
          BOOST_REQUIRE(known_.count(header.target) == 1u);
          BOOST_REQUIRE(same(event.frame.body, what.arguments));
          BOOST_REQUIRE(event.frame.attachments.size() == (what.large.empty() ? 0u : 1u));
          if (!what.large.empty()) BOOST_REQUIRE(same(event.frame.attachments[0], what.large));
          waiting_.push_back(header.call);
          break;
        }
        case kind::release:
          heard_released_[header.object] += header.target;
          break;
        default:
          BOOST_FAIL("the child heard " << event.why);
      }
    }
  }

  void answer_one() {
    const std::uint64_t id = waiting_.front();
    waiting_.pop_front();
    said answer{frame_kind::reply, 0, random_.some(random_.below(50))};
    // The skip bits tell the child what was withdrawn; it may have begun before it looked.
    const bool withdrawn = calls_.at(id).now == fate::abandoned;
    if (withdrawn && random_.one_in(2)) {
      answer = {frame_kind::skipped, 0, {}};
      child_.reply_skipped(id);
    } else if (random_.one_in(4)) {
      answer.kind = frame_kind::error;
      child_.reply_error(id, buffer_of(answer.body));
    } else {
      if (random_.one_in(3)) answer.object = ++last_object_;
      child_.reply(id, answer.object, buffer_of(answer.body), {});
    }
    said_.emplace(id, std::move(answer));
  }

  void hear_as_parent() {
    session::event event;
    for (parent_.next(event); event.kind != kind::none; parent_.next(event)) {
      if (event.kind == kind::ready) {
        BOOST_REQUIRE(!ready_);
        ready_ = true;
        continue;
      }
      if (event.kind == kind::late) {
        BOOST_REQUIRE((calls_.at(event.frame.header.call).now == fate::abandoned));
        continue;
      }
      BOOST_REQUIRE_MESSAGE((event.kind == kind::reply || event.kind == kind::error), event.why);
      const std::uint64_t id = event.frame.header.call;
      opened& what = calls_.at(id);
      BOOST_REQUIRE((what.now == fate::sent));
      BOOST_REQUIRE(event.call == what.call.get());
      const said& answer = said_.at(id);
      BOOST_REQUIRE((event.frame.header.kind == answer.kind));
      BOOST_REQUIRE(event.frame.header.object == answer.object);
      BOOST_REQUIRE(same(event.frame.body, answer.body));
      what.now = fate::answered;
      what.call.reset();  // whoever looks at it once more is caught by the address sanitizer
    }
  }

  void check_counts() {
    // All of it, now and then: it takes a while.
    if (!random_.one_in(40)) return;
    std::vector<std::uint64_t> open;
    std::size_t unanswered = 0;
    for (const auto& [id, what] : calls_) {
      const bool is_open = what.now == fate::unsent || what.now == fate::sent;
      BOOST_REQUIRE(parent_.find(id) == (is_open ? what.call.get() : nullptr));
      if (is_open) open.push_back(id);
      if (what.now == fate::unsent) BOOST_REQUIRE(id > parent_.highest_sent());
      if (what.now == fate::sent) BOOST_REQUIRE(id <= parent_.highest_sent());
      unanswered += what.now == fate::sent;
    }
    BOOST_REQUIRE(parent_.open_calls() == open.size());
    // Of the abandoned ones the parent cannot know what the child has said already.
    BOOST_REQUIRE(parent_.unanswered() >= unanswered);
    std::vector<std::uint64_t> listed;
    for (const pending_call* each : parent_.open_list()) listed.push_back(each->id);
    BOOST_REQUIRE(listed == open);
    const auto first = first_unsent();
    BOOST_REQUIRE((parent_.unsent() ? std::optional(parent_.unsent()->id) : std::nullopt) == first);
  }

  void end_in_peace() {
    while (parent_.unsent()) send_one();
    parent_.flush_releases();
    settle();
    for (const auto& [id, what] : calls_) BOOST_REQUIRE((what.now != fate::sent));
    BOOST_REQUIRE(parent_.unanswered() == 0u);
    BOOST_REQUIRE(parent_.open_calls() == 0u);
    // What late replies brought is given back, once each, besides what the test gave back.
    parent_.flush_releases();
    settle();
    for (const auto& [id, answer] : said_)
      if (answer.object != 0 && calls_.at(id).now == fate::abandoned) ++released_[answer.object];
    BOOST_REQUIRE(heard_released_ == released_);
    BOOST_REQUIRE(parent_.close().empty());
  }

  void settle() {
    while (!to_child_.empty() || !to_parent_.empty() || !waiting_.empty()) {
      carry(to_child_, child_);
      if (!waiting_.empty()) answer_one();
      carry(to_parent_, parent_);
    }
  }

  // The child ends in the middle of whatever it was doing.
  void end_by_death() {
    for (pending_call* const each : parent_.close()) {
      opened& what = calls_.at(each->id);
      BOOST_REQUIRE((what.now == fate::sent || what.now == fate::unsent));
      BOOST_REQUIRE(each == what.call.get());
      what.now = fate::handed_back;
    }
    for (const auto& [id, what] : calls_)
      BOOST_REQUIRE((what.now != fate::sent && what.now != fate::unsent));
    BOOST_REQUIRE(parent_.open_calls() == 0u);
  }

  dice random_;
  bool eager_;
  out_queue to_child_;
  out_queue to_parent_;
  session parent_;
  session child_;

  std::map<std::uint64_t, opened> calls_;
  std::uint64_t last_id_ = 0;
  std::deque<std::uint64_t> sent_;     // in the parent's queue or on their way
  std::deque<std::uint64_t> waiting_;  // the child knows them and has not answered
  std::map<std::uint64_t, said> said_;
  std::set<std::uint32_t> known_;
  bool ready_ = false;
  std::uint64_t last_object_ = 1000;
  std::map<std::uint64_t, std::uint64_t> released_;
  std::map<std::uint64_t, std::uint64_t> heard_released_;
};

BOOST_AUTO_TEST_CASE(every_call_ends_once_whatever_the_order) {
  for (const auto seed : seeds(80)) {
    BOOST_TEST_MESSAGE("seed " << seed);
    BOOST_TEST_CONTEXT("GLOVEBOX_TEST_SEED=" << seed) {
      play(seed).run();
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "core/session.hpp"
#include "unit/frames.hpp"

#include <boost/test/unit_test.hpp>

#include <cstring>
#include <memory>
#include <vector>

namespace glovebox::test {

using core::frame_header;
using core::frame_kind;
using core::session;
using kind = session::event_kind;

struct test_call : core::pending_call {
  int answers = 0;
};

inline frame_header header_of(frame_kind what, std::uint64_t call = 0, std::uint64_t object = 0,
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
    const auto room = talk.reader().prepare();
    if (!data.empty()) std::memcpy(room.data(), data.data(), data.size());
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
    BOOST_REQUIRE(
        (after(header_of(frame_kind::ready, 0, 0, core::protocol_version)) == kind::ready));
  }
  void open_calls(int count) {
    for (int i = 0; i != count; ++i) {
      calls.push_back(std::make_unique<test_call>());
      talk.open(*calls.back());
    }
  }
  void send_one() { talk.send(0, core::body_encoding::binary, buffer_of("args"), {}); }
  test_call* call(std::uint64_t id) { return calls[static_cast<std::size_t>(id - 1)].get(); }
  std::vector<std::uint64_t> open_ids() const {
    std::vector<std::uint64_t> ids;
    for (const core::pending_call* each : talk.open_list()) ids.push_back(each->id);
    return ids;
  }

  std::vector<std::unique_ptr<test_call>> calls;  // ids count from 1
};

struct child_side : side {
  child_side() : side(session::role::child) {}
};

}  // namespace glovebox::test

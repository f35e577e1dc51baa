// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// The parent's end of a conversation, whatever the child sends and however it arrives in pieces.
#include "core/session.hpp"
#include "core/out_queue.hpp"
#include "fuzz/fuzz.hpp"

#include <array>
#include <memory>

namespace {

using namespace glovebox;
using namespace glovebox::fuzz;
using core::session;
using kind = session::event_kind;

limits bounds() {
  limits small;
  small.message_bytes = 256 * 1024;
  small.attachments = 16;
  small.descriptors = 4;
  small.callback_depth = 3;
  return small;
}

struct plan {
  std::uint8_t calls = 0;        // open ones
  std::uint8_t sent = 0;         // of each kind
  std::uint8_t withdrawn = 0;    // a bit for each
  std::uint8_t descriptors = 0;  // that come with each piece; 7: a set that was lost
  bool answer_callbacks = false;
};

struct open_call : core::pending_call {
  bool waits = true;
};

std::uint64_t hash(view data, std::uint64_t before) {
  for (const std::byte each : data)
    before = (before ^ std::to_integer<std::uint64_t>(each)) * 0x100000001b3u;
  return before;
}

class parent {
 public:
  explicit parent(const plan& chosen)
      : plan_(chosen), talk_(session::role::parent, out_, bounds()) {
    talk_.define(0, {});
    for (std::uint8_t i = 0; i != plan_.calls; ++i) {
      calls_.push_back(std::make_unique<open_call>());
      talk_.open(*calls_.back(), i % 4 == 3);
    }
    for (std::uint8_t i = 0; i < plan_.sent && talk_.unsent(); ++i)
      talk_.send(0, core::body_encoding::binary, {}, {});
    for (std::uint8_t i = 0; i != plan_.calls; ++i) {
      if ((plan_.withdrawn >> i & 1) == 0) continue;
      talk_.withdraw(calls_[i]->id);
      calls_[i]->waits = false;
    }
  }

  /// What happened, in numbers.
  std::vector<std::uint64_t> hear(view stream, std::size_t piece) {
    while (!stream.empty() && !over_) {
      const std::span<std::byte> room = talk_.reader().prepare();
      require(!room.empty(), "no room for a read");
      const std::size_t size = std::min({room.size(), stream.size(), piece});
      std::memcpy(room.data(), stream.data(), size);
      std::memset(room.data() + size, 0xEE, std::min<std::size_t>(room.size() - size, 64));
      add_descriptors();
      talk_.reader().commit(size);
      stream = stream.subspan(size);
      while (take_event()) continue;
    }
    check_end();
    return std::move(log_);
  }

 private:
  void add_descriptors() {
    auto& arrived = talk_.reader().arrived();
    if (plan_.descriptors == 7) return talk_.reader().descriptors_lost();
    for (std::uint8_t i = 0; i != plan_.descriptors; ++i)
      arrived.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  }

  bool take_event() {
    session::event event;
    talk_.next(event);
    if (event.kind == kind::none) return false;
    log_.push_back(static_cast<std::uint64_t>(event.kind));
    if (event.kind == kind::violation) {
      require(!event.why.empty(), "a violation without a reason");
      log_.push_back(hash(std::as_bytes(std::span(event.why)), 0));
      over_ = true;
      talk_.next(event);
      require(event.kind == kind::violation, "a session that goes on after a violation");
      return false;
    }
    note(event.frame);
    if (event.kind == kind::reply || event.kind == kind::error) answered(event);
    if (event.kind == kind::callback) called_back(event);
    return true;
  }

  void note(const core::frame_view& frame) {
    std::uint64_t sum = hash(core::to_wire(frame.header), 1);
    sum = hash(frame.body, sum);
    std::size_t size = frame.body.size();
    for (const view each : frame.attachments) {
      sum = hash(each, sum);
      size += each.size();
    }
    require(size + 8 * frame.attachments.size() == frame.header.payload,
            "a frame whose parts are not all of it");
    require(frame.descriptors.empty() || frame.descriptors.size() == frame.attachments.size(),
            "descriptors of other attachments");
    log_.push_back(sum);
  }

  void answered(const session::event& event) {
    for (const auto& each : calls_) {
      if (event.call != each.get()) continue;
      require(each->waits && each->id == event.frame.header.call, "an answer to another call");
      each->waits = false;
      return;
    }
    require(false, "an answer to no call");
  }

  void called_back(const session::event& event) {
    const std::uint64_t number = event.frame.header.object;
    require(talk_.open_callbacks() <= bounds().callback_depth, "too many open callbacks");
    if (!plan_.answer_callbacks) return;
    if (number % 2 == 0)
      talk_.callback_reply(number, core::body_encoding::binary, {}, {});
    else
      talk_.callback_error(number, {});
    require(talk_.open_callbacks() == 0, "a callback that is still open");
  }

  void check_end() {
    talk_.flush_releases();
    std::size_t waiting = 0;
    for (const auto& each : calls_) waiting += each->waits;
    require(talk_.open_calls() == waiting, "a call was lost, or ended twice");
    require(talk_.close().size() == waiting, "another number of calls at the end");
    require(talk_.open_calls() == 0, "calls that stay open");
    check_sent();
  }

  // What was sent is whole frames.
  void check_sent() {
    core::frame_reader reader;
    core::frame_view frame;
    std::array<iovec, 16> pieces;
    while (!out_.empty()) {
      const iovec first = out_.gather(pieces).front();
      const std::span<std::byte> room = reader.prepare();
      const std::size_t size = std::min(room.size(), first.iov_len);
      std::memcpy(room.data(), first.iov_base, size);
      reader.commit(size);
      out_.consume(size);
      auto outcome = core::frame_reader::outcome::frame;
      while (outcome == core::frame_reader::outcome::frame) outcome = reader.next(frame);
      require(outcome == core::frame_reader::outcome::need_more, "a frame that nobody accepts");
    }
    require(reader.pending() == 0, "a frame without its end");
  }

  plan plan_;
  core::out_queue out_;
  session talk_;
  std::vector<std::unique_ptr<open_call>> calls_;
  std::vector<std::uint64_t> log_;
  bool over_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  input from(data, size);
  plan chosen;
  chosen.calls = from.byte() % 9;
  chosen.sent = from.byte() % 9;
  chosen.withdrawn = from.byte();
  const std::uint8_t choices = from.byte();
  chosen.answer_callbacks = (choices & 1) != 0;
  chosen.descriptors = (choices & 2) != 0 ? choices >> 5 : 0;
  const std::size_t piece = std::size_t{1} + from.byte();
  const bytes stream = exact(from.rest());

  const int lowest = lowest_free_descriptor();
  const auto cut = parent(chosen).hear(stream, piece);
  require(lowest_free_descriptor() == lowest, "a descriptor was left open");
  // Which frames descriptors belong to depends on when they come.
  if (chosen.descriptors == 0)
    require(cut == parent(chosen).hear(stream, stream.size()), "how it arrives makes a difference");
  return 0;
}

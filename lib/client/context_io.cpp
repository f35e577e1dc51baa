// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "client/context_impl.hpp"
#include "transport/shared_memory.hpp"
#include "transport/socket.hpp"

#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace glovebox::client {
namespace {

constexpr int rounds_a_turn = 16;  // then others have their turn

// What this thread is resuming. A handler that runs the loop itself makes another one inside.
struct delivery {
  const context_impl* of;
  bool more;  // handlers follow the one that runs
  delivery* outer;
};
// Without a function call, which finding it in a library that was loaded later would take.
[[gnu::tls_model("initial-exec")]] thread_local delivery* current_delivery = nullptr;

}  // namespace

void context_impl::read_channel(lock_type& lock, completions& done, bool to_the_end) {
  // A dead child's channel holds a finite rest; a process it left behind may still write, so the
  // rest is bounded too.
  const std::uint64_t most = position_ + options_.limits.message_bytes + out_.bytes() + (1u << 20);
  for (int round = 0; to_the_end ? position_ < most : round < rounds_a_turn; ++round) {
    if (!channel_ || eof_ || (unnamed_ && !to_the_end) || !hear_of_copy(done)) return;
    const std::span<std::byte> room = session_.reader().prepare();
    const auto result = transport::receive_some(channel_->native_handle(), room,
                                                session_.reader().arrived(), MSG_DONTWAIT);
    if (result.error == EAGAIN) return;
    if (result.error != 0 || result.bytes == 0) {
      eof_ = true;
      return;
    }
    stats_.bytes_received += result.bytes;
    if (result.descriptors_lost) {
      session_.reader().refuse("descriptors that were too many for this process");
      interpret(lock, done);
      return;
    }
    // What was taken from the ring before comes along the channel once more.
    const std::size_t known = std::min<std::uint64_t>(ahead_, result.bytes);
    if (known != 0) {
      ahead_ -= known;
      std::memmove(room.data(), room.data() + known, result.bytes - known);
    }
    position_ += result.bytes - known;
    session_.reader().commit(result.bytes - known);
    interpret(lock, done);
    if (result.bytes < room.size() && !to_the_end) return;
  }
}

// The kernel says which process has spoken first. Only the server's word counts for what is done to
// it, but that comes later. \returns false when there is nothing to read yet
bool context_impl::hear_of_copy(completions& done) {
  if (!awaited_) return true;
  std::int32_t error = 0;
  const pid_t pid = transport::sender_of_number(channel_->native_handle(), error);
  if (pid < 0) return false;
  awaited_ = false;
  transport::tell_senders(channel_->native_handle(), false);
  if (pid == 0 || error != 0) return true;  // it ends
  has_spoken_ = true;
  if (!process_) facts_.pid = pid;
  if (has_begun()) become_ready(done);
  return true;
}

void context_impl::interpret(lock_type& lock, completions& done) {
  core::session::event event;
  for (;;) {
    session_.next(event);
    switch (event.kind) {
      case core::session::event_kind::none:
        take_answers(lock, done);
        return;
      case core::session::event_kind::ready:
        become_ready(done);
        break;
      case core::session::event_kind::callback:
        take_callback(event);
        break;
      case core::session::event_kind::let_go:
        let_go(event.frame.header.call, event.frame.header.target, event.frame.header.target + 1,
               done);
        break;
      case core::session::event_kind::late:
        unmark(event.frame.header.call);
        let_go(event.frame.header.call, event.frame.header.target, all_callables, done);
        abandoned_.erase(event.frame.header.call);
        break;
      case core::session::event_kind::reply:
      case core::session::event_kind::error:
      case core::session::event_kind::skipped:
        if (static_cast<call*>(event.call)->limits.overran) unmark(event.frame.header.call);
        let_go(event.frame.header.call, event.frame.header.target, all_callables, done);
        answers_.push_back({static_cast<call*>(event.call), event.kind, std::move(event.frame)});
        break;
      default:
        take_answers(lock, done);
        kill(core::evidence::kill::violation, "the child sent " + std::string(event.why));
        return;
    }
  }
}

// Replies that the child had committed but not sent.
void context_impl::take_ring(lock_type& lock, completions& done) {
  if (!recorder_) return;
  const std::vector<std::byte> bytes = process::unsent_replies(recorder_, position_);
  if (!eof_ && !exit_known_) ahead_ += bytes.size();
  position_ += bytes.size();
  std::span<const std::byte> rest = bytes;
  while (!rest.empty()) {
    const std::span<std::byte> room = session_.reader().prepare();
    const std::size_t size = std::min(room.size(), rest.size());
    std::memcpy(room.data(), rest.data(), size);
    session_.reader().commit(size);
    rest = rest.subspan(size);
    interpret(lock, done);
  }
}

void context_impl::read_output() {
  if (!output_ || unborn_) return;  // what it says is for the life that goes on in it
  std::array<char, 4096> buffer;
  constexpr int most_rounds = 64;
  for (int round = 0; round != most_rounds; ++round) {
    const ssize_t size = ::read(output_->native_handle(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size == 0) output_.reset();
    if (size <= 0) return;
    const std::string_view text(buffer.data(), static_cast<std::size_t>(size));
    tail_.add(text);
    if (feed_) feed_->add(text);
    if (options_.standard_error == output::tee || options_.standard_output == output::tee) {
      // Best effort, as everybody's own standard error is.
      [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
    }
  }
}

// Whether the child is waited for. A context that runs a call which was given up is idle when that
// has no deadline, and all has been sent: a child whose answers nobody reads takes nothing either.
bool context_impl::is_active() const noexcept {
  return session_.open_calls() != 0 || !abandoned_.empty() || write_armed_ ||
         state_ == context_state::starting || state_ == context_state::terminating || stopping_;
}

void context_impl::arm() {
  arm_waits();
  rest();
}

void context_impl::arm_waits() {
  if (down_ || !channel_) return;
  const bool active = is_active();
  // What a child has left behind when its end is known is read once, at the end.
  // The child may be faster than the server that says who it is: whoever has a reply may ask for
  // that.
  if (active && !unnamed_ && !eof_ && !exit_known_ && !read_armed_) {
    read_armed_ = true;
    channel_->async_wait(asio::posix::stream_descriptor::wait_read,
                         [self = self()](const asio_error_code&) {
                           completions done;
                           lock_type lock(self->lock_);
                           self->read_armed_ = false;
                           self->pump(lock, done);
                           self->deliver(lock, done);
                         });
  }
  if (active && output_ && !output_armed_ && !unborn_) {
    output_armed_ = true;
    output_->async_wait(asio::posix::stream_descriptor::wait_read,
                        [self = self()](const asio_error_code& failed) {
                          completions done;
                          lock_type lock(self->lock_);
                          self->output_armed_ = false;
                          if (!failed) self->read_output();
                          self->arm();
                        });
  }
  if (const bool wanted = needs_messages(); wanted != messages_wanted_ && link_) {
    messages_wanted_ = wanted;
    link_->want_messages(wanted);
  }
  arm_timer();
}

// An idle context waits for nothing, so that io_context::run() returns; its child's end is noticed
// with the next call. Apart from `arm`, since the handler of a reply often makes the next call:
// giving the waits up in between would cost that call two system calls.
void context_impl::rest() noexcept {
  if (down_ || !channel_ || is_active() || (!read_armed_ && !output_armed_)) return;
  try {
    read_output();  // what came with the last reply
  } catch (...) {   // no memory
    // It is still there when the next call is made.
  }
  asio_error_code ignored;
  channel_->cancel(ignored);
  if (output_) output_->cancel(ignored);
}

bool context_impl::delivers_more() const noexcept {
  for (const delivery* each = current_delivery; each; each = each->outer)
    if (each->of == this) return each->more;
  return false;
}

// Resumes what is done. The calls that several handlers make one after another are sent together,
// and the waits of a child whose last reply makes the next call are kept.
void context_impl::deliver(lock_type& lock, completions& done) {
  if (done.empty()) {
    rest();
    return;
  }
  struct scope : delivery {
    std::shared_ptr<context_impl> which;
    explicit scope(std::shared_ptr<context_impl> by)
        : delivery{by.get(), false, current_delivery}, which(std::move(by)) {
      current_delivery = this;
    }
    ~scope() {  // also when a handler throws
      current_delivery = outer;
      completions later;
      const lock_type again(which->lock_);
      try {
        if (which->held_) which->send_now(later);
      } catch (...) {
        // No memory: a flush is posted as well, and that one may say so.
      }
      which->rest();
    }
  } now(self());
  lock.unlock();
  done.run(now.more);
}

void context_impl::close_io() noexcept {
  transport::memory_owner_ended(weak_from_this());
  abandoned_.clear();
  drop_tracer();
  poller_.reset();
  channel_.reset();
  doomed_.end();
  output_.reset();
  timer_.reset();
  timer_at_ = never;
  out_.clear();
  process_ = {};
  thread_.reset();
  if (link_) {
    give_copy_up();
    link_->forget(child_);
    if (std::exchange(messages_wanted_, false)) link_->want_messages(false);
    link_.reset();
  }
}

// The fork server's messages tell that a child has started, and how it ended.
bool context_impl::needs_messages() const noexcept {
  if (state_ == context_state::terminated || exit_known_) return false;
  return !process_ || eof_ || write_failed_ || state_ == context_state::terminating;
}

context_impl::time context_impl::next_wakeup() {
  const auto living = [this](std::uint64_t id) { return watched(id) != nullptr; };
  time at = std::min({start_limit_, stop_limit_, exit_limit_, look_limit_, trace_limit_});
  // The calls of a child that is ending end with it.
  if (state_ == context_state::terminating || crash_seen_ || exit_known_) return at;
  const auto consider = [&](core::deadlines& which) {
    if (which.size() == 0) return;
    which.tidy(session_.open_calls() + abandoned_.size(), living);
    if (const auto* next = which.next(living))
      at = std::min(at, time(std::chrono::nanoseconds(next->first)));
  };
  consider(deadlines_);
  consider(run_checks_);
  consider(graces_);
  return at;
}

void context_impl::arm_timer() {
  if (!timer_) return;
  const time at = next_wakeup();
  // A timer that is armed too early is left alone: it looks, and is armed again.
  if (at == never) {
    if (timer_at_ != never) timer_->cancel();
    timer_at_ = never;
    return;
  }
  if (timer_at_ <= at) return;
  timer_at_ = at;
  timer_->expires_at(at);
  timer_->async_wait(
      [self = self(), generation = ++timer_generation_](const asio_error_code& failed) {
        completions done;
        lock_type lock(self->lock_);
        if (generation != self->timer_generation_) return;
        self->timer_at_ = never;
        if (failed) return;
        self->pump(lock, done);
        self->deliver(lock, done);
      });
}

}  // namespace glovebox::client

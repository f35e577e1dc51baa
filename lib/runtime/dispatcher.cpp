// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "runtime/dispatcher.hpp"

#include "process/copy.hpp"
#include "runtime/callbacks.hpp"
#include "runtime/child.hpp"
#include "runtime/copying.hpp"
#include "runtime/exceptions.hpp"
#include "runtime/module_loader.hpp"
#include "runtime/registry.hpp"

#include <sched.h>
#include <stdio_ext.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <optional>
#include <stdexcept>
#include <utility>

namespace glovebox::runtime {
namespace {

std::uint64_t now() noexcept {
  timespec time;
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000u +
         static_cast<std::uint64_t>(time.tv_nsec);
}

// Replies wait in the ring for company, so that many leave with one system call: as long as short
// calls follow, and no longer than the second number [ns].
constexpr std::uint64_t short_call = 10'000;
constexpr std::uint64_t longest_held = 50'000;
// Of as many calls as this [bytes] the first half is answered before the second is run, so that
// child and parent work at the same time.
constexpr std::size_t worth_halving = 1024;

}  // namespace

dispatcher::dispatcher(int channel, process::recorder_page& page, const limits& bounds)
    : channel_(channel),
      page_(page),
      limits_(bounds),
      busy_poll_(page.busy_poll),
      ring_(page, channel, bounds),
      session_(core::session::role::child, ring_, bounds),
      host_(make_cpp_host(objects_, {.load_module = &load_named_module, .bounds = bounds})),
      gone_(std::make_shared<detail::released_callables>()) {
  set_callback_port(this);
}

dispatcher::~dispatcher() {
  set_callback_port(nullptr);
}

void dispatcher::run() {
  session_.say_ready();
  core::session::event event;
  do {
    for (session_.next(event); event.kind != core::session::event_kind::none;
         session_.next(event)) {
      handle(event);
      while (!put_off_.empty()) {
        kept_frame next = std::move(put_off_.front());
        put_off_.pop_front();
        core::frame_view view = next.view();
        serve(view);
      }
    }
  } while (read_more());
}

// A copy that has registered does not greet before it has something else to say: it would wake up
// its parent for nothing.
void dispatcher::send_replies() {
  if (owes_replies()) ring_.flush();
}

bool dispatcher::read_more() {
  ended_at_ = 0;
  tell_let_go();
  send_replies();
  // A child's output must not stay in its buffers while it waits, nor be lost when it is killed.
  if (__fpending(stdout) != 0) std::fflush(stdout);
  const std::span<std::byte> room = session_.reader().prepare();
  const auto result = receive(room);
  if (result.error != 0 || result.bytes == 0) return false;
  if (result.descriptors_lost) session_.reader().descriptors_lost();
  session_.reader().commit(result.bytes);
  const std::size_t batch = session_.reader().pending();
  half_of_batch_ = batch >= worth_halving ? batch / 2 : 0;
  return true;
}

transport::io_result dispatcher::receive(std::span<std::byte> room) {
  auto& descriptors = session_.reader().arrived();
  if (busy_poll_ == 0) return transport::receive_next(channel_, room, descriptors);
  const std::uint64_t begin = now();
  if (polling_pays_) {
    do {
      const auto result = transport::receive_some(channel_, room, descriptors, MSG_DONTWAIT);
      if (result.error != EAGAIN) return result;
    } while (now() - begin < busy_poll_);
  }
  const auto result = transport::receive_next(channel_, room, descriptors);
  // Waiting that was in vain once was worth while if a little more would have done.
  polling_pays_ = now() - begin < 2 * busy_poll_;
  return result;
}

void dispatcher::handle(core::session::event& event) {
  if (event.kind != core::session::event_kind::call) ended_at_ = 0;  // it may take its time
  switch (event.kind) {
    case core::session::event_kind::define:
      define(event.frame);
      break;
    case core::session::event_kind::call:
      if (waiting_ != 0 && !core::session::is_nested(event.frame.header.call))
        put_off_.emplace_back(event.frame);
      else
        serve(event.frame);
      break;
    case core::session::event_kind::returned:
      returned_.emplace(event.frame.header.object, event.frame);
      break;
    case core::session::event_kind::misbehave:
      wrong_.try_emplace(event.frame.header.call, event.frame.header.target,
                         event.frame.header.object, channel_);
      break;
    case core::session::event_kind::release:
      objects_.release(event.frame.header.object, event.frame.header.target);
      break;
    default:
      std::fprintf(stderr, "glovebox: the parent sent %.*s\n", static_cast<int>(event.why.size()),
                   event.why.data());
      std::abort();
  }
}

void dispatcher::define(const core::frame_view& frame) {
  const std::uint32_t index = frame.header.target;
  if (index >= functions_.size()) functions_.resize(index + 1);
  function& what = functions_[index];
  try {
    what.node = &resolve_stub(frame.body.data(), frame.body.size());
  } catch (const std::exception& why) {
    what.why_not = why.what();  // said to each call of it
  }
}

// See recorder_page::skip: the order of the two steps is what makes it safe.
bool dispatcher::withdrawn(std::uint64_t id) {
  const bool nested = core::session::is_nested(id);
  if (nested) {
    const std::uint32_t depth = page_.nested_depth.load(std::memory_order_relaxed);
    page_.nested_running[depth].store(id, std::memory_order_relaxed);
    page_.nested_depth.store(depth + 1, std::memory_order_release);
  }
  (nested ? page_.last_nested_started : page_.last_started).store(id, std::memory_order_seq_cst);
  return process::unmark(page_, id);
}

void dispatcher::mark_finished(std::uint64_t id) {
  if (core::session::is_nested(id))
    page_.nested_depth.store(page_.nested_depth.load(std::memory_order_relaxed) - 1,
                             std::memory_order_release);
  else
    page_.last_finished.store(id, std::memory_order_release);
}

// Of a child that is asked to end, where nobody may think later that this call has run.
void dispatcher::leave_unstarted(std::uint64_t id) {
  const bool nested = core::session::is_nested(id);
  (nested ? page_.last_nested_started : page_.last_started).store(id - 1);
  if (nested) mark_finished(id);
  leave_child(page_);
}

void dispatcher::serve(core::frame_view& frame) {
  const std::uint64_t id = frame.header.call;
  const bool dynamic = frame.header.kind == core::frame_kind::operate;
  // The parent defines before it calls.
  if (!dynamic && frame.header.target >= functions_.size()) std::abort();
  function& what = dynamic ? operations_ : functions_[frame.header.target];
  std::uint64_t start = ended_at_ != 0 ? ended_at_ : now();
  if (owes_replies() && (what.last_cost > short_call || start - oldest_unsent_ > longest_held ||
                         session_.reader().pending() < half_of_batch_)) {
    half_of_batch_ = 0;
    ring_.flush();
    // Sending is no cost of this call: with it, a function that was long once would stay so.
    start = now();
  }
  if (!owes_replies()) oldest_unsent_ = start;
  const std::uint64_t outer_start = page_.started_at.load(std::memory_order_relaxed);
  page_.started_at.store(start, std::memory_order_relaxed);
  page_.allocation_failed.store(0, std::memory_order_relaxed);
  if (withdrawn(id)) {
    if (page_.over.load() != 0) leave_unstarted(id);
    session_.reply_skipped(id);
    mark_finished(id);
  } else {
    running_.push_back({.id = id});
    if (!wrong_.empty()) running_.back().wrong = take_wrong(id);
    if (const auto& wrong = running_.back().wrong) {
      ring_.flush();  // what was answered before is no part of it
      wrong->before_call();
    }
    dynamic ? operate(frame) : execute(what, frame);
    // What an argument that was never read names is let go as well.
    for (std::size_t i = 0; i != running_.back().callables.size(); ++i)
      if (!running_.back().callables[i]) gone_->add(id, static_cast<std::uint32_t>(i));
    running_.pop_back();
    if (stops_) stops_->ended(id);
    ended_at_ = now();
    what.last_cost = ended_at_ - start;
  }
  if (!running_.empty()) page_.started_at.store(outer_start, std::memory_order_relaxed);
}

std::optional<misbehaviour> dispatcher::take_wrong(std::uint64_t id) {
  const auto found = wrong_.extract(id);
  return found ? std::optional(found.mapped()) : std::nullopt;
}

dispatcher::reply_buffers& dispatcher::buffers() {
  while (buffers_.size() < running_.size()) buffers_.push_back(std::make_unique<reply_buffers>());
  return *buffers_[running_.size() - 1];
}

// How many of the running call's callables its function was given.
std::uint32_t dispatcher::taken() const noexcept {
  return static_cast<std::uint32_t>(running_.back().callables.size());
}

// `run` leaves the result in the buffers that it gets, and answers.
template <class Run>
void dispatcher::run_call(std::uint64_t id, const Run& run) {
  reply_buffers& into = buffers();
  into.body.clear();
  into.attachments.clear();
  try {
    run(into);
  } catch (const child_over&) {
    throw;  // as a process that ends answers nothing any more
  } catch (...) {
    answer_error(id);
  }
}

void dispatcher::execute(function& what, core::frame_view& frame) {
  run_call(frame.header.call, [&](reply_buffers& into) {
    if (!what.node) throw std::runtime_error(what.why_not);
    decoder in(frame.body, frame.attachments, limits_, frame.descriptors);
    encoder out(into.body, into.attachments, limits_);
    detail::invocation call{in, out, objects_, 0, nullptr};
    what.node->invoke(call);
    answer(frame.header.call, call.result_object, core::body_encoding::binary);
  });
}

void dispatcher::operate(core::frame_view& frame) {
  run_call(frame.header.call, [&](reply_buffers& into) {
    operation_request request;
    request.what = static_cast<op>(frame.header.target);
    request.object = frame.header.object;
    request.arguments = frame.body;
    request.attachments = frame.attachments;
    request.descriptors = frame.descriptors;
    host_->operate(request, into.body, into.attachments);
    answer(frame.header.call, 0, core::body_encoding::json);
  });
}

void dispatcher::answer(std::uint64_t id, std::uint64_t object, core::body_encoding encoding) {
  if (reborn_) {  // the call that made this process is its original's
    reborn_ = false;
    return;
  }
  if (const auto& wrong = running_.back().wrong; wrong && wrong->instead_of_answer())
    return mark_finished(id);
  auto& [body, attachments] = buffers();
  std::uint64_t payload = body.size();
  bool descriptors = false;
  for (const attachment& each : attachments) {
    payload += each.bytes.size() + sizeof(std::uint64_t);
    descriptors = descriptors || each.descriptor >= 0;
  }
  // `finished` says that the function has run to its end; a reply that leaves through the ring
  // cannot be lost after that, so it is put there first. So is what has descriptors: without them
  // nobody could say what became of it.
  const bool kept = descriptors || reply_ring::fits(payload);
  if (!kept) mark_finished(id);
  session_.reply(id, object, body, attachments, encoding, taken());
  if (kept) mark_finished(id);
  attachments.clear();  // what they own is not needed until the next call
}

void dispatcher::answer_error(std::uint64_t id) {
  if (const auto& wrong = running_.back().wrong; wrong && wrong->instead_of_answer())
    return mark_finished(id);
  const core::exception_record record = capture_current_exception();
  auto& [body, attachments] = buffers();
  body.clear();
  attachments.clear();
  encoder out(body, attachments, limits_);
  core::encode(out, record);
  session_.reply_error(id, body, attachments, taken());
  mark_finished(id);
}

std::stop_token dispatcher::stop_token() {
  if (running_.empty()) return {};
  if (!stops_) stops_.emplace(page_);
  return stops_->token(running_.back().id);
}

// ---- copies

std::uint64_t dispatcher::copy(const copy_order& order) {
  if (page_.in_process != 0)
    throw std::runtime_error(
        "this child cannot be copied: it is a thread of its parent's process "
        "(backend::in_process)");
  if (running_.size() != 1)
    throw std::runtime_error(
        "a child is copied between calls only, and this one waits in a callback");
  stops_.reset();  // its thread would be missing
  if (const std::string why = why_not_to_copy(); !why.empty()) throw std::runtime_error(why);
  run_before_copy();
  tell_let_go();
  send_replies();
  std::fflush(nullptr);  // or both would write what is left
  const pid_t server = ::getppid();
  try {
    if (process::copy_process(server) != 0) {
      if (order.answer_can_wait) ::sched_yield();  // the copy may wait for this very processor
      run_after_copy(false);
      return objects_.last_handle();
    }
  } catch (...) {
    run_after_copy(false);
    throw;
  }
  const process::copy_belongings own{order.channel.get(), order.recorder.get(),
                                     order.registration.get(), order.standard_output.get(),
                                     order.standard_error.get()};
  if (!process::settle_copy(own, server, channel_, page_)) ::_exit(127);
  live_on(order);
  if (copy_runs_hooks()) {
    run_after_copy(true);
    ring_.flush();
  }
  return 0;  // nobody is told
}

// Nothing that belongs to the original's conversation is left.
void dispatcher::live_on(const copy_order& order) {
  ring_.restart();
  session_.restart();
  half_of_batch_ = 0;
  put_off_.clear();
  returned_.clear();
  wrong_.clear();
  objects_.continue_after(order.last_handle);
  for (const auto& [handle, count] : order.references) {
    if (count > 0)
      objects_.retain(handle, static_cast<std::uint64_t>(count));
    else
      objects_.release(handle, static_cast<std::uint64_t>(-count));
  }
  session_.say_ready();
  greeting_end_ = ring_.end();
  reborn_ = true;
}

}  // namespace glovebox::runtime

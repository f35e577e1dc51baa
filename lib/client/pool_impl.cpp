// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "client/pool_impl.hpp"

#include <glovebox/failures.hpp>

#include <asio/error.hpp>
#include <asio/post.hpp>

#include <algorithm>
#include <utility>

namespace glovebox::client {
namespace {

std::int64_t count(std::chrono::steady_clock::time_point at) {
  return at.time_since_epoch().count();
}

}  // namespace

// ---- a call

pool_call::pool_call(std::shared_ptr<pool_impl> owner, detail::operation& user,
                     std::uint64_t serial)
    : operation(std::move(user.request()), user.key()),
      owner_(std::move(owner)),
      user_(user),
      serial_(serial) {}

void pool_call::resume() {
  owner_->came_back(*this);
}

// Contexts post from within submit(), where the pool's mutex may be held.
void pool_call::post() {
  struct posted {
    explicit posted(pool_call& which) : call(&which) {}
    posted(posted&& other) noexcept : call(std::exchange(other.call, nullptr)) {}
    posted& operator=(posted&&) = delete;
    ~posted() {
      if (call) call->destroy();  // the execution context is shut down
    }
    void operator()() { std::exchange(call, nullptr)->resume(); }
    pool_call* call;
  };
  asio::post(owner_->executor(), posted(*this));
}

void pool_call::destroy() noexcept {
  detail::operation& user = user_;
  owner_->drop(*this);
  delete this;
  user.destroy();
}

// ---- the pool

pool_impl::pool_impl(asio::any_io_executor executor, pool_options options)
    : executor_(std::move(executor)),
      options_(std::move(options)),
      service_(&service::of(executor_)),
      plan_({options_.size, options_.calls_per_child, options_.first_pause.count(),
             options_.longest_pause.count()}),
      children_(plan_.size()) {}

pool_impl::~pool_impl() = default;

void pool_impl::launch() {
  const std::lock_guard lock(lock_);
  timer_.emplace(executor_);
  service_->enter(self());
  start_missing();
}

void pool_impl::start_missing() {
  if (closed_ && queue_.empty()) return;
  while (const auto place = plan_.startable(count(clock::now()))) {
    child& there = children_[*place];
    there.context = std::make_shared<context_impl>(executor_, options_.child);
    there.context->launch();
    plan_.started(*place);
    ++stats_.started;
    look_after(*place);
  }
}

// Notes the end of a place's child. False when there is none to give calls to.
void pool_impl::look_after(std::size_t place) {
  if (!plan_.alive(place)) return;
  const context_impl& context = *children_[place].context;
  if (context.state() < context_state::terminating) return;
  ++stats_.terminated;
  // A child that answered once has been started well, whatever ended it later.
  plan_.gone(place, context.was_ready(), count(clock::now()));
  ++children_[place].life;  // its remaining calls come back to nobody's account
}

void pool_impl::submit(detail::operation& op) {
  completions done;
  const std::lock_guard lock(lock_);
  detail::request& what = op.request();
  if (what.encode_error) {
    done.fail(op, what.encode_error);
    return;
  }
  if (closed_ || down_) {
    done.fail(op, std::make_exception_ptr(state_error("the pool was stopped")));
    return;
  }
  // With an idle child nothing waits, so it needs no room in the queue.
  if (queue_.size() >= options_.max_queue && !(queue_.empty() && plan_.choose())) {
    ++stats_.rejected;
    done.fail(op, std::make_exception_ptr(
                      overloaded("the pool's queue is full: " + std::to_string(queue_.size()) +
                                 " calls are waiting (pool_options.max_queue); try again later")));
    return;
  }
  auto* const call = new pool_call(self(), op, ++last_serial_);
  ++stats_.calls;
  calls_.emplace(call->serial(), call);
  if (call->key() != 0) cancellable_.emplace(call->key(), call->serial());
  if (const auto timeout = call->request().options.timeout; timeout.count() > 0) {
    call->deadline = clock::now() + timeout;
    deadlines_.add(count(call->deadline), call->serial());
  }
  call->in_queue = queue_.insert(queue_.end(), call);
  dispatch(done);
  arm_timer();
}

void pool_impl::dispatch(completions&) {
  while (!queue_.empty()) {
    auto place = plan_.choose();
    while (place) {
      look_after(*place);
      if (plan_.alive(*place)) break;
      place = plan_.choose();
    }
    if (!place) {
      const std::size_t before = plan_.living();
      start_missing();
      if (plan_.living() == before) return;
      continue;
    }
    pool_call& call = *queue_.front();
    queue_.pop_front();
    give(call, *place);
  }
}

void pool_impl::give(pool_call& call, std::size_t place) {
  call.place = place;
  call.life = children_[place].life;
  plan_.given(place);
  // What is left of the deadline; judged here as well, so a moment too little does no harm.
  if (call.deadline != clock::time_point::max())
    call.request().options.timeout = std::max<std::chrono::nanoseconds>(
        call.deadline - clock::now(), std::chrono::nanoseconds(1));
  children_[place].context->submit(call);
}

void pool_impl::came_back(pool_call& call) {
  const std::shared_ptr<pool_impl> alive = self();  // the call may hold the last owner
  completions done;
  {
    const std::lock_guard lock(lock_);
    std::exception_ptr error = call.error();
    const std::size_t place = std::exchange(call.place, pool_call::nowhere);
    if (children_[place].life == call.life) {
      plan_.returned(place);
      if (!error) plan_.proved(place);
      look_after(place);
    }
    if (error && send_again(call, error)) {
      // It is older than all that were never given to a child; among the others it keeps its turn.
      const auto younger = std::find_if(queue_.begin(), queue_.end(), [&](const pool_call* other) {
        return other->serial() > call.serial();
      });
      call.in_queue = queue_.insert(younger, &call);
      if (call.deadline != clock::time_point::max())
        deadlines_.add(count(call.deadline), call.serial());
    } else {
      end(call, std::move(error), done);
    }
    if (!down_) {
      start_missing();
      dispatch(done);
      finish_stop(done);
      arm_timer();
    }
  }
  done.run();
}

// Only calls that certainly never started.
bool pool_impl::send_again(pool_call& call, const std::exception_ptr& error) {
  if (down_ || abandoned_) return false;
  const error_info info = error_of(error);
  if (info.origin != error_info::source::glovebox) return false;
  if (info.code == errc::state_error) return true;  // the context ended before it took the call
  if (info.code != errc::process_terminated || info.phase != phase::queued) return false;
  if (call.retries == options_.max_retries) return false;
  ++call.retries;
  ++stats_.retried;
  return true;
}

void pool_impl::end(pool_call& call, std::exception_ptr error, completions& done) {
  detail::operation& user = call.user();
  user.request() = std::move(call.request());
  forget(call);
  ++stats_.completed;
  if (error)
    done.fail(user, std::move(error));
  else
    done.add(user);
  delete &call;
}

void pool_impl::drop(pool_call& call) noexcept {
  const std::lock_guard lock(lock_);
  forget(call);
}

void pool_impl::forget(pool_call& call) noexcept {
  calls_.erase(call.serial());
  if (call.key() != 0) cancellable_.erase(call.key());
}

void pool_impl::cancel(std::uint64_t key, asio::cancellation_type type) {
  completions done;
  std::shared_ptr<context_impl> context;
  {
    const std::lock_guard lock(lock_);
    const auto aborted = [] {
      return std::make_exception_ptr(std::system_error(asio::error::operation_aborted));
    };
    for (auto at = stop_waiters_.begin(); at != stop_waiters_.end(); ++at)
      if ((*at)->key() == key) {
        done.fail(**at, aborted());
        stop_waiters_.erase(at);
        return;
      }
    const auto found = cancellable_.find(key);
    if (found == cancellable_.end()) return;
    pool_call& call = *calls_.at(found->second);
    if (call.place == pool_call::nowhere) {
      queue_.erase(call.in_queue);
      end(call, aborted(), done);
      return;
    }
    context = children_[call.place].context;
  }
  context->cancel(key, type);
}

// A child judges the deadlines of the calls that it has.
bool pool_impl::waits(std::uint64_t serial) const {
  const auto found = calls_.find(serial);
  return found != calls_.end() && found->second->place == pool_call::nowhere;
}

// Calls whose deadline passed while they waited for a child.
void pool_impl::expire(completions& done) {
  const std::int64_t now = count(clock::now());
  while (const auto* next =
             deadlines_.next([this](std::uint64_t serial) { return waits(serial); })) {
    if (next->first > now) return;
    pool_call& call = *calls_.at(next->second);
    deadlines_.pop();
    queue_.erase(call.in_queue);
    termination info;
    info.cause = cause::deadline;
    info.phase = phase::queued;
    info.culprit = culprit::no;
    info.method = call.request().name();
    end(call, std::make_exception_ptr(call_timeout(std::move(info), true)), done);
  }
}

void pool_impl::arm_timer() {
  if (!timer_ || down_) return;
  clock::time_point at = clock::time_point::max();
  if (!queue_.empty()) {
    if (const auto* next = deadlines_.next([this](std::uint64_t serial) { return waits(serial); }))
      at = clock::time_point(std::chrono::nanoseconds(next->first));
    if (const auto start = plan_.next_start())
      at = std::min(at, clock::time_point(std::chrono::nanoseconds(*start)));
  }
  if (at == clock::time_point::max()) {
    if (timer_at_ != at) timer_->cancel();
    timer_at_ = at;
    return;
  }
  if (timer_at_ <= at) return;
  timer_at_ = at;
  timer_->expires_at(at);
  timer_->async_wait(
      [self = self(), generation = ++timer_generation_](const asio::error_code& failed) {
        completions done;
        {
          const std::lock_guard lock(self->lock_);
          if (generation != self->timer_generation_) return;
          self->timer_at_ = clock::time_point::max();
          if (failed || self->down_) return;
          self->expire(done);
          self->start_missing();
          self->dispatch(done);
          self->finish_stop(done);
          self->arm_timer();
        }
        done.run();
      });
}

void pool_impl::stop(detail::operation& op) {
  completions done;
  const std::lock_guard lock(lock_);
  closed_ = true;
  stop_waiters_.push_back(&op);
  finish_stop(done);
}

void pool_impl::finish_stop(completions& done) {
  if (!closed_ || stop_waiters_.empty() || !calls_.empty()) return;
  for (child& each : children_)
    if (each.context) each.context->close();
  for (detail::operation* const op : std::exchange(stop_waiters_, {})) done.add(*op);
  timer_.reset();
  leave_service();
}

// From then on nobody tells when the execution context goes, and with it the service.
void pool_impl::leave_service() noexcept {
  if (service* const joined = std::exchange(service_, nullptr)) joined->leave(*this);
}

void pool_impl::close() noexcept {
  completions done;
  const std::lock_guard lock(lock_);
  if (down_) return;
  closed_ = abandoned_ = true;
  for (pool_call* const call : std::exchange(queue_, {})) {
    termination info;
    info.cause = cause::killed_by_owner;
    info.phase = phase::queued;
    info.culprit = culprit::no;
    info.method = call->request().name();
    end(*call, std::make_exception_ptr(process_terminated(std::move(info))), done);
  }
  for (child& each : children_)
    if (each.context) each.context->close();
  timer_.reset();
  // Who waits for the end is still told of it, or destroyed with the execution context.
  finish_stop(done);
  if (stop_waiters_.empty()) leave_service();
}

void pool_impl::shut_down() noexcept {
  std::list<pool_call*> waiting;
  std::vector<detail::operation*> waiters;
  {
    const std::lock_guard lock(lock_);
    down_ = closed_ = true;
    service_ = nullptr;
    waiting.swap(queue_);
    waiters.swap(stop_waiters_);
    timer_.reset();
  }
  // Calls that children have are destroyed by their contexts.
  for (pool_call* const call : waiting) call->destroy();
  for (detail::operation* const op : waiters) op->destroy();
}

pool_stats pool_impl::stats() const {
  const std::lock_guard lock(lock_);
  pool_stats now = stats_;
  now.queued = queue_.size();
  now.running = calls_.size() - queue_.size();
  for (std::size_t i = 0; i != children_.size(); ++i)
    if (plan_.alive(i) && children_[i].context->state() < context_state::terminating)
      ++now.children;
  return now;
}

}  // namespace glovebox::client

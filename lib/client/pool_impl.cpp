// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "client/pool_impl.hpp"

#include "client/aborted.hpp"
#include "client/post_resume.hpp"
#include "core/fingerprint.hpp"

#include <glovebox/failures.hpp>

#include <asio/post.hpp>

#include <algorithm>
#include <random>
#include <utility>

namespace glovebox::client {
namespace {

std::int64_t count(std::chrono::steady_clock::time_point at) {
  return at.time_since_epoch().count();
}

// A child for each call takes one, and is replaced after it.
core::pool_plan::settings plan_of(const pool_options& options) {
  const bool own = options.isolation != isolation::reuse;
  return {options.size,
          own ? 1 : options.calls_per_child,
          options.first_pause.count(),
          options.longest_pause.count(),
          own ? 1 : options.calls_per_life,
          options.restart_budget,
          options.restart_window.count()};
}

}  // namespace

// ---- a call

pool_call::pool_call(std::shared_ptr<pool_impl> owner, detail::operation& user,
                     std::uint64_t serial, bool exclusive)
    : operation(std::move(user.request()), user.key()),
      owner_(std::move(owner)),
      user_(user),
      serial_(serial),
      exclusive_(exclusive) {}

void pool_call::resume() {
  owner_->came_back(*this);
}

void pool_call::post() {
  post_resume(owner_->executor(), *this);
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
      plan_(plan_of(options_)),
      children_(plan_.size()),
      poison_({.kills = options_.poison_after, .keep = options_.poison_time.count()}),
      secret_(std::uint64_t{std::random_device()()} << 32 | std::random_device()()) {}

pool_impl::~pool_impl() = default;

void pool_impl::launch() {
  const std::lock_guard lock(lock_);
  timer_.emplace(executor_);
  service_->enter(self());
  if (options_.isolation == isolation::copy)
    make_fixture_ = [weak = std::weak_ptr(self()), prepare = options_.prepare](context first) {
      return make_fixture(weak, prepare, std::move(first));
    };
  if (options_.check && options_.check_interval.count() > 0)
    next_check_ = clock::now() + options_.check_interval;
  start_missing();
  arm_timer();
}

void pool_impl::submit(detail::operation& op) {
  enqueue(op, false);
}

void pool_impl::lease(detail::operation& op) {
  enqueue(op, true);
}

void pool_impl::enqueue(detail::operation& op, bool exclusive) {
  completions done;
  const std::lock_guard lock(lock_);
  detail::request& what = op.request();
  if (what.extras && what.extras->encode_error) {
    done.fail(op, what.extras->encode_error);
    return;
  }
  if (closed_ || down_) {
    done.fail(op, std::make_exception_ptr(state_error("the pool was stopped")));
    return;
  }
  // With an idle child nothing waits, so it needs no room in the queue.
  const auto at_once = [&] {
    return queue_.empty() && (exclusive ? plan_.choose_idle() : plan_.choose());
  };
  if (queue_.size() >= options_.max_queue && !at_once()) {
    ++stats_.rejected;
    const auto why = std::make_exception_ptr(
        overloaded("the pool's queue is full: " + std::to_string(queue_.size()) +
                   " calls are waiting (pool_options.max_queue); try again later"));
    if (options_.on_call) {
      pool_call refused(self(), op, ++last_serial_, exclusive);
      tell(pool_call_event::kind::refused, refused, why);
      what = std::move(refused.request());
    }
    done.fail(op, why);
    return;
  }
  auto* const call = new pool_call(self(), op, ++last_serial_, exclusive);
  ++stats_.calls;
  calls_.emplace(call->serial(), call);
  if (call->key() != 0) cancellable_.emplace(call->key(), call->serial());
  if (const auto timeout = call->request().options.timeout; timeout.count() > 0)
    call->deadline = clock::now() + timeout;
  wait_in_queue(*call, queue_.end());
  dispatch(done);
  arm_timer();
}

void pool_impl::wait_in_queue(pool_call& call, queue::iterator before) {
  queue_.insert(before, call);
  const bool limited = options_.queue_timeout.count() > 0;
  if (limited || options_.on_call) call.queued_at = clock::now();
  if (limited) call.queue_limit = call.queued_at + options_.queue_timeout;
  const auto limit = std::min(call.deadline, call.queue_limit);
  if (limit != pool_call::time::max()) deadlines_.add(count(limit), call.serial());
}

void pool_impl::dispatch(completions& done) {
  while (!queue_.empty()) {
    pool_call& call = queue_.front();
    if (!poison_.empty() && refuse_poison(call, done)) continue;
    const auto choose = [&] { return call.exclusive() ? plan_.choose_idle() : plan_.choose(); };
    auto place = choose();
    while (place) {
      look_after(*place);
      if (plan_.alive(*place)) break;
      place = choose();
    }
    if (!place) {
      const std::size_t before = plan_.living();
      start_missing();
      if (plan_.living() == before) return;
      continue;
    }
    queue_.pop_front();
    if (call.exclusive())
      hand_over(call, *place, done);
    else
      give(call, *place);
  }
}

void pool_impl::give(pool_call& call, std::size_t place) {
  call.place = place;
  call.life = children_[place].life;
  call.child = children_[place].context;
  plan_.given(place);
  // What is left of the deadline; judged here as well, so a moment too little does no harm.
  if (call.deadline != clock::time_point::max())
    call.request().options.timeout = std::max<std::chrono::nanoseconds>(
        call.deadline - clock::now(), std::chrono::nanoseconds(1));
  if (options_.on_call) {
    call.given_at = clock::now();
    tell(pool_call_event::kind::started, call, nullptr);
  }
  children_[place].context->submit(call);
}

void pool_impl::came_back(pool_call& call) {
  const std::shared_ptr<pool_impl> alive = self();  // the call may hold the last owner
  completions done;
  {
    const std::lock_guard lock(lock_);
    std::exception_ptr error = call.error();
    if (error && poison_.used()) note_victim(call, error);
    const std::size_t place = call.place;
    if (children_[place].life == call.life) {
      plan_.returned(place);
      if (error)
        look_after(place);
      else
        plan_.proved(place);
      replace_if_worn_out(place);
    }
    if (error && send_again(call, error)) {
      call.place = pool_call::nowhere;
      // It is older than all that were never given to a child; among the others it keeps its turn.
      const auto younger = std::find_if(queue_.begin(), queue_.end(), [&](const pool_call& other) {
        return other.serial() > call.serial();
      });
      wait_in_queue(call, younger);
    } else {
      end(call, std::move(error), done);
    }
    go_on(done);
  }
  done.run();
}

void pool_impl::go_on(completions& done) {
  if (down_) return;
  start_missing();
  dispatch(done);
  finish_stop(done);
  arm_timer();
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
  if (options_.on_call)
    tell(call.place == pool_call::nowhere ? pool_call_event::kind::refused
                                          : pool_call_event::kind::ended,
         call, error);
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
      leave_queue(call);
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

// Calls whose time has passed while they waited for a child.
void pool_impl::expire(completions& done) {
  const clock::time_point now = clock::now();
  while (const auto* next =
             deadlines_.next([this](std::uint64_t serial) { return waits(serial); })) {
    if (next->first > count(now)) return;
    pool_call& call = *calls_.at(next->second);
    deadlines_.pop();
    std::exception_ptr why;
    if (call.deadline <= now) {
      termination info;
      info.cause = cause::deadline;
      info.phase = phase::queued;
      info.culprit = culprit::no;
      info.method = call.request().name();
      why = std::make_exception_ptr(call_timeout(std::move(info), true));
    } else if (call.queue_limit <= now) {
      ++stats_.rejected;
      const auto limit = std::chrono::ceil<std::chrono::milliseconds>(options_.queue_timeout);
      why = std::make_exception_ptr(
          overloaded("no child was free for " + std::to_string(limit.count()) +
                     " ms (pool_options.queue_timeout); try again later"));
    } else {
      continue;  // of an earlier wait of the same call
    }
    leave_queue(call);
    end(call, std::move(why), done);
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
  if (!closed_) at = std::min(at, next_check_);
  if (!stop_waiters_.empty()) at = std::min(at, drain_limit_);
  if (at == clock::time_point::max()) {
    if (timer_at_ != at) timer_->cancel();
    timer_at_ = at;
    return;
  }
  if (timer_at_ <= at) return;
  timer_at_ = at;
  timer_->expires_at(at);
  timer_->async_wait(
      [self = self(), generation = ++timer_generation_](const asio_error_code& failed) {
        completions done;
        {
          const std::lock_guard lock(self->lock_);
          if (generation != self->timer_generation_) return;
          self->timer_at_ = clock::time_point::max();
          if (failed || self->down_) return;
          self->expire(done);
          self->check_idle();
          if (clock::now() >= self->drain_limit_) self->abandon(done);
          self->go_on(done);
        }
        done.run();
      });
}

void pool_impl::stop(detail::operation& op) {
  completions done;
  const std::lock_guard lock(lock_);
  if (!closed_ && options_.drain_timeout.count() > 0)
    drain_limit_ = clock::now() + options_.drain_timeout;
  closed_ = true;
  stop_waiters_.push_back(&op);
  finish_stop(done);
  arm_timer();
}

void pool_impl::finish_stop(completions& done) {
  if (!closed_ || stop_waiters_.empty() || !calls_.empty()) return;
  if (const std::lock_guard held(leases_lock_); !leases_.empty() && !abandoned_) return;
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
  abandon(done);
  timer_.reset();  // it must not outlive its execution context, of whose end nobody tells any more
  // Who waits for the end is still told of it, or destroyed with the execution context.
  finish_stop(done);
  if (stop_waiters_.empty()) leave_service();
}

// Ends the children, and with them all calls.
void pool_impl::abandon(completions& done) {
  closed_ = abandoned_ = true;
  drain_limit_ = clock::time_point::max();
  while (!queue_.empty()) {
    pool_call& call = queue_.front();
    queue_.pop_front();
    termination info;
    info.cause = cause::killed_by_owner;
    info.phase = phase::queued;
    info.culprit = culprit::no;
    info.method = call.request().name();
    end(call, std::make_exception_ptr(process_terminated(std::move(info))), done);
  }
  for (child& each : children_)
    if (each.context) each.context->close();
  fixture_ = {};
  if (timer_) timer_->cancel();
  timer_at_ = clock::time_point::max();
}

void pool_impl::shut_down() noexcept {
  queue waiting;
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
  while (!waiting.empty()) {
    pool_call& call = waiting.front();
    waiting.pop_front();
    call.destroy();
  }
  for (detail::operation* const op : waiters) op->destroy();
}

// ---- what can be seen of it

void pool_impl::tell(pool_call_event::kind what, const pool_call& call,
                     const std::exception_ptr& error) {
  if (call.exclusive()) return;  // a lease is no call
  pool_call_event event{.what = what,
                        .call = call.serial(),
                        .method = std::string(const_cast<pool_call&>(call).request().name()),
                        .child = 0,
                        .error = error};
  const auto now = clock::now();
  if (call.place == pool_call::nowhere) {
    if (call.queued_at != pool_call::time()) event.waited = now - call.queued_at;
  } else {
    if (const auto context = call.child.lock()) event.child = context->pid();
    event.waited = call.given_at - call.queued_at;
    if (what != pool_call_event::kind::started) event.ran = now - call.given_at;
  }
  asio::post(executor_,
             [self = self(), event = std::move(event)] { self->options_.on_call(event); });
}

pool_stats pool_impl::stats() const {
  const std::lock_guard lock(lock_);
  pool_stats now = stats_;
  now.queued = queue_.size();
  now.running = calls_.size() - queue_.size();
  for (std::size_t i = 0; i != children_.size(); ++i)
    if (plan_.alive(i) && children_[i].context->state() < context_state::terminating)
      ++now.children;
  const std::lock_guard held(leases_lock_);
  now.leased = leases_.size();
  return now;
}

}  // namespace glovebox::client

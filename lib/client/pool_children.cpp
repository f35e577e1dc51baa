// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "client/pool_impl.hpp"

#include <asio/co_spawn.hpp>
#include <asio/post.hpp>

#include <algorithm>
#include <utility>

namespace glovebox::client {

void pool_impl::start_missing() {
  if (closed_ && queue_.empty()) return;
  if (plan_.living() == plan_.size()) return;  // the clock is not free
  while (const auto place = plan_.startable(clock::now().time_since_epoch().count())) {
    child& there = children_[*place];
    const bool copies = options_.isolation == isolation::copy;
    if (fixture_ && fixture_.ended()) fixture_ = {};
    // One child is made ready for all.
    if (copies && !fixture_ && fixture_place_ != nowhere) return;
    if (copies && fixture_) {
      there.context = std::static_pointer_cast<context_impl>(fixture_.home()->revive());
    } else {
      there.context = std::make_shared<context_impl>(executor_, options_.child);
      there.context->launch();
    }
    plan_.started(*place);
    ++stats_.started;
    there.preparing = copies ? !fixture_ : static_cast<bool>(options_.prepare);
    if (there.preparing) {
      plan_.reserve(*place);
      if (copies) fixture_place_ = *place;
      run_for(*place, copies ? make_fixture_ : options_.prepare, {}, &pool_impl::prepared);
    }
    look_after(*place);
  }
}

// Notes the end of a place's child.
void pool_impl::look_after(std::size_t place) {
  if (!plan_.alive(place)) return;
  child& there = children_[place];
  if (there.context->state() < context_state::terminating) return;
  ++stats_.terminated;
  // A child that answered once has been started well, whatever ended it later.
  plan_.gone(place, there.context->was_ready() && !there.preparing,
             clock::now().time_since_epoch().count());
  ++there.life;  // its remaining calls come back to nobody's account
  if (fixture_place_ == place) fixture_place_ = nowhere;
}

// Ends a child that is not to be used any more.
void pool_impl::replace(std::size_t place) {
  child& there = children_[place];
  there.context->close();
  plan_.retired(place, clock::now().time_since_epoch().count());
  ++there.life;
}

void pool_impl::replace_if_worn_out(std::size_t place) {
  if (!plan_.worn_out(place)) return;
  ++stats_.recycled;
  replace(place);
}

// What children are copies of: one that `prepare` has made ready, as it is then.
asio::awaitable<void> pool_impl::make_fixture(std::weak_ptr<pool_impl> pool,
                                              std::function<asio::awaitable<void>(context)> prepare,
                                              context child) {
  if (prepare) co_await prepare(child);
  glovebox::snapshot made = co_await child.snapshot();
  if (const auto self = pool.lock()) {
    const std::lock_guard lock(self->lock_);
    self->fixture_ = std::move(made);
  }
}

// The user's function runs under no lock, and is over when `then` is called.
void pool_impl::run_for(std::size_t place, const user_function& what, call_options options,
                        void (pool_impl::*then)(std::size_t, std::uint64_t, std::exception_ptr)) {
  const child& there = children_[place];
  asio::post(executor_, [self = self(), place, life = there.life, context = there.context, &what,
                         options, then] {
    const auto over = [self, place, life, then](std::exception_ptr failed) {
      ((*self).*then)(place, life, std::move(failed));
    };
    try {
      asio::co_spawn(self->executor_, what(glovebox::context(context).with(options)), over);
    } catch (...) {
      over(std::current_exception());
    }
  });
}

void pool_impl::prepared(std::size_t place, std::uint64_t life, std::exception_ptr failed) {
  completions done;
  {
    const std::lock_guard lock(lock_);
    if (down_) return;
    child& there = children_[place];
    const bool same = there.life == life;
    if (same && fixture_place_ == place) fixture_place_ = nowhere;
    if (!failed) {
      if (same) {
        there.preparing = false;
        plan_.released(place);
      }
    } else {
      ++stats_.unwell;
      if (same) {
        there.context->close();
        plan_.gone(place, false, clock::now().time_since_epoch().count());
        ++there.life;
      }
      // What waits cannot wait for ever, unless another child will take it.
      const bool alone =
          std::none_of(children_.begin(), children_.end(), [this](const child& each) {
            const auto other = static_cast<std::size_t>(&each - children_.data());
            return plan_.alive(other) && !each.preparing;
          });
      for (auto at = queue_.begin(); alone && at != queue_.end();) {
        pool_call& call = *at++;
        if (call.retries++ < options_.max_retries) continue;
        leave_queue(call);
        end(call, failed, done);
      }
    }
    go_on(done);
  }
  done.run();
}

void pool_impl::check_idle() {
  const auto now = clock::now();
  if (now < next_check_ || closed_) return;
  next_check_ = now + options_.check_interval;
  for (std::size_t place = 0; place != children_.size(); ++place) {
    look_after(place);
    if (!plan_.idle(place)) continue;
    plan_.reserve(place);
    run_for(place, options_.check, {.timeout = options_.check_timeout}, &pool_impl::checked);
  }
}

void pool_impl::checked(std::size_t place, std::uint64_t life, std::exception_ptr failed) {
  completions done;
  {
    const std::lock_guard lock(lock_);
    if (down_) return;
    if (failed) ++stats_.unwell;
    if (children_[place].life == life) {
      if (failed)
        replace(place);
      else
        plan_.released(place);
    }
    go_on(done);
  }
  done.run();
}

// ---- leases

void pool_impl::hand_over(pool_call& call, std::size_t place, completions& done) {
  const child& there = children_[place];
  plan_.reserve(place);
  const std::uint64_t ticket = call.serial();
  {
    const std::lock_guard held(leases_lock_);
    leases_.emplace(ticket,
                    held_child{place, there.life, there.context, there.context->stats().calls});
  }
  call.place = place;
  call.life = there.life;
  if (options_.on_call) call.given_at = clock::now();
  const std::shared_ptr<detail::target> from = self();
  call.take({.body = {}, .attachments = {}, .object = ticket, .limits = bounds(), .from = from});
  end(call, nullptr, done);
}

std::shared_ptr<detail::context_target> pool_impl::leased(std::uint64_t ticket) {
  const std::lock_guard held(leases_lock_);
  const auto found = leases_.find(ticket);
  return found == leases_.end() ? nullptr : found->second.context;
}

void pool_impl::end_lease(std::uint64_t ticket, bool clean) noexcept {
  completions done;  // posted: a lease may be destroyed anywhere
  const std::lock_guard lock(lock_);
  std::optional<held_child> ended;
  {
    const std::lock_guard held(leases_lock_);
    const auto found = leases_.find(ticket);
    if (found == leases_.end()) return;
    ended = std::move(found->second);
    leases_.erase(found);
  }
  if (down_) return;
  const std::size_t place = ended->place;
  if (children_[place].life == ended->life) {
    look_after(place);
    if (plan_.alive(place)) {
      plan_.released(place);
      plan_.took(place, ended->context->stats().calls - ended->calls_before);
      if (clean)
        replace_if_worn_out(place);
      else
        replace(place);
    }
  }
  go_on(done);
}

}  // namespace glovebox::client

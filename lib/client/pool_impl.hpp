// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "client/completions.hpp"
#include "client/context_impl.hpp"
#include "client/service.hpp"
#include "core/deadlines.hpp"
#include "core/poison_list.hpp"
#include "core/pool_plan.hpp"

#include <glovebox/context.hpp>
#include <glovebox/detail/pool_target.hpp>
#include <glovebox/snapshot.hpp>

#include <asio/steady_timer.hpp>

#include <boost/intrusive/list.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

namespace glovebox::client {

class pool_impl;

/// A call on its way through a pool: stands between the user's operation and the children, keeps
/// the request so that it can be sent again, and comes back to the pool when a child is done.
class pool_call final : public detail::operation, public boost::intrusive::list_base_hook<> {
 public:
  /// \param exclusive whether it wants a child to itself instead of running in one
  pool_call(std::shared_ptr<pool_impl> owner, detail::operation& user, std::uint64_t serial,
            bool exclusive);

  void take(const detail::answer& from) override { user_.take(from); }
  void resume() override;
  void post() override;
  void destroy() noexcept override;

  std::exception_ptr error() noexcept { return std::exchange(error_, nullptr); }
  detail::operation& user() noexcept { return user_; }
  std::uint64_t serial() const noexcept { return serial_; }
  bool exclusive() const noexcept { return exclusive_; }

  using time = std::chrono::steady_clock::time_point;
  static constexpr std::size_t nowhere = ~std::size_t{0};
  std::size_t place = nowhere;        // the child that has it
  std::uint64_t life = 0;             // of which generation
  std::weak_ptr<context_impl> child;  // that generation, also when the place has another one
  std::uint32_t retries = 0;
  std::optional<std::uint64_t> fingerprint;  // once it was asked for
  time deadline = time::max();
  time queue_limit = time::max();
  time queued_at{}, given_at{};  // for pool_options::on_call

 private:
  std::shared_ptr<pool_impl> owner_;
  detail::operation& user_;
  std::uint64_t serial_;
  bool exclusive_;
};

/// The pool behind its handles: a queue, the plan, and a context a place. All behind one mutex,
/// which is taken before a context's.
class pool_impl final : public detail::pool_target, public participant {
 public:
  pool_impl(asio::any_io_executor executor, pool_options options);
  ~pool_impl() override;
  void launch();

  // ---- target
  void submit(detail::operation& op) override;
  void cancel(std::uint64_t key, asio::cancellation_type type) override;
  void release(std::uint64_t) noexcept override {}
  const asio::any_io_executor& executor() const noexcept override { return executor_; }
  std::string describe() const override { return "a pool, whose calls go to any child"; }
  const limits& bounds() const noexcept override { return options_.child.limits; }

  // ---- pool_target
  void lease(detail::operation& op) override;
  std::shared_ptr<detail::context_target> leased(std::uint64_t ticket) override;
  void end_lease(std::uint64_t ticket, bool clean) noexcept override;
  void stop(detail::operation& op) override;
  void close() noexcept override;
  pool_stats stats() const override;

  // ---- participant
  void shut_down() noexcept override;

  /// A child is done with a call, or its context has refused it.
  void came_back(pool_call& call);
  /// A call is destroyed with its execution context.
  void drop(pool_call& call) noexcept;

 private:
  using clock = std::chrono::steady_clock;
  using user_function = std::function<asio::awaitable<void>(context)>;
  struct child {
    std::shared_ptr<context_impl> context;
    std::uint64_t life = 0;
    bool preparing = false;
  };
  using queue = boost::intrusive::list<pool_call>;
  static constexpr std::size_t nowhere = ~std::size_t{0};
  struct held_child {
    std::size_t place;
    std::uint64_t life;
    std::shared_ptr<context_impl> context;
    std::uint64_t calls_before;
  };

  std::shared_ptr<pool_impl> self() {
    return std::static_pointer_cast<pool_impl>(shared_from_this());
  }

  // pool_children.cpp: each of them
  void start_missing();
  void look_after(std::size_t place);
  void replace(std::size_t place);
  void replace_if_worn_out(std::size_t place);
  void run_for(std::size_t place, const user_function& what, call_options options,
               void (pool_impl::*then)(std::size_t, std::uint64_t, std::exception_ptr));
  static asio::awaitable<void> make_fixture(std::weak_ptr<pool_impl> pool, user_function prepare,
                                            context child);
  void prepared(std::size_t place, std::uint64_t life, std::exception_ptr failed);
  void check_idle();
  void checked(std::size_t place, std::uint64_t life, std::exception_ptr failed);
  void hand_over(pool_call& call, std::size_t place, completions& done);

  // pool_impl.cpp: calls
  void enqueue(detail::operation& op, bool exclusive);
  void go_on(completions& done);
  void dispatch(completions& done);
  void wait_in_queue(pool_call& call, queue::iterator before);
  void leave_queue(pool_call& call) noexcept { queue_.erase(queue_.iterator_to(call)); }
  void give(pool_call& call, std::size_t place);
  bool send_again(pool_call& call, const std::exception_ptr& error);
  void end(pool_call& call, std::exception_ptr error, completions& done);
  void forget(pool_call& call) noexcept;
  std::uint64_t fingerprint_of(pool_call& call) const;
  bool refuse_poison(pool_call& call, completions& done);
  void note_victim(pool_call& call, const std::exception_ptr& error);
  bool waits(std::uint64_t serial) const;
  void expire(completions& done);
  void arm_timer();
  void abandon(completions& done);
  void finish_stop(completions& done);
  void leave_service() noexcept;
  void tell(pool_call_event::kind what, const pool_call& call, const std::exception_ptr& error);

  mutable std::mutex lock_;
  const asio::any_io_executor executor_;
  const pool_options options_;
  service* service_;
  bool closed_ = false;     // takes no calls
  bool abandoned_ = false;  // nobody owns it any more: its children are killed
  bool down_ = false;
  core::pool_plan plan_;
  std::vector<child> children_;
  user_function make_fixture_;  // with isolation::copy
  glovebox::snapshot fixture_;
  std::size_t fixture_place_ = nowhere;                  // whose child is being made ready for it
  queue queue_;                                          // of those that are nowhere
  std::unordered_map<std::uint64_t, pool_call*> calls_;  // by serial: all that are open
  std::unordered_map<std::uint64_t, std::uint64_t> cancellable_;  // operation key -> serial
  core::deadlines deadlines_;                                     // of those that wait
  core::poison_list poison_;
  const std::uint64_t secret_;  // of the fingerprints
  clock::time_point next_check_ = clock::time_point::max();
  clock::time_point drain_limit_ = clock::time_point::max();
  std::optional<asio::steady_timer> timer_;
  clock::time_point timer_at_ = clock::time_point::max();
  std::uint64_t timer_generation_ = 0;
  std::vector<detail::operation*> stop_waiters_;
  std::uint64_t last_serial_ = 0;
  pool_stats stats_;
  mutable std::mutex leases_lock_;                        // taken after the other
  std::unordered_map<std::uint64_t, held_child> leases_;  // by ticket
};

}  // namespace glovebox::client

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "soak/cycle.hpp"
#include "support/faults.hpp"

#include <glovebox/glovebox.hpp>

#include <signal.h>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/error.hpp>
#include <asio/post.hpp>
#include <asio/strand.hpp>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace soak {

void ledger::crashed(const std::string& kind) {
  ++crashes;
  const std::lock_guard lock(mutex_);
  ++kinds_[kind];
}

void ledger::complain(std::uint64_t cycle, const std::string& what) {
  const std::lock_guard lock(mutex_);
  std::printf("cycle %llu (--seed %llu --only %llu): %s\n", static_cast<unsigned long long>(cycle),
              static_cast<unsigned long long>(seed), static_cast<unsigned long long>(cycle),
              what.c_str());
  std::fflush(stdout);
}

std::map<std::string, std::uint64_t> ledger::kinds() const {
  const std::lock_guard lock(mutex_);
  return kinds_;
}

namespace {

using namespace glovebox;
using namespace std::chrono_literals;
using glovebox::test::all_faults;
using glovebox::test::fault;

// ---- in the child

int commit(const std::string& what, int n) {
  glovebox::test::commit_fault(what);
  return n;
}
std::string twice(const std::string& text) {
  return text + text;
}
int ask(const std::function<int(int)>& parent, int n) {
  return parent(n) + 1;
}
generator<int> count() {
  for (int i = 0;; ++i) co_yield i;
}
struct counter {
  int value = 0;
  int add(int n) { return value += n; }
};

// ---- a call, and how it may end

/// What happens to a child besides its calls.
enum class fate : std::uint8_t { fault, dropped, killed, stopped, shot };

/// Ends that are right for some call.
struct allowed {
  bool value = false;            // its result
  bool aborted = false;          // it was cancelled
  bool timed_out = false;        // its own deadline passed
  bool late = false;             // the child was gone when it was made
  bool fault = false;            // it is the one that ends the child
  bool dies = false;             // with the child
  phase where = phase::unknown;  // unknown: any
};

struct planned {
  const fault* what = nullptr;
  fate end = fate::fault;
  bool fault_may_not_happen = false;  // its call may be withdrawn, or cancelled with its child
  // A call that is made while another one calls back runs inside of it, so any may be the first.
  bool calls_back = false;

  bool in_order() const { return end == fate::fault && !fault_may_not_happen && !calls_back; }
};

bool right_cause(const planned& plan, cause why) {
  if (why == plan.what->why) return true;
  if (plan.end == fate::shot && why == cause::killed_from_outside) return true;
  const bool owner = plan.end != fate::fault || plan.fault_may_not_happen;
  return owner && why == cause::killed_by_owner;
}

/// Why that end is not right; empty: it is.
std::string judge(const planned& plan, const allowed& may, const std::exception_ptr& error) {
  const auto unless = [](bool fine, std::string what) { return fine ? std::string() : what; };
  if (!error) return unless(may.value, "it returned");
  const auto of_child = [&](const termination& info) {
    const bool fine = may.dies && right_cause(plan, info.cause) &&
                      (may.where == phase::unknown || info.phase == may.where);
    return unless(fine, info.report());
  };
  try {
    std::rethrow_exception(error);
  } catch (const process_terminated& e) {
    return of_child(e.info());
  } catch (const call_timeout& e) {
    if (may.timed_out) return {};
    return of_child(e.info());
  } catch (const state_error& e) {
    return unless(may.late, e.what());
  } catch (const std::bad_alloc& e) {
    return unless(plan.what->survives && may.fault, e.what());
  } catch (const glovebox::asio_system_error& e) {
    return unless(may.aborted && e.code() == asio::error::operation_aborted, e.what());
  } catch (const std::exception& e) {
    return e.what();
  }
}

/// One child, its calls and what is known of them.
class cycle : public std::enable_shared_from_this<cycle> {
 public:
  cycle(asio::io_context& io, ledger& of, std::uint64_t number)
      : io_(io), strand_(asio::make_strand(io)), ledger_(of), number_(number) {
    std::seed_seq seed{of.seed, number};
    random_.seed(seed);
  }
  void run();

 private:
  /// A handler of one call: it must be called once, and destroyed.
  struct tracked {
    std::shared_ptr<cycle> in;
    std::string name;
    allowed may;
    std::shared_ptr<asio::cancellation_signal> signal;  // must outlive the call
    std::shared_ptr<std::atomic<int>> times = std::make_shared<std::atomic<int>>(0);
    std::function<void()> then;

    tracked(std::shared_ptr<cycle> of, std::string what, allowed how)
        : in(std::move(of)), name(std::move(what)), may(how) {
      ++in->ledger_.handlers;
    }
    tracked(const tracked&) = delete;
    tracked(tracked&&) = default;  // leaves `in` empty
    ~tracked() {
      if (in) --in->ledger_.handlers;
    }
    template <class... R>
    void operator()(std::exception_ptr error, R&&... result) {
      in->ended(*this, error, std::forward<R>(result)...);
    }
  };

  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  bool one_in(std::uint64_t n) { return below(n) == 0; }

  auto token(tracked handler) {
    auto signal = handler.signal;
    return asio::bind_executor(
        strand_, asio::bind_cancellation_slot(signal ? signal->slot() : asio::cancellation_slot(),
                                              std::move(handler)));
  }
  tracked expect(const std::string& name, allowed may) {
    {
      const std::lock_guard lock(mutex_);
      ++running_;
    }
    ++ledger_.calls;
    return tracked(shared_from_this(), name, may);
  }
  void ended(tracked& call, const std::exception_ptr& error, auto&&... result);
  void wrong(const std::string& what) {
    ++ledger_.wrong;
    ledger_.complain(number_, what);
  }

  void plan();
  context_options options();
  void some_calls(bool behind);
  void one_call(const allowed& may);
  void call_the_fault();
  void use_objects(const allowed& may);
  void stream(const allowed& may);
  void call_back(const allowed& may);
  void leave_a_daemon(const allowed& may);
  void meet_the_fate();
  void wait();

  asio::io_context& io_;
  asio::strand<asio::io_context::executor_type> strand_;
  ledger& ledger_;
  const std::uint64_t number_;
  std::mt19937_64 random_;

  planned plan_;
  context ctx_;
  std::vector<remote<counter>> objects_;
  std::vector<std::shared_ptr<asio::cancellation_signal>> signals_;

  std::mutex mutex_;
  std::condition_variable all_over_;
  int running_ = 0;
  std::optional<life::process_watch> daemon_;
};

void cycle::ended(tracked& call, const std::exception_ptr& error, auto&&... result) {
  if (++*call.times != 1) {
    ++ledger_.doubled;
    ledger_.complain(number_, call.name + " completed again");
    return;
  }
  if (const std::string why = judge(plan_, call.may, error); !why.empty())
    wrong(call.name + " of a child that is to end by " + plan_.what->name + ": " + why);
  if constexpr (sizeof...(result) == 1) {
    const auto hear = [&]<class R>(R& value) {
      if constexpr (std::is_same_v<R, int>) {
        if (!error && call.name == "daemon") daemon_.emplace(value);
      } else if constexpr (std::is_same_v<R, std::string>) {
        if (!error && value.size() % 2 != 0) wrong(call.name + " has a wrong result");
      } else if constexpr (std::is_same_v<R, remote<counter>>) {
        if (!error) {
          const std::lock_guard lock(mutex_);
          objects_.push_back(std::move(value));
        }
      }
    };
    (hear(result), ...);
  }
  const std::lock_guard lock(mutex_);
  if (--running_ == 0) all_over_.notify_all();
}

void cycle::plan() {
  do {
    plan_.what = &all_faults()[below(all_faults().size())];
  } while (!test::ruled_out(*plan_.what).empty());
  // Most end as their fault wants.
  constexpr fate others[] = {fate::dropped, fate::killed, fate::stopped, fate::shot};
  if (one_in(8)) plan_.end = others[below(std::size(others))];
}

context_options cycle::options() {
  context_options options;
  options.standard_error = output::capture;  // last words are nothing to look at
  if (one_in(32)) options.method = start_method::spawn;
  if (plan_.what->needs_memory_limit) options.memory_limit = 64 * 1024 * 1024;
  return options;
}

void cycle::one_call(const allowed& usual) {
  allowed may = usual;
  call_options how;
  how.grace = 60s * test::time_scale;  // only a call that does not run may be withdrawn
  if (one_in(8)) {
    how.timeout = std::chrono::microseconds(below(3000));
    may.timed_out = true;
  }
  std::shared_ptr<asio::cancellation_signal> signal;
  if (one_in(8)) {
    signal = std::make_shared<asio::cancellation_signal>();
    signals_.push_back(signal);
    how.on_abandon = one_in(2) ? on_abandon::ignore : on_abandon::stop;
    may.aborted = true;
  }
  tracked handler = expect("a call", may);
  handler.signal = std::move(signal);
  const std::size_t size = one_in(16) ? below(300'000) : below(100);
  ctx_.with(how).call<&twice>(std::string(size, 'x'), token(std::move(handler)));
}

void cycle::use_objects(const allowed& may) {
  ctx_.make<counter>(token(expect("make", may)));
}

void cycle::call_back(const allowed& may) {
  ctx_.call<&ask>([](int n) { return n * 2; }, 21, token(expect("a callback", may)));
}

void cycle::leave_a_daemon(const allowed& may) {
  ctx_.call<&test::make_daemon>(token(expect("daemon", may)));
}

void cycle::stream(const allowed& usual) {
  allowed may = usual;
  may.value = may.late = may.dies = true;  // it is several calls, and some come late
  may.where = phase::unknown;
  const auto consume = [](context ctx, std::uint64_t items) -> asio::awaitable<void> {
    const item_range<int> numbers = co_await ctx.call<&count>();
    for (std::uint64_t i = 0; i != items; ++i) {
      const std::optional<int> number = co_await numbers.next();
      if (!number || *number != static_cast<int>(i)) throw std::logic_error("not the next item");
    }
  };
  asio::co_spawn(strand_, consume(ctx_, below(200)), token(expect("a stream", may)));
}

void cycle::some_calls(bool behind) {
  allowed may;
  may.value = !behind;
  if (behind) may = {.late = true, .dies = true, .where = phase::queued};
  if (plan_.what->survives) may.value = true;
  // Whatever ends the child from outside does so at any time.
  if (!plan_.in_order()) may = {.value = true, .late = true, .dies = true};
  // Once a child has lied, what it left behind is not read any more.
  if (!behind && plan_.what->why == cause::protocol_violation) may.dies = true;
  for (std::uint64_t n = below(6); n != 0; --n) {
    const std::uint64_t kind = below(12);
    if (kind == 0)
      use_objects(may);
    else if (kind == 1)
      stream(may);
    else if (kind < 5 && plan_.calls_back)
      call_back(may);
    else if (kind == 5 && !behind)
      leave_a_daemon(may);
    else
      one_call(may);
  }
}

void cycle::call_the_fault() {
  allowed may{
      .late = plan_.end != fate::fault, .fault = true, .dies = true, .where = phase::running};
  call_options how;
  if (plan_.what->hangs()) {
    how.run_timeout = std::chrono::milliseconds(1 + below(20));
    how.grace = 1ms;
  }
  std::shared_ptr<asio::cancellation_signal> signal;
  if (plan_.fault_may_not_happen) {
    signal = std::make_shared<asio::cancellation_signal>();
    signals_.push_back(signal);
    constexpr on_abandon all[] = {on_abandon::ignore, on_abandon::stop, on_abandon::kill};
    how.on_abandon = all[below(std::size(all))];
    may.aborted = true;
  }
  if (!plan_.in_order()) may.late = true, may.where = phase::unknown;
  tracked handler = expect("the fault", may);
  handler.signal = std::move(signal);
  ctx_.with(how).call<&commit>(plan_.what->name, 0, token(std::move(handler)));
}

void cycle::meet_the_fate() {
  switch (plan_.end) {
    case fate::fault:
      break;
    case fate::dropped:
      ctx_ = context();
      break;
    case fate::killed:
      ctx_.kill();
      break;
    case fate::stopped:
      ctx_.stop(token(expect("stop", {.value = true, .late = true, .dies = true})));
      break;
    case fate::shot:
      if (const pid_t pid = ctx_.pid(); pid > 0 && ctx_.state() == context_state::ready)
        ::kill(pid, SIGKILL);
      else
        ctx_.kill();
      break;
  }
}

void cycle::wait() {
  std::unique_lock lock(mutex_);
  const auto limit = 60s * test::time_scale;
  if (all_over_.wait_for(lock, limit, [this] { return running_ == 0; })) return;
  ledger_.lost += static_cast<std::uint64_t>(running_);
  ledger_.complain(number_,
                   std::to_string(running_) + " calls never completed (" + plan_.what->name + ')');
}

void cycle::run() {
  plan();
  plan_.fault_may_not_happen = plan_.end == fate::fault && one_in(8);
  plan_.calls_back = one_in(8);
  ctx_ = context(io_, options());
  some_calls(false);
  call_the_fault();
  some_calls(true);
  for (const auto& signal : signals_)
    asio::post(strand_, [signal, type = one_in(2) ? asio::cancellation_type::terminal
                                                  : asio::cancellation_type::partial] {
      signal->emit(type);
    });
  if (one_in(2)) std::this_thread::sleep_for(std::chrono::microseconds(below(5000)));
  meet_the_fate();
  // Whose fault was cancelled, the child may live, or hang.
  if (plan_.fault_may_not_happen) ctx_.kill();
  wait();
  const bool crashed = plan_.end == fate::fault && !plan_.fault_may_not_happen;
  if (crashed && !plan_.what->survives) {
    if (const auto end = ctx_.ended(); !end || end->cause != plan_.what->why)
      wrong("the context of " + plan_.what->name + " says " + (end ? end->report() : "it lives"));
    ledger_.crashed(plan_.what->name);
  }
  // Handles go before their context, behind it, or on another thread.
  if (one_in(2)) ctx_ = context();
  std::vector<remote<counter>> dropped;
  {
    const std::lock_guard lock(mutex_);
    dropped = std::move(objects_);
  }
  asio::post(io_, [dropped = std::move(dropped)] {});
  ctx_ = context();
  if (daemon_ && !daemon_->ends()) {
    ++ledger_.daemons_left;
    ledger_.complain(number_, "a grandchild of " + plan_.what->name + " was left behind");
  }
}

}  // namespace

void run_cycle(asio::io_context& io, ledger& of, std::uint64_t number) {
  std::make_shared<cycle>(io, of, number)->run();
}

}  // namespace soak

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "integration/model.hpp"
#include "integration/life.hpp"
#include "support/dice.hpp"
#include "support/faults.hpp"

#include <glovebox/glovebox.hpp>
#include <glovebox/testing.hpp>

#include <algorithm>
#include <array>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/io_context.hpp>
#include <cerrno>
#include <chrono>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <ostream>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace model_test {
namespace {

using namespace glovebox;
using namespace std::chrono_literals;

constexpr std::array<std::string_view, 30> names{
    "call_echo",   "call_gate",     "call_throwing", "call_crash",  "call_stuck",    "call_back",
    "call_nested", "make_object",   "use_object",    "drop_object", "open_stream",   "next_item",
    "drop_stream", "start",         "stop",          "kill",        "drop_context",  "new_context",
    "new_pool",    "take_snapshot", "go_back",       "revive",      "drop_snapshot", "plan_fault",
    "plan_start",  "cancel",        "open_gate",     "poll",        "run",           "destroy_io"};
static_assert(names.size() == static_cast<std::size_t>(verb::destroy_io) + 1);

// ---- in the child

int throwing(int n) {
  throw std::out_of_range(std::to_string(n));
}
int stuck(int n) {
  glovebox::test::commit_fault("endless_loop");
  return n;
}
int ask(const std::function<int(int)>& parent, int n) {
  return parent(n);
}
generator<int> count() {
  for (int i = 0;; ++i) co_yield i;
}
struct counter {
  int value = 0;
  int add(int n) { return value += n; }
};

// ---- in the parent

/// What became of one handler.
struct record {
  std::string name;
  int called = 0;
  int dropped = 0;  // destroyed, and not called
  std::shared_ptr<asio::cancellation_signal> signal = std::make_shared<asio::cancellation_signal>();
};

/// Hands on what a call that succeeded has brought.
template <class Take>
struct handler {
  std::shared_ptr<record> of;
  Take take;

  handler(std::shared_ptr<record> what, Take next) : of(std::move(what)), take(std::move(next)) {}
  handler(handler&&) = default;  // leaves `of` empty
  handler(const handler&) = delete;
  ~handler() {
    if (of && of->called == 0) ++of->dropped;
  }
  template <class... R>
  void operator()(const std::exception_ptr& error, R&&... result) {
    ++of->called;
    if (!error) take(std::forward<R>(result)...);
  }
};

class player {
 public:
  player() { contexts_.emplace_back(*io_, options()); }
  std::string run(const script& steps, std::chrono::nanoseconds patience) {
    for (const step& each : steps) {
      take(each);
      if (!io_) break;
    }
    if (io_) come_to_the_end(patience);
    io_.reset();
    for (const auto& each : calls_) {
      const bool once = each->called + each->dropped == 1;
      if (!once || (finished_ && each->called != 1))
        return each->name + " was called " + std::to_string(each->called) +
               " times, and destroyed without " + std::to_string(each->dropped) + " times";
    }
    return {};
  }

 private:
  context_options options() const {
    context_options made;
    made.standard_error = output::capture;
    made.faults = faults_;
    return made;
  }

  template <class Take>
  auto token(std::string_view name, Take take) {
    auto made = std::make_shared<record>();
    made->name = std::to_string(calls_.size()) + ' ' + std::string(name);
    calls_.push_back(made);
    return asio::bind_cancellation_slot(made->signal->slot(), handler(made, std::move(take)));
  }
  auto token(std::string_view name) {
    return token(name, [](auto&&...) {});
  }

  template <class F>
  void on_target(const step& what, F&& use) {
    const call_options how{
        .timeout = what.how % 4 == 0 ? std::chrono::microseconds(what.how * 10) : 0us,
        .grace = 1ms,
        .on_abandon = static_cast<on_abandon>(what.how % 3)};
    // What waits for another call of a pool can have all of its children waiting.
    const std::size_t pools = what.what == verb::call_nested ? 0 : pools_.size();
    if (contexts_.size() + pools == 0) return;
    const std::size_t index = what.which % (contexts_.size() + pools);
    if (index < contexts_.size())
      use(contexts_[index].with(how));
    else
      use(pools_[index - contexts_.size()].with(how));
  }
  template <class From>
  static auto* pick(From& from, std::uint32_t which) {
    return from.empty() ? nullptr : &from[which % from.size()];
  }
  template <class From>
  static void drop(From& from, std::uint32_t which) {
    if (!from.empty()) from.erase(from.begin() + static_cast<std::ptrdiff_t>(which % from.size()));
  }

  void take(const step& what);
  void call(const step& what);
  void come_to_the_end(std::chrono::nanoseconds patience);
  bool all_called() const {
    for (const auto& each : calls_)
      if (each->called + each->dropped == 0) return false;
    return true;
  }

  glovebox::test::gate door_;
  std::shared_ptr<testing::fault_plan> faults_ = std::make_shared<testing::fault_plan>();
  std::unique_ptr<asio::io_context> io_ = std::make_unique<asio::io_context>();
  std::vector<context> contexts_;
  std::vector<pool> pools_;
  std::deque<remote<counter>> objects_;
  std::deque<item_range<int>> streams_;
  std::deque<snapshot> snapshots_;
  std::vector<std::shared_ptr<record>> calls_;
  bool finished_ = false;
};

void player::call(const step& what) {
  const auto name = names[static_cast<std::size_t>(what.what)];
  on_target(what, [&](auto&& on) {
    const int n = static_cast<int>(what.which);
    switch (what.what) {
      case verb::call_echo:
        on.template call<&life::echo>(n, token(name));
        break;
      case verb::call_gate:
        on.template call<&life::pass_gate>(door_.path(), n, token(name));
        break;
      case verb::call_throwing:
        on.template call<&throwing>(n, token(name));
        break;
      case verb::call_crash:
        on.template call<&life::abort_now>(n, token(name));
        break;
      case verb::call_stuck:
        on.with({.run_timeout = 2ms, .grace = 1ms}).template call<&stuck>(n, token(name));
        break;
      case verb::call_back:
        on.template call<&ask>([](int m) { return m + 1; }, n, token(name));
        break;
      case verb::call_nested: {
        auto nested = [on](int m) -> asio::awaitable<int> {
          const int result = co_await on.template call<&life::echo>(m);
          co_return result;
        };
        on.template call<&ask>(std::move(nested), n, token(name));
        break;
      }
      default:
        break;
    }
  });
}

void player::take(const step& what) {
  const auto name = names[static_cast<std::size_t>(what.what)];
  context* const ctx = pick(contexts_, what.which);
  switch (what.what) {
    case verb::make_object:
      if (ctx)
        ctx->make<counter>(
            token(name, [this](remote<counter> made) { objects_.push_back(std::move(made)); }));
      break;
    case verb::use_object:
      if (const auto* const object = pick(objects_, what.which))
        object->call<&counter::add>(1, token(name));
      break;
    case verb::drop_object:
      drop(objects_, what.which);
      break;
    case verb::open_stream:
      if (ctx)
        ctx->call<&count>(
            token(name, [this](item_range<int> made) { streams_.push_back(std::move(made)); }));
      break;
    case verb::next_item:
      if (const auto* const stream = pick(streams_, what.which)) stream->next(token(name));
      break;
    case verb::drop_stream:
      drop(streams_, what.which);
      break;
    case verb::start:
      if (ctx) ctx->start(token(name));
      break;
    case verb::stop:
      if (pool* const workers = pick(pools_, what.which); workers && what.how % 2 == 0)
        workers->stop(token(name));
      else if (ctx)
        ctx->stop(token(name));
      break;
    case verb::kill:
      if (ctx) ctx->kill();
      break;
    case verb::drop_context:
      if (what.how % 2 == 0)
        drop(contexts_, what.which);
      else
        drop(pools_, what.which);
      break;
    case verb::new_context:
      if (contexts_.size() < 3) {
        context_options made = options();
        if (what.how % 2 == 0) {
          made.on_crash = on_crash::roll_back;
          made.snapshot_after = what.which % 3;
        }
        contexts_.emplace_back(*io_, made);
      }
      break;
    case verb::new_pool:
      if (pools_.empty()) {
        pool_options two;
        two.size = 2;
        two.child = options();
        pools_.emplace_back(*io_, two);
      }
      break;
    case verb::take_snapshot:
      if (ctx)
        ctx->snapshot(
            token(name, [this](snapshot made) { snapshots_.push_back(std::move(made)); }));
      break;
    case verb::go_back:
      if (const snapshot* const to = pick(snapshots_, what.how); ctx && to)
        ctx->roll_back(*to, token(name));
      break;
    case verb::revive:
      if (const snapshot* const of = pick(snapshots_, what.how); of && contexts_.size() < 3)
        contexts_.push_back(of->revive());
      break;
    case verb::drop_snapshot:
      drop(snapshots_, what.which);
      break;
    case verb::plan_fault: {
      using testing::fault;
      // All but those after which a call without a deadline is open for ever.
      constexpr std::array kinds{fault::kill,  fault::crash,    fault::exit,    fault::slow,
                                 fault::delay, fault::truncate, fault::corrupt, fault::close};
      faults_->at_call(faults_->calls() + 1 + what.which % 3, kinds[what.how % kinds.size()], 1ms);
      break;
    }
    case verb::plan_start: {
      constexpr std::array errors{EAGAIN, ENOMEM, EMFILE};
      faults_->at_start(faults_->starts() + 1 + what.which % 3, errors[what.how % errors.size()]);
      break;
    }
    case verb::cancel:
      if (const auto* const which = pick(calls_, what.which)) {
        constexpr std::array types{asio::cancellation_type::terminal,
                                   asio::cancellation_type::partial, asio::cancellation_type::total,
                                   asio::cancellation_type::all};
        (*which)->signal->emit(types[what.how % types.size()]);
      }
      break;
    case verb::open_gate:
      door_.open();
      break;
    case verb::poll:
      for (std::uint32_t i = 0; i != what.how; ++i) io_->poll_one();
      io_->restart();
      break;
    case verb::run:
      io_->run_one_for(2ms);
      io_->restart();
      break;
    case verb::destroy_io:
      io_.reset();
      break;
    default:
      call(what);
  }
}

void player::come_to_the_end(std::chrono::nanoseconds patience) {
  // Everybody may pass now; those that passed already don't take theirs.
  for (const auto& each : calls_)
    if (each->name.ends_with("gate")) door_.open();
  const auto limit = std::chrono::steady_clock::now() + patience;
  while (!all_called() && std::chrono::steady_clock::now() < limit) {
    io_->run_one_for(10ms);
    io_->restart();
  }
  finished_ = true;
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const script& steps) {
  for (const step& each : steps)
    out << "  " << names[static_cast<std::size_t>(each.what)] << ' ' << each.which << ' '
        << each.how << '\n';
  return out;
}

script random_script(std::uint32_t seed) {
  glovebox::test::dice random(seed);
  script made(5 + random.below(40));
  // More often than it does everything else.
  const bool goes_back = random.one_in(2), goes_wrong = random.one_in(4);
  const auto some_verb = [&] {
    // Handlers run often enough for something to happen, and seldom enough for it to wait.
    if (random.one_in(3)) return random.one_in(2) ? verb::poll : verb::run;
    if (goes_back && random.one_in(3))
      return static_cast<verb>(static_cast<std::size_t>(verb::take_snapshot) + random.below(4));
    if (goes_wrong && random.one_in(4)) return verb::plan_fault;
    return static_cast<verb>(random.below(names.size() - 1));
  };
  for (step& each : made) {
    each.what = some_verb();
    each.which = static_cast<std::uint32_t>(random.below(100));
    each.how = static_cast<std::uint32_t>(random.below(100));
  }
  if (random.one_in(3)) made.push_back({.what = verb::destroy_io});
  return made;
}

std::string play(const script& steps, std::chrono::nanoseconds patience) {
  try {
    return player().run(steps, patience);
  } catch (const std::exception& error) {
    return error.what();
  }
}

script shorten(script steps, const std::function<bool(const script&)>& fails) {
  for (std::size_t size = steps.size(); size != 0; size /= 2)
    for (std::size_t from = 0; from < steps.size();) {
      script shorter = steps;
      const auto begin = shorter.begin() + static_cast<std::ptrdiff_t>(from);
      const std::size_t count = std::min(size, steps.size() - from);
      shorter.erase(begin, begin + static_cast<std::ptrdiff_t>(count));
      if (fails(shorter))
        steps = std::move(shorter);
      else
        from += count;
    }
  return steps;
}

}  // namespace model_test

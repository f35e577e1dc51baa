// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include <glovebox/detail/blocking.hpp>

#include <glovebox/detail/context_target.hpp>
#include <glovebox/detail/item_queue.hpp>
#include <glovebox/failures.hpp>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/strand.hpp>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <typeinfo>

namespace glovebox::detail {
/// What is known of one io_context. Shared with the threads that wait, which may outlive it.
struct running {
  enum class by { unknown, us, others };

  std::mutex lock;
  std::condition_variable changed;
  by who = by::unknown;
  bool driven = false;  // a thread that waits runs it; the others leave it alone
  std::thread::id driver;
};

namespace {

// How long a probe may lie in an io_context before we take it that nobody runs it. Somebody who was
// seen to do so may be busy with a handler; who makes a first call need not wait long.
constexpr auto patience_at_first = std::chrono::milliseconds(20);
constexpr auto patience_with_others = std::chrono::milliseconds(1000);
// Who runs it may cease to; so now and then we ask.
constexpr auto before_asking_again = std::chrono::milliseconds(100);
// While we run it ourselves: when another thread has run the handler that we wait for.
constexpr auto glance = std::chrono::milliseconds(20);

/// One for each io_context.
class running_service final : public asio::execution_context::service {
 public:
  static asio::execution_context::id id;
  explicit running_service(asio::execution_context& owner) : service(owner) {}
  const std::shared_ptr<running> state = std::make_shared<running>();

 private:
  void shutdown() override {}
};
asio::execution_context::id running_service::id;

// Asio 1.22's own `target` does not look at the type.
template <class Executor>
const Executor* target_of(const asio::any_io_executor& executor) {
  return executor.target_type() == typeid(Executor) ? executor.target<Executor>() : nullptr;
}

// The io_context behind an executor, if it is one of those that we know; else somebody else runs
// it, as a thread_pool does.
asio::io_context* io_context_of(const asio::any_io_executor& executor) {
  using plain = asio::io_context::executor_type;
  if (const auto* const own = target_of<plain>(executor)) return &own->context();
  if (const auto* const strand = target_of<asio::strand<plain>>(executor))
    return &strand->get_inner_executor().context();
  if (const auto* const strand = target_of<asio::strand<asio::any_io_executor>>(executor))
    return io_context_of(strand->get_inner_executor());
  return nullptr;
}

}  // namespace

struct blocked_call::impl {
  asio::io_context* io = nullptr;
  std::shared_ptr<running> shared;
  bool ended = false;  // under shared->lock, as the next two
  bool abandoned = false;
  std::exception_ptr error;

  void end(std::exception_ptr why, bool nobody_ran_it) {
    const std::lock_guard lock(shared->lock);
    if (!nobody_ran_it && shared->driven && shared->driver != std::this_thread::get_id() &&
        io->get_executor().running_in_this_thread())
      shared->who = running::by::others;
    ended = true;
    abandoned = nobody_ran_it;
    error = std::move(why);
    shared->changed.notify_all();
  }
  void wait(const std::shared_ptr<impl>& self);
  bool picked_up(std::unique_lock<std::mutex>& lock, const std::shared_ptr<impl>& self,
                 std::chrono::milliseconds patience);
  void drive(std::unique_lock<std::mutex>& lock);
};

// Whether another thread runs what is posted. False also when the operation has ended meanwhile.
bool blocked_call::impl::picked_up(std::unique_lock<std::mutex>& lock,
                                   const std::shared_ptr<impl>& self,
                                   std::chrono::milliseconds patience) {
  const auto seen = std::make_shared<bool>(false);
  lock.unlock();
  asio::post(*io, [seen, self] {
    running& here = *self->shared;
    const std::lock_guard inner(here.lock);
    *seen = true;
    if (!here.driven || here.driver != std::this_thread::get_id()) here.who = running::by::others;
    here.changed.notify_all();
  });
  lock.lock();
  shared->changed.wait_for(lock, patience, [&] { return ended || *seen || shared->driven; });
  return *seen;
}

// Runs the io_context until the operation has ended, or others are seen to run it.
void blocked_call::impl::drive(std::unique_lock<std::mutex>& lock) {
  struct role {
    running& of;
    std::unique_lock<std::mutex>& lock;
    ~role() {
      if (!lock.owns_lock()) lock.lock();
      of.driven = false;
      of.changed.notify_all();
    }
  } const mine{*shared, lock};
  const auto work = asio::make_work_guard(*io);
  shared->driven = true;
  shared->driver = std::this_thread::get_id();
  shared->who = running::by::us;
  while (!ended && shared->who == running::by::us) {
    lock.unlock();
    if (io->stopped()) io->restart();
    io->run_one_for(glance);
    lock.lock();
  }
}

void blocked_call::impl::wait(const std::shared_ptr<impl>& self) {
  std::unique_lock lock(shared->lock);
  while (!ended) {
    if (!io || shared->driven) {
      shared->changed.wait(lock);
      continue;
    }
    if (shared->who == running::by::others && !io->stopped()) {
      if (shared->changed.wait_for(lock, before_asking_again, [&] { return ended; })) return;
      if (io->stopped() || picked_up(lock, self, patience_with_others)) continue;
    } else if (shared->who == running::by::unknown) {
      if (picked_up(lock, self, patience_at_first)) continue;
    }
    if (!ended && !shared->driven) drive(lock);
  }
}

blocked_call::blocked_call(const target& on) : impl_(std::make_shared<impl>()) {
  const auto* const items = dynamic_cast<const item_queue*>(&on);
  const target& home = items ? *items->home() : on;
  // What is submitted to a terminated context ends at once, and its io_context may be gone.
  const auto* const context = dynamic_cast<const context_target*>(&home);
  if (!context || context->state() != context_state::terminated)
    impl_->io = io_context_of(home.executor());
  if (!impl_->io) {
    impl_->shared = std::make_shared<running>();
    return;
  }
  if (impl_->io->get_executor().running_in_this_thread())
    throw state_error(
        "a blocking call (glovebox::sync) in a handler of the io_context that has to complete it "
        "would wait for ever; use co_await or a completion handler there");
  impl_->shared = asio::use_service<running_service>(*impl_->io).state;
}
blocked_call::~blocked_call() = default;

void blocked_call::complete(std::exception_ptr error) noexcept {
  impl_->end(std::move(error), false);
}
void blocked_call::abandon() noexcept {
  impl_->end(nullptr, true);
}

void blocked_call::wait() {
  const std::shared_ptr<impl> here = impl_;
  here->wait(here);
  if (here->abandoned) throw state_error("the execution context was shut down during the call");
  if (here->error) std::rethrow_exception(here->error);
}

}  // namespace glovebox::detail

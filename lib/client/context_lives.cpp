// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// The lives of a context, which go on from copies of its child.
#include "client/context_impl.hpp"
#include "transport/socket.hpp"

#include <glovebox/failures.hpp>
#include <glovebox/snapshot.hpp>

#include <poll.h>
#include <algorithm>
#include <utility>

namespace glovebox::client {
namespace {

std::exception_ptr wrong_snapshot(const char* why) {
  return std::make_exception_ptr(state_error(why));
}

std::string lost_calls_text(std::uint64_t lost, const std::string& no_later_one) {
  std::string text = "the context went back to a snapshot, and " + std::to_string(lost) +
                     (lost == 1 ? " call that had ended since is undone"
                                : " calls that had ended since are undone") +
                     "; this call was not run, further ones are";
  if (!no_later_one.empty()) text += " (no later snapshot: " + no_later_one + ")";
  return text;
}

}  // namespace

/// Waits for a sleeping copy, and hands it to the operation that has asked for one.
class context_impl::snapshot_waiter final : public detail::operation {
 public:
  snapshot_waiter(detail::operation& asked, std::shared_ptr<context_impl> copy)
      : operation({}, 0), asked_(asked), copy_(std::move(copy)) {}

  void take(const detail::answer&) override {}
  void resume() override {
    finish();
    detail::operation& asked = asked_;
    delete this;
    asked.resume();
  }
  void post() override {
    finish();
    detail::operation& asked = asked_;
    delete this;
    asked.post();
  }
  void destroy() noexcept override {
    asked_.destroy();
    delete this;
  }

 private:
  ~snapshot_waiter() override = default;
  void finish() {
    const std::shared_ptr<detail::target> from = std::move(copy_);
    const auto copy = std::static_pointer_cast<context_impl>(from);
    if (error_)
      asked_.fail(std::move(error_));
    else if (++copy->keepers_; true)
      asked_.take(
          {.body = {}, .attachments = {}, .object = 0, .limits = copy->bounds(), .from = from});
  }

  detail::operation& asked_;
  std::shared_ptr<context_impl> copy_;
};

std::shared_ptr<lineage> context_impl::lineage_here() {
  if (auto known = lineage_.lock()) return known;
  own_lineage_ = std::make_shared<lineage>();
  own_lineage_->front = self();
  own_lineage_->generation = generation_;
  own_lineage_->jails = jails_;
  lineage_ = own_lineage_;
  return own_lineage_;
}

// Under the lock. \throws state_error when there are too many generations
std::shared_ptr<context_impl> context_impl::make_sleeper() {
  // A fork takes longer with each process that the forking one descends from and that still lives.
  constexpr std::size_t most_generations = 16;
  auto made = std::make_shared<context_impl>(executor_, options_);
  made->ancestors_ = ancestors_;
  std::erase_if(made->ancestors_, [](const auto& each) {
    const auto there = each.lock();
    return !there || there->is_over_;
  });
  if (made->ancestors_.size() >= most_generations)
    throw state_error("this child descends from " + std::to_string(most_generations) +
                      " snapshots that are kept, and each makes a further one slower; drop those "
                      "that are not needed any more");
  made->ancestors_.push_back(self());
  made->asleep_ = lineage_here();
  made->snapshots_.reset();
  return made;
}

std::shared_ptr<context_impl> context_impl::successor() const {
  if (state_ != context_state::terminated) return nullptr;
  const auto lives = lineage_.lock();
  if (!lives) return nullptr;
  const std::lock_guard held(lives->lock);
  // Not the one before, which may still be handing over to this one.
  return lives->current && lives->current->life_ > life_ ? lives->current : nullptr;
}

// What results come from: the one that handles know.
std::shared_ptr<detail::target> context_impl::front() {
  const auto lives = lineage_.lock();
  std::shared_ptr<detail::target> first = lives ? lives->front.lock() : nullptr;
  return first ? first : shared_from_this();
}

void context_impl::snapshot(detail::operation& op) {
  std::shared_ptr<context_impl> copy;
  std::shared_ptr<server_link> link;
  {
    completions done;
    lock_type lock(lock_);
    if (const auto next = successor()) {
      lock.unlock();
      return next->snapshot(op);
    }
    if (!accepts_calls()) {
      done.fail(op, refusal());
      return;
    }
    try {
      copy = make_sleeper();
    } catch (...) {
      done.fail(op, std::current_exception());
      return;
    }
    link = link_;
  }
  copy->wait_ready(*new snapshot_waiter(op, copy));
  if (detail::operation* const order =
          copy->launch_copy(self(), std::move(link), op.request().options, {})) {
    submit(*order);
    copy->watch_copy();
    prepare_kit();
  }
}

// A sleeping child has nothing else to do; one that does not answer is of no use.
call_options context_impl::waking_up() const {
  return {.timeout = options_.start_timeout};
}

std::shared_ptr<detail::context_target> context_impl::revive() {
  const auto made = std::make_shared<context_impl>(executor_, options_);
  made->generation_ = generation_ + 1;
  made->ancestors_ = ancestors_;
  made->ancestors_.push_back(self());
  made->inherit(*this);
  copy_into(made, {});
  return made;
}

// An idle child's end is not noticed before it is asked.
bool context_impl::has_died() {
  const lock_type lock(lock_);
  if (state_ >= context_state::terminating || exit_known_) return true;
  if (process_) return process_.has_ended();
  // It has spoken, and is not known to the fork server yet.
  return channel_ && (transport::poll_input(channel_->native_handle()) & POLLHUP) != 0;
}

std::uint32_t context_impl::own_jails() const {
  const auto lives = lineage_.lock();
  if (!lives) return jails_;
  const std::lock_guard held(lives->lock);
  return lives->jails;
}

void context_impl::roll_back(detail::operation& op,
                             const std::shared_ptr<detail::context_target>& to) {
  completions done;
  lock_type lock(lock_);
  if (const auto next = successor()) {
    lock.unlock();
    return next->roll_back(op, to);
  }
  const auto there = std::dynamic_pointer_cast<context_impl>(to);
  if (!there || !there->asleep_) {
    done.fail(op, wrong_snapshot("roll_back() needs a snapshot, and this one is empty"));
  } else if (there->asleep_ != lineage_.lock()) {
    done.fail(op,
              wrong_snapshot("the snapshot is of another context; its revive() makes a context of "
                             "its own"));
  } else if (down_ || stopping_) {
    done.fail(op, refusal());
  } else if (there->jails_ < own_jails()) {
    done.fail(op,
              wrong_snapshot("the snapshot is from before the child was jailed; a context does not "
                             "leave its jail"));
  } else if (there->has_died()) {
    done.fail(op,
              wrong_snapshot("the snapshot's process has ended, so there is nothing to go back to; "
                             "the context goes on as it is"));
  } else {
    back_to_ = there;
    unwanted_ = false;
    back_waiters_.push_back(&op);
    if (state_ == context_state::terminated) {
      go_back({}, done);
      return;
    }
    // With nobody waiting there is nothing to wait for either. A child that runs nothing may live
    // until its successor is there: the kernel would take it apart where that one is to run.
    const bool idle = is_process() && !pumping_ && session_.open_calls() == 0;
    if (idle) {
      begin_copy_of(there);
      doomed_ = process::doomed_process(std::move(process_));
    }
    kill(core::evidence::kill::owner, "the context was rolled back");
    if (idle)
      finalize(lock, done);
    else
      arm();
  }
}

// A crash, too, may be no end.
void context_impl::choose_way_back(const termination& end) {
  if (unwanted_ || stopping_) back_to_.reset();
  if (!back_to_ && end.cause != cause::killed_by_owner) back_to_ = way_back();
}

// Where a crash goes back to; null: nowhere.
std::shared_ptr<context_impl> context_impl::way_back() const {
  if (unwanted_ || stopping_ || !snapshots_ || facts_.server_lost || !was_ready_ ||
      !snapshots_->may_go_back())
    return nullptr;
  const auto lives = lineage_.lock();
  if (!lives) return nullptr;
  const std::lock_guard held(lives->lock);
  return lives->latest && lives->latest->jails_ >= lives->jails ? lives->latest : nullptr;
}

// The next life. It takes over the calls that this one's child had not begun.
void context_impl::go_back(std::vector<detail::operation*> moved, completions& done) {
  const auto there = std::exchange(back_to_, nullptr);
  const auto waiting = std::exchange(back_waiters_, {});
  const auto lives = lineage_.lock();
  const bool asked_for = !waiting.empty();
  const std::uint64_t lost = snapshots_ && !asked_for ? snapshots_->unsaved() : 0;
  process::doomed_process before = std::move(doomed_);
  if (before && channel_) before.keep(transport::unique_fd(channel_->release()));
  std::shared_ptr<context_impl> next, older;
  std::shared_ptr<const std::string> why_lost;
  try {
    reference_list references;
    std::uint64_t stale = 0;
    bool spare_will_do = true;
    {
      const std::lock_guard held(lives->lock);
      if (const auto* const known = lives->find(there)) {
        references = known->since.list();
        stale = known->since.above(known->last_handle);
        spare_will_do = known->spare_will_do();
      }
      if (lost != 0 && !options_.accept_lost_state)
        why_lost = std::make_shared<const std::string>(lost_calls_text(lost, lives->refused));
      // What is later than where the context is now is none of its past.
      if (snapshots_ && lives->latest != there) {
        ++there->keepers_;
        older = std::exchange(lives->latest, there);
      }
    }
    if (spare_will_do) next = there->take_spare();
    const bool prepared = next != nullptr;
    if (!prepared) next = there->make_life(*lives);
    announce(context_event::kind::rolled_back, lost, stale);
    {
      const lock_type begins(next->lock_);
      next->lineage_ = lives;
      next->life_ = life_ + 1;
      next->ancestors_ = there->ancestors_;
      next->ancestors_.push_back(there);
      next->stats_ = stats_;
      next->stats_.calls -= moved.size();
      ++next->stats_.roll_backs;
      if (snapshots_) next->snapshots_ = snapshots_->next(asked_for);
      if (++there->lives_begun_ > 1) next->wants_spare_of_ = there;
      next->doomed_ = std::move(before);
      if (prepared) next->begin_life(references);
    }
    if (!prepared) there->copy_into(next, std::move(references));
  } catch (...) {
    if (next) next->close();  // which may have a process
    for (const auto* const all : {&std::as_const(moved), &waiting})
      for (detail::operation* const op : *all) done.fail(*op, std::current_exception());
    return;
  }
  if (older) older->close();
  if (why_lost) {
    // Made when nobody could know that what they build on would be undone.
    for (detail::operation* const op : moved)
      done.fail(*op, std::make_exception_ptr(state_rolled_back(*why_lost, lost)));
    if (moved.empty()) next->refuses_next_ = why_lost;
    next->lost_calls_ = lost;
    moved.clear();
  }
  for (detail::operation* const op : moved) next->submit(*op, done);
  for (detail::operation* const op : std::exchange(ready_waiters_, {})) next->wait_ready(*op);
  for (detail::operation* const op : waiting) next->wait_ready(*op);
  const std::lock_guard held(lives->lock);
  lives->current = std::move(next);
}

// ---- copies of a snapshot

std::shared_ptr<context_impl> context_impl::make_life(lineage& lives) const {
  auto made = std::make_shared<context_impl>(executor_, options_);
  made->snapshots_.reset();
  {
    const std::lock_guard held(lives.lock);
    made->generation_ = ++lives.generation;
  }
  made->greets_ = greets_.load();  // it has the same hooks
  made->inherit(*this);
  return made;
}

void context_impl::copy_into(const std::shared_ptr<context_impl>& made, reference_list references) {
  std::shared_ptr<server_link> link;
  {
    const lock_type lock(lock_);
    link = link_;
  }
  if (detail::operation* const order =
          made->launch_copy(self(), std::move(link), waking_up(), std::move(references))) {
    submit(*order);
    made->watch_copy();
    prepare_kit();
  }
}

// Under the lock. A snapshot that was gone back to twice will be once more. The copy for that is
// made while the child runs its first call: whoever goes back waits for nothing that can be done
// then.
void context_impl::prepare_spare() noexcept {
  if (wants_spare_of_.expired()) return;
  const auto there = std::exchange(wants_spare_of_, {}).lock();
  const auto lives = lineage_.lock();
  if (!there || !lives) return;
  try {
    asio::post(executor_, [there, lives] { there->keep_spare(*lives); });
  } catch (...) {
    // No memory: the next life has to wait for its copy.
  }
}

void context_impl::keep_spare(lineage& lives) noexcept {
  try {
    const std::shared_ptr<context_impl> made = make_life(lives);
    made->unborn_ = true;
    {
      const lock_type lock(lock_);
      if (spare_ || !accepts_calls()) return;
      spare_ = made;
    }
    copy_into(made, {});
  } catch (...) {
    // No memory: the next life has to wait for its copy.
  }
}

// What the next life goes on in is made while the end of this one is put down.
void context_impl::begin_copy_of(const std::shared_ptr<context_impl>& there) noexcept {
  const auto lives = lineage_.lock();
  if (!lives) return;
  {
    const std::lock_guard held(lives->lock);
    if (const auto* const known = lives->find(there); known && !known->spare_will_do()) return;
  }
  there->keep_spare(*lives);
}

// \returns null when there is none
std::shared_ptr<context_impl> context_impl::take_spare() noexcept {
  std::shared_ptr<context_impl> spare;
  {
    const lock_type lock(lock_);
    spare = std::move(spare_);
  }
  if (!spare || !spare->has_died()) return spare;
  spare->close();
  return nullptr;
}

// Under the lock. A spare's, once there is a use for it.
void context_impl::begin_life(const reference_list& references) {
  unborn_ = false;
  feed_output();
  start_poller();
  for (const auto& [object, count] : references)
    if (count < 0) session_.release(object, static_cast<std::uint32_t>(-count));
  if (state_ == context_state::ready) {
    doomed_.end();
    announce(context_event::kind::ready);
  }
  if (!references.empty()) post_flush();
  arm_waits();
}

std::shared_ptr<context_impl> context_impl::take_latest() noexcept {
  const auto lives = lineage_.lock();
  if (!lives || asleep_) return nullptr;
  const std::lock_guard held(lives->lock);
  return std::move(lives->latest);
}

// The context is over, and so are the copies that nobody else has.
void context_impl::drop_copies() noexcept {
  if (const auto latest = take_latest()) latest->close();
  if (const auto spare = std::move(spare_)) spare->close();
}

// ---- what can be asked

std::string context_impl::describe() const {
  return "the context of child " + std::to_string(pid());
}

context_state context_impl::state() const noexcept {
  lock_type lock(lock_);
  if (const auto next = successor()) {
    lock.unlock();
    return next->state();
  }
  const bool ends = stopping_ || crash_seen_ || exit_known_;
  return ends && state_ < context_state::terminating ? context_state::terminating : state_;
}

bool context_impl::was_ready() const noexcept {
  const lock_type lock(lock_);
  return was_ready_;
}

pid_t context_impl::pid() const noexcept {
  lock_type lock(lock_);
  if (const auto next = successor()) {
    lock.unlock();
    return next->pid();
  }
  return facts_.pid;
}

std::string context_impl::start_note() const {
  lock_type lock(lock_);
  if (const auto next = successor()) {
    lock.unlock();
    return next->start_note();
  }
  return start_note_;
}

std::optional<termination> context_impl::ended() const {
  lock_type lock(lock_);
  if (const auto next = successor()) {
    lock.unlock();
    return next->ended();
  }
  return ended_;
}

context_stats context_impl::stats() const {
  lock_type lock(lock_);
  if (const auto next = successor()) {
    lock.unlock();
    return next->stats();
  }
  context_stats now = stats_;
  now.open = session_.open_calls();
  return now;
}

}  // namespace glovebox::client

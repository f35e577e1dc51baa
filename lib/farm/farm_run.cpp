// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "farm/farm_run.hpp"

#include "farm/bundling.hpp"

#include <asio/post.hpp>

#include <unistd.h>
#include <algorithm>
#include <utility>

namespace glovebox::farming {
namespace {

constexpr auto tick_length = std::chrono::milliseconds(100);

ledger::settings settings_of(const farm_options& options) {
  ledger::settings made;
  made.children = std::max<std::size_t>(options.pool.size, 1);
  const std::size_t calls = std::max<std::size_t>(options.pool.calls_per_child, 1);
  // As many again wait in the pool, so that no child waits for the farm.
  made.window = options.window != 0 ? options.window : 2 * made.children * calls;
  made.reruns = options.rerun_inconclusive;
  made.confirm = options.confirm_failures && options.pool.isolation == isolation::reuse;
  made.order = options.order;
  return made;
}

progress::style style_of(progress_style wanted) {
  switch (wanted) {
    case progress_style::automatic:
      return ::isatty(STDERR_FILENO) != 0 ? progress::style::bar : progress::style::lines;
    case progress_style::bar:
      return progress::style::bar;
    case progress_style::lines:
      return progress::style::lines;
    case progress_style::none:
      break;
  }
  return progress::style::none;
}

// Worth keeping the input of: what a person will want to run again.
bool is_find(outcome which) {
  switch (which) {
    case outcome::crashed:
    case outcome::timed_out:
    case outcome::out_of_memory:
    case outcome::protocol_violation:
      return true;
    default:
      return false;
  }
}

// Of what a dataset has thrown.
std::string current_message() {
  try {
    throw;
  } catch (const std::exception& why) {
    return why.what();
  } catch (...) {
    return "the dataset threw something that is no std::exception";
  }
}

bool limits_memory(const farm_options& options) {
  return options.pool.child.memory_limit != 0;
}

pool_options one_fresh_child(pool_options like) {
  like.size = 1;
  like.isolation = isolation::fresh;
  return like;
}

}  // namespace

farm_run::farm_run(const asio::any_io_executor& executor,
                   std::shared_ptr<const farm_options> options,
                   std::unique_ptr<detail::farm_job> job,
                   std::unique_ptr<detail::farm_waiter> waiter)
    : farm_sink(executor),
      options_(std::move(options)),
      job_(std::move(job)),
      waiter_(std::move(waiter)),
      ledger_(job_->size(), settings_of(*options_)),
      files_(options_->save_failures, options_->reproduce),
      progress_(style_of(options_->progress), job_->size()) {
  plan_.options.run_timeout = options_->timeout;
  plan_.options.grace = options_->grace;
  plan_.measure_memory =
      options_->measure_memory == memory_measurement::on ||
      (options_->measure_memory == memory_measurement::automatic && limits_memory(*options_));
  report_.outcomes.resize(job_->size(), outcome::not_run);
}

void farm_run::start() {
  asio::post(executor_, [self = shared_from_this()] {
    self->turns_.run([run = self.get()] { run->begin(); });
  });
}

void farm_run::begin() {
  if (!waiter_) return;
  started_ = clock::now();
  if (!options_->jsonl.empty()) journal_ = journal(options_->jsonl, options_->append_jsonl);
  plan_.want_text = journal_.is_open();
  try {
    if (!ledger_.finished()) pool_ = pool(executor_, options_->pool);
    timer_.emplace(executor_);
  } catch (...) {
    hook_failure_ = std::current_exception();
    ledger_.abandon();
  }
  tick();
  refill();
}

// ---- cases

void farm_run::refill() {
  if (!waiter_) return;
  while (const auto task = ledger_.next()) launch(*task);
  while (auto left = ledger_.next_abandoned()) {
    if (left->message.empty())
      left->message = report_.gave_up.empty() ? "the run was ended before" : report_.gave_up;
    try {
      left->name = job_->name(left->index);
    } catch (...) {
      // A dataset that fails; the record is known by its number.
    }
    record(std::move(*left));
  }
  if (ledger_.finished()) finish();
}

void farm_run::launch(const ledger::task& task) {
  if (free_slots_.empty()) {
    free_slots_.push_back(slots_.size());
    slots_.emplace_back();
  }
  const std::size_t number = free_slots_.back();
  slot& chosen = slots_[number];
  detail::farm_job::start_result about;
  try {
    if (task.alone) chosen.alone = pool(executor_, one_fresh_child(options_->pool));
    const auto& target = task.alone ? chosen.alone.home() : pool_.home();
    job_->start(task.index, target, plan_, about, {shared_from_this(), number});
  } catch (...) {
    chosen.alone = {};
    conclude(task, not_started(current_message()), std::move(about.name), std::move(about.text));
    return;
  }
  free_slots_.pop_back();
  chosen.task = task;
  chosen.name = std::move(about.name);
  chosen.text = std::move(about.text);
}

void farm_run::ended(std::size_t number, const std::exception_ptr& error,
                     detail::case_reply&& reply) {
  turns_.run([this, number, error, reply = std::move(reply)]() mutable {
    take(number, error, std::move(reply));
  });
}

void farm_run::take(std::size_t number, const std::exception_ptr& error,
                    detail::case_reply&& reply) {
  slot& done = slots_[number];
  const ledger::task task = done.task;
  verdict how = judge(error, std::move(reply), {task.alone, limits_memory(*options_)});
  std::string name = std::move(done.name);
  std::string text = std::move(done.text);
  done.alone = {};
  free_slots_.push_back(number);
  conclude(task, std::move(how), std::move(name), std::move(text));
  refill();
}

void farm_run::conclude(const ledger::task& task, verdict&& how, std::string&& name,
                        std::string&& text) {
  const bool is_over = ledger_.ended(task, how);
  if (ledger_.take_sick()) replace_pool();
  if (!is_over) return;
  how.record.name = std::move(name);
  how.record.input = std::move(text);
  record(std::move(how.record));
  if (ledger_.hopeless() && report_.gave_up.empty()) {
    report_.gave_up = "no child could be started: " + report_.failures.back().message;
    end_early();
  }
}

void farm_run::record(case_record&& about) {
  report_.outcomes[about.index] = about.outcome;
  ++report_.counts[static_cast<std::size_t>(about.outcome)];
  const bool failed = about.outcome != outcome::ok;
  if (failed) about.group = group_of(about);
  if (failed && about.input.empty() && about.attempts != 0) {
    try {
      about.input = job_->text(about.index);
    } catch (...) {
      // The message says what is wrong with this case.
    }
  }
  journal_.add(about);
  if (files_.wanted() && is_find(about.outcome)) save(about);
  if (options_->on_record && !hook_failure_) {
    try {
      options_->on_record(about);
    } catch (...) {
      hook_failure_ = std::current_exception();
      end_early();
    }
  }
  if (failed) report_.failures.push_back(std::move(about));
}

void farm_run::save(const case_record& about) {
  try {
    files_.save(about.index, about.name, job_->file(about.index));
    const context_options& child = options_->pool.child;
    const detail::request call = encode_case(*job_, about.index, plan_, child.limits, executor_);
    files_.save_bundle(about.index, about.name,
                       core::encode_bundle(make_bundle(call, child, about)));
  } catch (...) {
    if (report_.save_error.empty()) report_.save_error = about.name + ": " + current_message();
  }
}

// Its children work, but one of them fails cases that do well elsewhere: what earlier cases have
// leaked is gone only with the child. Calls that were made are let finish.
void farm_run::replace_pool() {
  pool old = std::exchange(pool_, pool(executor_, options_->pool));
  old.stop([old](const std::exception_ptr&) {});
}

// ---- the run

void farm_run::cancel() {
  asio::post(executor_, [self = shared_from_this()] {
    self->turns_.run([run = self.get()] {
      if (!run->waiter_ || run->ledger_.finished()) return;
      run->report_.cancelled = true;
      run->end_early();
      run->refill();
    });
  });
}

// The calls under way end with their children, each in its turn.
void farm_run::end_early() {
  ledger_.abandon();
  pool_ = {};
  for (slot& each : slots_) each.alone = {};
}

void farm_run::tick() {
  if (!waiter_ || !timer_) return;
  journal_.flush();
  print(progress_.update(report_.counts, since_start()));
  timer_->expires_after(tick_length);
  // Not an owner: a run whose calls are gone with their execution context goes with them.
  timer_->async_wait([weak = weak_from_this()](const asio_error_code& failed) {
    if (failed) return;
    if (const auto self = weak.lock()) self->turns_.run([run = self.get()] { run->tick(); });
  });
}

void farm_run::finish() {
  const std::unique_ptr<detail::farm_waiter> waiter = std::move(waiter_);
  timer_.reset();
  pool_ = {};
  journal_.close();
  report_.journal_error = journal_.error();
  if (report_.save_error.empty()) report_.save_error = files_.error();
  report_.reruns = ledger_.reruns();
  report_.refuted = ledger_.refuted();
  report_.elapsed = since_start();
  std::sort(report_.failures.begin(), report_.failures.end(),
            [](const case_record& a, const case_record& b) { return a.index < b.index; });
  print(progress_.finish(report_.counts, report_.elapsed));
  waiter->complete(hook_failure_, std::move(report_));
}

// Straight to the descriptor: the program's own streams may have something unfinished in them.
void farm_run::print(const std::string& text) const {
  if (!text.empty() && ::write(STDERR_FILENO, text.data(), text.size()) < 0) return;
}

}  // namespace glovebox::farming

namespace glovebox::detail {

std::weak_ptr<farm_control> start_farm(const asio::any_io_executor& executor,
                                       std::shared_ptr<const farm_options> options,
                                       std::unique_ptr<farm_job> job,
                                       std::unique_ptr<farm_waiter> waiter) {
  const auto run = std::make_shared<farming::farm_run>(executor, std::move(options), std::move(job),
                                                       std::move(waiter));
  run->start();
  return run;
}

}  // namespace glovebox::detail

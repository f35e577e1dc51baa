// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include <glovebox/detail/callable.hpp>

#include "client/aborted.hpp"
#include "client/callback_scope.hpp"

#include <glovebox/detail/operation.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/strand.hpp>

#include <atomic>
#include <optional>

namespace glovebox::detail {
namespace {

using client::aborted;

void answer_ticket(const callback_ticket& ticket, callback_answer answer) noexcept {
  ticket.from->answer_callback(ticket.number, std::move(answer));
  if (ticket.scope) ticket.scope->leave(true);
}

}  // namespace

// ---- callback_scope

bool callback_scope::watch(const std::shared_ptr<callback_run>& run) {
  const std::lock_guard lock(lock_);
  if (waiting_) return false;
  runs_.push_back(run);
  return true;
}

void callback_scope::leave(bool over) noexcept {
  operation* op = nullptr;
  {
    const std::lock_guard lock(lock_);
    if (--running_ == 0) op = std::exchange(waiting_, nullptr);
  }
  if (!op) return;
  over ? op->post() : op->destroy();
}

bool callback_scope::end(operation& op) noexcept {
  std::vector<std::weak_ptr<callback_run>> runs;
  {
    const std::lock_guard lock(lock_);
    if (running_ == 0) return true;
    waiting_ = &op;
    runs.swap(runs_);
  }
  for (const auto& each : runs)
    if (const auto run = each.lock()) run->cancel();
  return false;
}

// ---- callback_run

struct callback_run::state {
  callback_ticket ticket;
  std::optional<asio::strand<asio::any_io_executor>> strand;  // of a coroutine
  asio::cancellation_signal stop;
  std::atomic<bool> cancelled = false;
  callback_answer result;
  bool over = false;
};

callback_run::callback_run() = default;

// Unfinished: the execution context is being destroyed, and nobody is left to be answered.
callback_run::~callback_run() {
  if (state_ && !state_->over && state_->ticket.scope) state_->ticket.scope->leave(false);
}

const limits& callback_run::bounds() const noexcept {
  return state_->ticket.from->bounds();
}

void callback_run::start(callback_ticket ticket, asio::any_io_executor where) {
  state_ = std::make_unique<state>();
  state_->ticket = std::move(ticket);
  const auto self = shared_from_this();
  if (state_->ticket.scope && !state_->ticket.scope->watch(self)) {
    finish(aborted());
    return;
  }
  if (!coroutine()) {
    asio::post(where, [self] {
      std::exception_ptr error;
      try {
        if (self->state_->cancelled) std::rethrow_exception(aborted());
        self->call(self->state_->result);
      } catch (...) {
        error = std::current_exception();
      }
      self->finish(std::move(error));
    });
    return;
  }
  // Cancelling must not meet the coroutine on another thread.
  state_->strand.emplace(asio::make_strand(std::move(where)));
  asio::post(*state_->strand, [self] {
    if (self->state_->cancelled) {
      self->finish(aborted());
      return;
    }
    asio::co_spawn(
        *self->state_->strand, self->drive(self->state_->result),
        asio::bind_cancellation_slot(self->state_->stop.slot(), [self](std::exception_ptr error) {
          self->finish(std::move(error));
        }));
  });
}

void callback_run::cancel() {
  try {
    state_->cancelled = true;
    if (state_->strand)
      asio::post(*state_->strand, [self = shared_from_this()] {
        self->state_->stop.emit(asio::cancellation_type::terminal);
      });
  } catch (...) {
    // No memory: it ends when it ends.
  }
}

void callback_run::finish(std::exception_ptr error) noexcept {
  state_->over = true;
  state_->result.error = std::move(error);
  answer_ticket(state_->ticket, std::move(state_->result));
}

callable::~callable() = default;

void fail_callback(const callback_ticket& ticket, std::exception_ptr why) noexcept {
  callback_answer answer;
  answer.error = std::move(why);
  answer_ticket(ticket, std::move(answer));
}

}  // namespace glovebox::detail

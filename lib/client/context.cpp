// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include <glovebox/context.hpp>

#include "client/context_impl.hpp"

#include <utility>

namespace glovebox {

struct context::owner {
  explicit owner(std::shared_ptr<detail::context_target> of) : target(std::move(of)) {}
  owner(const owner&) = delete;
  owner& operator=(const owner&) = delete;
  ~owner() { target->close(); }
  std::shared_ptr<detail::context_target> target;
};

context::context(asio::any_io_executor executor)
    : context(std::move(executor), context_options{}) {}

context::context(asio::any_io_executor executor, context_options options) {
  auto made = std::make_shared<client::context_impl>(std::move(executor), std::move(options));
  owner_ = std::make_shared<owner>(made);
  target_ = made;
  home_ = made;
  made->launch();
}

context context::owning(std::shared_ptr<detail::context_target> of) {
  context made(of);
  if (of) made.owner_ = std::make_shared<owner>(std::move(of));
  return made;
}

void context::kill() const {
  if (target_) target_->kill();
}

context_state context::state() const noexcept {
  return target_ ? target_->state() : context_state::not_started;
}

pid_t context::pid() const noexcept {
  return target_ ? target_->pid() : 0;
}

std::string context::start_note() const {
  return target_ ? target_->start_note() : std::string();
}

std::optional<termination> context::ended() const {
  return target_ ? target_->ended() : std::nullopt;
}

context_stats context::stats() const {
  return target_ ? target_->stats() : context_stats{};
}

asio::any_io_executor context::get_executor() const {
  return target_ ? target_->executor() : asio::any_io_executor();
}

}  // namespace glovebox

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "client/service.hpp"

#include "client/host_program.hpp"

#include <glovebox/import.hpp>

#include <asio/posix/stream_descriptor.hpp>
#include <asio/query.hpp>
#include <asio/steady_timer.hpp>

#include <stdexcept>
#include <utility>

namespace glovebox::client {

asio::execution_context::id service::id;

service& service::of(const asio::any_io_executor& executor) {
  asio::execution_context& owner = asio::query(executor, asio::execution::context);
  if (!asio::has_service<service>(owner)) {
    // Services are shut down in the reverse order of their making. Ours must come first, so those
    // of the I/O objects that it closes are made before it.
    const asio::posix::stream_descriptor descriptor(executor);
    const asio::steady_timer timer(executor);
  }
  return asio::use_service<service>(owner);
}

std::shared_ptr<server_link> service::link(const asio::any_io_executor& executor,
                                           const process::preload_request& preload) {
  std::string loaded;
  if (!preload.modules.empty()) loaded = preload.module_path;
  for (const std::string& module : preload.modules) loaded += '\n' + module;
  const std::lock_guard lock(lock_);
  if (down_) throw std::runtime_error("the execution context was shut down");
  std::shared_ptr<server_link>& found = links_[loaded];
  if (!found || found->lost())
    found = server_link::launch(*this, executor, host_program(), preload);
  return found;
}

void service::drop(const server_link& lost) noexcept {
  const std::lock_guard lock(lock_);
  std::erase_if(links_, [&lost](const auto& each) { return each.second.get() == &lost; });
}

glovebox::context service::default_context(const asio::any_io_executor& executor) {
  // Nothing is asked of a context under this lock: contexts hold their own when they come here.
  glovebox::context current;
  {
    const std::lock_guard lock(lock_);
    if (down_) throw std::runtime_error("the execution context was shut down");
    current = default_context_;
  }
  for (;;) {
    const context_state state = current.state();
    if (state == context_state::starting || state == context_state::ready) return current;
    glovebox::context made(executor);
    glovebox::context ended = std::move(current);  // goes after the lock
    const std::lock_guard lock(lock_);
    if (default_context_.home() == ended.home()) {
      default_context_ = made;
      return made;
    }
    current = default_context_;  // another thread was quicker
  }
}

void service::enter(std::shared_ptr<participant> who) {
  const std::lock_guard lock(lock_);
  if (down_) return;
  const participant* const address = who.get();
  participants_.emplace(address, std::move(who));
}

void service::leave(const participant& who) noexcept {
  std::shared_ptr<participant> last;  // released after the lock: its destructor may come back here
  const std::lock_guard lock(lock_);
  if (const auto found = participants_.find(&who); found != participants_.end()) {
    last = std::move(found->second);
    participants_.erase(found);
  }
}

void service::shutdown() {
  std::map<const participant*, std::shared_ptr<participant>> all;
  std::map<std::string, std::shared_ptr<server_link>> links;
  {
    const std::lock_guard lock(lock_);
    down_ = true;
    all.swap(participants_);
    links.swap(links_);
  }
  for (const auto& each : all) each.second->shut_down();
  for (const auto& [preloaded, link] : links)
    if (link) link->shut_down();
}

}  // namespace glovebox::client

namespace glovebox {

context default_context(const asio::any_io_executor& executor) {
  return client::service::of(executor).default_context(executor);
}

}  // namespace glovebox

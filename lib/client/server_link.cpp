// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "client/server_link.hpp"

#include "client/service.hpp"
#include "transport/socket.hpp"

#include <sched.h>
#include <sys/socket.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <exception>
#include <utility>

namespace glovebox::client {
namespace {

constexpr auto retry_time = std::chrono::milliseconds(10);

}  // namespace

copy_notice::copy_notice(std::shared_ptr<server_link> to) noexcept : link_(std::move(to)) {
  link_->copies_.add();
}

copy_notice::~copy_notice() {
  if (link_) link_->copies_.take_back();
}

std::shared_ptr<server_link> server_link::launch(service& owner, asio::any_io_executor executor,
                                                 std::string program,
                                                 process::preload_request preload) {
  process::server_options options;
  options.program = std::move(program);
  std::vector<transport::unique_fd> memory(1);
  process::copy_count copies = process::copy_count::create(memory.front());
  const auto made = std::make_shared<server_link>(owner, std::move(executor),
                                                  process::launch_fork_server(options));
  made->copies_ = std::move(copies);
  // Sent with the first start.
  made->unsent_.push_back({0, process::encode(process::count_request{}), std::move(memory)});
  if (!preload.modules.empty())
    made->unsent_.push_back({0, process::encode(std::move(preload)), {}});
  return made;
}

server_link::server_link(service& owner, asio::any_io_executor executor,
                         process::fork_server server)
    : service_(owner), server_(std::move(server)) {
  retry_.emplace(executor);
  control_.emplace(executor, server_.control.get());
  (void)server_.control.release();  // the descriptor object owns it now
}

bool server_link::lost() const noexcept {
  const std::lock_guard lock(lock_);
  return lost_;
}

bool server_link::start(process::start_request request,
                        std::vector<transport::unique_fd> descriptors,
                        std::weak_ptr<child_watcher> watcher, std::uint64_t& child) {
  // Commands may use all of them, unless whoever starts one says otherwise.
  if (request.command.empty()) request.avoided_processor = ::sched_getcpu();
  return ask(std::move(request), std::move(descriptors), std::move(watcher), child);
}

bool server_link::adopt(copy_notice notice, transport::unique_fd registration,
                        std::weak_ptr<child_watcher> watcher, std::uint64_t& child) {
  std::vector<transport::unique_fd> descriptors;
  descriptors.push_back(std::move(registration));
  return ask(process::adopt_request{}, std::move(descriptors), std::move(watcher), child,
             std::move(notice));
}

template <class Request>
bool server_link::ask(Request request, std::vector<transport::unique_fd> descriptors,
                      std::weak_ptr<child_watcher> watcher, std::uint64_t& child,
                      copy_notice notice) {
  std::unique_lock lock(lock_);
  if (lost_ || !control_) return false;
  child = request.child = ++last_child_;
  unsent_.push_back({child, process::encode(std::move(request)), std::move(descriptors),
                     std::exchange(notice.link_, nullptr) != nullptr});
  watchers_.emplace(child, watched{std::move(watcher)});
  if (flush(lock)) return true;
  watchers_.erase(child);
  return false;
}

// False when the server cannot be reached any more.
bool server_link::flush(std::unique_lock<std::mutex>&) {
  while (!unsent_.empty() && control_) {
    outgoing& next = unsent_.front();
    std::vector<int> numbers;
    for (const auto& each : next.descriptors) numbers.push_back(each.get());
    const iovec piece{next.bytes.data(), next.bytes.size()};
    const auto result =
        transport::send_some(control_->native_handle(), {&piece, 1}, numbers, MSG_DONTWAIT);
    switch (result.error) {
      case EAGAIN:
        flush_when_writable();
        return true;
      // The socket is writable, yet the kernel has no memory or the user, with all their processes,
      // has too many descriptors in flight: nothing tells when that is over.
      case ETOOMANYREFS:
      case ENOBUFS:
      case ENOMEM:
        flush_later();
        return true;
      default:
        unsent_.pop_front();
        if (result.error != 0) return false;
    }
  }
  return true;
}

void server_link::flush_when_writable() {
  if (std::exchange(writing_, true)) return;
  control_->async_wait(asio::posix::stream_descriptor::wait_write,
                       [self = shared_from_this()](const asio_error_code& failed) {
                         std::unique_lock lock(self->lock_);
                         self->writing_ = false;
                         if (!failed) self->flush(lock);
                       });
}

void server_link::flush_later() {
  if (std::exchange(writing_, true)) return;
  retry_->expires_after(retry_time);
  retry_->async_wait([self = shared_from_this()](const asio_error_code& failed) {
    std::unique_lock lock(self->lock_);
    self->writing_ = false;
    if (!failed) self->flush(lock);
  });
}

void server_link::want_messages(bool wanted) {
  const std::lock_guard lock(lock_);
  wanted_ += wanted ? 1 : -1;
  if (!control_) return;
  if (wanted_ > 0)
    arm();
  else if (reading_)
    control_->cancel();  // also a wait to write, which only starts need: they want messages
}

void server_link::arm() {
  if (reading_ || !control_ || wanted_ <= 0) return;
  reading_ = true;
  control_->async_wait(asio::posix::stream_descriptor::wait_read,
                       [self = shared_from_this()](const asio_error_code&) {
                         // After a cancellation the wait is armed again if it is wanted by now.
                         self->on_readable();
                       });
}

void server_link::on_readable() {
  std::array<std::byte, process::max_message_bytes> buffer;
  std::vector<transport::unique_fd> descriptors;
  bool end = false;
  for (;;) {
    transport::io_result result;
    {
      const std::lock_guard lock(lock_);
      if (!control_ || lost_) return;
      result =
          transport::receive_some(control_->native_handle(), buffer, descriptors, MSG_DONTWAIT);
      if (result.error == EAGAIN) {
        // Not before: whoever is told of a message must not start a second wait.
        reading_ = false;
        arm();
        return;
      }
    }
    end = result.error != 0 || result.bytes == 0;
    if (end) break;
    auto message = process::decode_server_message(std::span(buffer).first(result.bytes));
    // Nobody but our own server writes here; what it should not have written ends it.
    if (!message) break;
    try {
      deliver(std::move(*message), descriptors);
    } catch (...) {
      // A user's handler. The other messages are for the next turn.
      const std::lock_guard lock(lock_);
      reading_ = false;
      arm();
      throw;
    }
    descriptors.clear();
  }
  lose();
}

std::shared_ptr<child_watcher> server_link::watcher_of(std::uint64_t child, bool last) {
  const std::lock_guard lock(lock_);
  const auto found = watchers_.find(child);
  if (found == watchers_.end()) return nullptr;
  auto watcher = found->second.watcher.lock();
  found->second.started = true;
  if (last) watchers_.erase(found);
  return watcher;
}

void server_link::deliver(process::server_message&& message,
                          std::vector<transport::unique_fd>& descriptors) {
  if (const auto* start = std::get_if<process::started>(&message)) {
    if (auto watcher = watcher_of(start->child, false)) {
      if (descriptors.empty())
        watcher->on_start_failed(EMFILE, process::start_stage::pidfd, {});
      else
        watcher->on_started(start->pid, std::move(descriptors.front()), start->note);
    }
  } else if (const auto* failure = std::get_if<process::start_failed>(&message)) {
    // Another start, perhaps with more time, tries again: in a server of its own.
    if (failure->stage == process::start_stage::preload && failure->error == ETIMEDOUT)
      service_.drop(*this);
    if (auto watcher = watcher_of(failure->child, true))
      watcher->on_start_failed(failure->error, failure->stage, failure->detail);
  } else if (const auto* end = std::get_if<process::exited>(&message)) {
    if (auto watcher = watcher_of(end->child, true)) watcher->on_exited(end->status);
  }
}

void server_link::lose() {
  std::vector<std::shared_ptr<child_watcher>> watchers;
  {
    const std::lock_guard lock(lock_);
    if (std::exchange(lost_, true)) return;
    for (auto& [child, each] : watchers_)
      if (auto watcher = each.watcher.lock()) watchers.push_back(std::move(watcher));
    watchers_.clear();
    unsent_.clear();
    control_.reset();
    retry_.reset();
    process::reap_if_adopted(server_);
  }
  service_.drop(*this);
  std::exception_ptr thrown;
  for (const auto& watcher : watchers) {
    try {
      watcher->on_server_lost();
    } catch (...) {
      thrown = std::current_exception();  // a user's handler; the others are to know as well
    }
  }
  if (thrown) std::rethrow_exception(thrown);
}

void server_link::forget(std::uint64_t child) noexcept {
  std::unique_lock lock(lock_);
  const auto found = watchers_.find(child);
  if (found == watchers_.end()) return;
  const bool started = found->second.started;
  watchers_.erase(found);
  if (started || lost_ || !control_) return;
  const auto request = std::find_if(unsent_.begin(), unsent_.end(),
                                    [&](const outgoing& each) { return each.child == child; });
  if (request != unsent_.end()) {
    if (request->counted) copies_.take_back();
    unsent_.erase(request);
    return;
  }
  ask_to_kill(lock, child);
}

void server_link::kill(std::uint64_t child) noexcept {
  std::unique_lock lock(lock_);
  if (!lost_ && control_) ask_to_kill(lock, child);
}

void server_link::ask_to_kill(std::unique_lock<std::mutex>& lock, std::uint64_t child) noexcept {
  try {
    unsent_.push_back({child, process::encode(process::kill_request{child}), {}});
    flush(lock);
  } catch (const std::exception&) {
    // No memory to say it: the child ends with its server.
  }
}

void server_link::shut_down() noexcept {
  const std::lock_guard lock(lock_);
  lost_ = true;
  watchers_.clear();
  unsent_.clear();
  retry_.reset();
  control_.reset();  // the server sees the end of file, kills all children and exits
}

}  // namespace glovebox::client

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "client/server_link.hpp"

#include <glovebox/asio.hpp>
#include <glovebox/context.hpp>

#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace glovebox::client {

/// Something with I/O objects or handlers that must be gone before its execution context is.
class participant {
 public:
  virtual ~participant() = default;
  /// Ends I/O and children; destroys the waiting handlers without invoking them.
  virtual void shut_down() noexcept = 0;
};

/// What glovebox keeps for one execution context: its fork server, and who must be told when the
/// execution context is destroyed.
class service final : public asio::execution_context::service {
 public:
  static asio::execution_context::id id;

  explicit service(asio::execution_context& owner) : asio::execution_context::service(owner) {}
  static service& of(const asio::any_io_executor& executor);

  /// The link of the fork server that has loaded these modules; starts one when there is none.
  /// \throws std::system_error
  std::shared_ptr<server_link> link(const asio::any_io_executor& executor,
                                    const process::preload_request& preload);
  /// The server behind this link is gone or of no use; the next start makes a new one.
  void drop(const server_link& lost) noexcept;

  /// See glovebox::default_context.
  glovebox::context default_context(const asio::any_io_executor& executor);

  void enter(std::shared_ptr<participant> who);
  void leave(const participant& who) noexcept;

  void shutdown() override;

 private:
  std::mutex lock_;
  bool down_ = false;
  std::map<std::string, std::shared_ptr<server_link>> links_;  // by what they have loaded
  glovebox::context default_context_;
  std::map<const participant*, std::shared_ptr<participant>> participants_;
};

}  // namespace glovebox::client

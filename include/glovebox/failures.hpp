// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/error.hpp>
#include <glovebox/termination.hpp>

#include <cstdint>
#include <exception>
#include <memory>
#include <string>

namespace glovebox {

/// The child ended before the call was answered. Every call that ends so has its own object, whose
/// `info()` holds the evidence as seen from that call.
class GLOVEBOX_API process_terminated : public error {
 public:
  explicit process_terminated(termination info);
  ~process_terminated() override;

  const termination& info() const noexcept { return *info_; }
  glovebox::cause cause() const noexcept { return info_->cause; }
  glovebox::phase phase() const noexcept { return info_->phase; }
  glovebox::culprit culprit() const noexcept { return info_->culprit; }
  /// The report for people: what, where, with what, what was printed last.
  std::string report() const { return info_->report(); }

 private:
  std::shared_ptr<const termination> info_;
};

/// The call's deadline passed. A call that had not started was withdrawn (`phase() == queued`).
/// When the running call had to be killed with its child, `info().cause` is `cause::deadline`;
/// `child_alive()` tells the two ends of a running call apart.
class GLOVEBOX_API call_timeout : public error {
 public:
  call_timeout(termination info, bool child_alive);
  ~call_timeout() override;

  const termination& info() const noexcept { return *info_; }
  glovebox::phase phase() const noexcept { return info_->phase; }
  /// Whether the context goes on.
  bool child_alive() const noexcept { return child_alive_; }
  std::string report() const { return info_->report(); }

 private:
  std::shared_ptr<const termination> info_;
  bool child_alive_;
};

/// The handle cannot do what was asked: it is empty, its context was never started or has
/// terminated, or an object belongs to another context.
class GLOVEBOX_API state_error : public error {
 public:
  explicit state_error(const std::string& message) : error(errc::state_error, message) {}
  ~state_error() override;
};

/// The context went back to a snapshot after a crash, and calls that had ended since are undone:
/// what this call was to build on may be gone, so it was not run. Further calls are run. See
/// `context_options::on_crash`.
class GLOVEBOX_API state_rolled_back : public error {
 public:
  state_rolled_back(const std::string& message, std::uint64_t lost)
      : error(errc::state_rolled_back, message), lost_calls_(lost) {}
  ~state_rolled_back() override;
  /// Calls that had ended, and whose effects are gone.
  std::uint64_t lost_calls() const noexcept { return lost_calls_; }

 private:
  std::uint64_t lost_calls_;
};

/// The child's answer to this call is not what its function returns. The child was killed for it;
/// its other calls end with `process_terminated`.
class GLOVEBOX_API protocol_error : public error {
 public:
  explicit protocol_error(const std::string& message) : error(errc::protocol_error, message) {}
  ~protocol_error() override;
};

/// A bounded queue is full; the call was not taken.
class GLOVEBOX_API overloaded : public error {
 public:
  explicit overloaded(const std::string& message) : error(errc::overloaded, message) {}
  ~overloaded() override;
};

/// What an error handler asks first, without a try block.
struct error_info {
  enum class source : std::uint8_t {
    none,      ///< no error
    glovebox,  ///< an error of glovebox's own: `code`
    remote,    ///< thrown by the code in the child
    other,     ///< anything else, e.g. a cancellation (`code` is asio's operation_aborted)
  };
  source origin = source::none;
  std::error_code code;
  glovebox::phase phase = glovebox::phase::unknown;
  glovebox::culprit culprit = glovebox::culprit::unknown;
  const termination* info = nullptr;  ///< lives as long as the exception
};

/// Takes an exception apart. Never throws; a null pointer gives `source::none`.
GLOVEBOX_API error_info error_of(const std::exception_ptr& failure) noexcept;

}  // namespace glovebox

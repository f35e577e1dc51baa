// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/config.hpp>

#include <memory>
#include <string>
#include <system_error>

namespace glovebox {

/// Kinds of glovebox's own failures. A child can never cause an object of these by throwing: what a
/// child throws arrives as a `remote_exception`.
enum class errc {
  process_terminated = 1,  ///< the child ended (or was lost) before the call was answered
  call_timeout,            ///< the call's deadline passed
  state_error,             ///< the handle cannot do this now: terminated, moved from, never started
  protocol_error,          ///< the child broke the protocol and was killed
  overloaded,              ///< a bounded queue is full; try again later
  bad_value,               ///< a value cannot travel; the message holds its path
  state_rolled_back,       ///< what earlier calls had done is undone; this one was not run
};

/// What a caller may do about a failure. Compare an error code with these.
enum class condition {
  retryable = 1,  ///< the call never started: sending it again cannot do it twice
  overloaded,     ///< the same, but only after a while
  disconnected,   ///< the child is gone: a new context is needed
  failed,         ///< it will fail again the same way
};

GLOVEBOX_API const std::error_category& error_category() noexcept;
GLOVEBOX_API const std::error_category& condition_category() noexcept;
GLOVEBOX_API std::error_code make_error_code(errc) noexcept;
GLOVEBOX_API std::error_condition make_error_condition(condition) noexcept;

/// Base of every error that glovebox itself reports.
class GLOVEBOX_API error : public std::system_error {
 public:
  error(errc kind, const std::string& message);
  ~error() override;
  errc kind() const noexcept { return static_cast<errc>(code().value()); }
  /// The message alone; the code has its own.
  const char* what() const noexcept override { return message_->c_str(); }

 private:
  std::shared_ptr<const std::string> message_;  // copying an exception must not throw
};

/// A value could not be encoded or decoded. The message names the path inside the arguments or the
/// result, as in `args[1].x.y: invalid variant index 7`.
class GLOVEBOX_API codec_error : public error {
 public:
  /// \param path where, e.g. `args[1].x.y`; may be empty
  /// \param reason what is wrong there
  codec_error(std::string path, const std::string& reason);
  ~codec_error() override;
  const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

}  // namespace glovebox

template <>
struct std::is_error_code_enum<glovebox::errc> : std::true_type {};
template <>
struct std::is_error_condition_enum<glovebox::condition> : std::true_type {};

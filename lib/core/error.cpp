// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include <glovebox/error.hpp>

#include <utility>

namespace glovebox {
namespace {

class errors final : public std::error_category {
 public:
  const char* name() const noexcept override { return "glovebox"; }
  std::string message(int code) const override {
    switch (static_cast<errc>(code)) {
      case errc::process_terminated:
        return "the child process ended before the call was answered";
      case errc::call_timeout:
        return "the call's deadline passed";
      case errc::state_error:
        return "the handle cannot do this in its state";
      case errc::protocol_error:
        return "the child broke the protocol";
      case errc::overloaded:
        return "a bounded queue is full";
      case errc::bad_value:
        return "the value cannot travel";
      case errc::state_rolled_back:
        return "the child went back to a snapshot";
    }
    return "unknown glovebox error";
  }
  std::error_condition default_error_condition(int code) const noexcept override {
    if (static_cast<errc>(code) == errc::call_timeout)
      return std::make_error_condition(std::errc::timed_out);
    return std::error_category::default_error_condition(code);
  }
  // A timeout is none of the four: the child may live, and the call may have run. What else is
  // retryable depends on how far the call had come, which the code alone does not say: only
  // `overloaded` always is. `error_of` gives the phase.
  bool equivalent(int code, const std::error_condition& wanted) const noexcept override {
    const auto kind = static_cast<errc>(code);
    if (wanted == make_error_condition(condition::overloaded)) return kind == errc::overloaded;
    if (wanted == make_error_condition(condition::retryable)) return kind == errc::overloaded;
    if (wanted == make_error_condition(condition::disconnected))
      return kind == errc::process_terminated || kind == errc::state_error ||
             kind == errc::protocol_error;
    if (wanted == make_error_condition(condition::failed)) return kind == errc::bad_value;
    return default_error_condition(code) == wanted;
  }
};

class conditions final : public std::error_category {
 public:
  const char* name() const noexcept override { return "glovebox condition"; }
  std::string message(int code) const override {
    switch (static_cast<condition>(code)) {
      case condition::retryable:
        return "may be tried again";
      case condition::overloaded:
        return "may be tried again later";
      case condition::disconnected:
        return "needs a new context";
      case condition::failed:
        return "will fail again";
    }
    return "unknown condition";
  }
};

}  // namespace

const std::error_category& error_category() noexcept {
  static const errors category;
  return category;
}

const std::error_category& condition_category() noexcept {
  static const conditions category;
  return category;
}

std::error_code make_error_code(errc kind) noexcept {
  return {static_cast<int>(kind), error_category()};
}

std::error_condition make_error_condition(condition which) noexcept {
  return {static_cast<int>(which), condition_category()};
}

error::error(errc kind, const std::string& message)
    : std::system_error(make_error_code(kind)),
      message_(std::make_shared<const std::string>(message)) {}
error::~error() = default;

codec_error::codec_error(std::string path, const std::string& reason)
    : error(errc::bad_value, path.empty() ? reason : path + ": " + reason),
      path_(std::move(path)) {}
codec_error::~codec_error() = default;

}  // namespace glovebox

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "runtime/c_call.hpp"

#include <boost/test/unit_test.hpp>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace glovebox::test {

/// Skips what needs libffi where the library was built without it.
inline boost::test_tools::assertion_result with_libffi(boost::unit_test::test_unit_id) {
  boost::test_tools::assertion_result there(runtime::c_invoker::available());
  there.message() << "built without libffi (package libffi-dev)";
  return there;
}

/// The arguments of a call as they are written, and all that came of it.
class one_call final : public runtime::c_argument_source, public runtime::c_result_sink {
 public:
  explicit one_call(std::vector<runtime::c_argument> arguments)
      : arguments_(std::move(arguments)) {}

  std::size_t count() const override { return arguments_.size(); }
  runtime::c_argument argument(std::size_t index, const runtime::c_type&) override {
    BOOST_TEST(index == asked_++);
    return arguments_.at(index);
  }
  void result(const runtime::c_type&, runtime::c_value value, int error_left) override {
    BOOST_TEST(!has_result_);
    BOOST_TEST(came_back_.empty());
    has_result_ = true;
    result_ = std::move(value);
    error_ = error_left;
  }
  void came_back(std::size_t index, const runtime::c_type&, runtime::c_value content) override {
    BOOST_TEST(has_result_);
    BOOST_TEST((came_back_.empty() || came_back_.rbegin()->first < index));
    came_back_.emplace(index, std::move(content));
  }

  bool has_result() const { return has_result_; }
  const runtime::c_value& result() const { return result_; }
  int error() const { return error_; }
  std::size_t back_count() const { return came_back_.size(); }
  const runtime::c_value& back(std::size_t index) const { return came_back_.at(index); }

 private:
  std::vector<runtime::c_argument> arguments_;
  std::size_t asked_ = 0;
  bool has_result_ = false;
  runtime::c_value result_;
  int error_ = 0;
  std::map<std::size_t, runtime::c_value> came_back_;
};

/// The type of the value is chosen: an `int` is none.
inline runtime::c_argument arg(bool value) {
  return runtime::c_value(value);
}
inline runtime::c_argument arg(int value) {
  return runtime::c_value(std::int64_t{value});
}
inline runtime::c_argument arg(std::int64_t value) {
  return runtime::c_value(value);
}
inline runtime::c_argument arg(std::uint64_t value) {
  return runtime::c_value(value);
}
inline runtime::c_argument arg(double value) {
  return runtime::c_value(value);
}
inline runtime::c_argument arg(long double value) {
  return runtime::c_value(value);
}
inline runtime::c_argument arg(std::nullptr_t) {
  return runtime::c_value(nullptr);
}
inline runtime::c_argument arg(const char* value) {
  return runtime::c_value(std::string(value));
}
inline runtime::c_argument arg(std::string value) {
  return runtime::c_value(std::move(value));
}
inline runtime::c_argument arg(runtime::c_bytes value) {
  return runtime::c_value(std::move(value));
}
inline runtime::c_argument arg(runtime::c_pointer value) {
  return runtime::c_value(std::move(value));
}
template <class T>
requires std::is_constructible_v<runtime::c_argument, T> &&
    (!std::is_constructible_v<runtime::c_value, T>)runtime::c_argument arg(T value) {
  return runtime::c_argument(std::move(value));
}
template <class Callback>
requires std::is_base_of_v<runtime::c_callback, Callback> runtime::c_argument arg(
    std::shared_ptr<Callback> value) {
  return std::shared_ptr<runtime::c_callback>(std::move(value));
}

template <class R, class... P, class... A>
one_call run(const char* declaration, R (*function)(P...), A... arguments) {
  one_call call({arg(std::move(arguments))...});
  runtime::c_call(declaration).run(reinterpret_cast<void*>(function), call, call);
  BOOST_TEST(call.has_result());
  return call;
}

template <class T>
runtime::c_bytes bytes_of(const std::vector<T>& values) {
  const auto* const first = reinterpret_cast<const std::byte*>(values.data());
  return {first, first + values.size() * sizeof(T)};
}
template <class T>
std::vector<T> values_of(const runtime::c_value& bytes) {
  const auto& from = std::get<runtime::c_bytes>(bytes);
  const auto* const first = reinterpret_cast<const T*>(from.data());
  return {first, first + from.size() / sizeof(T)};
}

/// A callback made of a function object.
template <class F>
class callback_of final : public runtime::c_callback {
 public:
  explicit callback_of(F work) : work_(std::move(work)) {}
  runtime::c_value call(const runtime::c_signature&,
                        std::span<const runtime::c_value> arguments) override {
    return work_(arguments);
  }

 private:
  F work_;
};
template <class F>
std::shared_ptr<runtime::c_callback> callback(F work) {
  return std::make_shared<callback_of<F>>(std::move(work));
}

}  // namespace glovebox::test

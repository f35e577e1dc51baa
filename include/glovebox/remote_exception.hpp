// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/config.hpp>
#include <glovebox/stack_trace.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace glovebox {

/// What the code in a child threw, as seen in the parent. It does not derive from std::exception:
/// the object that is thrown derives from exactly one standard exception and from this, so
/// `catch (std::out_of_range&)`, `catch (std::exception&)` and `catch (remote_exception&)` all
/// match. An exception of a type the parent does not know, and one that is no class at all, is
/// thrown as `std::runtime_error`; the nearest standard base is used where there is one.
class GLOVEBOX_API remote_exception {
 public:
  virtual ~remote_exception();

  /// The type that was thrown: the name that a module has given it (`vision.BadModel`, see
  /// `module_builder::exception`), or else as C++ writes it.
  const std::string& type_name() const noexcept { return type_name_; }
  /// Its `what()`; for a thrown number or string, its text.
  const std::string& message() const noexcept { return message_; }
  /// The function that threw, as a person would write it.
  const std::string& method() const noexcept { return method_; }
  /// Whether the exception held another one (`std::throw_with_nested`). It is nested here too:
  /// `std::rethrow_if_nested` works.
  bool has_nested() const noexcept { return has_nested_; }
  /// Where in the child it was thrown, the innermost frame first: addresses, modules and offsets.
  /// `symbolize` finds out functions and lines. Empty where that is not known: for an exception
  /// that was never thrown (`std::make_exception_ptr`), or after many others.
  const std::vector<stack_frame>& stack() const noexcept { return stack_; }

 protected:
  remote_exception(std::string type_name, std::string message, std::string method, bool has_nested,
                   std::vector<stack_frame> stack)
      : type_name_(std::move(type_name)),
        message_(std::move(message)),
        method_(std::move(method)),
        has_nested_(has_nested),
        stack_(std::move(stack)) {}
  remote_exception(const remote_exception&) = default;
  remote_exception& operator=(const remote_exception&) = default;

 private:
  std::string type_name_;
  std::string message_;
  std::string method_;
  bool has_nested_;
  std::vector<stack_frame> stack_;
};

}  // namespace glovebox

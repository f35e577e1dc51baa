// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "runtime/remote_errors.hpp"

#include <glovebox/asio.hpp>
#include <glovebox/remote_exception.hpp>

#include <any>
#include <asio/error.hpp>
#include <bit>
#include <filesystem>
#include <functional>
#include <future>
#include <ios>
#include <memory>
#include <new>
#include <optional>
#include <regex>
#include <stdexcept>
#include <system_error>
#include <typeinfo>
#include <variant>

namespace glovebox {

remote_exception::~remote_exception() = default;

namespace runtime {
namespace {

using core::exception_record;
using core::standard_base;

/// The error_code of a category that this process does not have: the number is kept, the text came
/// with the exception.
class foreign_category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "remote"; }
  std::string message(int code) const override { return "remote error " + std::to_string(code); }
};

std::error_code code_of(const exception_record& record) {
  static const foreign_category foreign;
  const std::error_category& of_asio = asio::error::get_misc_category();
  for (const std::error_category* const known :
       {&std::generic_category(), &std::system_category(), &std::iostream_category(),
        &std::future_category(), &of_asio})
    if (record.category == known->name()) return {record.code, *known};
  return {record.code, foreign};
}

// The type is an old enumeration: it holds what has no more bits than its largest value.
constexpr auto most_regex_code = static_cast<std::int32_t>(
    (1u << std::bit_width(static_cast<unsigned>(std::regex_constants::error_stack))) - 1);

// what() is the child's text for every type, also for those that make up their own.
template <class Base>
class remote_error : public Base, public remote_exception {
 public:
  template <class... A>
  remote_error(const exception_record& record, std::string_view method, A&&... base)
      : Base(std::forward<A>(base)...),
        remote_exception(record.name.empty() ? record.type : record.name, record.message,
                         std::string(method), record.nested != nullptr, record.stack) {}
  const char* what() const noexcept override { return message().c_str(); }
};

template <class Base>
class nested_remote_error final : public remote_error<Base>, public std::nested_exception {
 public:
  using remote_error<Base>::remote_error;
};

template <class Base, class... A>
[[noreturn]] void raise(const exception_record& record, std::string_view method, A&&... base) {
  if (!record.nested) throw remote_error<Base>(record, method, std::forward<A>(base)...);
  // std::nested_exception takes the exception being handled.
  try {
    std::rethrow_exception(make_remote_exception(*record.nested, method));
  } catch (...) {
    throw nested_remote_error<Base>(record, method, std::forward<A>(base)...);
  }
}

[[noreturn]] void raise_record(const exception_record& record, std::string_view method) {
  const std::string& text = record.message;
  switch (record.base) {
    case standard_base::none:
      break;
    case standard_base::exception:
      raise<std::exception>(record, method);
    case standard_base::logic_error:
      raise<std::logic_error>(record, method, text);
    case standard_base::invalid_argument:
      raise<std::invalid_argument>(record, method, text);
    case standard_base::domain_error:
      raise<std::domain_error>(record, method, text);
    case standard_base::length_error:
      raise<std::length_error>(record, method, text);
    case standard_base::out_of_range:
      raise<std::out_of_range>(record, method, text);
    case standard_base::future_error:
      raise<std::future_error>(record, method, static_cast<std::future_errc>(record.code));
    case standard_base::runtime_error:
      raise<std::runtime_error>(record, method, text);
    case standard_base::range_error:
      raise<std::range_error>(record, method, text);
    case standard_base::overflow_error:
      raise<std::overflow_error>(record, method, text);
    case standard_base::underflow_error:
      raise<std::underflow_error>(record, method, text);
    case standard_base::regex_error:
      // The code is the child's to choose, and the type has no room for any other number.
      if (record.code < 0 || record.code > most_regex_code) break;
      raise<std::regex_error>(record, method,
                              static_cast<std::regex_constants::error_type>(record.code));
    case standard_base::system_error:
      raise<std::system_error>(record, method, code_of(record), text);
    case standard_base::ios_failure:
      raise<std::ios_base::failure>(record, method, text, code_of(record));
    case standard_base::filesystem_error:
      raise<std::filesystem::filesystem_error>(record, method, text, code_of(record));
    case standard_base::bad_alloc:
      raise<std::bad_alloc>(record, method);
    case standard_base::bad_array_new_length:
      raise<std::bad_array_new_length>(record, method);
    case standard_base::bad_cast:
      raise<std::bad_cast>(record, method);
    case standard_base::bad_any_cast:
      raise<std::bad_any_cast>(record, method);
    case standard_base::bad_typeid:
      raise<std::bad_typeid>(record, method);
    case standard_base::bad_optional_access:
      raise<std::bad_optional_access>(record, method);
    case standard_base::bad_variant_access:
      raise<std::bad_variant_access>(record, method);
    case standard_base::bad_function_call:
      raise<std::bad_function_call>(record, method);
    case standard_base::bad_weak_ptr:
      raise<std::bad_weak_ptr>(record, method);
    case standard_base::bad_exception:
      raise<std::bad_exception>(record, method);
  }
  raise<std::runtime_error>(record, method, text);
}

}  // namespace

std::exception_ptr make_remote_exception(const exception_record& record, std::string_view method) {
  try {
    raise_record(record, method);
  } catch (...) {
    return std::current_exception();
  }
}

}  // namespace runtime
}  // namespace glovebox

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "runtime/exceptions.hpp"

#include "runtime/throw_sites.hpp"

#include <glovebox/asio.hpp>
#include <glovebox/binding/exceptions.hpp>
#include <glovebox/remote_exception.hpp>

#include <cxxabi.h>
#include <any>
#include <exception>
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

namespace glovebox::runtime {
namespace {

using core::exception_record;
using core::standard_base;

std::string demangled(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> name(
      abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), &std::free);
  return name ? name.get() : type.name();
}

template <class E>
bool is(const std::exception& e) {
  return dynamic_cast<const E*>(&e) != nullptr;
}

// Derived classes stand before their bases.
standard_base nearest_base(const std::exception& e) {
  if (is<std::invalid_argument>(e)) return standard_base::invalid_argument;
  if (is<std::domain_error>(e)) return standard_base::domain_error;
  if (is<std::length_error>(e)) return standard_base::length_error;
  if (is<std::out_of_range>(e)) return standard_base::out_of_range;
  if (is<std::future_error>(e)) return standard_base::future_error;
  if (is<std::logic_error>(e)) return standard_base::logic_error;
  if (is<std::range_error>(e)) return standard_base::range_error;
  if (is<std::overflow_error>(e)) return standard_base::overflow_error;
  if (is<std::underflow_error>(e)) return standard_base::underflow_error;
  if (is<std::regex_error>(e)) return standard_base::regex_error;
  if (is<std::filesystem::filesystem_error>(e)) return standard_base::filesystem_error;
  if (is<std::ios_base::failure>(e)) return standard_base::ios_failure;
  if (is<std::system_error>(e) || is<asio_system_error>(e)) return standard_base::system_error;
  if (is<std::runtime_error>(e)) return standard_base::runtime_error;
  if (is<std::bad_array_new_length>(e)) return standard_base::bad_array_new_length;
  if (is<std::bad_alloc>(e)) return standard_base::bad_alloc;
  if (is<std::bad_any_cast>(e)) return standard_base::bad_any_cast;
  if (is<std::bad_cast>(e)) return standard_base::bad_cast;
  if (is<std::bad_typeid>(e)) return standard_base::bad_typeid;
  if (is<std::bad_optional_access>(e)) return standard_base::bad_optional_access;
  if (is<std::bad_variant_access>(e)) return standard_base::bad_variant_access;
  if (is<std::bad_function_call>(e)) return standard_base::bad_function_call;
  if (is<std::bad_weak_ptr>(e)) return standard_base::bad_weak_ptr;
  if (is<std::bad_exception>(e)) return standard_base::bad_exception;
  return standard_base::exception;
}

void take_code(const std::error_code& code, exception_record& record) {
  record.category = code.category().name();
  record.code = code.value();
}

exception_record capture(int level);

// Its stack is where it came from, not where it was made again.
bool is_remote() {
  try {
    throw;
  } catch (const remote_exception&) {
    return true;
  } catch (...) {
    return false;
  }
}

exception_record describe(const std::exception& e, int level) {
  exception_record record;
  record.type = demangled(typeid(e));
  record.base = nearest_base(e);
  const char* const message = e.what();
  record.message = message ? message : "(null)";
  // What a callback threw is here in disguise.
  if (const auto* remote = dynamic_cast<const remote_exception*>(&e)) {
    record.type = remote->type_name();
    record.message = remote->message();
    record.stack = remote->stack();
  }
  if (const auto* system = dynamic_cast<const std::system_error*>(&e))
    take_code(system->code(), record);
  else if (const auto* of_asio = dynamic_cast<const asio_system_error*>(&e))
    take_code(of_asio->code(), record);
  else if (const auto* future = dynamic_cast<const std::future_error*>(&e))
    take_code(future->code(), record);
  else if (const auto* regex = dynamic_cast<const std::regex_error*>(&e))
    record.code = static_cast<std::int32_t>(regex->code());
  // Not std::rethrow_if_nested: it terminates where nothing was being handled when e was thrown.
  const auto* const outer = dynamic_cast<const std::nested_exception*>(&e);
  if (outer && outer->nested_ptr() && level + 1 < exception_record::max_nesting) {
    try {
      outer->rethrow_nested();
    } catch (...) {
      record.nested = std::make_unique<exception_record>(capture(level + 1));
    }
  }
  return record;
}

// What is thrown without being an std::exception: its type, and its value where it is plain.
template <class T>
exception_record plain(const T& value) {
  exception_record record;
  record.type = demangled(typeid(T));
  if constexpr (std::is_arithmetic_v<T>)
    record.message = std::to_string(value);
  else
    record.message = value;
  return record;
}

exception_record capture_unnamed(int level) {
  try {
    throw;
  } catch (const std::exception& e) {
    return describe(e, level);
  } catch (const std::string& text) {
    return plain(text);
  } catch (const char* text) {
    return plain<std::string>(text ? text : "(null)");
  } catch (int value) {
    return plain(value);
  } catch (long value) {
    return plain(value);
  } catch (unsigned value) {
    return plain(value);
  } catch (double value) {
    return plain(value);
  } catch (...) {
    exception_record record;
    const std::type_info* const type = abi::__cxa_current_exception_type();
    record.type = type ? demangled(*type) : "a foreign exception";
    record.message = "an exception of type " + record.type;
    return record;
  }
}

exception_record capture(int level) {
  exception_record record = capture_unnamed(level);
  const std::exception_ptr current = std::current_exception();
  record.name = binding::exception_name(current, abi::__cxa_current_exception_type());
  if (!is_remote()) record.stack = throw_site_of(current);
  return record;
}

}  // namespace

core::exception_record capture_current_exception() {
  try {
    return capture(0);
  } catch (...) {
    // Describing it failed: most likely there is no memory even for its name. These texts fit into
    // the strings themselves.
    core::exception_record record;
    record.type = "std::bad_alloc";
    record.base = core::standard_base::bad_alloc;
    record.message = "no memory left";
    return record;
  }
}

}  // namespace glovebox::runtime

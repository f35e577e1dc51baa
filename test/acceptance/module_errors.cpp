// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "acceptance/module.hpp"
#include "acceptance/things.hpp"

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
#include <system_error>
#include <typeinfo>
#include <utility>
#include <variant>

namespace acceptance {
namespace {

template <class E>
void with_text() {
  throw E("it was thrown");
}
template <class E>
void without_text() {
  throw E();
}

const std::map<std::string, void (*)()>& standard_errors() {
  static const std::map<std::string, void (*)()> all{
      {"exception", &without_text<std::exception>},
      {"logic_error", &with_text<std::logic_error>},
      {"invalid_argument", &with_text<std::invalid_argument>},
      {"domain_error", &with_text<std::domain_error>},
      {"length_error", &with_text<std::length_error>},
      {"out_of_range", &with_text<std::out_of_range>},
      {"runtime_error", &with_text<std::runtime_error>},
      {"range_error", &with_text<std::range_error>},
      {"overflow_error", &with_text<std::overflow_error>},
      {"underflow_error", &with_text<std::underflow_error>},
      {"bad_alloc", &without_text<std::bad_alloc>},
      {"bad_array_new_length", &without_text<std::bad_array_new_length>},
      {"bad_cast", &without_text<std::bad_cast>},
      {"bad_any_cast", &without_text<std::bad_any_cast>},
      {"bad_typeid", &without_text<std::bad_typeid>},
      {"bad_optional_access", &without_text<std::bad_optional_access>},
      {"bad_variant_access", &without_text<std::bad_variant_access>},
      {"bad_function_call", &without_text<std::bad_function_call>},
      {"bad_weak_ptr", &without_text<std::bad_weak_ptr>},
      {"bad_exception", &without_text<std::bad_exception>},
      {"future_error", [] { throw std::future_error(std::future_errc::broken_promise); }},
      {"regex_error", [] { throw std::regex_error(std::regex_constants::error_brack); }},
      {"system_error",
       [] {
         throw std::system_error(std::make_error_code(std::errc::permission_denied), "the door");
       }},
      {"ios_failure",
       [] {
         throw std::ios_base::failure("the pipe",
                                      std::make_error_code(std::errc::no_such_file_or_directory));
       }},
      {"filesystem_error",
       [] {
         throw std::filesystem::filesystem_error("the file",
                                                 std::make_error_code(std::errc::file_exists));
       }},
  };
  return all;
}

void throw_user_error(const std::string& what) {
  if (what == "named") throw bad_model("the model is bad");
  if (what == "derived") throw worse_model("the model is worse");
  if (what == "unnamed") throw unnamed_error("nobody knows");
  if (what == "not standard") throw not_standard{7};
  if (what == "number") throw 42;
  if (what == "text") throw "a text";
  if (what == "nested") try {
      throw std::out_of_range("the inner one");
    } catch (...) {
      std::throw_with_nested(bad_model("the outer one"));
    }
}

}  // namespace

void bind_errors(module_builder& m) {
  m.exception<bad_model>("BadModel");
  m.def("standard_errors", [] {
    std::vector<std::string> names;
    for (const auto& [name, thrower] : standard_errors()) names.push_back(name);
    return names;
  });
  m.def("throw_standard", [](const std::string& name) { standard_errors().at(name)(); });
  m.def("throw_user_error", &throw_user_error);

  m.class_<copy_shy>("CopyShy").constructor<>();
  m.def("take_copy", [](copy_shy) {});
  m.def("give_copy", [](const copy_shy& of) { return std::pair<int, copy_shy>(1, of).first; });
  m.class_<bad_end>("BadEnd").constructor<>();
}

}  // namespace acceptance

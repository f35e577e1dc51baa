// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include <glovebox/binding/extras.hpp>
#include <glovebox/binding/function.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace glovebox::binding {

function::~function() = default;
argument_mismatch::~argument_mismatch() = default;

std::string function::signature(std::string_view name) const {
  std::string text(name);
  text += '(';
  for (const parameter& each : parameters) {
    if (&each != &parameters.front()) text += ", ";
    if (!each.name.empty()) text += each.name + ": ";
    text += each.type;
    if (!each.fallback.empty()) text += " = " + each.fallback;
  }
  text += ')';
  if (result != "void") text += " -> " + result;
  return text;
}

std::string overload_set::short_name() const {
  const auto dot = name.rfind('.');
  return dot == name.npos ? name : name.substr(dot + 1);
}

// Where there is nothing to choose among, nothing is tried twice.
void overload_set::call(call_state& with) const {
  std::vector<std::string> reasons;
  for (const bool conversions : {false, true}) {
    if (all_.size() == 1 && !conversions) continue;
    for (const auto& each : all_) {
      with.begin_attempt(conversions);
      std::string why = with.match(*each);
      // A look is cheaper than an exception.
      if (why.empty() && !conversions && !with.looks_exact()) continue;
      if (why.empty()) {
        try {
          return each->run(*each, with);
        } catch (const codec_error& error) {
          if (with.read()) throw;
          why = error.what();
        }
      }
      if (conversions) reasons.push_back(std::move(why));
    }
  }
  std::string text;
  if (all_.size() == 1) {
    text = all_.front()->signature(name) + ": " + reasons.front();
  } else {
    text = all_.empty() ? name + " cannot be called" : "no " + name + " takes these arguments:";
    for (std::size_t i = 0; i != all_.size(); ++i)
      text += "\n  " + all_[i]->signature(short_name()) + ": " + reasons[i];
  }
  throw argument_mismatch(text);
}

std::vector<std::string> overload_set::signatures() const {
  std::vector<std::string> made;
  for (const auto& each : all_) made.push_back(each->signature(short_name()));
  return made;
}

std::string overload_set::doc() const {
  std::string text;
  for (const auto& each : all_) {
    if (each->doc.empty()) continue;
    if (!text.empty()) text += '\n';
    text += each->doc;
  }
  return text;
}

void name_parameter(function& what, std::size_t index, const char* name) {
  parameter& one = what.parameters.at(index);
  one.name = name;
  for (std::size_t i = 0; i != index; ++i)
    if (what.parameters[i].name == one.name)
      throw std::logic_error("two parameters are called '" + one.name + "'");
}

void set_default(function& what, std::size_t index, const value& fallback,
                 void (*try_it)(std::size_t index, json_reader& in)) {
  parameter& one = what.parameters.at(index);
  one.kept = fallback;
  one.fallback = fallback.to_json();
  json_reader in(std::as_bytes(std::span(one.fallback)), {}, {}, detail::object_port::here());
  try {
    try_it(index, in);
  } catch (const codec_error& why) {
    throw std::logic_error("the default value of the parameter '" + one.name +
                           "' is none of its values: " + why.what());
  }
}

std::string pretty_type(std::string_view name) {
  std::string text(name);
  using replacement = std::pair<std::string_view, std::string_view>;
  constexpr std::array replacements{
      replacement{"std::__cxx11::basic_string<char>", "std::string"},
      replacement{"std::basic_string<char>", "std::string"},
      replacement{"std::basic_string_view<char>", "std::string_view"},
      replacement{"std::filesystem::__cxx11::path", "std::filesystem::path"},
      replacement{"std::__cxx11::", "std::"},
      replacement{"{anonymous}::", ""},
      replacement{"(anonymous namespace)::", ""}};
  for (const auto& [from, to] : replacements)
    for (auto at = text.find(from); at != text.npos; at = text.find(from, at + to.size()))
      text.replace(at, from.size(), to);
  return text;
}

}  // namespace glovebox::binding

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "runtime/c_signature.hpp"

#include <algorithm>
#include <utility>

namespace glovebox::runtime {
namespace {

using kind = c_type::kind;

std::string parameters_text(const c_signature& of);

// C writes a type around what is declared.
std::string declare(const c_type& type, std::string inner) {
  switch (type.what) {
    case kind::pointer: {
      std::string text = type.constant ? "*const" : "*";
      if (type.constant && !inner.empty() && inner.front() != '*') text += ' ';
      text += inner;
      if (type.target->what == kind::function) text = "(" + text + ")";
      return declare(*type.target, std::move(text));
    }
    case kind::function:
      return declare(type.function->result, inner + parameters_text(*type.function));
    default: {
      // `int* f()`: the stars belong to the type.
      const std::size_t stars = std::min(inner.find_first_not_of('*'), inner.size());
      std::string text = (type.constant ? "const " : "") + type.name + inner.substr(0, stars);
      if (stars != inner.size()) text += ' ' + inner.substr(stars);
      return text;
    }
  }
}

std::string parameters_text(const c_signature& of) {
  std::string text = "(";
  for (const c_parameter& each : of.parameters)
    text += (text.size() == 1 ? "" : ", ") + declare(each.type, each.name);
  if (of.parameters.empty()) text += "void";
  return text + ")";
}

}  // namespace

bool c_type::operator==(const c_type& other) const {
  const auto same = [](const auto& a, const auto& b) { return a && b ? *a == *b : a == b; };
  return what == other.what && constant == other.constant && size == other.size &&
         name == other.name && same(target, other.target) && same(function, other.function);
}

std::string to_string(const c_signature& signature) {
  return declare(signature.result, signature.name + parameters_text(signature));
}

std::string to_string(const c_type& type) {
  return declare(type, {});
}

}  // namespace glovebox::runtime

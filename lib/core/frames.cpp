// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "core/frames.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace glovebox::core {
namespace {

constexpr std::size_t longest_name = 120;
constexpr std::size_t shortest_cut = 160;

bool part_of_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

void strip_suffix(std::string_view& text, std::string_view suffix) {
  if (text.ends_with(suffix)) text.remove_suffix(suffix.size());
}

// ` [clone .isra.0]` of demangled names, `.isra.0` of those that never were mangled.
void strip_clones(std::string_view& name) {
  for (std::size_t at; name.ends_with(']') && (at = name.rfind(" [clone ")) != std::string::npos;)
    name = name.substr(0, at);
  if (name.find_first_of("(<:") != std::string::npos) return;
  const std::size_t dot = name.find('.', 1);
  if (dot != std::string::npos) name = name.substr(0, dot);
}

bool operator_at(std::string_view name, std::size_t at) {
  constexpr std::string_view word = "operator";
  if (!name.substr(at).starts_with(word) || (at != 0 && part_of_name(name[at - 1]))) return false;
  return at + word.size() == name.size() || !part_of_name(name[at + word.size()]);
}

void strip_parameters(std::string_view& name) {
  const std::string_view whole = name;
  for (const std::string_view suffix : {"&&", "&", " ", " volatile", " const", " noexcept"})
    strip_suffix(name, suffix);
  strip_suffix(name, " const");
  if (!name.ends_with(')')) {
    name = whole;
    return;
  }
  std::size_t depth = 0;
  for (std::size_t at = name.size(); at-- != 0;) {
    if (name[at] == ')') ++depth;
    if (name[at] != '(' || --depth != 0) continue;
    // `operator()` alone; and what has nothing before it is no list of parameters.
    const std::string_view before = name.substr(0, at);
    const bool call_operator = before.ends_with("operator") &&
                               operator_at(before, at - std::string_view("operator").size());
    if (at != 0 && !call_operator) name = before;
    return;
  }
}

// Templates have their result in front of their name.
void strip_result(std::string_view& name) {
  std::size_t depth = 0, start = 0;
  for (std::size_t at = 0; at != name.size(); ++at) {
    const char c = name[at];
    if (depth == 0 && operator_at(name, at)) break;
    if (c == '(' || c == '<' || c == '{' || c == '[') ++depth;
    const bool arrow = c == '>' && at != 0 && name[at - 1] == '-';
    if ((c == ')' || c == '>' || c == '}' || c == ']') && !arrow && depth != 0) --depth;
    if (c == ' ' && depth == 0) start = at + 1;
  }
  if (start < name.size()) name.remove_prefix(start);
}

std::string without_template_arguments(std::string_view name) {
  std::string text;
  std::size_t depth = 0;
  for (const char c : name) {
    if (c == '<' && depth++ == 0) text += "<...>";
    if (depth == 0) text += c;
    if (c == '>' && depth != 0) --depth;
  }
  return text;
}

enum class owner { user, runtime, standard };

owner owner_of(const stack_frame& frame) {
  const std::string name = short_name(frame.function);
  for (const std::string_view part : {"runtime", "binding", "detail", "process"}) {
    const std::string place = "glovebox::" + std::string(part) + "::";
    const std::string mangled =
        "8glovebox" + std::to_string(part.size()) + std::string(part);  // of a lambda, mostly
    if (name.starts_with(place) ||
        (name.starts_with("_Z") &&
         std::string_view(name).substr(0, 64).find(mangled) != std::string::npos))
      return owner::runtime;
  }
  if (name == "glovebox::init") return owner::runtime;
  // What std::invoke consists of; a lambda that has no name, too, may be of either.
  if (name.starts_with("std::") || (frame.inlined && frame.function.starts_with("(unnamed)")))
    return owner::standard;
  return owner::user;
}

}  // namespace

std::string short_name(std::string_view function) {
  std::string_view name = function;
  strip_clones(name);
  strip_parameters(name);
  strip_result(name);
  if (name.size() <= longest_name) return std::string(name);
  return without_template_arguments(name).substr(0, shortest_cut);
}

std::vector<stack_frame> without_runtime(const std::vector<stack_frame>& frames) {
  std::vector<owner> owners;
  for (const stack_frame& each : frames) owners.push_back(owner_of(each));
  const std::size_t count = frames.size();
  // Between the runtime and the runtime, or between it and the code that it calls.
  for (std::size_t i = 0; i != count; ++i) {
    if (owners[i] != owner::standard) continue;
    std::size_t next = i;
    while (next != count && owners[next] == owner::standard) ++next;
    const bool of_runtime = next != count && owners[next] == owner::runtime &&
                            ((i != 0 && owners[i - 1] == owner::runtime) ||
                             !frames[i].function.starts_with("(unnamed)"));
    if (of_runtime) owners[i] = owner::runtime;
  }
  // Outside of the outermost call that the runtime makes there is only what made it run.
  const auto outermost = std::find(owners.rbegin(), owners.rend(), owner::runtime);
  const bool called = outermost != owners.rend() && frames.back().function != "__clone3" &&
                      std::any_of(owners.begin(), outermost.base(),
                                  [](owner each) { return each != owner::runtime; });
  std::vector<stack_frame> kept;
  const std::size_t end =
      called ? static_cast<std::size_t>(outermost.base() - owners.begin()) : count;
  for (std::size_t i = 0; i != end; ++i)
    if (owners[i] != owner::runtime) kept.push_back(frames[i]);
  // Where nothing is left it was the runtime's own doing.
  return kept.empty() ? frames : kept;
}

}  // namespace glovebox::core

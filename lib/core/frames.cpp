// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "core/frames.hpp"

#include <algorithm>
#include <string_view>

namespace glovebox::core {
namespace {

// A name without parameters and what a template's name has before it: `void ns::f<int>(int)` is
// `ns::f`. Names that cannot be demangled stay as they are.
std::string_view bare_name(std::string_view name) {
  constexpr std::string_view deduced = "decltype(auto) ";
  if (name.starts_with(deduced)) name.remove_prefix(deduced.size());
  name = name.substr(0, name.find_first_of("<("));
  return name.substr(name.rfind(' ') + 1);
}

enum class owner { user, runtime, standard };

owner owner_of(const stack_frame& frame) {
  const std::string_view name = bare_name(frame.function);
  for (const std::string_view part : {"runtime", "binding", "detail", "process"}) {
    const std::string place = "glovebox::" + std::string(part) + "::";
    const std::string mangled =
        "8glovebox" + std::to_string(part.size()) + std::string(part);  // of a lambda, mostly
    if (name.starts_with(place) ||
        (name.starts_with("_Z") && name.substr(0, 64).find(mangled) != name.npos))
      return owner::runtime;
  }
  if (name == "glovebox::init") return owner::runtime;
  // What std::invoke consists of; a lambda that has no name, too, may be of either.
  if (name.starts_with("std::") || (frame.inlined && frame.function.starts_with("(unnamed)")))
    return owner::standard;
  return owner::user;
}

}  // namespace

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
  const bool called = outermost != owners.rend() &&
                      bare_name(frames.back().function) != "__clone3" &&
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

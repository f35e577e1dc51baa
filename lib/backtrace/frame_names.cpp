// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "backtrace/frame_names.hpp"

#include "backtrace/module_file.hpp"
#include "backtrace/symbols.hpp"

#include <sys/stat.h>
#include <cstddef>
#include <map>
#include <string>
#include <utility>

namespace glovebox::backtrace {
namespace {

// The modules stand beside each other in a process that never was: libdw wants addresses.
constexpr std::uint64_t module_room = std::uint64_t{1} << 38;

struct places {
  std::vector<mapping> mappings;
  std::map<std::string, std::size_t> known;  // by path
  std::vector<std::uint64_t> linked_at;      // what each file says of its own beginning

  std::size_t place_of(const std::string& path) {
    const auto [at, first] = known.try_emplace(path, mappings.size());
    if (!first) return at->second;
    mapping made;
    made.from = module_room * (mappings.size() + 1);
    made.to = made.from + module_room;
    made.readable = made.executable = true;
    made.path = path;
    struct stat status {};
    made.inode = ::stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
    const opened_file opened = open_module(made);
    linked_at.push_back(opened.file ? linked_address(opened.file, 0).value_or(0) : 0);
    mappings.push_back(std::move(made));
    return at->second;
  }
};

}  // namespace

std::vector<stack_frame> with_names(const std::vector<stack_frame>& frames) {
  places all;
  for (const stack_frame& each : frames)
    if (!each.module.empty()) all.place_of(each.module);
  dwfl_modules modules(all.mappings);
  symbols names(modules);
  std::vector<stack_frame> named;
  for (const stack_frame& each : frames) {
    std::vector<stack_frame> found;
    if (!each.module.empty()) {
      const std::size_t place = all.place_of(each.module);
      const std::uint64_t within = each.offset - all.linked_at[place];
      std::string note;
      if (within < module_room)
        names.append(all.mappings[place].from + within, &all.mappings[place], found, note);
    }
    if (found.empty() || (!each.build_id.empty() && found.front().build_id != each.build_id)) {
      named.push_back(each);
      continue;
    }
    for (stack_frame& one : found) {
      one.address = each.address;
      one.module = each.module;
      one.offset = each.offset;
      named.push_back(std::move(one));
    }
  }
  return named;
}

}  // namespace glovebox::backtrace

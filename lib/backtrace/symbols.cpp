// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "backtrace/symbols.hpp"

#include <cxxabi.h>
#include <dwarf.h>
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace glovebox::backtrace {
namespace {

struct free_it {
  void operator()(void* memory) const noexcept { std::free(memory); }
};
using scope_array = std::unique_ptr<Dwarf_Die[], free_it>;

bool is_function(Dwarf_Die* die) {
  const int tag = dwarf_tag(die);
  return tag == DW_TAG_inlined_subroutine || tag == DW_TAG_subprogram || tag == DW_TAG_entry_point;
}

const char* text_of(Dwarf_Die* die, unsigned name) {
  Dwarf_Attribute memory;
  return dwarf_formstring(dwarf_attr_integrate(die, name, &memory));
}

std::uint64_t number_of(Dwarf_Die* die, unsigned name) {
  Dwarf_Attribute memory;
  Dwarf_Word number = 0;
  return dwarf_formudata(dwarf_attr(die, name, &memory), &number) == 0 ? number : 0;
}

// Where a function is declared: an inlined or a concrete one refers to it.
Dwarf_Die declaration(const Dwarf_Die& function) {
  Dwarf_Die die = function;
  constexpr int most_references = 8;
  for (int i = 0; i != most_references; ++i) {
    Dwarf_Attribute memory;
    Dwarf_Attribute* next = dwarf_attr(&die, DW_AT_abstract_origin, &memory);
    if (!next) next = dwarf_attr(&die, DW_AT_specification, &memory);
    Dwarf_Die referred;
    if (!next || !dwarf_formref_die(next, &referred)) break;
    die = referred;
  }
  return die;
}

// With the namespaces and classes it is declared in; without parameters, which DWARF has as types.
std::string qualified_name(Dwarf_Die* function) {
  const char* const own = text_of(function, DW_AT_name);
  if (!own) return "";
  std::string name = own;
  Dwarf_Die declared = declaration(*function);
  Dwarf_Die* found = nullptr;
  const int count = dwarf_getscopes_die(&declared, &found);
  const scope_array scopes(found);
  for (int i = 1; i < count; ++i) {
    const int tag = dwarf_tag(&scopes[static_cast<std::size_t>(i)]);
    const char* const outer = dwarf_diename(&scopes[static_cast<std::size_t>(i)]);
    if (tag == DW_TAG_namespace)
      name = (outer ? std::string(outer) : "(anonymous namespace)") + "::" + name;
    else if (tag == DW_TAG_class_type || tag == DW_TAG_structure_type || tag == DW_TAG_union_type)
      name = (outer ? std::string(outer) : "(unnamed)") + "::" + name;
  }
  return name;
}

std::string linked_name(Dwarf_Die* function) {
  const char* name = text_of(function, DW_AT_linkage_name);
  if (!name) name = text_of(function, DW_AT_MIPS_linkage_name);
  return name ? demangled(name) : "";
}

std::string symbol_name(Dwfl_Module* module, std::uint64_t address) {
  GElf_Off offset = 0;
  GElf_Sym symbol;
  const char* const name =
      dwfl_module_addrinfo(module, address, &offset, &symbol, nullptr, nullptr, nullptr);
  return name ? demangled(name) : "";
}

// Of each unit of the debug information what it covers.
std::vector<dwfl_modules::die_range> list_units(Dwfl_Module* module) {
  constexpr std::size_t most_ranges = 1 << 20;
  std::vector<dwfl_modules::die_range> units;
  Dwarf_Addr bias = 0;
  for (Dwarf_Die* unit = nullptr; (unit = dwfl_module_nextcu(module, unit, &bias)) != nullptr;) {
    Dwarf_Addr base = 0, from = 0, to = 0;
    for (ptrdiff_t at = 0; (at = dwarf_ranges(unit, at, &base, &from, &to)) > 0;) {
      if (units.size() == most_ranges) return units;
      units.push_back({from + bias, to + bias, dwarf_dieoffset(unit)});
    }
  }
  return units;
}

// The unit of debug information for an address. Clang writes no index of them unless asked to.
Dwarf_Die* find_unit(Dwfl_Module* module, dwfl_modules::module& known, std::uint64_t address,
                     Dwarf_Addr& bias, Dwarf_Die& memory) {
  if (Dwarf_Die* const unit = dwfl_module_addrdie(module, address, &bias)) {
    // It is the nearest one; before the next begins there may be code without any.
    return dwarf_haspc(unit, address - bias) == 1 ? unit : nullptr;
  }
  Dwarf* const dwarf = dwfl_module_getdwarf(module, &bias);
  if (!dwarf) return nullptr;
  if (!known.units_listed) {
    known.units_listed = true;
    known.units = list_units(module);
  }
  for (const dwfl_modules::die_range& each : known.units)
    if (address >= each.from && address < each.to) return dwarf_offdie(dwarf, each.die, &memory);
  return nullptr;
}

// The functions of a unit that are there by themselves, apart from those of local classes.
void list_functions(Dwarf_Die* parent, std::vector<dwfl_modules::die_range>& found, int depth) {
  constexpr int deepest = 32;
  Dwarf_Die child;
  if (depth == deepest || dwarf_child(parent, &child) != 0) return;
  do {
    const int tag = dwarf_tag(&child);
    if (tag == DW_TAG_namespace) list_functions(&child, found, depth + 1);
    if (tag != DW_TAG_subprogram) continue;
    Dwarf_Addr base = 0, from = 0, to = 0;
    for (ptrdiff_t at = 0; (at = dwarf_ranges(&child, at, &base, &from, &to)) > 0;)
      found.push_back({from, to, dwarf_dieoffset(&child)});
  } while (dwarf_siblingof(&child, &child) == 0);
}

// One walk over a unit for all addresses in it: libdw would walk for each.
std::optional<Dwarf_Die> function_at(Dwfl_Module* module, dwfl_modules::module& known,
                                     Dwarf_Die* unit, Dwarf_Addr address) {
  const auto [at, first] = known.functions.try_emplace(dwarf_dieoffset(unit));
  if (first) list_functions(unit, at->second, 0);
  Dwarf_Addr bias = 0;
  Dwarf_Die found;
  for (const dwfl_modules::die_range& each : at->second)
    if (address >= each.from && address < each.to &&
        dwarf_offdie(dwfl_module_getdwarf(module, &bias), each.die, &found))
      return found;
  return std::nullopt;
}

// The functions at an address, from the innermost on out to the one that is there by itself; or
// nothing. What lies between them (blocks) is there, too.
std::vector<Dwarf_Die> scopes_at(Dwfl_Module* module, dwfl_modules::module& known, Dwarf_Die* unit,
                                 Dwarf_Addr address) {
  if (auto function = function_at(module, known, unit, address)) {
    std::vector<Dwarf_Die> scopes{*function};
    Dwarf_Die child;
    constexpr std::size_t deepest = 256;
    for (bool inside = dwarf_child(&scopes.back(), &child) == 0;
         inside && scopes.size() != deepest;) {
      const int tag = dwarf_tag(&child);
      const bool scope = tag == DW_TAG_inlined_subroutine || tag == DW_TAG_lexical_block ||
                         tag == DW_TAG_try_block || tag == DW_TAG_catch_block;
      if (scope && dwarf_haspc(&child, address) > 0) {
        scopes.push_back(child);
        inside = dwarf_child(&scopes.back(), &child) == 0;
      } else {
        inside = dwarf_siblingof(&child, &child) == 0;
      }
    }
    std::reverse(scopes.begin(), scopes.end());
    return scopes;
  }
  Dwarf_Die* found = nullptr;
  if (dwarf_getscopes(unit, address, &found) <= 0) return {};
  scope_array scopes(found);
  // These were the scopes of the source, in which an inlined function is inside of its namespace
  // only. Now those of the code.
  Dwarf_Addr bias = 0;
  Dwarf_Die innermost;
  if (!dwarf_offdie(dwfl_module_getdwarf(module, &bias), dwarf_dieoffset(&scopes[0]), &innermost))
    return {};
  found = nullptr;
  const int count = dwarf_getscopes_die(&innermost, &found);
  scopes.reset(found);
  if (count <= 0) return {};
  return {found, found + count};
}

// Its frames are not what anybody looks for: their names are enough.
bool is_own_library(std::string_view path) {
  return path.substr(path.rfind('/') + 1).starts_with("libglovebox.so");
}

}  // namespace

std::string demangled(const char* name) {
  constexpr std::size_t longest = 4096;
  const std::string_view text(name, ::strnlen(name, longest));
  if (!text.starts_with("_Z") || text.size() == longest) return std::string(text);
  int status = 0;
  const std::unique_ptr<char, free_it> readable(
      abi::__cxa_demangle(name, nullptr, nullptr, &status));
  return readable ? readable.get() : std::string(text);
}

void symbols::append(std::uint64_t address, const mapping* mapped, std::vector<stack_frame>& frames,
                     std::string& note) {
  stack_frame plain;
  plain.address = address;
  if (mapped && mapped->executable) plain.module = mapped->path;
  dwfl_modules::module* known = nullptr;
  Dwfl_Module* const module = modules_.find(address, known);
  GElf_Addr bias = 0;
  if (!module || !dwfl_module_getelf(module, &bias)) {
    if (known && note.empty())
      note = known->path + " " + (known->refusal.empty() ? "cannot be read" : known->refusal);
    frames.push_back(std::move(plain));
    return;
  }
  plain.module = known->path;
  plain.offset = address - bias;
  const unsigned char* id = nullptr;
  GElf_Addr where = 0;
  const int size = dwfl_module_build_id(module, &id, &where);
  for (const unsigned char each : std::span(id, static_cast<std::size_t>(std::max(size, 0)))) {
    constexpr char digits[] = "0123456789abcdef";
    plain.build_id += digits[each >> 4];
    plain.build_id += digits[each & 15];
  }
  if (!is_own_library(plain.module) && append_described(module, *known, plain, frames)) return;
  plain.function = symbol_name(module, address);
  frames.push_back(std::move(plain));
}

bool symbols::append_described(Dwfl_Module* module, dwfl_modules::module& known,
                               const stack_frame& plain, std::vector<stack_frame>& frames) {
  Dwarf_Addr bias = 0;
  Dwarf_Die memory;
  Dwarf_Die* const unit = find_unit(module, known, plain.address, bias, memory);
  if (!unit) return false;
  stack_frame frame = plain;
  if (Dwarf_Line* const line = dwarf_getsrc_die(unit, plain.address - bias)) {
    const char* const file = dwarf_linesrc(line, nullptr, nullptr);
    int number = 0;
    if (file) frame.file = file;
    if (dwarf_lineno(line, &number) == 0)
      frame.line = static_cast<std::uint32_t>(std::max(number, 0));
  }
  std::vector<Dwarf_Die> scopes = scopes_at(module, known, unit, plain.address - bias);
  Dwarf_Files* files = nullptr;
  std::size_t file_count = 0;
  if (dwarf_getsrcfiles(unit, &files, &file_count) != 0) files = nullptr;

  constexpr std::size_t most_inlined = 32;
  for (std::size_t i = 0, functions = 0; i != scopes.size() && functions != most_inlined; ++i) {
    Dwarf_Die* const scope = &scopes[i];
    if (!is_function(scope)) continue;
    ++functions;
    const bool inlined = dwarf_tag(scope) == DW_TAG_inlined_subroutine;
    frame.inlined = inlined;
    frame.function = linked_name(scope);
    // A function that no other file sees has no linkage name; but the symbol table tells it.
    if (frame.function.empty() && !inlined) frame.function = symbol_name(module, plain.address);
    if (frame.function.empty()) frame.function = qualified_name(scope);
    frames.push_back(frame);
    if (!inlined) return true;
    frame.file.clear();
    const std::uint64_t number = number_of(scope, DW_AT_call_file);
    if (files && number < file_count) {
      const char* const file = dwarf_filesrc(files, number, nullptr, nullptr);
      frame.file = file ? file : "";
    }
    frame.line = static_cast<std::uint32_t>(number_of(scope, DW_AT_call_line));
  }
  // Into what it was inlined is not told: at least by its symbol, if it has one.
  frame.inlined = false;
  frame.function = symbol_name(module, plain.address);
  frames.push_back(std::move(frame));
  return true;
}

}  // namespace glovebox::backtrace

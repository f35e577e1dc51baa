// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "farm/frames.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

namespace glovebox::farming {
namespace {

constexpr std::size_t longest_name = 120;
constexpr std::size_t shortest_cut = 160;
constexpr std::string_view no_code = "(no code)";

bool part_of_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

std::string_view base_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == path.npos ? path : path.substr(slash + 1);
}

void strip_suffix(std::string_view& text, std::string_view suffix) {
  if (text.ends_with(suffix)) text.remove_suffix(suffix.size());
}

// ` [clone .isra.0]` of demangled names, `.isra.0` of those that never were mangled.
void strip_clones(std::string_view& name) {
  for (std::size_t at; name.ends_with(']') && (at = name.rfind(" [clone ")) != name.npos;)
    name = name.substr(0, at);
  if (name.find_first_of("(<:") != name.npos) return;
  const std::size_t dot = name.find('.', 1);
  if (dot != name.npos) name = name.substr(0, dot);
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

bool starts_with_any(std::string_view text, std::initializer_list<std::string_view> starts) {
  return std::any_of(starts.begin(), starts.end(),
                     [text](std::string_view start) { return text.starts_with(start); });
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> all) {
  return std::find(all.begin(), all.end(), text) != all.end();
}

// Code of the system's and of the sanitizers, and our own.
bool foreign_module(std::string_view path) {
  return starts_with_any(
      base_name(path),
      {"libc.so",      "libc-",       "libstdc++.so",   "libgcc_s.so", "ld-linux",
       "ld-2",         "ld.so",       "ld-musl",        "libpthread",  "libc++.so",
       "libc++abi.so", "libasan.so",  "libubsan.so",    "libtsan.so",  "liblsan.so",
       "libmsan.so",   "libclang_rt", "libglovebox.so", "[vdso]",      "linux-vdso"});
}

// What a program ends through, also where it is linked statically.
bool ends_programs(std::string_view name) {
  if (name.starts_with("__GI_")) name.remove_prefix(5);
  return is_one_of(name,
                   {"abort", "raise", "gsignal", "pthread_kill", "kill", "exit", "_exit", "_Exit",
                    "quick_exit", "malloc", "free", "cfree", "calloc", "realloc", "reallocarray",
                    "sysmalloc", "unlink_chunk", "malloc_printerr", "malloc_consolidate"}) ||
         starts_with_any(name,
                         {"__assert",       "__pthread_kill", "__libc_",         "__stack_chk_fail",
                          "__fortify_fail", "__chk_fail",     "__restore_rt",    "_int_",
                          "tcache_",        "__cxa_",         "__cxxabiv1::",    "__gnu_cxx::",
                          "_Unwind_",       "operator new",   "operator delete", "__sanitizer::",
                          "__sanitizer_",   "__asan",         "__interceptor_",  "___interceptor_",
                          "__ubsan",        "__tsan",         "__lsan",          "__msan"});
}

// Where every program's and every thread's stack begins.
bool starts_programs(std::string_view name) {
  return is_one_of(name, {"main", "_start", "start_thread", "clone", "clone3", "__clone",
                          "__clone3", "__libc_start_main", "__libc_start_call_main"});
}

bool telling(const stack_frame& frame, std::string_view name) {
  if (foreign_module(frame.module)) return false;
  if (frame.function.empty()) return true;
  return !ends_programs(name) && !starts_programs(name) &&
         !starts_with_any(name, {"std::", "glovebox::"});
}

// Of an endless recursion over several functions, chance decides which of them meets the end of the
// stack. What is seen of such a stack has nothing else in it.
bool endless(const std::map<std::string, std::size_t>& occurrences) {
  constexpr std::size_t longest_cycle = 8;
  return !occurrences.empty() && occurrences.size() <= longest_cycle &&
         std::all_of(occurrences.begin(), occurrences.end(),
                     [](const auto& each) { return each.second >= 4; });
}

std::vector<std::string> choose(const thread_trace& thread, std::size_t most, bool all) {
  std::vector<std::string> chosen;
  std::map<std::string, std::size_t> occurrences;
  for (const stack_frame& frame : thread.frames) {
    std::string name = frame_name(frame);
    if (!all && !telling(frame, name)) continue;
    if (occurrences[name]++ == 0) chosen.push_back(std::move(name));
  }
  if (endless(occurrences)) std::sort(chosen.begin(), chosen.end());
  if (chosen.size() > most) chosen.resize(most);
  return chosen;
}

std::string place_in_module(const stack_frame& frame) {
  if (frame.module.empty()) return std::string(no_code);
  std::array<char, 16> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), frame.offset, 16);
  std::string text(base_name(frame.module).substr(0, longest_name));
  return text.append("+0x").append(digits.data(), end.ptr);
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

std::string frame_name(const stack_frame& frame) {
  return frame.function.empty() ? place_in_module(frame) : short_name(frame.function);
}

std::string frame_text(const stack_frame& frame) {
  std::string text = frame_name(frame);
  if (frame.file.empty()) return text;
  text += ' ';
  text += base_name(frame.file).substr(0, longest_name);
  if (frame.line != 0) text += ':' + std::to_string(frame.line);
  return text;
}

std::vector<std::string> telling_frames(const thread_trace& thread, std::size_t most) {
  std::vector<std::string> chosen = choose(thread, most, false);
  return chosen.empty() ? choose(thread, most, true) : chosen;
}

}  // namespace glovebox::farming

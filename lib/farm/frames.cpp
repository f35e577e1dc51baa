// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "farm/frames.hpp"

#include "core/frames.hpp"
#include "core/readable.hpp"

#include <algorithm>
#include <map>

namespace glovebox::farming {
namespace {

constexpr std::size_t longest_file_name = 120;
constexpr std::string_view no_code = "(no code)";

std::string_view base_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == path.npos ? path : path.substr(slash + 1);
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
  return std::string(base_name(frame.module).substr(0, longest_file_name)) + '+' +
         core::hex(frame.offset);
}

}  // namespace

std::string frame_name(const stack_frame& frame) {
  return frame.function.empty() ? place_in_module(frame) : core::short_name(frame.function);
}

std::string frame_text(const stack_frame& frame) {
  std::string text = frame_name(frame);
  if (frame.file.empty()) return text;
  text += ' ';
  text += base_name(frame.file).substr(0, longest_file_name);
  if (frame.line != 0) text += ':' + std::to_string(frame.line);
  return text;
}

std::vector<std::string> telling_frames(const thread_trace& thread, std::size_t most) {
  std::vector<std::string> chosen = choose(thread, most, false);
  return chosen.empty() ? choose(thread, most, true) : chosen;
}

}  // namespace glovebox::farming

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "cli/commands.hpp"
#include "cli/page.hpp"
#include "farm/text.hpp"
#include "runtime/bundle_file.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <numeric>

namespace glovebox::cli {
namespace {

constexpr std::size_t mebibyte = std::size_t{1} << 20;

std::string time_text(std::chrono::nanoseconds time) {
  return time.count() > 0 ? farming::duration_text(time.count()) : "none";
}

std::string module_text(const core::definition& what) {
  const bool by_id = what.module.kind == core::module_identity::source::build_id;
  return (by_id ? "build id " : "code hash ") + core::to_hex(what.module.bytes) + ", offset " +
         std::to_string(what.offset);
}

std::string arguments_text(const core::bundle& from) {
  std::string text = std::to_string(from.body.size()) + " bytes";
  if (from.attachments.empty()) return text;
  const std::size_t size =
      std::accumulate(from.attachments.begin(), from.attachments.end(), std::size_t{0},
                      [](std::size_t sum, const auto& each) { return sum + each.size(); });
  return text + ", and " + std::to_string(size) + " in " + std::to_string(from.attachments.size()) +
         " attachments";
}

std::string child_text(const context_options& child) {
  std::string text = child.method == start_method::spawn ? "spawned" : "forked";
  if (child.memory_limit != 0)
    text += child.memory_limit % mebibyte == 0
                ? ", " + std::to_string(child.memory_limit / mebibyte) + " MiB of memory"
                : ", " + std::to_string(child.memory_limit) + " bytes of memory";
  if (child.cpu_limit.count() != 0)
    text += ", " + std::to_string(child.cpu_limit.count()) + " s of processor time";
  return text;
}

std::string signal_text(int number) {
  if (number == 0) return {};
  const char* const name = ::sigabbrev_np(number);
  return name ? std::string("SIG") + name : std::to_string(number);
}

void add_all(page& to, std::string_view label, const std::vector<std::string>& values) {
  for (const std::string& each : values) {
    to.add(label, each);
    label = "";
  }
}

void add_seen(page& to, const core::bundle& from) {
  const case_record& seen = from.seen;
  to.add("happened", to_string(seen.outcome));
  if (seen.cause) {
    to.add("cause", to_string(*seen.cause));
    to.add("phase", std::string(to_string(seen.phase)) +
                        ", culprit: " + std::string(to_string(seen.culprit)));
  }
  to.add("signal", signal_text(seen.signal_number));
  if (seen.exit_code >= 0) to.add("exit code", std::to_string(seen.exit_code));
  to.add("type", seen.type);
  to.add("message", seen.message);
  to.add("said", seen.last_words);
  if (seen.elapsed.count() > 0) to.add("elapsed", time_text(seen.elapsed));
  if (seen.peak_memory != 0)
    to.add("memory", std::to_string(seen.peak_memory / 1024) + " KiB at most");
  std::vector<std::string> numbered;
  for (const std::string& each : from.stack)
    numbered.push_back("#" + std::to_string(numbered.size()) + ' ' + each);
  add_all(to, "stack", numbered);
  to.add("group", seen.group);
  add_all(to, "stderr", seen.stderr_tail);
}

}  // namespace

core::bundle open_bundle(const std::string& path) {
  try {
    return runtime::read_bundle_file(path);
  } catch (const core::bundle_error& why) {
    throw problem("cannot read " + path + ": " + why.what() +
                  ".\nA farm writes bundles beside the inputs that it saves: see save_failures in "
                  "docs/farm.md.");
  }
}

void show(const std::string& path) {
  const core::bundle from = open_bundle(path);
  page to;
  to.add("bundle", path);
  to.add("case", from.seen.name);
  to.add("input", from.seen.input);
  to.add("function", from.function.name);
  to.add("in", from.function.path);
  to.add("", module_text(from.function));
  to.add("program", from.program);
  to.add("", from.program_build_id.empty() ? "without a build id"
                                           : "build id " + core::to_hex(from.program_build_id));
  to.add("library", from.made_by);
  to.add("arguments", arguments_text(from));
  to.add("deadline", time_text(from.call.run_timeout) + ", grace " + time_text(from.call.grace));
  to.add("child", child_text(from.child));
  to.add("directory", from.child.directory);
  add_all(to, "modules from", from.child.module_path);
  add_all(to, "preloaded", from.child.preload);
  add_all(to, "variables", from.child.environment);
  add_all(to, "environment", from.surroundings);
  add_seen(to, from);
  std::fputs(to.text().c_str(), stdout);
}

}  // namespace glovebox::cli

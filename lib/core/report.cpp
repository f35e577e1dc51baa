// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "core/readable.hpp"

#include <glovebox/termination.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <unistd.h>
#include <chrono>
#include <cstdlib>

namespace glovebox {
namespace {

using core::add_wrapped;

constexpr std::string_view red = "\x1b[31m";
constexpr std::string_view faint = "\x1b[2m";

long long in_ms(std::chrono::nanoseconds time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
}

void add_thread(std::string& to, const thread_trace& trace, const std::string& label) {
  std::string heading = std::to_string(trace.tid);
  if (!trace.name.empty()) heading += " (" + trace.name + ')';
  if (!trace.state.empty()) heading += ", " + trace.state;
  add_wrapped(to, label, heading);
  const std::string text = to_text(trace);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    add_wrapped(to, "", std::string_view(text).substr(at, end - at));
    at = end + 1;
  }
}

boost::json::string json_text(std::string_view text) {
  return boost::json::string(core::printable(text));
}

boost::json::object to_object(const stack_frame& frame) {
  boost::json::object made{{"address", core::hex(frame.address)}};
  if (!frame.module.empty()) {
    made["module"] = json_text(frame.module);
    made["offset"] = core::hex(frame.offset);
  }
  if (!frame.build_id.empty()) made["build_id"] = json_text(frame.build_id);
  if (!frame.function.empty()) made["function"] = json_text(frame.function);
  if (!frame.file.empty()) made["file"] = json_text(frame.file);
  if (frame.line != 0) made["line"] = frame.line;
  if (frame.inlined) made["inlined"] = true;
  return made;
}

boost::json::object to_object(const thread_trace& trace) {
  boost::json::object made{{"tid", trace.tid}};
  if (!trace.name.empty()) made["name"] = json_text(trace.name);
  if (!trace.state.empty()) made["state"] = json_text(trace.state);
  boost::json::array frames;
  for (const stack_frame& frame : trace.frames) frames.push_back(to_object(frame));
  made["frames"] = std::move(frames);
  if (!trace.note.empty()) made["note"] = json_text(trace.note);
  return made;
}

}  // namespace

bool wants_colour(int descriptor) noexcept {
  const char* const refused = std::getenv("NO_COLOR");  // https://no-color.org
  return ::isatty(descriptor) == 1 && (!refused || !*refused);
}

std::string termination::report(report_style style) const {
  const bool coloured = style == report_style::coloured;
  std::string text = "child " + std::to_string(pid) + " terminated\n";
  add_wrapped(text, "cause", core::cause_text(*this), coloured ? red : std::string_view());
  if (exit_pending) add_wrapped(text, "", "its exit has not been seen yet");
  if (refused_after != 0)
    add_wrapped(text, "again",
                "this call was not run: the same one had killed " + std::to_string(refused_after) +
                    (refused_after == 1 ? " child" : " children") + ", the last one as told here");
  if (!method.empty()) {
    add_wrapped(text, "call", method);
    add_wrapped(text, "arguments", arguments.empty() ? "none" : arguments);
    if (!arguments_digest.empty()) add_wrapped(text, "", arguments_digest);
    std::string state(to_string(phase));
    if (elapsed.count() > 0) state += " for " + std::to_string(in_ms(elapsed)) + " ms";
    add_wrapped(text, "phase", state + ", culprit: " + std::string(to_string(culprit)));
  }
  for (std::size_t i = 0; i != threads.size(); ++i)
    add_thread(text, threads[i], i == 0 ? "thread" : "also");
  if (usage.peak_memory != 0)
    add_wrapped(text, "memory", std::to_string(usage.peak_memory / 1024) + " KiB at most");
  if (!core_file.empty()) add_wrapped(text, "core", core_file);
  bool first = true;
  for (const std::string& line : stderr_tail) {
    add_wrapped(text, first ? "stderr" : "", line, coloured ? faint : std::string_view());
    first = false;
  }
  return text;
}

std::string termination::to_json() const {
  boost::json::object made{{"cause", to_string(cause)}, {"pid", pid}};
  if (!method.empty()) {
    made["phase"] = to_string(phase);
    made["culprit"] = to_string(culprit);
    made["method"] = json_text(method);
    made["arguments"] = json_text(arguments);
    if (!arguments_digest.empty()) made["arguments_digest"] = arguments_digest;
    if (elapsed.count() > 0) made["elapsed_us"] = elapsed.count() / 1000;
  }
  made["summary"] = json_text(summary());
  if (refused_after != 0) made["refused_after"] = refused_after;
  if (signal_number != 0) made["signal"] = signal_number;
  if (signal_code != 0) made["signal_code"] = signal_code;
  if (address != 0) made["address"] = core::hex(address);
  if (exit_code >= 0) made["exit_code"] = exit_code;
  if (error_number != 0) made["errno"] = error_number;
  if (exit_pending) made["exit_pending"] = true;
  if (!detail.empty()) made["detail"] = json_text(detail);
  if (!message.empty()) made["message"] = json_text(message);
  if (!threads.empty()) {
    boost::json::array all;
    for (const thread_trace& each : threads) all.push_back(to_object(each));
    made["threads"] = std::move(all);
  }
  if (!core_file.empty()) made["core_file"] = json_text(core_file);
  if (usage.peak_memory != 0) made["peak_memory"] = usage.peak_memory;
  if (usage.user_time.count() != 0) made["user_time_us"] = usage.user_time.count();
  if (usage.system_time.count() != 0) made["system_time_us"] = usage.system_time.count();
  if (!stderr_tail.empty()) {
    boost::json::array lines;
    for (const std::string& line : stderr_tail) lines.push_back(json_text(line));
    made["stderr"] = std::move(lines);
  }
  return boost::json::serialize(made);
}

}  // namespace glovebox

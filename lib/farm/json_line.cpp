// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "farm/json_line.hpp"

#include "farm/frames.hpp"
#include "farm/text.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <vector>

namespace glovebox::farming {
namespace {

// Names and messages are plain text nearly always, and a line is written for every case: only what
// needs it goes through the serialiser.
bool plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; });
}

void append_string(std::string& to, std::string_view text) {
  if (plain(text)) {
    to += '"';
    to += text;
    to += '"';
    return;
  }
  std::string valid;
  append_utf8(valid, text);
  to += boost::json::serialize(boost::json::string(valid));
}

void append_key(std::string& to, std::string_view key) {
  if (to.back() != '{') to += ',';
  to += '"';
  to += key;
  to += "\":";
}

void add(std::string& to, std::string_view key, std::string_view value) {
  append_key(to, key);
  append_string(to, value);
}

template <class Number>
void add_number(std::string& to, std::string_view key, Number value) {
  append_key(to, key);
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  to.append(digits.data(), end);
}

void add_all(std::string& to, std::string_view key, const std::vector<std::string>& values) {
  if (values.empty()) return;
  append_key(to, key);
  char separator = '[';
  for (const std::string& value : values) {
    to += separator;
    append_string(to, value);
    separator = ',';
  }
  to += ']';
}

std::vector<std::string> stack_of(const thread_trace& thread) {
  constexpr std::size_t most = 32;
  std::vector<std::string> texts;
  for (const stack_frame& frame : thread.frames) {
    if (texts.size() == most) break;
    texts.push_back(frame_text(frame));
  }
  return texts;
}

}  // namespace

void append_json_line(std::string& to, const case_record& record) {
  to += '{';
  add_number(to, "case", record.index);
  add(to, "name", record.name);
  if (!record.input.empty()) add(to, "input", record.input);
  add(to, "outcome", to_string(record.outcome));
  if (record.cause) {
    add(to, "cause", to_string(*record.cause));
    add(to, "phase", to_string(record.phase));
    add(to, "culprit", to_string(record.culprit));
  }
  if (!record.type.empty()) add(to, "type", record.type);
  if (!record.message.empty()) add(to, "message", record.message);
  if (!record.result.empty()) add(to, "result", record.result);
  if (record.signal_number != 0) add_number(to, "signal", record.signal_number);
  if (record.exit_code >= 0) add_number(to, "exit_code", record.exit_code);
  add_number(to, "elapsed_us", record.elapsed.count() / 1000);
  if (record.peak_memory != 0) add_number(to, "peak_memory", record.peak_memory);
  if (record.pid != 0) add_number(to, "pid", record.pid);
  add_number(to, "attempts", record.attempts);
  if (!record.last_words.empty()) add(to, "last_words", record.last_words);
  if (!record.threads.empty()) add_all(to, "stack", stack_of(record.threads.front()));
  if (!record.group.empty()) add(to, "group", record.group);
  add_all(to, "stderr", record.stderr_tail);
  to += "}\n";
}

}  // namespace glovebox::farming

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// What people are shown of a child's end: it holds the child's own words.
#include "core/readable.hpp"
#include "core/utf8.hpp"
#include "farm/grouping.hpp"
#include "farm/json_line.hpp"
#include "fuzz/fuzz.hpp"

#include <glovebox/farm/case_record.hpp>
#include <glovebox/termination.hpp>

#include <boost/json/parse.hpp>

namespace {

using namespace glovebox;
using namespace glovebox::fuzz;

thread_trace read_trace(input& from) {
  thread_trace trace;
  trace.tid = from.number<std::int32_t>();
  trace.name = from.text();
  trace.state = from.text();
  for (std::uint8_t i = from.byte() % 5; i != 0; --i) {
    stack_frame frame;
    frame.address = from.number<std::uint64_t>();
    frame.function = from.text();
    frame.module = from.text();
    frame.file = from.text();
    frame.line = from.number<std::uint16_t>();
    frame.inlined = from.byte() % 2 != 0;
    trace.frames.push_back(frame);
  }
  trace.note = from.text();
  return trace;
}

termination read(input& from) {
  termination end;
  end.cause = static_cast<cause>(from.byte() % 13);
  end.phase = static_cast<phase>(from.byte() % 4);
  end.culprit = static_cast<culprit>(from.byte() % 3);
  end.pid = from.number<std::int32_t>();
  end.signal_number = from.number<std::int8_t>();
  end.signal_code = from.number<std::int16_t>();
  end.address = from.number<std::uint64_t>();
  end.exit_code = from.number<std::int16_t>();
  end.error_number = from.number<std::int16_t>();
  end.detail = from.text();
  end.method = from.text();
  end.arguments = from.text();
  end.message = from.text();
  end.core_file = from.text();
  for (std::uint8_t i = from.byte() % 4; i != 0; --i) end.stderr_tail.push_back(from.text());
  for (std::uint8_t i = from.byte() % 3; i != 0; --i) end.threads.push_back(read_trace(from));
  return end;
}

case_record record_of(const termination& end) {
  case_record made;
  made.name = end.method;
  made.input = end.arguments;
  made.outcome = static_cast<outcome>(static_cast<std::size_t>(end.cause) % outcome_count);
  made.cause = end.cause;
  made.type = end.detail;
  made.message = end.summary();
  made.result = end.core_file;
  made.signal_number = end.signal_number;
  made.stderr_tail = end.stderr_tail;
  made.last_words = end.message;
  made.threads = end.threads;
  made.group = end.detail;
  return made;
}

std::size_t width_of(std::string_view line) {
  return static_cast<std::size_t>(
      std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

// A terminal that shows it must not obey it.
void check_text(std::string_view text) {
  require(core::valid_utf8(text), "text that is not UTF-8");
  for (const char each : text)
    require(each == '\n' || (static_cast<unsigned char>(each) >= 0x20 && each != 0x7F),
            "a control character");
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1);
    require(width_of(text.substr(0, end)) <= core::page_width, "a line that is too wide");
    text.remove_prefix(end + 1);
  }
}

void check_json(std::string_view line) {
  require(line.find('\n') == line.npos, "more than one line");
  boost::json::error_code error;
  boost::json::parse(line, error);
  require(!error, "it is no JSON");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  input from(data, size);
  const termination end = read(from);
  check_text(end.report());
  require(!end.report(report_style::coloured).empty(), "no coloured report");
  require(!end.summary().empty(), "no summary");
  check_json(end.to_json());

  const case_record record = record_of(end);
  check_text(record.report());
  std::string line;
  farming::append_json_line(line, record);
  require(line.ends_with('\n'), "a line of the journal without an end");
  line.pop_back();
  check_json(line);
  farming::describe_group(record);
  return 0;
}

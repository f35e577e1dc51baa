// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// What a child writes to its standard output and error, in whatever pieces.
#include "client/output_feed.hpp"
#include "client/output_tail.hpp"
#include "fuzz/fuzz.hpp"

namespace {

using namespace glovebox;
using namespace glovebox::fuzz;
using client::output_lines;
using client::output_tail;

output_tail tail_of(std::string_view text, std::size_t piece) {
  output_tail tail;
  for (; !text.empty(); text.remove_prefix(std::min(piece, text.size())))
    tail.add(text.substr(0, piece));
  return tail;
}

std::vector<std::string> lines_of(std::string_view text, std::size_t piece) {
  output_lines lines;
  for (; !text.empty(); text.remove_prefix(std::min(piece, text.size())))
    lines.add(text.substr(0, piece));
  lines.end();
  return lines.take();
}

void check_tail(std::string_view text, std::size_t piece) {
  const output_tail tail = tail_of(text, piece);
  const auto kept = tail.lines();
  const bool reported = !tail.sanitizer_finding().empty();
  require(kept.size() <= output_tail::most_lines + (reported ? output_tail::most_report_lines : 0),
          "too many lines");
  for (const std::string& each : kept)
    require(each.size() <= output_tail::longest_line && each.find('\n') == each.npos,
            "a line that is too long, or two");
  const output_tail whole = tail_of(text, text.size());
  require(whole.lines() == kept && whole.sanitizer_finding() == tail.sanitizer_finding(),
          "how it arrives makes a difference");
}

void check_lines(std::string_view text, std::size_t piece) {
  const std::vector<std::string> lines = lines_of(text, piece);
  require(lines == lines_of(text, text.size()), "how lines arrive makes a difference");
  std::string kept;
  for (const std::string& each : lines) {
    require(each.size() <= output_lines::longest_line && each.find('\n') == each.npos,
            "a line that is too long, or two");
    kept += each;
  }
  // The input is too small for anything to be dropped.
  std::string expected(text);
  std::erase(expected, '\n');
  require(kept == expected, "not all of it came, or something else");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  input from(data, size);
  const std::size_t piece = std::size_t{1} + from.byte();
  // A byte that says how often what follows it comes, so that lines can be long.
  std::string text;
  while (!from.empty() && text.size() < 16 * 1024) {
    const std::uint8_t times = from.byte();
    const std::string part = from.text();
    for (int i = times; i >= 0; i -= 16) text += part;
  }
  check_tail(text, piece);
  check_lines(text, piece);
  return 0;
}

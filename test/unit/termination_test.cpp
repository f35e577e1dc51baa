// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include <glovebox/context_state.hpp>
#include <glovebox/termination.hpp>

#include "core/readable.hpp"
#include "support/report_text.hpp"
#include "unit/frames.hpp"

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <set>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(termination_test)

using namespace glovebox;

termination in_call(cause why) {
  termination info;
  info.cause = why;
  info.phase = phase::running;
  info.culprit = culprit::yes;
  info.pid = 4711;
  info.method = "detect";
  info.arguments = "\"a.png\", 0.5";
  return info;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t at = 0;
  for (std::size_t end; (end = text.find('\n', at)) != text.npos; at = end + 1)
    lines.push_back(text.substr(at, end - at));
  BOOST_TEST(at == text.size(), "the last line has no end");
  return lines;
}

/// Whether a terminal shows it as it stands: ASCII that prints, or well-formed UTF-8 beyond the
/// control characters. Decoded here by value, unlike in the library.
bool is_plain(std::string_view line) {
  for (std::size_t at = 0; at != line.size();) {
    const auto first = static_cast<unsigned char>(line[at]);
    if (first < 0x80) {
      if (first < 0x20 || first == 0x7F) return false;
      ++at;
      continue;
    }
    const std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC0 || first > 0xF7 || size > line.size() - at) return false;
    unsigned long code = first & (0xFFu >> (size + 1));
    for (std::size_t i = 1; i != size; ++i) {
      const auto next = static_cast<unsigned char>(line[at + i]);
      if ((next & 0xC0) != 0x80) return false;
      code = code << 6 | (next & 0x3F);
    }
    constexpr unsigned long first_of_size[] = {0, 0, 0xA0, 0x800, 0x10000};
    if (code < first_of_size[size] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
      return false;
    at += size;
  }
  return true;
}

void expect_readable(const termination& info) {
  const std::vector<std::string> lines = lines_of(info.report());
  BOOST_REQUIRE(!lines.empty());
  for (const std::string& line : lines) {
    BOOST_TEST(line.size() <= 100u, line);
    BOOST_TEST(is_plain(line), line);
  }
  BOOST_TEST(is_plain(info.summary()), info.summary());
}

BOOST_AUTO_TEST_CASE(every_cause_in_one_line) {
  termination info = in_call(cause::signal);
  info.signal_number = SIGSEGV;
  info.signal_code = SEGV_MAPERR;
  info.address = 0x10;
  BOOST_TEST(info.summary() == "SIGSEGV (address not mapped) at 0x10 in detect(\"a.png\", 0.5)");
  info.signal_code = SEGV_ACCERR;
  info.address = ~std::uint64_t{0};
  BOOST_TEST(info.summary() ==
             "SIGSEGV (no permission) at 0xffffffffffffffff in detect(\"a.png\", 0.5)");
  info.signal_number = SIGABRT;
  info.method.clear();
  BOOST_TEST(info.summary() == "SIGABRT");
  info.signal_number = SIGRTMAX + 1;
  BOOST_TEST(info.summary() == "signal " + std::to_string(SIGRTMAX + 1));

  info = in_call(cause::exit);
  info.exit_code = 0;
  BOOST_TEST(info.summary() == "exited with status 0 in detect(\"a.png\", 0.5)");
  info.phase = phase::queued;
  BOOST_TEST(info.summary() == "exited with status 0 before detect(\"a.png\", 0.5)");
  info.phase = phase::finished;
  BOOST_TEST(info.summary() == "exited with status 0 after detect(\"a.png\", 0.5)");

  info = in_call(cause::out_of_memory);
  info.method.clear();
  info.signal_number = SIGABRT;
  BOOST_TEST(info.summary() == "out of memory (SIGABRT after an allocation failed)");

  info.cause = cause::killed_from_outside;
  info.signal_number = SIGKILL;
  BOOST_TEST(info.summary() == "SIGKILL from outside");

  info.cause = cause::exec_failed;
  info.detail = "glovebox-host";
  info.error_number = ENOENT;
  BOOST_TEST(info.summary() ==
             std::string("the host program could not be executed: glovebox-host: ") +
                 std::strerror(ENOENT));
  info.cause = cause::protocol_violation;
  BOOST_TEST(info.summary() == "protocol violation: glovebox-host");
  info.cause = cause::deadline;
  info.detail.clear();
  BOOST_TEST(info.summary() == "deadline");
}

BOOST_AUTO_TEST_CASE(every_name_is_its_own) {
  std::set<std::string_view> names;
  for (unsigned each = 0; each <= static_cast<unsigned>(cause::start_timeout); ++each) {
    const auto which = static_cast<cause>(each);
    names.insert(to_string(which));
    expect_readable(in_call(which));
  }
  BOOST_TEST(names.size() == 13u);
  BOOST_TEST(to_string(static_cast<cause>(200)) == "unknown");

  names.clear();
  for (unsigned each = 0; each <= static_cast<unsigned>(phase::unknown); ++each)
    names.insert(to_string(static_cast<phase>(each)));
  BOOST_TEST(names.size() == 4u);
  names.clear();
  for (unsigned each = 0; each <= static_cast<unsigned>(culprit::unknown); ++each)
    names.insert(to_string(static_cast<culprit>(each)));
  BOOST_TEST(names.size() == 3u);
  names.clear();
  for (unsigned each = 0; each <= static_cast<unsigned>(context_state::terminated); ++each)
    names.insert(to_string(static_cast<context_state>(each)));
  BOOST_TEST(names.size() == 5u);
}

BOOST_AUTO_TEST_CASE(the_report) {
  termination info = in_call(cause::exit);
  info.exit_code = 3;
  info.exit_pending = true;
  info.elapsed = std::chrono::milliseconds(1500);
  info.usage.peak_memory = 2048 * 1024;
  info.stderr_tail = {"first", "", "last"};
  BOOST_TEST(info.report() ==
             "child 4711 terminated\n"
             "  cause     exited with status 3\n"
             "            its exit has not been seen yet\n"
             "  call      detect\n"
             "  arguments \"a.png\", 0.5\n"
             "  phase     running for 1500 ms, culprit: yes\n"
             "  memory    2048 KiB at most\n"
             "  stderr    first\n"
             "\n"
             "            last\n");
  termination outside;
  outside.pid = 5;
  BOOST_TEST(outside.report() ==
             "child 5 terminated\n"
             "  cause     ended for a reason that is not known\n");
  info.arguments.clear();
  BOOST_TEST(info.report().find("  arguments none\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(lines_are_wrapped_without_a_loss) {
  for (std::size_t size = 0; size != 400; ++size) {
    termination info = in_call(cause::exit);
    info.arguments = "<";
    for (std::size_t i = 0; i != size; ++i) info.arguments += static_cast<char>('a' + i % 26);
    info.arguments += ">";
    expect_readable(info);
    BOOST_TEST(test::without_layout(info.report()).find(info.arguments) != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(wrapped_lines_end_with_a_word) {
  constexpr std::size_t room = core::page_width - 12;
  termination info = in_call(cause::exit);
  for (std::size_t gap = 1; gap != 4; ++gap)
    for (std::size_t first = room / 2; first != room + 2; ++first) {
      info.arguments = std::string(first, 'a') + std::string(gap, ' ') + std::string(room / 2, 'b');
      const std::string report = info.report();
      BOOST_TEST(report.find(" \n") == std::string::npos);
      if (first < room)
        BOOST_TEST(report.find(std::string(first, 'a') + "\n") != std::string::npos);
    }
  info.arguments = std::string(room, 'a') + '\n' + std::string(room, 'b') + '\n';
  BOOST_TEST(info.report().find("  arguments " + std::string(room, 'a') + "\n            " +
                                std::string(room, 'b') + "\n  phase") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(characters_are_not_cut_in_two) {
  const std::string characters[] = {"\u00e9",     "\u20ac",     "\U0001F600", "\u00a0", "\uffff",
                                    "\U00010000", "\U0010FFFF", "\ud7ff",     "\ue000"};
  for (const std::string& character : characters) {
    for (std::size_t shift = 0; shift != 5; ++shift) {
      termination info = in_call(cause::exit);
      info.arguments.assign(shift, '.');
      for (int i = 0; i != 100; ++i) info.arguments += character;
      info.stderr_tail = {info.arguments};
      expect_readable(info);
      BOOST_TEST(test::without_layout(info.report()).find(info.arguments) != std::string::npos);
    }
  }
}

BOOST_AUTO_TEST_CASE(every_byte_in_every_text) {
  for (unsigned value = 0; value != 256; ++value) {
    termination info = in_call(cause::protocol_violation);
    const char byte = static_cast<char>(value);
    info.detail = info.method = info.arguments = std::string("x") + byte + "y";
    info.stderr_tail = {std::string(300, byte), std::string(1, byte), std::string(150, 'x') + byte};
    expect_readable(info);
    const bool prints = value >= 0x20 && value < 0x7F;
    const std::string wanted = std::string("x") + byte + "y";
    BOOST_TEST((info.summary().find(wanted) != std::string::npos) == prints);
  }
  // Terminals obey these.
  termination info = in_call(cause::exit);
  info.arguments = "\x1b]0;title\x07 \x1b[2J \r \u009b1m \x7f";
  BOOST_TEST(test::without_layout(info.report())
                 .find("\\x1b]0;title\\x07 \\x1b[2J \\x0d \\xc2\\x9b1m \\x7f") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(every_pair_of_bytes) {
  for (unsigned first = 0; first != 256; ++first) {
    termination info;
    std::string& text = info.stderr_tail.emplace_back();
    for (unsigned second = 0; second != 256; ++second) {
      text += static_cast<char>(first);
      text += static_cast<char>(second);
      text += '.';
    }
    expect_readable(info);
  }
}

BOOST_AUTO_TEST_CASE(random_bytes_in_every_text) {
  // Bytes that begin and go on with long characters, more often than chance would have it.
  constexpr unsigned char often[] = {0xC1, 0xC2, 0xE0, 0xED, 0xEF, 0xF0, 0xF4, 0xF5, 0x80,
                                     0x8F, 0x90, 0x9F, 0xA0, 0xBF, '\n', '\t', 'x'};
  for (const auto seed : test::seeds(2000)) {
    test::dice random(seed);
    const auto text = [&] {
      std::string made(random.below(300), ' ');
      for (char& each : made)
        each = static_cast<char>(random.one_in(4) ? random.below(256)
                                                  : often[random.below(std::size(often))]);
      return made;
    };
    termination info = in_call(static_cast<cause>(random.below(13)));
    info.detail = text();
    info.method = text();
    info.arguments = text();
    for (std::size_t lines = random.below(4); lines != 0; --lines)
      info.stderr_tail.push_back(text());
    const std::vector<std::string> lines = lines_of(info.report());
    for (const std::string& line : lines)
      BOOST_REQUIRE_MESSAGE(line.size() <= 100 && is_plain(line), "seed " << seed << ": " << line);
    BOOST_REQUIRE_MESSAGE(is_plain(info.summary()), "seed " << seed);
  }
}

BOOST_AUTO_TEST_CASE(hostile_numbers) {
  termination info = in_call(cause::signal);
  for (const int number : {-1, 0, 65, 1 << 30, -(1 << 30)}) {
    info.signal_number = info.signal_code = info.exit_code = info.error_number = number;
    for (unsigned each = 0; each <= static_cast<unsigned>(cause::start_timeout); ++each) {
      info.cause = static_cast<cause>(each);
      expect_readable(info);
    }
  }
}

termination with_a_trace() {
  termination info = in_call(cause::signal);
  info.signal_number = SIGABRT;
  info.message = "free(): double free detected in tcache 2";
  thread_trace trace;
  trace.tid = 4712;
  trace.name = "worker \x1b[31m";
  trace.note = "12 more frames";
  trace.frames.resize(3);
  trace.frames[0] = {0x1000, "/lib/libc.so.6", "1f", 0x10, "free", "", 0, false};
  trace.frames[1].function = std::string(300, 'f') + "(int)";
  trace.frames[1].file = "a.cpp";
  trace.frames[1].line = 12;
  trace.frames[1].inlined = true;
  trace.frames[2].address = 0x123450;
  info.threads.push_back(trace);
  trace.tid = 4711;
  trace.state = "sleeping in futex_wait";
  info.threads.push_back(trace);
  info.arguments_digest = "4711 bytes, 0x1f";
  info.core_file = "/dumps/core.4711";
  return info;
}

BOOST_AUTO_TEST_CASE(a_trace_in_a_report) {
  const termination info = with_a_trace();
  expect_readable(info);
  const std::string text = test::without_layout(info.report());
  for (const char* const part :
       {"SIGABRT: free(): double free detected in tcache 2", "4712 (worker \\x1b[31m)",
        "#0 free in /lib/libc.so.6+0x10", "(int) at a.cpp:12 (inlined)",
        "#2 0x123450, where there is no code of any file", "12 more frames",
        "4711 (worker \\x1b[31m), sleeping in futex_wait", "4711 bytes, 0x1f", "/dumps/core.4711"})
    BOOST_TEST(text.find(part) != text.npos, part << " is not in " << info.report());
}

BOOST_AUTO_TEST_CASE(a_coloured_report_says_the_same) {
  const termination info = with_a_trace();
  std::string coloured = info.report(report_style::coloured);
  BOOST_TEST(coloured != info.report());
  for (std::size_t at; (at = coloured.find('\x1b')) != coloured.npos;)
    coloured.erase(at, coloured.find('m', at) - at + 1);
  BOOST_TEST(coloured == info.report());
}

BOOST_AUTO_TEST_CASE(as_json) {
  const std::string text = with_a_trace().to_json();
  BOOST_TEST(is_plain(text), text);
  for (const char* const part :
       {R"("cause":"signal")", R"("signal":6)", R"("method":"detect")",
        R"("arguments":"\"a.png\", 0.5")",
        R"("message":"free(): double free detected in tcache 2")", R"("function":"free")",
        R"("offset":"0x10")", R"("line":12,"inlined":true)", R"("state":"sleeping in futex_wait")",
        R"("core_file":"/dumps/core.4711")"})
    BOOST_TEST(text.find(part) != text.npos, part << " is not in " << text);
}

BOOST_AUTO_TEST_SUITE_END()

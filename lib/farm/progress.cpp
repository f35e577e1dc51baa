// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "farm/progress.hpp"

#include <algorithm>
#include <cstdio>
#include <numeric>
#include <string_view>

namespace glovebox::farming {
namespace {

constexpr std::size_t widest_bar = 79;  // so that no terminal wraps it
constexpr std::size_t widest_line = 99;
constexpr auto longest_silence = std::chrono::seconds(10);

std::size_t sum(const progress::counts& all) {
  return std::accumulate(all.begin(), all.end(), std::size_t{0});
}

double rate(std::size_t done, std::chrono::nanoseconds since_start) {
  const double seconds = std::chrono::duration<double>(since_start).count();
  return seconds > 0 ? static_cast<double>(done) / seconds : 0;
}

std::string number(double value) {
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), value < 10 ? "%.1f" : "%.0f", value);
  return text.data();
}

std::string minutes(double seconds) {
  std::array<char, 32> text;
  const auto whole = static_cast<long long>(std::min(seconds, 359'999.0));
  if (whole >= 3600)
    std::snprintf(text.data(), text.size(), "%lld:%02lld:%02lld", whole / 3600, whole / 60 % 60,
                  whole % 60);
  else
    std::snprintf(text.data(), text.size(), "%lld:%02lld", whole / 60, whole % 60);
  return text.data();
}

std::string_view words(outcome which) {
  switch (which) {
    case outcome::timed_out:
      return "timed out";
    case outcome::out_of_memory:
      return "out of memory";
    case outcome::protocol_violation:
      return "violation";
    case outcome::not_run:
      return "not run";
    default:
      return to_string(which);
  }
}

// Everything but `ok`, while there is room.
void add_outcomes(std::string& to, const progress::counts& so_far, std::size_t widest) {
  for (const outcome which : all_outcomes) {
    const std::size_t count = so_far[static_cast<std::size_t>(which)];
    if (which == outcome::ok || count == 0) continue;
    const std::string piece = "  " + std::string(words(which)) + ' ' + std::to_string(count);
    if (to.size() + piece.size() <= widest) to += piece;
  }
}

}  // namespace

std::string progress::update(const counts& so_far, std::chrono::nanoseconds since_start) {
  switch (style_) {
    case style::none:
      return {};
    case style::bar:
      return '\r' + bar(so_far, since_start) + "\x1b[K";
    case style::lines:
      break;
  }
  const std::size_t done = sum(so_far);
  const std::size_t tenth = total_ == 0 ? 10 : done * 10 / total_;
  if (tenth == tenth_ && since_start - last_line_ < longest_silence) return {};
  tenth_ = tenth;
  last_line_ = since_start;
  return line(so_far, since_start) + '\n';
}

std::string progress::finish(const counts& all, std::chrono::nanoseconds since_start) {
  switch (style_) {
    case style::none:
      return {};
    case style::bar:
      return '\r' + bar(all, since_start) + "\x1b[K\n";
    case style::lines:
      break;
  }
  return tenth_ == 10 ? std::string() : line(all, since_start) + '\n';
}

std::string progress::bar(const counts& so_far, std::chrono::nanoseconds since_start) const {
  constexpr std::size_t length = 20;
  const std::size_t done = sum(so_far);
  const std::size_t filled = total_ == 0 ? length : done * length / total_;
  std::string text = "[" + std::string(filled, '#') + std::string(length - filled, '.') + "] " +
                     std::to_string(done) + '/' + std::to_string(total_);
  const double speed = rate(done, since_start);
  text += "  " + number(speed) + "/s";
  if (done < total_ && speed > 0)
    text += "  " + minutes(static_cast<double>(total_ - done) / speed) + " left";
  add_outcomes(text, so_far, widest_bar);
  return text;
}

std::string progress::line(const counts& so_far, std::chrono::nanoseconds since_start) const {
  const std::size_t done = sum(so_far);
  const std::size_t percent = total_ == 0 ? 100 : done * 100 / total_;
  std::string text = std::to_string(done) + " of " + std::to_string(total_) + " cases (" +
                     std::to_string(percent) + " %) after " +
                     minutes(std::chrono::duration<double>(since_start).count()) + ", " +
                     number(rate(done, since_start)) + "/s:  ok " +
                     std::to_string(so_far[static_cast<std::size_t>(outcome::ok)]);
  add_outcomes(text, so_far, widest_line);
  return text;
}

}  // namespace glovebox::farming

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "framing_check.hpp"

#include <algorithm>

namespace image_service {
namespace {

constexpr int most_size_digits = 15;  // 64 bits hold them
// What one chunk's lines may take besides its data, and what all of them may take beyond that:
// a body in chunks of one byte must not cost more than it is worth.
constexpr std::uint64_t free_overhead = 16;
constexpr std::uint64_t most_overhead = 16 * 1024;

int hexadecimal_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// White space within lines is none.
bool is_control(char c) {
  const auto code = static_cast<unsigned char>(c);
  return (code < 0x20 && c != '\t') || code == 0x7f;
}

}  // namespace

void framing_check::start_header() {
  at_ = place::before_request;
  is_first_line_ = false;
}

void framing_check::start_chunks() {
  at_ = place::size;
  digits_ = 0;
  left_ = 0;
  overhead_ = 0;
}

std::size_t framing_check::header(std::string_view bytes) {
  std::size_t good = 0;
  while (good < bytes.size() && at_ != place::end && take_line(bytes[good])) ++good;
  return good;
}

std::size_t framing_check::chunks(std::string_view bytes) {
  std::size_t good = 0;
  while (good < bytes.size() && at_ != place::end) {
    if (at_ == place::data) {
      const std::uint64_t step = std::min<std::uint64_t>(left_, bytes.size() - good);
      good += static_cast<std::size_t>(step);
      left_ -= step;
      if (left_ == 0) at_ = place::data_return;
      continue;
    }
    if (overhead_ == most_overhead || !take_chunk_line(bytes[good])) break;
    ++overhead_;
    ++good;
  }
  return good;
}

// Nothing is taken where false is returned: the same byte is wrong again when it comes again.
bool framing_check::take_line(char next) {
  switch (at_) {
    case place::before_request:
      if (next == '\r' || next == '\n') return true;
      at_ = place::line;
      is_first_line_ = true;
      return !is_control(next);
    case place::line:
      if (next == '\r') at_ = place::line_feed;
      return next == '\r' || !is_control(next);
    case place::line_feed:
      if (next == '\n') at_ = place::line_start;
      is_first_line_ = is_first_line_ && next != '\n';
      return next == '\n';
    case place::line_start:
      // A line that starts with white space continues the one before it: obsolete, and read in
      // different ways.
      if (next == ' ' || (next != '\r' && is_control(next)) || next == '\t') return false;
      at_ = next == '\r' ? place::last_line_feed : place::line;
      return true;
    case place::last_line_feed:
      if (next == '\n') at_ = place::end;
      return next == '\n';
    default:
      return false;
  }
}

bool framing_check::take_chunk_line(char next) {
  switch (at_) {
    case place::size: {
      const int digit = hexadecimal_digit(next);
      if (digit >= 0) {
        if (digits_ == most_size_digits) return false;
        ++digits_;
        left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
        return true;
      }
      if (digits_ == 0 || (next != '\r' && next != ';')) return false;
      at_ = next == '\r' ? place::size_line_feed : place::extension;
      return true;
    }
    case place::extension:
      if (next == '\r') at_ = place::size_line_feed;
      return next == '\r' || !is_control(next);
    case place::size_line_feed:
      if (next != '\n') return false;
      digits_ = 0;
      at_ = left_ == 0 ? place::line_start : place::data;
      overhead_ -= std::min(overhead_, free_overhead + 2 * std::min(left_, most_overhead));
      return true;
    case place::data_return:
      if (next == '\r') at_ = place::data_line_feed;
      return next == '\r';
    case place::data_line_feed:
      if (next == '\n') at_ = place::size;
      return next == '\n';
    default:
      return take_line(next);  // the trailer
  }
}

}  // namespace image_service

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include <glovebox/dynamic/json_reader.hpp>

#include "core/as_text.hpp"

#include <array>
#include <charconv>
#include <stdexcept>

namespace glovebox {

// ---- what is wrong

void json_reader::syntax(const char* what) const {
  fail("invalid JSON at byte " + std::to_string(at_ - begin_) + ": " + what);
}

void json_reader::over_budget() const {
  fail("the value takes more memory than limits.decoded_bytes allows");
}

void json_reader::mismatch(std::string_view wanted) {
  fail("expected " + std::string(wanted) + ", not " + found());
}

std::string json_reader::found() {
  switch (next()) {
    case token::null:
      return "null";
    case token::boolean:
      return "a bool";
    case token::number:
      return at_integer() ? "an integer" : "a floating-point number";
    case token::text:
      return "text";
    case token::list:
      return "a list";
    case token::dict:
      return "a dict";
    case token::end:
      return "the end of the message";
    case token::other:
      return "what is no JSON";
    case token::marker:
      break;
  }
  const std::string_view name = marker();
  using names = std::pair<std::string_view, const char*>;
  constexpr std::array known{names{"i", "an integer beyond 64 bits"},
                             names{"f", "a floating-point number"},
                             names{"ld", "a long double"},
                             names{"s", "text that is not UTF-8"},
                             names{"sa", "text"},
                             names{"s16", "text that is not UTF-16"},
                             names{"s32", "text that is not UTF-32"},
                             names{"b", "bytes"},
                             names{"ba", "bytes"},
                             names{"a", "a list of numbers"},
                             names{"m", "a map"},
                             names{"v", "a variant"},
                             names{"o", "an optional"},
                             names{"t", "a duration"},
                             names{"tp", "a point in time"},
                             names{"slice", "a slice"},
                             names{"bin", "a value of the binary codec"},
                             names{"ref", "an object"},
                             names{"call", "a callback"},
                             names{"fd", "a file descriptor"}};
  for (const auto& [marker_name, text] : known)
    if (marker_name == name) return text;
  return "the unknown marker $" + std::string(name.substr(0, 20));
}

void json_reader::reset(const mark& to) {
  const auto passed = static_cast<std::uint64_t>(at_ > to.at ? at_ - to.at : 0) + 1;
  at_ = to.at;
  budget_ = to.budget;
  if (passed > may_retry_) {
    may_retry_ = 0;
    fail("the value almost fits in too many ways");
  }
  may_retry_ -= passed;
}

void json_reader::finish() {
  space();
  if (at_ != end_) syntax("something is left over behind the value");
}

// ---- tokens

json_reader::token json_reader::next() {
  space();
  if (at_ == end_) return token::end;
  switch (*at_) {
    case 'n':
      return token::null;
    case 't':
    case 'f':
      return token::boolean;
    case '"':
      return token::text;
    case '[':
      return token::list;
    case '{':
      return marker().empty() ? token::dict : token::marker;
    default:
      return *at_ == '-' || (*at_ >= '0' && *at_ <= '9') ? token::number : token::other;
  }
}

bool json_reader::at_integer() const noexcept {
  const char* at = at_;
  while (at != end_ && (*at == '-' || (*at >= '0' && *at <= '9'))) ++at;
  return at == end_ || (*at != '.' && *at != 'e' && *at != 'E');
}

void json_reader::expect(char c, const char* what) {
  if (!take(c)) syntax(what);
}

void json_reader::word(std::string_view text) {
  if (std::string_view(at_, static_cast<std::size_t>(end_ - at_)).substr(0, text.size()) != text)
    syntax("a word that is not null, true or false");
  at_ += text.size();
}

// Markers are only known in the form in which they are written, without escapes.
const char* json_reader::behind_marker(std::string_view& name) noexcept {
  space();
  const char* at = at_;
  const auto pass_space = [&] {
    while (at != end_ && (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r')) ++at;
  };
  if (at == end_ || *at++ != '{') return nullptr;
  pass_space();
  if (end_ - at < 2 || at[0] != '"' || at[1] != '$') return nullptr;
  const char* const start = at += 2;
  while (at != end_ && ((*at >= 'a' && *at <= 'z') || (*at >= '0' && *at <= '9'))) ++at;
  const char* const stop = at;
  if (start == stop || at == end_ || *at++ != '"') return nullptr;
  pass_space();
  if (at == end_ || *at++ != ':') return nullptr;
  name = {start, static_cast<std::size_t>(stop - start)};
  return at;
}

std::string_view json_reader::marker() {
  std::string_view name;
  behind_marker(name);
  return name;
}

bool json_reader::enter(std::string_view name) {
  std::string_view got;
  const char* const behind = behind_marker(got);
  if (!behind || got != name) return false;
  at_ = behind;
  return true;
}

void json_reader::leave() {
  expect('}', "a marker with more than one value");
}

int json_reader::enter_wrapper_slowly() {
  std::string_view name;
  const char* const behind = behind_marker(name);
  if (!behind) return 0;
  if (name == "o") {
    at_ = behind;
    return 1;
  }
  if (name != "v") return 0;
  at_ = behind;
  begin_parts();
  unsigned_integer(~std::uint64_t{0});
  next_part();
  return 2;
}

void json_reader::leave_wrapper(int brackets) {
  if (brackets == 2) end_parts();
  leave();
}

bool json_reader::null() {
  space();
  if (at_ == end_ || *at_ != 'n') return false;
  word("null");
  return true;
}

bool json_reader::boolean() {
  space();
  if (at_ == end_ || (*at_ != 't' && *at_ != 'f')) mismatch("a bool");
  const bool value = *at_ == 't';
  word(value ? "true" : "false");
  return value;
}

// ---- objects

std::uint64_t json_reader::handle(std::string* kind, std::string* type) {
  if (!enter("ref")) mismatch("an object");
  const std::uint64_t number = unsigned_integer(~std::uint64_t{0});
  while (take(',')) {
    std::string key_scratch, value_scratch;
    const std::string name(quoted(key_scratch, "a key"));
    expect(':', "a key without a value");
    const std::string_view value = quoted(value_scratch, "text");
    charge(value.size());
    if (name == "kind" && kind)
      *kind = value;
    else if (name == "type" && type)
      *type = value;
  }
  leave();
  return number;
}

json_reader::reference json_reader::object() {
  reference made;
  if (null()) return made;
  const std::uint64_t number = handle(&made.kind, &made.type);
  if (!objects_) fail("objects cannot travel here");
  try {
    made.object = objects_->adopt(number);
  } catch (const std::logic_error& why) {
    fail(why.what());
  }
  return made;
}

detail::held_address json_reader::resolve(std::string_view wanted, bool constant) {
  const std::uint64_t number = handle(nullptr, nullptr);
  if (!objects_) fail("objects cannot travel here");
  detail::held_address held;
  try {
    held = objects_->resolve(number, wanted);
  } catch (const std::logic_error& why) {
    fail(why.what());
  }
  if (held.constant && !constant) fail("the object is constant, and the function may change it");
  return held;
}

namespace detail {

std::vector<std::uint64_t> references_in(std::span<const std::byte> json) {
  // Inside a string the quotes would be escaped, and a user's key would have two `$`.
  constexpr std::string_view marker = "{\"$ref\":";
  const std::string_view text = core::as_text(json);
  std::vector<std::uint64_t> handles;
  for (auto at = text.find(marker); at != text.npos; at = text.find(marker, at)) {
    at += marker.size();
    std::uint64_t handle = 0;
    const auto result = std::from_chars(text.data() + at, text.data() + text.size(), handle);
    if (result.ec == std::errc()) handles.push_back(handle);
  }
  return handles;
}

}  // namespace detail

// ---- lists and dicts

json_reader::list::~list() {
  if (outer_at_) {
    in_.at_ = outer_at_;
    in_.end_ = outer_end_;
  }
}

bool json_reader::list::open() {
  if (in_.take('[')) return false;
  auto array = in_.numbers();
  if (!array) in_.mismatch("a list");
  array_ = *array;
  return true;
}

bool json_reader::list::next() {
  if (numbers_) return next_number();
  if (next_ == 0) {
    if (in_.take(']')) return false;
  } else if (!in_.take(',')) {
    in_.expect(']', "a list without an end, or a comma is missing");
    return false;
  }
  path_.at(next_++);
  return true;
}

json_reader& json_reader::dict::opened(json_reader& in) {
  if (in.next() != token::dict) in.mismatch("a dict");
  ++in.at_;
  return in;
}

bool json_reader::dict::next() {
  if (count_ == 0) {
    if (in_.take('}')) return false;
  } else if (!in_.take(',')) {
    in_.expect('}', "a dict without an end, or a comma is missing");
    return false;
  }
  ++count_;
  path_.at(static_cast<const char*>(nullptr));
  std::string_view name = in_.quoted(scratch_, "a key");
  in_.expect(':', "a key without a value");
  if (name.starts_with('$')) {
    name.remove_prefix(1);
    if (!name.starts_with('$')) in_.fail("a marker inside a dict");
  }
  in_.charge(name.size());
  key_.assign(name);
  path_.at(key_.c_str());
  return true;
}

void json_reader::dict::missing(const char* name) {
  path_.at(name);
  in_.fail("this member is missing");
}

std::string_view json_reader::skip() {
  space();
  const char* const start = at_;
  bool negative = false;
  std::uint64_t magnitude = 0;
  if (at_ != end_ && *at_ == '"') {
    std::string scratch;
    quoted(scratch, "text");
  } else if (!quick_integer(negative, magnitude)) {
    skip_value();
  }
  return {start, static_cast<std::size_t>(at_ - start)};
}

void json_reader::skip_value() {
  std::string scratch;
  switch (next()) {
    case token::null:
      return word("null");
    case token::boolean:
      boolean();
      return;
    case token::number:
      literal();
      return;
    case token::text:
      quoted(scratch, "text");
      return;
    case token::list:
      for (list items(*this); items.next();) skip_value();
      return;
    case token::dict:
      for (dict members(*this); members.next();) skip_value();
      return;
    case token::marker: {
      const scope level(*this);
      ++at_;
      do {
        quoted(scratch, "a key");
        expect(':', "a key without a value");
        skip_value();
      } while (take(','));
      return leave();
    }
    case token::end:
    case token::other:
      syntax("a value is missing");
  }
}

}  // namespace glovebox

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include <glovebox/dynamic/described.hpp>
#include <glovebox/dynamic/vocabulary.hpp>

#include "core/known_category.hpp"
#include "core/utf8.hpp"

#include <numeric>
#include <stdexcept>

namespace glovebox {
namespace detail {

namespace {

thread_local object_port* current = nullptr;

}  // namespace

object_port::~object_port() = default;
object_port* object_port::here() noexcept {
  return current;
}
object_port::installed::installed(object_port& port) noexcept
    : before_(std::exchange(current, &port)) {}
object_port::installed::~installed() {
  current = before_;
}

std::uint64_t object_port::handle_of(const std::shared_ptr<const object_reference>&) {
  throw std::logic_error("objects of a child cannot travel here");
}
std::uint64_t object_port::name_of(std::shared_ptr<callable>) {
  throw std::logic_error("callbacks cannot travel here");
}
std::shared_ptr<const object_reference> object_port::adopt(std::uint64_t) {
  throw std::logic_error("objects of a child cannot travel here");
}
held_address object_port::resolve(std::uint64_t, std::string_view) {
  throw std::logic_error("pointers to objects can only be read in a child");
}
named_object object_port::share(const shared_object&) {
  throw std::logic_error("pointers to objects can only be written in a child");
}

std::shared_ptr<const object_reference> object_port::hold(const shared_object&) {
  throw std::logic_error("pointers to objects can only be written in a child");
}
held_address object_port::resolve_held(const object_reference&, std::string_view) {
  throw std::logic_error("pointers to objects can only be read in a child");
}
void object_port::describe(const object_reference&, named_object&) {}
bool object_port::write_copy(json_writer&, const shared_object&) {
  return false;
}

void write_character(json_writer& out, char32_t code) {
  std::string text;
  core::append_utf8(code, text);
  out.text(text);
}

bool read_character(json_reader& in, std::size_t width, char32_t& code) {
  if (in.next() != json_reader::token::text) return false;
  code = in.character();
  const char32_t most = width == 1 ? 0x7f : width == 2 ? 0xffff : 0x10ffff;
  if (code > most) in.fail("a character that takes more than one unit");
  return true;
}

void wrong_count(json_reader& in, std::size_t wanted, bool more) {
  in.fail(std::string(more ? "more" : "less") + " elements than the " + std::to_string(wanted) +
          " that belong here");
}

void read_members(json_reader& in, void* object, std::span<const member_reader> all) {
  std::vector<bool> seen(all.size());
  json_reader::dict members(in);
  std::size_t likely = 0;  // they mostly come in their order
  while (members.next()) {
    std::size_t at = likely;
    if (at >= all.size() || members.key() != all[at].name)
      for (at = 0; at != all.size() && members.key() != all[at].name;) ++at;
    if (at == all.size()) in.fail("there is no such member");
    if (seen[at]) in.fail("a key that occurs twice");
    seen[at] = true;
    all[at].read(in, object);
    likely = at + 1;
  }
  for (std::size_t i = 0; i != all.size(); ++i) {
    if (seen[i]) continue;
    if (!all[i].clear) members.missing(all[i].name);
    all[i].clear(object);
  }
}

// ---- durations and points in time

void begin_time(json_writer& out, std::string_view clock, std::intmax_t num, std::intmax_t den) {
  out.begin_marker(clock.empty() ? "t" : "tp");
  out.begin_list();
  if (!clock.empty()) out.text(clock);
  out.integer(num);
  out.integer(den);
}

void end_time(json_writer& out) {
  out.end_list();
  out.end_marker();
}

tick_ratio enter_time(json_reader& in, std::string_view clock, std::intmax_t num,
                      std::intmax_t den) {
  if (!in.enter(clock.empty() ? "t" : "tp"))
    in.mismatch(clock.empty() ? "a duration" : "a point in time");
  in.begin_parts();
  if (!clock.empty()) {
    std::string scratch;
    if (in.text(scratch) != clock)
      in.fail("a point in time of another clock than " + std::string(clock));
    in.next_part();
  }
  const auto their_num = in.integer<std::intmax_t>();
  in.next_part();
  const auto their_den = in.integer<std::intmax_t>();
  in.next_part();
  if (their_num <= 0 || their_den <= 0) in.fail("a unit of time that is not positive");
  int128 top = static_cast<int128>(their_num) * den;
  int128 bottom = static_cast<int128>(their_den) * num;
  const auto divisor = [](int128 a, int128 b) {
    while (b != 0) a = std::exchange(b, a % b);
    return a;
  }(top, bottom);
  top /= divisor;
  bottom /= divisor;
  constexpr auto most = std::numeric_limits<std::intmax_t>::max();
  if (top > most || bottom > most) in.fail("a unit of time that is too different");
  return {static_cast<std::intmax_t>(top), static_cast<std::intmax_t>(bottom)};
}

void leave_time(json_reader& in) {
  in.end_parts();
  in.leave();
}

int128 scale_ticks(json_reader& in, std::int64_t count, const tick_ratio& ratio) {
  const int128 product = static_cast<int128>(count) * ratio.num;
  if (product % ratio.den != 0) in.fail("the wanted unit of time cannot express it");
  return product / ratio.den;
}

}  // namespace detail

void dynamic_codec<std::error_code>::write(json_writer& out, const std::error_code& value) {
  const std::string_view name = value.category().name();
  if (core::known_category(name) != &value.category())
    out.fail("an error_code of the category '" + std::string(name) +
             "', which is an object of this process only");
  const json_writer::scope level(out);
  out.begin_dict();
  out.key("category");
  out.text(name);
  out.key("value");
  out.integer(value.value());
  out.end_dict();
}

std::error_code dynamic_codec<std::error_code>::read(json_reader& in) {
  struct parts {
    std::string category;
    int value = 0;
  } got;
  static constexpr detail::member_reader readers[] = {
      {"category",
       [](json_reader& from, void* to) { static_cast<parts*>(to)->category = from.string(); },
       nullptr},
      {"value",
       [](json_reader& from, void* to) { static_cast<parts*>(to)->value = from.integer<int>(); },
       nullptr}};
  detail::read_members(in, &got, readers);
  const std::error_category* const category = core::known_category(got.category);
  if (!category) in.fail("an error_code of an unknown category");
  return {got.value, *category};
}

}  // namespace glovebox

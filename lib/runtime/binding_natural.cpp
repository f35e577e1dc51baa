// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include <glovebox/binding/natural.hpp>

#include <sstream>
#include <stdexcept>

namespace glovebox {

slice::range slice::of(std::size_t size) const {
  const std::int64_t by = step.value_or(1);
  if (by == 0) throw std::invalid_argument("a slice whose step is 0");
  const auto length = static_cast<std::int64_t>(size);
  // A backward slice goes from the last element to before the first, which has no number.
  const std::int64_t low = by > 0 ? 0 : -1;
  const std::int64_t high = by > 0 ? length : length - 1;
  const auto position = [&](const std::optional<std::int64_t>& at, std::int64_t otherwise) {
    if (!at) return otherwise;
    const std::int64_t from_start = *at < 0 ? (*at < -length ? low : *at + length) : *at;
    return std::clamp(from_start, low, high);
  };
  const std::int64_t first = position(start, by > 0 ? low : high);
  const std::int64_t last = position(stop, by > 0 ? high : low);
  range made{first, by, 0};
  const std::int64_t distance = by > 0 ? last - first : first - last;
  if (distance <= 0) return made;
  // The step may be as large as they come.
  const auto each = by > 0 ? static_cast<std::uint64_t>(by) : 0 - static_cast<std::uint64_t>(by);
  made.count = static_cast<std::size_t>((static_cast<std::uint64_t>(distance) - 1) / each + 1);
  return made;
}

void dynamic_codec<slice>::write(json_writer& out, const slice& from) {
  out.begin_marker("slice");
  out.begin_list();
  for (const auto& each : {from.start, from.stop, from.step}) {
    if (each)
      out.integer(*each);
    else
      out.null();
  }
  out.end_list();
  out.end_marker();
}

slice dynamic_codec<slice>::read(json_reader& in) {
  if (!in.enter("slice")) in.mismatch("a slice");
  const auto part = [&]() -> std::optional<std::int64_t> {
    if (in.null()) return std::nullopt;
    return in.integer<std::int64_t>();
  };
  slice made;
  in.begin_parts();
  made.start = part();
  in.next_part();
  made.stop = part();
  in.next_part();
  made.step = part();
  in.end_parts();
  in.leave();
  return made;
}

namespace binding {

std::size_t position(json_reader& in, std::size_t size) {
  const auto at = in.integer<std::int64_t>();
  if (at < 0 || static_cast<std::uint64_t>(at) >= size)
    throw std::out_of_range("position " + std::to_string(at) + " in a sequence of " +
                            std::to_string(size));
  return static_cast<std::size_t>(at);
}

void no_such_key() {
  throw std::out_of_range("no such key");
}

void write_printed(json_writer& out, const void* object,
                   void (*print)(std::ostream& to, const void* object)) {
  std::ostringstream text;
  print(text, object);
  out.text(text.str());
}

}  // namespace binding
}  // namespace glovebox

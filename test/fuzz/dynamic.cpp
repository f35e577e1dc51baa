// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Values as JSON: what dynamic calls return.
#include "fuzz/fuzz.hpp"
#include "unit/codec_fixture.hpp"
#include "unit/dynamic_messages.hpp"

#include <glovebox/detail/object_reference.hpp>

#include <boost/json/parse.hpp>

#include <map>
#include <stdexcept>

namespace {

using namespace glovebox;
using namespace glovebox::fuzz;
using test::json_message;
using test::written;

/// A parent's, without a child behind it.
class port final : public detail::object_port {
 public:
  std::uint64_t handle_of(const std::shared_ptr<const detail::object_reference>& object) override {
    return object->handle;
  }
  std::shared_ptr<const detail::object_reference> adopt(std::uint64_t handle) override {
    if (handle == 0) throw std::logic_error("no object has this number");
    auto& known = objects_[handle];
    if (!known) known = std::make_shared<const detail::object_reference>(nullptr, handle);
    return known;
  }

 private:
  std::map<std::uint64_t, std::shared_ptr<const detail::object_reference>> objects_;
};

limits bounds() {
  limits roomy;
  roomy.decoded_bytes = 64 << 20;
  return roomy;
}

template <class T>
T read(view json, std::span<const view> attached, port& objects) {
  json_reader in(json, attached, bounds(), &objects);
  T got = read_dynamic<T>(in);
  in.finish();
  return got;
}

template <class T>
struct outcome {
  std::optional<T> got;
  std::string why;
};
template <class Read>
auto outcome_of(Read&& read_it) -> outcome<std::invoke_result_t<Read>> {
  try {
    return {read_it(), {}};
  } catch (const codec_error& error) {
    return {std::nullopt, error.what()};
  }
}

bool same_message(const json_message& a, const json_message& b) {
  const auto x = a.attached(), y = b.attached();
  return a.text() == b.text() && std::equal(x.begin(), x.end(), y.begin(), y.end(), same);
}

/// Limits count what was made on the way, and ways differ.
bool is_about_limits(const std::string& why) {
  return why.find("limits.") != why.npos || why.find("too many ways") != why.npos;
}

void check_references(const value& got, port& objects) {
  struct counting final : detail::object_port {
    std::uint64_t handle_of(const std::shared_ptr<const detail::object_reference>& to) override {
      handles.push_back(to->handle);
      return to->handle;
    }
    std::vector<std::uint64_t> handles;
  } seen;
  const json_message text = written(got, bounds(), &seen);
  require(detail::references_in(text.body.view()) == seen.handles,
          "objects were not found in the text that names them");
  const auto again = read<value>(text.body.view(), text.attached(), objects);
  require(same_message(text, written(again, bounds(), &seen)), "another value after a round trip");
  require(again.type() == got.type() && again.size() == got.size(), "another kind of value");
}

boost::json::error_code judged(std::string_view json) {
  boost::json::parse_options options;
  options.max_depth = 1000;
  boost::json::error_code error;
  boost::json::parse(json, error, {}, options);
  return error;
}

enum class order { kept, own };

/// Reading a T at once, and out of a value that was read, must be the same.
template <class T>
void compare(const message_parts& from, const outcome<value>& general, port& objects,
             order elements) {
  const auto direct = outcome_of([&] { return read<T>(from.body, from.attached, objects); });
  if (direct.got) {
    const json_message text = written(*direct.got, bounds());
    const T again = read<T>(text.body.view(), text.attached(), objects);
    const json_message once_more = written(again, bounds());
    require(elements == order::own || same_message(text, once_more),
            "another object after a round trip");
  }
  if (is_about_limits(direct.why) || is_about_limits(general.why)) return;
  require(general.got || !direct.got, "a type was read from what is no value at all");
  if (!general.got) return;
  const auto late = outcome_of([&] { return general.got->template as<T>(); });
  if (is_about_limits(late.why)) return;
  require(direct.got.has_value() == late.got.has_value(), "a value fits at once or later only");
  if (direct.got && elements == order::kept)
    require(same_message(written(*direct.got, bounds()), written(*late.got, bounds())),
            "a value is another one when it is read later");
}

using choices = std::variant<std::monostate, bool, std::int16_t, float, std::string,
                             std::vector<std::optional<std::uint8_t>>>;
using texts = std::tuple<std::u16string, std::optional<std::u32string>, std::vector<std::byte>,
                         std::map<std::string, std::int64_t>>;

void compare_type(std::uint8_t type, const message_parts& from, const outcome<value>& general,
                  port& objects) {
  switch (type) {
    case 0:
      return compare<codec_fixture::record>(from, general, objects, order::kept);
    case 1:
      return compare<codec_fixture::tables>(from, general, objects, order::own);
    case 2:
      return compare<codec_fixture::tree>(from, general, objects, order::kept);
    case 3:
      return compare<choices>(from, general, objects, order::kept);
    case 4:
      return compare<texts>(from, general, objects, order::kept);
    case 5:
      return compare<std::vector<double>>(from, general, objects, order::kept);
    case 6:
      return compare<std::vector<std::uint64_t>>(from, general, objects, order::kept);
    default:
      return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  input in(data, size);
  const std::uint8_t type = in.byte() % 8;
  const message_parts from(in);
  port objects;
  require(detail::references_in(from.body).size() <= from.body.size() / 8, "too many objects");
  const auto general = outcome_of([&] { return read<value>(from.body, from.attached, objects); });
  if (general.got) {
    require(!judged(text_of(from.body)), "a value was read from what is no JSON");
    check_references(*general.got, objects);
    require(!judged(general.got->to_json()), "to_json() is no JSON");
    require(*general.got == *general.got || text_of(from.body).find("$") != std::string_view::npos,
            "a value that does not equal itself");  // a NaN does not, which is a marker
  }
  compare_type(type, from, general, objects);
  return 0;
}

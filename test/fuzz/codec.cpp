// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Values in binary form: what typed calls return.
#include "fuzz/fuzz.hpp"
#include "unit/codec_fixture.hpp"
#include "unit/codec_messages.hpp"

#include <glovebox/detail/case_reply.hpp>

#include <bitset>
#include <chrono>
#include <filesystem>

namespace {

using namespace glovebox;
using namespace glovebox::fuzz;
using test::decoded;
using test::encoded;

using bulky = std::tuple<std::vector<double>, std::u32string, std::vector<std::byte>,
                         std::vector<std::string>, std::vector<codec_fixture::point>>;
using small = std::tuple<std::chrono::milliseconds, std::filesystem::path, std::bitset<11>,
                         std::array<codec_fixture::wide, 2>, std::vector<bool>,
                         std::optional<std::pair<char, std::u16string>>>;
using nested =
    std::map<std::string, std::variant<std::int32_t, std::vector<std::optional<std::string>>,
                                       std::map<std::uint16_t, codec_fixture::tree>>>;

limits bounds() {
  limits tight;
  tight.decoded_bytes = 1 << 20;
  return tight;
}

bool same_message(const test::message& a, view body, std::span<const view> attached) {
  const auto pieces = a.attached();
  return same(a.body.view(), body) &&
         std::equal(pieces.begin(), pieces.end(), attached.begin(), attached.end(), same);
}

enum class order { kept, own };

template <class T>
void attempt(const message_parts& from, order elements) {
  std::optional<T> got;
  try {
    got.emplace(decoded<T>(from.body, from.attached, bounds()));
  } catch (const codec_error&) {
    return;
  }
  const test::message again = encoded(*got);
  // One value has one form, but for what is attached: that it is large is not asked for.
  if (elements == order::kept && from.attached.empty())
    require(same_message(again, from.body, from.attached), "read from bytes that are not its own");
  const T second = decoded<T>(again, bounds());
  const test::message once_more = encoded(second);
  require(once_more.body.size() == again.body.size(), "another size after a round trip");
  if (elements == order::kept)
    require(same_message(once_more, again.body.view(), again.attached()),
            "another value after a round trip");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  input from(data, size);
  const std::uint8_t type = from.byte() % 8;
  const message_parts parts(from);
  switch (type) {
    case 0:
      attempt<codec_fixture::record>(parts, order::kept);
      break;
    case 1:
      attempt<codec_fixture::tables>(parts, order::own);
      break;
    case 2:
      attempt<codec_fixture::tree>(parts, order::kept);
      break;
    case 3:
      attempt<detail::case_reply>(parts, order::kept);
      break;
    case 4:
      attempt<bulky>(parts, order::kept);
      break;
    case 5:
      attempt<small>(parts, order::kept);
      break;
    case 6:
      attempt<nested>(parts, order::own);
      break;
    default:
      attempt<std::vector<codec_fixture::loose>>(parts, order::kept);
  }
  return 0;
}

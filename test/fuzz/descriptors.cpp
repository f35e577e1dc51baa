// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Values with file descriptors in them, in both encodings: each is received once, and none is left.
#include "fuzz/fuzz.hpp"

#include <glovebox/dynamic.hpp>

#include <map>
#include <optional>
#include <set>
#include <variant>

namespace {

using namespace glovebox;
using namespace glovebox::fuzz;

using several = std::tuple<std::optional<file_descriptor>, std::string,
                           std::vector<std::variant<std::int32_t, file_descriptor>>,
                           std::map<std::string, file_descriptor>>;

void check(const several& got, std::size_t given) {
  std::set<int> numbers;
  std::size_t count = 0;
  const auto add = [&](const file_descriptor& each) {
    if (!each) return;
    ++count;
    numbers.insert(each.get());
  };
  if (std::get<0>(got)) add(*std::get<0>(got));
  for (const auto& each : std::get<2>(got))
    if (const auto* const one = std::get_if<file_descriptor>(&each)) add(*one);
  for (const auto& each : std::get<3>(got)) add(each.second);
  require(numbers.size() == count, "two owners of one descriptor");
  require(count <= given, "more descriptors than there were");
}

void attempt(input& from) {
  const bool binary = from.byte() % 2 == 0;
  std::vector<view> attached(from.byte() % 6);
  std::vector<file_descriptor> descriptors(attached.size());
  std::size_t given = 0;
  for (file_descriptor& each : descriptors) {
    if (from.byte() % 4 == 0) continue;  // an attachment of bytes, or one that was lost
    each = file_descriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    ++given;
  }
  const bytes body = exact(from.rest());
  try {
    if (binary) {
      decoder in(body, attached, {}, descriptors);
      const several got = decode<several>(in);
      in.finish();
      check(got, given);
    } else {
      json_reader in(body, attached, {}, nullptr, descriptors);
      const several got = read_dynamic<several>(in);
      in.finish();
      check(got, given);
    }
  } catch (const codec_error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const int lowest = lowest_free_descriptor();
  input from(data, size);
  attempt(from);
  require(lowest_free_descriptor() == lowest, "a descriptor was left open");
  return 0;
}

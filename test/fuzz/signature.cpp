// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Declarations of C functions, which a parent sends as text.
#include "fuzz/fuzz.hpp"
#include "runtime/c_signature.hpp"

#include <optional>

namespace {

using namespace glovebox::fuzz;
using glovebox::runtime::bad_signature;
using glovebox::runtime::c_signature;

std::optional<c_signature> read(std::string_view text) {
  try {
    return glovebox::runtime::parse_c_signature(text);
  } catch (const bad_signature& error) {
    require(error.what()[0] != '\0', "refused without a reason");
    return std::nullopt;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const bytes from = exact(std::as_bytes(std::span(data, size)));
  const auto got = read(text_of(from));
  if (!got) return 0;
  const std::string text = to_string(*got);
  const auto again = read(text);
  require(again.has_value(), "a declaration that is written cannot be read");
  require(*again == *got && to_string(*again) == text, "another one after a round trip");
  return 0;
}

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Bundles of failing cases. The whole input is tried as one; then again with a first line that is
// right about the rest, since no fuzzer guesses a checksum.
#include "core/bundle.hpp"

#include "core/checksum.hpp"
#include "fuzz/fuzz.hpp"

#include <optional>

namespace {

using namespace glovebox;
using namespace glovebox::fuzz;

std::optional<core::bundle> read(view from) {
  try {
    return core::decode_bundle(from);
  } catch (const core::bundle_error& error) {
    require(error.what()[0] != '\0', "refused without a reason");
    return std::nullopt;
  }
}

void attempt(view from) {
  const auto got = read(from);
  if (!got) return;
  const bytes again = core::encode_bundle(*got);
  const auto second = read(again);
  require(second.has_value(), "a bundle that was read cannot be written");
  require(same(core::encode_bundle(*second), again), "another bundle after a round trip");
  require(second->body == got->body && second->attachments == got->attachments,
          "other arguments after a round trip");
  require(second->seen.name == got->seen.name && second->program == got->program,
          "other texts after a round trip");
  core::in_other_build(*got);
}

// `...\nHEADER\nBINARY`
bytes repaired(view from) {
  std::string_view text = text_of(from);
  text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  const std::size_t header = std::min(text.find('\n'), text.size() - 1) + 1;
  const view rest = from.last(text.size());
  char line[100];
  const int length =
      std::snprintf(line, sizeof line, "glovebox-bundle %u %zu %zu %08x\n", core::bundle::version,
                    header, text.size() - header, static_cast<unsigned>(core::crc32(rest)));
  bytes made = exact(std::as_bytes(std::span(line, static_cast<std::size_t>(length))));
  made.insert(made.end(), rest.begin(), rest.end());
  return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const bytes from = exact(std::as_bytes(std::span(data, size)));
  attempt(from);
  if (text_of(from).find('\n') + 1 < from.size()) attempt(repaired(from));
  return 0;
}

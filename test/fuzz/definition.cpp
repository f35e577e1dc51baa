// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Where a function lies: from a bundle, and in the child from its parent.
#include "core/definition.hpp"
#include "fuzz/fuzz.hpp"

#include <optional>

namespace {

using namespace glovebox;
using namespace glovebox::fuzz;

std::optional<core::definition> read(view body, std::span<const view> attached) {
  try {
    decoder in(body, attached);
    return core::decode_definition(in);
  } catch (const codec_error&) {
    return std::nullopt;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  input from(data, size);
  const message_parts parts(from);
  const auto got = read(parts.body, parts.attached);
  if (!got) return 0;
  byte_buffer body;
  std::vector<attachment> attachments;
  encoder out(body, attachments);
  core::encode(out, *got);
  std::vector<view> attached;
  for (const attachment& each : attachments) attached.push_back(each.bytes);
  const auto again = read(body.view(), attached);
  require(again && again->module == got->module && again->offset == got->offset &&
              again->path == got->path && got->name.starts_with(again->name),
          "another definition after a round trip");
  return 0;
}

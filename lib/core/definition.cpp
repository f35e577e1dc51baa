// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "core/definition.hpp"

#include <string_view>

namespace glovebox::core {

void encode(encoder& out, const definition& what) {
  out.number(static_cast<std::uint8_t>(what.module.kind));
  glovebox::encode(out, what.module.bytes);
  out.number(what.offset);
  glovebox::encode(out, what.path);
  // Names of templates know no end; the frame of a definition has no attachments for long ones.
  constexpr std::size_t longest_name = 4096;
  glovebox::encode(out, std::string_view(what.name).substr(0, longest_name));
}

definition decode_definition(decoder& in) {
  definition what;
  const auto kind = in.number<std::uint8_t>();
  if (kind < 1 || kind > 2) in.fail("an unknown kind of module identity");
  what.module.kind = static_cast<module_identity::source>(kind);
  what.module.bytes = decode<std::string>(in);
  what.offset = in.number<std::uint64_t>();
  what.path = decode<std::string>(in);
  what.name = decode<std::string>(in);
  in.finish();
  return what;
}

}  // namespace glovebox::core

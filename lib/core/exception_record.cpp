// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "core/exception_record.hpp"

namespace glovebox::core {

void encode(encoder& out, const exception_record& record) {
  const exception_record* at = &record;
  for (int level = 0; at; ++level, at = at->nested.get()) {
    glovebox::encode(out, at->type);
    glovebox::encode(out, at->name);
    out.number(static_cast<std::uint8_t>(at->base));
    glovebox::encode(out, at->message);
    glovebox::encode(out, at->category);
    out.number(at->code);
    const bool more = at->nested && level + 1 < exception_record::max_nesting;
    glovebox::encode(out, more);
    if (!more) return;
  }
}

exception_record decode_exception(decoder& in) {
  exception_record first;
  exception_record* at = &first;
  for (int level = 0;; ++level) {
    if (level == exception_record::max_nesting) in.fail("exceptions nested too deeply");
    at->type = decode<std::string>(in);
    at->name = decode<std::string>(in);
    const auto base = in.number<std::uint8_t>();
    if (base > static_cast<std::uint8_t>(last_standard_base))
      in.fail("an unknown standard exception");
    at->base = static_cast<standard_base>(base);
    at->message = decode<std::string>(in);
    at->category = decode<std::string>(in);
    at->code = in.number<std::int32_t>();
    if (!decode<bool>(in)) return first;
    at->nested = std::make_unique<exception_record>();
    at = at->nested.get();
  }
}

}  // namespace glovebox::core

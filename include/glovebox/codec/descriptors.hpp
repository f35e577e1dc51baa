// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/codec/core.hpp>
#include <glovebox/file_descriptor.hpp>

namespace glovebox {

/// Beside the message, through the kernel. An empty one is a zero byte.
template <>
struct GLOVEBOX_API codec<file_descriptor> {
  static void encode(encoder& out, const file_descriptor& value);
  static void encode_owned(encoder& out, file_descriptor&& value);
  static file_descriptor decode(decoder& in);
};

}  // namespace glovebox

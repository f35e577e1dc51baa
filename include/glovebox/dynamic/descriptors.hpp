// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/codec/descriptors.hpp>
#include <glovebox/dynamic/core.hpp>

namespace glovebox {

/// `{"$fd": the index of its attachment}`; an empty one is a null.
template <>
struct GLOVEBOX_API dynamic_codec<file_descriptor> {
  static void write(json_writer& out, const file_descriptor& value);
  static void write(json_writer& out, file_descriptor&& value);
  static file_descriptor read(json_reader& in);
};

}  // namespace glovebox

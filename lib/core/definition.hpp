// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/codec.hpp>

#include <cstdint>
#include <string>

namespace glovebox::core {

/// What makes a loaded module the same one in another process.
struct module_identity {
  enum class source : std::uint8_t {
    build_id = 1,   ///< the linker's note
    code_hash = 2,  ///< a hash of the executable segment, for linkers that write no note
  };
  source kind = source::build_id;
  std::string bytes;

  bool operator==(const module_identity&) const = default;
};

/// The body of a `define` frame: where a function's node lies.
struct definition {
  /// In place of an offset: the one node of that name, in whatever build. The module is loaded from
  /// the path, unless that is empty.
  static constexpr std::uint64_t by_name = ~std::uint64_t{0};

  module_identity module;
  std::uint64_t offset = 0;  ///< of the node from the module's load address
  std::string path;          ///< where to load the module from, if the child has not
  std::string name;          ///< for messages
};

void encode(encoder& out, const definition& what);
/// \throws codec_error
definition decode_definition(decoder& in);

}  // namespace glovebox::core

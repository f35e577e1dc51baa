// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/dynamic/core.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>

namespace glovebox {

/// A part of a sequence, as Python writes it: from `start` to before `stop`, each `step`th element.
/// Negative positions count from the end; positions beyond the ends are the ends.
struct GLOVEBOX_API slice {
  std::optional<std::int64_t> start;
  std::optional<std::int64_t> stop;
  std::optional<std::int64_t> step;

  /// The positions in a sequence of a known size: `count` of them, the first at `first`.
  struct range {
    std::int64_t first = 0;
    std::int64_t step = 1;
    std::size_t count = 0;
  };
  /// \throws std::invalid_argument when the step is 0
  range of(std::size_t size) const;

  bool operator==(const slice&) const = default;
};

/// `{"$slice":[start, stop, step]}`, each an integer or null.
template <>
struct GLOVEBOX_API dynamic_codec<slice> {
  static void write(json_writer& out, const slice& value);
  static slice read(json_reader& in);
};

}  // namespace glovebox

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <boost/describe.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace image_farm {

/// What is worth knowing of a decoded image.
struct image_summary {
  int width = 0;     ///< [pixels]
  int height = 0;    ///< [pixels]
  int channels = 0;  ///< of the file; an animation is always decoded to four
  int frames = 0;    ///< 1 unless it is an animation
  /// Over all samples of all frames. Equal pixels give equal checksums. Of a damaged file it may
  /// change from run to run: the library hands out pixels that it never wrote.
  std::uint64_t checksum = 0;
};
BOOST_DESCRIBE_STRUCT(image_summary, (), (width, height, channels, frames, checksum))

/// Decodes `bytes` with Debian's unmodified stb_image, which crashes and hangs on some files.
/// `kind` says what the file claims to be and so which of the library's entry points a user would
/// take: animations for `gif`, floats for `hdr`, else 8 or 16 bits a sample, whatever the file has.
/// Throws `std::runtime_error` with the library's reason, which may quote bytes of the file that
/// are no text. One call at a time: the library keeps that reason in a static buffer.
image_summary decode(const std::string& kind, const std::vector<std::byte>& bytes);

}  // namespace image_farm

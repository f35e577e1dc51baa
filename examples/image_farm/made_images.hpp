// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace image_farm {

/// A small valid image, the same on every machine.
struct made_image {
  std::string name;  ///< `made-...`, its kind as the extension
  std::vector<std::byte> bytes;
};

/// Images of the kinds which are hard to come by: an animation, a deep PNM, PSD, Radiance HDR and
/// Softimage PIC.
std::vector<made_image> make_images();

}  // namespace image_farm

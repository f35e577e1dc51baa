// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace image_service {

/// Decodes an image file with stb_image, makes it fit into `size` by `size` pixels (smaller ones
/// stay as they are) and returns it as a PNG. Runs in a child: the decoder crashes and hangs on
/// some files. Throws `std::runtime_error` with the library's reason if it is no image,
/// `std::bad_alloc` if it takes more memory than the child may have.
///
/// A file that begins with `planted_prefix` is a planted fault: what follows, up to the end of the
/// line, names one of `image_farm::planted_names()`, which crash or hang on purpose.
std::vector<std::byte> thumbnail(const std::vector<std::byte>& file, int size);

inline constexpr std::string_view planted_prefix = "planted:";

}  // namespace image_service

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "thumbnail.hpp"

#include "planted.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>

#define STBI_NO_STDIO
#include <stb/stb_image.h>
#define STB_IMAGE_RESIZE_IMPLEMENTATION
#define STB_IMAGE_RESIZE_STATIC
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#include <stb/stb_image_resize.h>
#include <stb/stb_image_write.h>
#pragma GCC diagnostic pop

namespace image_service {
namespace {

constexpr int channels = 4;         // whatever the file has
constexpr int alpha = 3;            // the channel that is no colour
constexpr int most_planted = 1024;  // of the memory hog, if there is no limit [MiB]

struct image {
  int width = 0, height = 0;
  std::unique_ptr<stbi_uc[], void (*)(void*)> samples{nullptr, stbi_image_free};
};

void run_planted_fault(std::string_view file) {
  if (!file.starts_with(planted_prefix)) return;
  const std::string_view line = file.substr(planted_prefix.size());
  // No channel to write garbage into: that fault closes nothing and returns.
  constexpr int no_descriptor = -1;
  const std::string which(line.substr(0, line.find_first_of("\r\n")));
  image_farm::run_planted(which, which == "garbage" ? no_descriptor : most_planted);
}

image decoded(const std::vector<std::byte>& file) {
  if (file.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
    throw std::runtime_error("larger than the library can take");
  image out;
  int file_channels = 0;
  out.samples.reset(stbi_load_from_memory(reinterpret_cast<const stbi_uc*>(file.data()),
                                          static_cast<int>(file.size()), &out.width, &out.height,
                                          &file_channels, channels));
  if (out.samples) return out;
  const char* const reason = stbi_failure_reason();
  throw std::runtime_error(reason && *reason ? reason : "no reason given");
}

int scaled(int length, int longest, int size) {
  const double exact = static_cast<double>(length) * size / longest;
  return std::max(1, static_cast<int>(std::lround(exact)));
}

image fitted(image whole, int size) {
  const int longest = std::max(whole.width, whole.height);
  if (longest <= size) return whole;
  image out;
  out.width = scaled(whole.width, longest, size);
  out.height = scaled(whole.height, longest, size);
  const auto bytes = static_cast<std::size_t>(out.width) * static_cast<std::size_t>(out.height) *
                     static_cast<std::size_t>(channels);
  out.samples = {static_cast<stbi_uc*>(std::malloc(bytes)), std::free};
  if (!out.samples ||
      stbir_resize_uint8_srgb(whole.samples.get(), whole.width, whole.height, 0, out.samples.get(),
                              out.width, out.height, 0, channels, alpha, 0) == 0)
    throw std::bad_alloc();
  return out;
}

std::vector<std::byte> png_of(const image& drawn) {
  std::vector<std::byte> out;
  const auto append = [](void* to, void* data, int size) {
    const auto* const first = static_cast<const std::byte*>(data);
    static_cast<std::vector<std::byte>*>(to)->assign(first, first + size);  // it comes at once
  };
  if (stbi_write_png_to_func(append, &out, drawn.width, drawn.height, channels, drawn.samples.get(),
                             drawn.width * channels) == 0)
    throw std::bad_alloc();
  return out;
}

}  // namespace

std::vector<std::byte> thumbnail(const std::vector<std::byte>& file, int size) {
  run_planted_fault({reinterpret_cast<const char*>(file.data()), file.size()});
  return png_of(fitted(decoded(file), size));
}

}  // namespace image_service

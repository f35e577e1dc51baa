// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "decode.hpp"

#define STBI_NO_STDIO
#include <stb/stb_image.h>

#include <cstring>
#include <limits>
#include <memory>
#include <stdexcept>
#include <utility>

namespace image_farm {
namespace {

struct stbi_deleter {
  void operator()(void* pixels) const { stbi_image_free(pixels); }
};

template <class Sample>
using samples_ptr = std::unique_ptr<Sample[], stbi_deleter>;

// Eight bytes a step: an image may have a quarter of a gigabyte, and it is the decoder that is to
// spend the time.
std::uint64_t checksum_of(const void* data, std::size_t size) {
  const auto* next = static_cast<const unsigned char*>(data);
  std::uint64_t sum = 0xcbf29ce484222325u ^ size;
  while (size > 0) {
    const std::size_t step = size < 8 ? size : 8;
    std::uint64_t word = 0;
    std::memcpy(&word, next, step);
    sum = (sum ^ word) * 0x9e3779b97f4a7c15u;
    sum ^= sum >> 29;
    next += step;
    size -= step;
  }
  return sum;
}

template <class Sample>
image_summary summarize(samples_ptr<Sample> samples, image_summary summary, int channels) {
  if (!samples) {
    const char* reason = stbi_failure_reason();
    throw std::runtime_error(reason && *reason ? reason : "no reason given");
  }
  const std::size_t count =
      static_cast<std::size_t>(summary.width) * static_cast<std::size_t>(summary.height) *
      static_cast<std::size_t>(channels) * static_cast<std::size_t>(summary.frames);
  summary.checksum = checksum_of(samples.get(), count * sizeof(Sample));
  return summary;
}

}  // namespace

image_summary decode(const std::string& kind, const std::vector<std::byte>& bytes) {
  if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    throw std::runtime_error("larger than the library can take");
  }
  const auto* data = reinterpret_cast<const stbi_uc*>(bytes.data());
  const int size = static_cast<int>(bytes.size());

  // Whether the headers can be read decides nothing: if not, the decoder gives the better reason.
  image_summary s;
  stbi_info_from_memory(data, size, &s.width, &s.height, &s.channels);
  s = {};

  if (kind == "gif") {
    // Four channels whatever the file has: only then frames are canvases that can be shown.
    constexpr int channels = 4;
    int* delays = nullptr;
    samples_ptr<stbi_uc> samples{stbi_load_gif_from_memory(data, size, &delays, &s.width, &s.height,
                                                           &s.frames, &s.channels, channels)};
    const std::unique_ptr<int, stbi_deleter> delays_owner{delays};
    return summarize(std::move(samples), s, channels);
  }
  s.frames = 1;
  if (kind == "hdr") {
    samples_ptr<float> samples{
        stbi_loadf_from_memory(data, size, &s.width, &s.height, &s.channels, 0)};
    return summarize(std::move(samples), s, s.channels);
  }
  if (stbi_is_16_bit_from_memory(data, size)) {
    samples_ptr<stbi_us> samples{
        stbi_load_16_from_memory(data, size, &s.width, &s.height, &s.channels, 0)};
    return summarize(std::move(samples), s, s.channels);
  }
  samples_ptr<stbi_uc> samples{
      stbi_load_from_memory(data, size, &s.width, &s.height, &s.channels, 0)};
  return summarize(std::move(samples), s, s.channels);
}

}  // namespace image_farm

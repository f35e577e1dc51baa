// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "made_images.hpp"

#include <array>
#include <initializer_list>
#include <string_view>

namespace image_farm {
namespace {

using buffer = std::vector<std::byte>;

void put(buffer& out, std::initializer_list<int> values) {
  for (const int value : values) out.push_back(static_cast<std::byte>(value));
}

void put(buffer& out, std::string_view text) {
  for (const char c : text) out.push_back(static_cast<std::byte>(c));
}

int shade(int x, int y) {
  return (x * 37 + y * 91 + x * y * 5) & 0xff;
}

// Codes of eight bits, cleared before they would grow to nine: as many bytes as pixels.
buffer make_animation() {
  constexpr int size = 8;
  buffer out;
  put(out, "GIF89a");
  put(out, {size, 0, size, 0, 0x81, 0, 0});
  put(out, {0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255});
  const std::array disposals{1, 2, 0, 3, 1};
  for (std::size_t frame = 0; frame < disposals.size(); ++frame) {
    const int shift = static_cast<int>(frame);
    put(out, {0x21, 0xf9, 4, disposals[frame] << 2 | (shift & 1), 10, 0, shift & 3, 0});
    put(out, {0x2c, shift / 2, 0, shift / 2, 0, size - shift / 2, 0, size - shift / 2, 0, 0});
    const int side = size - shift / 2;
    put(out, {7, side * side + 2, 0x80});
    for (int i = 0; i < side * side; ++i) put(out, {shade(i, shift) & 3});
    put(out, {0x81, 0});
  }
  put(out, {0x3b});
  return out;
}

buffer make_psd(int channels, int depth, bool compressed) {
  constexpr int width = 16;
  constexpr int height = 12;
  buffer out;
  put(out, "8BPS");
  put(out, {0, 1, 0, 0, 0, 0, 0, 0, 0, channels, 0, 0, 0, height, 0, 0, 0, width, 0, depth, 0, 3});
  put(out, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, compressed ? 1 : 0});
  for (int row = 0; compressed && row < channels * height; ++row) put(out, {0, 8});
  for (int channel = 0; channel < channels; ++channel) {
    for (int y = 0; y < height; ++y) {
      if (compressed) {
        // Eleven times one byte, then five bytes as they are: 2 + 6.
        put(out, {257 - 11, shade(channel, y), 4});
        for (int x = 11; x < width; ++x) put(out, {shade(x, y + channel)});
        continue;
      }
      for (int x = 0; x < width; ++x) {
        put(out, {shade(x, y + channel)});
        if (depth == 16) put(out, {shade(y, x)});
      }
    }
  }
  return out;
}

buffer make_hdr(int width, bool compressed) {
  constexpr int height = 12;
  buffer out;
  put(out, "#?RADIANCE\n# made by the image farm\nFORMAT=32-bit_rle_rgbe\n\n");
  put(out, "-Y " + std::to_string(height) + " +X " + std::to_string(width) + "\n");
  for (int y = 0; y < height; ++y) {
    if (compressed) {
      put(out, {2, 2, width >> 8, width & 0xff});
      for (int part = 0; part < 4; ++part) {
        put(out, {128 + width / 2, shade(part, y), width - width / 2});
        for (int x = width / 2; x < width; ++x) put(out, {part == 3 ? 129 : shade(x, y + part)});
      }
      continue;
    }
    for (int x = 0; x < width; ++x) {
      put(out, {128 | shade(x, y), shade(y, x), shade(x + y, 3), 129});
    }
  }
  return out;
}

// One packet for colours and, if there is alpha, one more for it. type: 0 raw, 1 runs, 2 mixed.
buffer make_pic(int type, bool alpha) {
  constexpr int width = 16;
  constexpr int height = 12;
  buffer out;
  put(out, {0x53, 0x80, 0xf6, 0x34, 0x40, 0x66, 0x66, 0x66});
  out.resize(88);
  put(out, "PICT");
  put(out, {0, width, 0, height, 0x3f, 0x80, 0, 0, 0, 3, 0, 0});
  put(out, {alpha ? 1 : 0, 8, type, 0xe0});
  if (alpha) put(out, {0, 8, type, 0x10});
  for (int y = 0; y < height; ++y) {
    for (int packet = 0; packet < (alpha ? 2 : 1); ++packet) {
      const auto pixel = [&](int x) {
        put(out, {shade(x, y)});
        if (packet == 0) put(out, {shade(y, x), shade(x + y, 7)});
      };
      const int run = type == 0 ? 0 : type == 1 ? width / 2 : 10;
      for (int x = 0; type == 1 && x < width; x += run) {
        put(out, {run});
        pixel(x);
      }
      if (type == 1) continue;
      if (type == 2) {
        put(out, {127 + run});
        pixel(0);
        put(out, {width - run - 1});
      }
      for (int x = run; x < width; ++x) pixel(x);
    }
  }
  return out;
}

buffer make_gray_pnm() {
  buffer out;
  put(out, "P5\n# 16 bits a sample\n16 12\n65535\n");
  for (int i = 0; i < 16 * 12; ++i) put(out, {shade(i, 1), shade(1, i)});
  return out;
}

}  // namespace

std::vector<made_image> make_images() {
  return {{"made-animation.gif", make_animation()},  {"made-gray.pnm", make_gray_pnm()},
          {"made-rgb.psd", make_psd(3, 8, false)},   {"made-deep.psd", make_psd(4, 16, false)},
          {"made-packed.psd", make_psd(4, 8, true)}, {"made-flat.hdr", make_hdr(7, false)},
          {"made-packed.hdr", make_hdr(16, true)},   {"made-raw.pic", make_pic(0, true)},
          {"made-runs.pic", make_pic(1, false)},     {"made-mixed.pic", make_pic(2, true)}};
}

}  // namespace image_farm

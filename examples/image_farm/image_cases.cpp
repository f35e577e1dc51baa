// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "image_cases.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

#include <sha2.h>

#include "made_images.hpp"

namespace image_farm {
namespace {

using buffer = std::vector<std::byte>;

// --- bytes --------------------------------------------------------------------------------------

enum class order { little, big };

struct field {
  std::size_t offset;
  std::size_t width;
  order bytes;
};

buffer to_bytes(const std::string& text) {
  const auto* first = reinterpret_cast<const std::byte*>(text.data());
  return {first, first + text.size()};
}

std::uint32_t get(const buffer& bytes, const field& f) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < f.width; ++i) {
    const std::size_t at = f.bytes == order::big ? i : f.width - 1 - i;
    value = (value << 8) | std::to_integer<std::uint32_t>(bytes[f.offset + at]);
  }
  return value;
}

void set(buffer& bytes, const field& f, std::uint32_t value) {
  for (std::size_t i = 0; i < f.width; ++i, value >>= 8) {
    const std::size_t at = f.bytes == order::big ? f.width - 1 - i : i;
    bytes[f.offset + at] = static_cast<std::byte>(value & 0xff);
  }
}

buffer read_file(const std::filesystem::path& path) {
  std::ifstream in{path, std::ios::binary};
  if (!in) throw std::system_error(errno, std::generic_category(), path.string());
  return to_bytes({std::istreambuf_iterator<char>{in}, {}});
}

// Sebastiano Vigna's splitmix64: the distributions of <random> differ between standard libraries.
class generator {
 public:
  explicit generator(std::string_view seed) {
    for (const char c : seed) state_ = (state_ ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  }

  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  // Less than bound, which is not 0.
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(next() % bound); }

 private:
  std::uint64_t state_ = 0xcbf29ce484222325u;
};

// --- mutations ----------------------------------------------------------------------------------

// The bytes at which a number decides what a decoder does, as far as the image has them.
std::vector<field> header_fields(const std::string& kind, const buffer& bytes) {
  std::vector<field> out;
  const auto fixed = [&](order bytes_order, std::initializer_list<std::pair<int, int>> places) {
    for (const auto& [offset, width] : places) {
      out.push_back(
          {static_cast<std::size_t>(offset), static_cast<std::size_t>(width), bytes_order});
    }
  };
  const auto is = [&](std::size_t at, int value) {
    return at < bytes.size() && bytes[at] == static_cast<std::byte>(value);
  };
  if (kind == "bmp") {
    fixed(order::little, {{10, 4}, {14, 4}, {18, 4}, {22, 4}, {26, 2}, {28, 2}, {30, 4}, {54, 4}});
    fixed(order::little, {{58, 4}, {62, 4}, {66, 4}});
  } else if (kind == "gif") {
    fixed(order::little, {{6, 2}, {8, 2}, {10, 1}, {11, 1}});
    for (std::size_t at = 13; at < bytes.size(); ++at) {
      if (is(at, 0x21) && is(at + 1, 0xf9)) out.push_back({at + 3, 1, order::little});
      if (!is(at, 0x2c)) continue;
      for (std::size_t i = 1; i < 9; i += 2) out.push_back({at + i, 2, order::little});
      for (std::size_t i = 9; i < 12; ++i) out.push_back({at + i, 1, order::little});
    }
  } else if (kind == "jpg") {
    for (std::size_t at = 2; at < bytes.size(); ++at) {
      if (!is(at, 0xff) || is(at + 1, 0) || is(at + 1, 0xff)) continue;
      out.push_back({at + 1, 1, order::big});
      out.push_back({at + 2, 2, order::big});
      for (std::size_t i = 4; i < 12; ++i) out.push_back({at + i, 1, order::big});
      if (is(at + 1, 0xc2) || is(at + 1, 0xc0)) {
        out.insert(out.end(), 4, {at + 5, 2, order::big});
        out.insert(out.end(), 4, {at + 7, 2, order::big});
      }
    }
  } else if (kind == "png") {
    fixed(order::big, {{16, 4}, {20, 4}, {24, 1}, {25, 1}, {26, 1}, {27, 1}, {28, 1}, {33, 4}});
    fixed(order::big, {{41, 1}, {42, 1}, {43, 1}});
  } else if (kind == "tga") {
    fixed(order::little, {{0, 1}, {1, 1}, {2, 1}, {3, 2}, {5, 2}, {7, 1}, {12, 2}, {14, 2}});
    fixed(order::little, {{16, 1}, {17, 1}, {18, 1}, {19, 1}});
  } else if (kind == "psd") {
    fixed(order::big, {{4, 2}, {12, 2}, {14, 4}, {18, 4}, {22, 2}, {24, 2}, {26, 4}, {30, 4}});
    fixed(order::big, {{34, 4}, {38, 2}, {40, 2}});
  } else if (kind == "pic") {
    fixed(order::big, {{92, 2}, {94, 2}, {104, 1}, {105, 1}, {106, 1}, {107, 1}, {108, 1}});
    fixed(order::big, {{109, 1}, {110, 1}, {111, 1}, {112, 1}, {113, 2}});
  }
  std::erase_if(out, [&](const field& f) { return f.offset + f.width > bytes.size(); });
  return out;
}

std::uint32_t interesting(generator& random, std::uint32_t old) {
  static constexpr std::array<std::uint32_t, 40> values{
      0,      1,      2,       3,       4,        5,          7,          8,
      9,      12,     15,      16,      17,       24,         32,         40,
      56,     108,    124,     127,     128,      129,        255,        256,
      257,    512,    1023,    4096,    8191,     0x4000,     0x7fff,     0x8000,
      0xfffe, 0xffff, 0x10000, 0xff000, 0xffffff, 0x7fffffff, 0x80000000, 0xffffffff};
  switch (random.below(8)) {
    case 0:
      return old + 1;
    case 1:
      return old - 1;
    case 2:
      return old * 2;
    case 3:
      return static_cast<std::uint32_t>(random.next());
    default:
      return values[random.below(values.size())];
  }
}

// Formats whose header is text: other numbers in place of those that are there.
void edit_text(buffer& bytes, const std::string& kind, generator& random) {
  const auto is_digit = [](std::byte b) { return b >= std::byte{'0'} && b <= std::byte{'9'}; };
  std::vector<std::pair<std::size_t, std::size_t>> numbers;
  bool comment = false;
  for (std::size_t at = 2; at < bytes.size() && numbers.size() < (kind == "pnm" ? 3u : 9u);) {
    comment = bytes[at] == std::byte{'#'} || (comment && bytes[at] != std::byte{'\n'});
    std::size_t end = at;
    while (!comment && end < bytes.size() && is_digit(bytes[end])) ++end;
    if (end > at) numbers.emplace_back(at, end);
    at = std::max(end, at + 1);
    if (kind == "hdr" && at > 80) break;
  }
  if (numbers.empty()) return;
  const auto [from, to] = numbers[random.below(numbers.size())];
  const std::string text{reinterpret_cast<const char*>(bytes.data() + from), to - from};
  const auto old = static_cast<std::uint32_t>(std::stoul("0" + text.substr(0, 9)));
  const buffer replacement =
      to_bytes(std::to_string(static_cast<std::int32_t>(interesting(random, old))));
  bytes.erase(bytes.begin() + static_cast<std::ptrdiff_t>(from),
              bytes.begin() + static_cast<std::ptrdiff_t>(to));
  bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(from), replacement.begin(),
               replacement.end());
}

void edit_header(buffer& bytes, const std::string& kind, generator& random) {
  for (std::size_t edits = 1 + random.below(3); edits > 0; --edits) {
    if (kind == "pnm" || kind == "hdr") {
      edit_text(bytes, kind, random);
      continue;
    }
    const std::vector<field> fields = header_fields(kind, bytes);
    if (fields.empty()) return;
    const field& f = fields[random.below(fields.size())];
    set(bytes, f, interesting(random, get(bytes, f)));
  }
}

void flip(buffer& bytes, generator& random) {
  // Half of them near the start, where the structure is.
  const std::size_t reach =
      random.below(2) ? bytes.size() : std::min<std::size_t>(bytes.size(), 160);
  for (std::size_t flips = 1 + random.below(8); flips > 0; --flips) {
    std::byte& b = bytes[random.below(reach)];
    b = random.below(2) ? b ^ (std::byte{1} << random.below(8))
                        : static_cast<std::byte>(random.below(256));
  }
}

// A piece of at most 256 bytes: [from, to).
std::pair<std::ptrdiff_t, std::ptrdiff_t> piece(const buffer& bytes, generator& random) {
  const std::size_t from = random.below(bytes.size());
  const std::size_t length = 1 + random.below(std::min<std::size_t>(bytes.size() - from, 256));
  return {static_cast<std::ptrdiff_t>(from), static_cast<std::ptrdiff_t>(from + length)};
}

void repeat(buffer& bytes, generator& random) {
  const auto [from, to] = piece(bytes, random);
  const buffer copy(bytes.begin() + from, bytes.begin() + to);
  for (std::size_t copies = 1 + random.below(6); copies > 0; --copies) {
    bytes.insert(bytes.begin() + to, copy.begin(), copy.end());
  }
}

// A GIF whose canvas and frames agree on another size: nothing, small or large. What lies between
// is left out: the library reads before the start of its buffer when it restores a frame, and there
// is only for large canvases never anything to read.
void resize(buffer& bytes, generator& random) {
  if (bytes.size() < 13) return;
  const auto small = [&] { return static_cast<std::uint32_t>(1 + random.below(48)); };
  const auto large = [&] { return static_cast<std::uint32_t>(2100 + random.below(50)); };
  std::array<std::uint32_t, 2> extents{small(), small()};
  const std::size_t choice = random.below(4);
  if (choice == 0) extents[random.below(2)] = 0;
  if (choice == 1) extents = {large(), large()};
  for (std::size_t axis = 0; axis < extents.size(); ++axis) {
    set(bytes, {6 + 2 * axis, 2, order::little}, extents[axis]);
    for (std::size_t at = 13; at + 9 < bytes.size(); ++at) {
      if (bytes[at] != std::byte{0x2c}) continue;
      set(bytes, {at + 1 + 2 * axis, 2, order::little}, 0);
      set(bytes, {at + 5 + 2 * axis, 2, order::little}, extents[axis]);
    }
  }
}

// A large progressive JPEG of zeros whose last scan comes again and again: each costs the decoder a
// walk over the whole image, and the file fourteen bytes.
void repeat_scan(buffer& bytes, generator& random) {
  if (bytes.size() < 2) return;
  const auto side = static_cast<std::uint32_t>(2000 + random.below(1000));
  buffer out(bytes.begin(), bytes.begin() + 2);
  buffer scan;
  const auto append = [&](const buffer& part) { out.insert(out.end(), part.begin(), part.end()); };
  for (std::size_t at = 2; at + 9 < bytes.size();) {
    const int code = std::to_integer<int>(bytes[at + 1]);
    if (bytes[at] != std::byte{0xff} || code == 0) {
      ++at;
      continue;
    }
    const std::size_t end = std::min(bytes.size(), at + 2 + get(bytes, {at + 2, 2, order::big}));
    buffer segment(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                   bytes.begin() + static_cast<std::ptrdiff_t>(end));
    if (code == 0xc2 && segment.size() > 8) {
      set(segment, {5, 2, order::big}, side);
      set(segment, {7, 2, order::big}, side);
    }
    // A decoder makes up zeros when the data of a scan end, if only there were any.
    if (code == 0xda) {
      segment.resize(segment.size() + 4);
      scan = segment;
    }
    append(segment);
    at = end;
  }
  for (int copies = 0; copies < 4000; ++copies) append(scan);
  append(to_bytes("\xff\xd9"));
  bytes = std::move(out);
}

void mutate(image_case& c, const image_case& partner, std::string_view family) {
  generator random{c.name};
  buffer& bytes = c.bytes;
  const auto start = bytes.begin();
  if (family == "header") {
    edit_header(bytes, c.kind, random);
  } else if (family == "flip") {
    flip(bytes, random);
  } else if (family == "cut") {
    bytes.resize(1 + random.below(bytes.size()));
  } else if (family == "repeat") {
    repeat(bytes, random);
  } else if (family == "drop") {
    const auto [from, to] = piece(bytes, random);
    bytes.erase(start + from, start + to);
  } else if (family == "splice") {
    bytes.resize(1 + random.below(bytes.size()));
    const std::size_t from = random.below(partner.bytes.size());
    bytes.insert(bytes.end(), partner.bytes.begin() + static_cast<std::ptrdiff_t>(from),
                 partner.bytes.end());
  } else if (family == "resize" && c.kind == "gif") {
    resize(bytes, random);
  } else if (family == "scans" && c.kind == "jpg") {
    repeat_scan(bytes, random);
  } else {
    throw std::invalid_argument("no such mutation: " + std::string{family});
  }
}

// --- the list -----------------------------------------------------------------------------------

constexpr std::array<std::string_view, 12> families{"header", "flip", "header", "cut",
                                                    "header", "flip", "repeat", "header",
                                                    "flip",   "drop", "header", "splice"};

class sha256_stream {
 public:
  sha256_stream() { SHA256Init(&context_); }

  void add(const void* data, std::size_t size) {
    SHA256Update(&context_, static_cast<const std::uint8_t*>(data), size);
  }

  std::string finish() {
    std::array<char, SHA256_DIGEST_STRING_LENGTH> digits{};
    return SHA256End(&context_, digits.data());
  }

 private:
  SHA2_CTX context_;
};

// The empty string: no image. Files that the library doesn't support are in the list, whole: it
// must say so.
std::string kind_of(const std::filesystem::path& file) {
  std::string extension = file.extension().string();
  if (!extension.empty()) extension.erase(0, 1);
  for (const std::string_view kind :
       {"bmp", "gif", "jpg", "png", "pnm", "tga", "psd", "hdr", "pic"}) {
    if (extension == kind) return extension;
  }
  for (const std::string_view other :
       {"avif", "cur", "ico", "jxl", "pcx", "qoi", "svg", "tif", "webp", "xcf", "xpm"}) {
    if (extension == other) return "other";
  }
  return {};
}

std::size_t mutants_of(const std::string& kind) {
  if (kind == "other") return 0;
  if (kind == "bmp") return 400;
  return kind == "psd" || kind == "hdr" || kind == "pic" ? 160 : 480;
}

// What would not end alike on every machine, found by trying: images that are decoded in more than
// 0.2 s but not in hours, or need between 96 and 512 MiB, and animations of the sizes that `resize`
// avoids.
bool is_unsteady(std::string_view name) {
  static constexpr std::array<std::string_view, 10> unsteady{
      "made-animation.gif#0176:flip",   "made-animation.gif#0260:flip",
      "made-animation.gif#0410:header", "made-animation.gif#0446:header",
      "made-deep.psd#0001:flip",        "made-flat.hdr#0016:header",
      "made-packed.hdr#0082:header",    "made-packed.hdr#0099:cut",
      "made-packed.psd#0092:flip",      "palette.bmp#0073:flip"};
  return std::find(unsteady.begin(), unsteady.end(), name) != unsteady.end();
}

std::string mutant_name(const std::string& file, std::size_t number, std::string_view family) {
  std::string digits = std::to_string(number);
  if (digits.size() < 4) digits.insert(0, 4 - digits.size(), '0');
  return file + '#' + digits + ':' + std::string{family};
}

}  // namespace

image_cases::image_cases(const std::filesystem::path& directory) {
  if (!directory.empty()) {
    for (const auto& entry : std::filesystem::directory_iterator{directory}) {
      const std::string kind = kind_of(entry.path());
      if (kind.empty() || !entry.is_regular_file()) continue;
      add_image(entry.path().filename().string(), kind, read_file(entry.path()));
    }
  }
  for (const made_image& image : make_images()) {
    add_image(image.name, kind_of(image.name), image.bytes);
  }

  for (const auto& [file, image] : images_) names_.push_back(file);
  for (const auto& [file, image] : images_) add_mutants(image);
}

void image_cases::add_image(const std::string& name, const std::string& kind,
                            std::vector<std::byte> bytes) {
  if (bytes.empty()) throw std::invalid_argument(name + " is empty");
  images_.emplace(name, image_case{name, kind, std::move(bytes)});
}

void image_cases::add_mutants(const image_case& whole) {
  std::size_t number = 0;
  const auto add = [&](std::string_view family) {
    std::string name = mutant_name(whole.name, number++, family);
    if (!is_unsteady(name)) names_.push_back(std::move(name));
  };
  while (number < mutants_of(whole.kind)) add(families[number % families.size()]);
  for (int i = 0; i < 40 && whole.kind == "gif"; ++i) add("resize");
  for (int i = 0; i < 4 && whole.kind == "jpg"; ++i) add("scans");
}

const image_case& image_cases::partner_of(const image_case& whole) const {
  const auto same_kind = [&](const auto& image) { return image.second.kind == whole.kind; };
  const auto next = std::find_if(images_.upper_bound(whole.name), images_.end(), same_kind);
  if (next != images_.end()) return next->second;
  return std::find_if(images_.begin(), images_.end(), same_kind)->second;
}

image_case image_cases::make_case(const std::string& name) const {
  const std::size_t hash = name.find('#');
  const auto image = images_.find(name.substr(0, hash));
  if (image == images_.end()) throw std::invalid_argument("no such image: " + name);
  image_case out = image->second;
  if (hash == std::string::npos) return out;
  const std::size_t colon = name.find_first_not_of("0123456789", hash + 1);
  if (colon == hash + 1 || colon == std::string::npos || name[colon] != ':') {
    throw std::invalid_argument("no such case: " + name);
  }
  out.name = name;
  mutate(out, partner_of(image->second), std::string_view{name}.substr(colon + 1));
  return out;
}

std::string image_cases::sha256() const {
  sha256_stream stream;
  for (const std::string& name : names_) {
    const image_case c = make_case(name);
    // Lengths keep the bytes of one from passing for the name of the next.
    const std::string head = name + '\n' + std::to_string(c.bytes.size()) + '\n';
    stream.add(head.data(), head.size());
    stream.add(c.bytes.data(), c.bytes.size());
  }
  return stream.finish();
}

std::string sha256_of_file(const std::filesystem::path& path) {
  const buffer bytes = read_file(path);
  sha256_stream stream;
  stream.add(bytes.data(), bytes.size());
  return stream.finish();
}

}  // namespace image_farm

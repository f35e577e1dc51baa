// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "backtrace/maps.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

namespace glovebox::backtrace {
namespace {

constexpr std::size_t longest_path = 4096;

// Takes a number, and the one character behind it, off the front of `text`.
template <class T>
bool take(std::string_view& text, T& number, int base, char behind) {
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number, base);
  if (error != std::errc() || stopped == end || *stopped != behind) return false;
  text.remove_prefix(static_cast<std::size_t>(stopped - text.data()) + 1);
  return true;
}

// `7f00-7f10 r-xp 00001000 fe:01 1234   /usr/lib/libm.so.6`
std::optional<mapping> parse_line(std::string_view line) {
  mapping found;
  if (!take(line, found.from, 16, '-') || !take(line, found.to, 16, ' ')) return std::nullopt;
  if (found.from >= found.to || line.size() < 5 || line[4] != ' ') return std::nullopt;
  found.readable = line[0] == 'r';
  found.writable = line[1] == 'w';
  found.executable = line[2] == 'x';
  line.remove_prefix(5);
  if (!take(line, found.file_offset, 16, ' ') || !take(line, found.device_major, 16, ':') ||
      !take(line, found.device_minor, 16, ' '))
    return std::nullopt;
  // Behind it the kernel always writes a space, even when there is no path.
  if (!take(line, found.inode, 10, ' ')) return std::nullopt;
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  if (line.size() > longest_path || line.find('\0') != line.npos) return std::nullopt;
  found.path = line;
  return found;
}

bool same_file(const mapping& a, const mapping& b) {
  return a.inode == b.inode && a.device_major == b.device_major &&
         a.device_minor == b.device_minor && a.path == b.path;
}

}  // namespace

std::vector<mapping> parse_maps(std::string_view text) {
  std::vector<mapping> found;
  while (!text.empty() && found.size() != most_mappings) {
    const std::size_t end = text.find('\n');
    if (end == text.npos)
      break;  // the line is cut off, its path may be the beginning of a longer one
    if (auto line = parse_line(text.substr(0, end))) found.push_back(std::move(*line));
    text.remove_prefix(end + 1);
  }
  const auto before = [](const mapping& a, const mapping& b) { return a.from < b.from; };
  if (!std::is_sorted(found.begin(), found.end(), before))
    std::stable_sort(found.begin(), found.end(), before);
  std::uint64_t reached = 0;
  std::erase_if(found, [&](const mapping& each) {
    if (each.from < reached) return true;
    reached = each.to;
    return false;
  });
  return found;
}

const mapping* find_mapping(std::span<const mapping> mappings, std::uint64_t address) {
  const auto behind = std::upper_bound(
      mappings.begin(), mappings.end(), address,
      [](std::uint64_t wanted, const mapping& each) { return wanted < each.from; });
  if (behind == mappings.begin()) return nullptr;
  const mapping& found = *std::prev(behind);
  return address < found.to ? &found : nullptr;
}

std::vector<loaded_file> loaded_files(std::span<const mapping> mappings) {
  std::vector<loaded_file> found;
  bool executable = false;
  const auto drop_data = [&] {
    if (!found.empty() && !executable) found.pop_back();
  };
  std::uint64_t reached = 0;  // offset in the file
  for (const mapping& each : mappings) {
    if (each.inode == 0 && each.path != "[vdso]") continue;
    // The same file may be loaded twice: its beginning begins another copy.
    const bool goes_on = !found.empty() && same_file(*found.back().first, each) &&
                         each.file_offset >= reached && each.file_offset != 0;
    if (!goes_on) {
      drop_data();
      found.push_back({each.from, each.to, &each});
      executable = false;
    }
    found.back().to = each.to;
    executable = executable || each.executable;
    reached = each.file_offset;
  }
  drop_data();
  return found;
}

}  // namespace glovebox::backtrace

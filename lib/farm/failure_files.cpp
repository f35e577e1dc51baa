// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "farm/failure_files.hpp"

#include <cerrno>
#include <fstream>
#include <system_error>

namespace glovebox::farming {
namespace {

constexpr std::size_t longest_name = 150;

bool harmless(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("._-+=#:@,").find(c) != std::string_view::npos;
}

void write(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  errno = 0;
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file)
    throw std::system_error(errno != 0 ? errno : EIO, std::generic_category(),
                            "cannot write " + path.string());
}

}  // namespace

template <class Save>
void failure_files::attempt(const Save& save) noexcept {
  try {
    std::filesystem::create_directories(directory_);
    save();
  } catch (const std::exception& why) {
    if (error_.empty()) error_ = why.what();
  }
}

void failure_files::save(std::size_t index, std::string_view name,
                         std::span<const std::byte> input) noexcept {
  attempt([&] {
    const std::filesystem::path file = directory_ / file_name_of(index, name);
    write(file, input);
    if (command_.empty()) return;
    std::filesystem::path beside = file;
    beside += ".cmd";
    const std::string command = command_of(command_, name, file.string()) + '\n';
    write(beside, std::as_bytes(std::span(command)));
  });
}

void failure_files::save_bundle(std::size_t index, std::string_view name,
                                std::span<const std::byte> bundle) noexcept {
  attempt([&] { write(directory_ / (file_name_of(index, name) + ".bundle"), bundle); });
}

std::string file_name_of(std::size_t index, std::string_view name) {
  std::string made;
  for (const char c : name.substr(0, longest_name)) made += harmless(c) ? c : '_';
  const bool hidden = made.empty() || made.front() == '.' || made.front() == '-';
  if (hidden) made.insert(0, "_");
  if (made != name || made.ends_with(".cmd") || made.ends_with(".bundle"))
    made += '~' + std::to_string(index);
  return made;
}

std::string shell_quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'')
      quoted += "'\\''";
    else
      quoted += c;
  }
  return quoted + "'";
}

std::string command_of(std::string_view pattern, std::string_view name, std::string_view file) {
  constexpr std::string_view name_mark = "{name}";
  constexpr std::string_view file_mark = "{file}";
  std::string command;
  while (!pattern.empty()) {
    if (pattern.starts_with(name_mark)) {
      command += shell_quoted(name);
      pattern.remove_prefix(name_mark.size());
    } else if (pattern.starts_with(file_mark)) {
      command += shell_quoted(file);
      pattern.remove_prefix(file_mark.size());
    } else {
      command += pattern.front();
      pattern.remove_prefix(1);
    }
  }
  return command;
}

}  // namespace glovebox::farming

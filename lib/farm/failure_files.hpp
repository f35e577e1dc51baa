// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace glovebox::farming {

/// Keeps the inputs of failing cases, and the commands that reproduce them. Never throws: a run
/// goes on without its files.
class failure_files {
 public:
  failure_files() = default;
  failure_files(std::filesystem::path directory, std::string command)
      : directory_(std::move(directory)), command_(std::move(command)) {}

  bool wanted() const noexcept { return !directory_.empty(); }
  void save(std::size_t index, std::string_view name, std::span<const std::byte> input) noexcept;
  /// Beside the input, in a file that ends in `.bundle`.
  void save_bundle(std::size_t index, std::string_view name,
                   std::span<const std::byte> bundle) noexcept;
  /// The first thing that went wrong; empty if nothing did.
  const std::string& error() const noexcept { return error_; }

 private:
  template <class Save>
  void attempt(const Save& save) noexcept;

  std::filesystem::path directory_;
  std::string command_;
  std::string error_;
};

/// A file name of letters, digits and a few signs. Where it is not the name itself, it ends in the
/// case's number, so that no two cases share one.
std::string file_name_of(std::size_t index, std::string_view name);

/// A word for a POSIX shell.
std::string shell_quoted(std::string_view text);

/// Replaces `{name}` and `{file}`.
std::string command_of(std::string_view pattern, std::string_view name, std::string_view file);

}  // namespace glovebox::farming

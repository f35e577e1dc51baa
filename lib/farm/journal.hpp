// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "transport/unique_fd.hpp"

#include <glovebox/farm/case_record.hpp>

#include <cstddef>
#include <filesystem>
#include <string>

namespace glovebox::farming {

/// The file that gets a line for each case. Nothing that goes wrong with it is thrown: the run is
/// worth more than its file. What a full disk refuses is kept and tried again, up to a limit.
class journal {
 public:
  /// Without a file: takes lines, and drops them.
  journal() = default;
  journal(const std::filesystem::path& path, bool append);

  bool is_open() const noexcept { return static_cast<bool>(file_); }
  void add(const case_record& record);
  /// Writes what is buffered.
  void flush() noexcept;
  /// Writes the rest; whatever does not go out now is lost.
  void close();
  /// Why lines are missing; empty while none is.
  std::string error() const;

 private:
  static constexpr std::size_t most_kept = std::size_t{4} << 20;  // [bytes]
  static constexpr std::size_t write_at = std::size_t{64} << 10;

  std::filesystem::path path_;
  transport::unique_fd file_;
  std::string buffer_;
  bool opened_ = true;
  bool failing_ = false;  // the last write failed
  int failure_ = 0;       // errno of the last failure
  std::size_t lost_ = 0;  // lines
};

}  // namespace glovebox::farming

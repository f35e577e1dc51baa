// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "backtrace/capture.hpp"

#include <glovebox/file_descriptor.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace glovebox::backtrace {

/// A file opened for reading, or why not. The paths are chosen by whom we look at: what is no
/// regular file is never opened, since that could wait for ever, or do something to a device.
struct opened_file {
  file_descriptor file;
  std::string refusal;
};
/// The file that a mapping shows, unless it was replaced since.
opened_file open_module(const mapping& shown);
/// The debug information that the system has installed for a build id; mostly nothing.
file_descriptor open_debug_file(std::span<const unsigned char> build_id);

/// The address that an ELF file gives to what lies at an offset in it.
std::optional<std::uint64_t> linked_address(const file_descriptor& file, std::uint64_t offset);

}  // namespace glovebox::backtrace

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "core/definition.hpp"

#include <glovebox/call_options.hpp>
#include <glovebox/context_options.hpp>
#include <glovebox/farm/case_record.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace glovebox::core {

/// A failing case with all that is needed to run it again by itself. As a file (docs/reproduce.md):
/// a line `glovebox-bundle 1 HEADER BINARY CHECKSUM`, a header of JSON, then the arguments' bytes.
struct bundle {
  static constexpr std::string_view magic = "glovebox-bundle ";
  static constexpr unsigned version = 1;
  /// Bytes of a file that is read at all; arguments have limits of their own.
  static constexpr std::uint64_t most_bytes = std::uint64_t{4} << 30;

  std::string made_by;           ///< the binary interface of the library that has written it
  std::string program;           ///< what children execute
  std::string program_build_id;  ///< its bytes; empty: it has none
  definition function;           ///< as it is sent

  // The call, as it is sent.
  std::vector<std::byte> body;
  std::vector<std::vector<std::byte>> attachments;
  call_options call;  ///< `run_timeout` and `grace`

  /// Of these: method, limits of memory and processor time, start_timeout, environment,
  /// module_path, preload, directory, core_dumps, limits.
  context_options child;
  /// `NAME=value`: what the parent's environment had of the variables that matter.
  std::vector<std::string> surroundings;

  /// What happened. Of the threads only `stack` is kept.
  case_record seen;
  std::vector<std::string> stack;  ///< as in the journal
};

/// Why bytes are no bundle; the text says what is wrong where.
class bundle_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

std::vector<std::byte> encode_bundle(const bundle& what);

/// Reads bytes that may be anything. \throws bundle_error
bundle decode_bundle(std::span<const std::byte> bytes);

/// The bundle's function, in another build of its program.
definition in_other_build(const bundle& what);

/// Whether a variable of the parent's environment may change how a case ends: those of the dynamic
/// linker, of the allocator, the sanitizers, the locale, and the library's own.
bool matters(std::string_view variable) noexcept;

/// `4f00..`, for people and for JSON.
std::string to_hex(std::string_view bytes);

}  // namespace glovebox::core

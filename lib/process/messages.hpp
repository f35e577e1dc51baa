// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "process/exit_status.hpp"

#include <glovebox/start_method.hpp>

#include <sys/types.h>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace glovebox::process {

/// The steps of a child's start that can fail; also what `recorder_page::start_stage` holds.
enum class start_stage : std::uint32_t {
  none,
  request,       ///< the request is malformed: EINVAL
  preload,       ///< the modules of all children could not be loaded: ELIBBAD
  descriptors,   ///< not as many as announced (EINVAL), or lost on the way (EMFILE)
  fork,          ///< EAGAIN, ENOMEM
  pidfd,         ///< no descriptor left to watch it with
  parent,        ///< the fork server died meanwhile
  stdio,         ///< standard output or error could not be put in place
  environment,   ///< a variable could not be set
  directory,     ///< the working directory could not be entered
  core_limit,    ///< core dumps could not be switched off
  memory_limit,  ///< the memory limit could not be set
  cpu_limit,     ///< the limit of processor time could not be set
  exec,          ///< the descriptors for the new image; its own error is in `exec_errno`
  copy,          ///< the copy of a child did not come: ECHILD
};
std::string_view to_string(start_stage) noexcept;  ///< "working directory", ...

/// Application -> fork server: start a child. With it travel the channel, the flight recorder, then
/// stdout and stderr as far as announced, then the extra ones.
struct start_request {
  std::uint64_t child = 0;  ///< chosen by the application, repeated in all messages about it
  start_method method = start_method::forkserver;
  /// Address space beyond what the child has mapped when it is about to run [bytes]; 0: no limit.
  std::uint64_t memory_limit = 0;
  std::uint64_t cpu_limit = 0;  ///< processor time [s]; 0: no limit
  bool core_dumps = false;
  bool has_stdout = false;
  bool has_stderr = false;
  std::vector<std::string> environment{};  ///< "NAME=value" sets, "NAME" unsets, in this order
  std::string directory{};                 ///< empty: the fork server's
  std::vector<std::string> arguments{};    ///< for the child's code; not for a command
  std::uint32_t extra_descriptors = 0;     ///< for the child's code as well
  /// A program of its own instead of a child's image: an absolute path and the arguments. It is
  /// executed whatever `method` says, finds the first two descriptors as 3 and 4, the extra ones
  /// from 5 on, and nothing else but its standard streams. The second one is no flight recorder
  /// then: when the start fails nothing but the exit code 127 tells. Its memory limit counts from
  /// what the fork server has mapped.
  std::vector<std::string> command{};
  /// The processor where the application waits; negative: nobody knows. A command keeps off it
  /// while it may use others; so does the server while it forks a child that nobody has asked for
  /// yet.
  std::int32_t avoided_processor = -1;

  std::size_t descriptors() const noexcept {
    return std::size_t{2} + has_stdout + has_stderr + extra_descriptors;
  }
};

/// Application -> fork server: a child will make a copy of itself, which is one of the server's
/// children then. With it travels a stream socket that passes credentials (SO_PASSCRED): a byte
/// that arrives there comes from the copy. Answered like a start request. It may come after the
/// copy, which is counted before (count_request).
struct adopt_request {
  std::uint64_t child = 0;
};
/// Application -> fork server, before any adopt_request: with it travels the memory in which copies
/// are counted, see copy_count.
struct count_request {};
/// Application -> fork server: nobody wants this child any more; it is killed, if it lives.
struct kill_request {
  std::uint64_t child = 0;
};
/// Application -> fork server, before any start request: modules that all its children shall have
/// loaded.
struct preload_request {
  std::string module_path{};  ///< GLOVEBOX_MODULE_PATH
  std::vector<std::string> modules{};
  std::chrono::milliseconds timeout{};  ///< for all of them together; at most INT_MAX
};
using server_request =
    std::variant<start_request, adopt_request, kill_request, preload_request, count_request>;

/// Fork server -> application. A start request is answered by `started` or `start_failed`; each
/// `started` is followed by exactly one `exited`, unless the server is lost.
struct started {
  std::uint64_t child = 0;
  pid_t pid = 0;       ///< in the fork server's PID namespace; the pidfd travels with the message
  std::string note{};  ///< why it was started in another way than was wanted; empty: it was not
};
struct start_failed {
  std::uint64_t child = 0;  ///< 0 when the request was too damaged to say
  int error = 0;            ///< `errno`
  start_stage stage = start_stage::none;
  std::string detail{};  ///< more than `error` says; may be empty
};
struct exited {
  std::uint64_t child = 0;
  exit_status status;
};
using server_message = std::variant<started, start_failed, exited>;

/// No message is longer [bytes]; one that is came from elsewhere.
inline constexpr std::size_t max_message_bytes = 64 * 1024;

/// One datagram. \throws std::length_error for a request that is too long, or has too many
/// descriptors for one message
std::vector<std::byte> encode(const server_request&);
std::vector<std::byte> encode(const server_message&);

/// Nothing when a byte of it is not as `encode` would have written it.
std::optional<server_request> decode_server_request(std::span<const std::byte>);
std::optional<server_message> decode_server_message(std::span<const std::byte>);

/// The child of a request that need not be valid, to answer it; 0 when not even that is there.
std::uint64_t child_of(std::span<const std::byte> request) noexcept;

}  // namespace glovebox::process

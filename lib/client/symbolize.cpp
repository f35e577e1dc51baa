// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include <glovebox/symbolize.hpp>

#include "client/backtracer.hpp"
#include "core/trace_codec.hpp"
#include "process/launcher.hpp"
#include "process/process_handle.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <optional>
#include <span>
#include <system_error>

namespace glovebox {
namespace {

using clock = std::chrono::steady_clock;

// What the program says until it closes its end; nothing when that is too much, or too late.
std::optional<std::vector<std::byte>> read_answer(int channel, clock::time_point limit) {
  std::vector<std::byte> answer;
  std::array<std::byte, 64 * 1024> packet;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(limit - clock::now()).count();
    pollfd watched{.fd = channel, .events = POLLIN, .revents = 0};
    const int ready = ::poll(&watched, 1, static_cast<int>(std::clamp<long>(left, 0, 1'000'000)));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return std::nullopt;
    const ssize_t got = ::recv(channel, packet.data(), packet.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    if (got == 0) return answer;
    if (answer.size() + static_cast<std::size_t>(got) > core::trace_limits::bytes)
      return std::nullopt;
    answer.insert(answer.end(), packet.begin(), packet.begin() + got);
  }
}

}  // namespace

std::vector<stack_frame> symbolize(std::vector<stack_frame> frames,
                                   std::chrono::nanoseconds timeout) {
  const auto limit = clock::now() + std::min<clock::duration>(timeout, std::chrono::hours(24));
  const std::string program = client::backtrace_program();
  if (program.empty() || frames.empty()) return frames;
  thread_trace trace;
  trace.frames = std::move(frames);
  try {
    const process::detached_program helper =
        process::launch_detached({program, "symbolize"}, "glovebox-backtrace");
    const std::vector<std::byte> question = core::encode(std::span(&trace, 1));
    if (::send(helper.control.get(), question.data(), question.size(), MSG_NOSIGNAL) >= 0) {
      const auto answer = read_answer(helper.control.get(), limit);
      auto traces = answer ? core::decode_traces(*answer) : std::nullopt;
      if (traces && traces->size() == 1 && !traces->front().frames.empty())
        trace.frames = std::move(traces->front().frames);
    }
    process::kill_process(helper.pidfd.get(), SIGKILL);  // it is done, or too late
    pollfd ended{.fd = helper.pidfd.get(), .events = POLLIN, .revents = 0};
    ::poll(&ended, 1, 100);
    process::reap_if_adopted(helper);
  } catch (const std::system_error&) {
    // No descriptor, no process: then without names.
  }
  return std::move(trace.frames);
}

}  // namespace glovebox

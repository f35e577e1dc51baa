// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// The program that tells where another process was when it crashed, or is while it hangs. It is one
// of its own because what it reads is hostile, and the libraries it reads it with are large.
//
//   glovebox-backtrace crash PID    what is left of PID is a crash record in descriptor 4
//   glovebox-backtrace hang PID     looks at PID when a byte arrives
//   glovebox-backtrace symbolize    puts names to the frames of a trace, which is read as one
//                                   packet from descriptor 3, and writes it there in packets; no
//                                   process
//
// Descriptor 3 is a stream socket to whoever wants to know, which it shuts down as soon as it does
// not need the process any more; 5 a pidfd of PID; 6 a memory file for the traces
// (core/trace_codec.hpp), which are complete, up to its offset, when the program ends. Nothing is
// sent: the kernel takes who sends for somebody about to sleep, and gives the processor to the
// receiver, who would wait there for what is left to do here.
#include "backtrace/capture_process.hpp"
#include "backtrace/frame_names.hpp"
#include "backtrace/last_words.hpp"
#include "backtrace/limits.hpp"
#include "backtrace/unwinder.hpp"
#include "core/trace_codec.hpp"

#include <glovebox/detail/fresh_memory.hpp>

#include <malloc.h>
#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

using namespace glovebox;
using namespace glovebox::backtrace;

constexpr int parent = 3, record_file = 4, pidfd = 5, answer_file = 6;

// Names are found by reading megabytes of debug information into memory, once. Touched page by page
// that costs more than the reading.
void take_memory() {
  constexpr std::size_t at_once = std::size_t{4} << 20;
  // Large pieces come from there as well, and what is freed stays.
  for (const int threshold : {M_MMAP_THRESHOLD, M_TRIM_THRESHOLD}) ::mallopt(threshold, 64 << 20);
  void* const memory = std::malloc(at_once);
  if (memory) detail::about_to_fill(memory, at_once);
  std::free(memory);
}

bool wait_for_start() {
  char byte;
  ssize_t got;
  do got = ::read(parent, &byte, 1);
  while (got < 0 && errno == EINTR);
  return got == 1;
}

capture look_at_crash(const process_camera& camera) {
  const auto record = read_record(record_file);
  capture taken = from_record(*record);
  if (record->waits != 0 || taken.mappings.empty()) camera.add_to(taken, record->waits != 0);
  return taken;
}

void answer(const capture& taken) {
  last_words fallback(answer_file);
  const auto prepare = [&](const std::vector<thread_trace>& so_far) {
    fallback.prepare(core::encode(so_far));
  };
  const std::vector<std::byte> message = core::encode(unwind(taken, prepare));
  fallback.withdraw();
  write_all(answer_file, message.data(), message.size());
}

int symbolize() {
  std::vector<std::byte> packet(core::trace_limits::text * core::trace_limits::threads);
  const ssize_t got = ::read(parent, packet.data(), packet.size());
  if (got <= 0) return 1;
  packet.resize(static_cast<std::size_t>(got));
  auto traces = core::decode_traces(packet);
  if (!traces) return 1;
  for (thread_trace& each : *traces) each.frames = with_names(each.frames);
  const std::vector<std::byte> answer = core::encode(*traces);
  constexpr std::size_t most_at_once = 16 * 1024;  // what fits into a packet anywhere
  for (std::size_t at = 0; at < answer.size(); at += most_at_once)
    write_all(parent, answer.data() + at, std::min(most_at_once, answer.size() - at));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  limit_self();
  take_memory();
  if (argc == 2 && argv[1] == std::string_view("symbolize")) return symbolize();
  const std::string_view mode = argc == 3 ? argv[1] : "";
  const std::string_view number = argc == 3 ? argv[2] : "";
  pid_t pid = 0;
  std::from_chars(number.data(), number.data() + number.size(), pid);
  if ((mode != "crash" && mode != "hang") || pid <= 0) {
    std::fputs(
        "glovebox-backtrace: this program is started by the glovebox library to find out where a\n"
        "child process was; it does nothing when started by hand.\n",
        stderr);
    return 2;
  }
  try {
    const process_camera camera(pid, pidfd);
    capture taken;
    if (mode == "crash") {
      taken = look_at_crash(camera);
    } else {
      camera.take_aim();
      if (!wait_for_start()) return 0;
      taken = camera.take();
    }
    ::shutdown(parent, SHUT_RDWR);
    answer(taken);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "glovebox-backtrace: %s\n", e.what());
    return 1;
  }
  // Not by destroying what was read: it may be much, and it is the kernel's to take back.
  ::_exit(0);
}

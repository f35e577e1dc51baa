// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// The flight recorder with any numbers in it.
#include "process/recorder.hpp"

#include "fuzz/fuzz.hpp"

namespace {

using namespace glovebox;
using namespace glovebox::fuzz;
using process::recorder;
using process::recorder_page;

constexpr std::uint64_t ring_size = recorder_page::ring_bytes;

recorder& shared() {
  static recorder made = [] {
    transport::unique_fd descriptor;
    recorder fresh = recorder::create(descriptor);
    for (std::uint64_t i = 0; i != ring_size; ++i)
      fresh->ring[i] = static_cast<std::byte>(i * 7 % 251);
    return fresh;
  }();
  return made;
}

// Mostly near the others, so that they fit together.
std::uint64_t next_number(input& from, std::uint64_t near) {
  return from.byte() % 4 == 0 ? from.number<std::uint64_t>() : near + from.number<std::uint16_t>();
}

void check_marks(std::uint64_t call) {
  recorder_page& page = *shared();
  require(!process::is_marked(page, call), "a mark that nobody made");
  process::mark(page, call);
  require(process::is_marked(page, call), "a mark that is not there");
  require(!process::is_marked(page, call ^ std::uint64_t{1} << 63), "a mark of another call");
  require(process::unmark(page, call) && !process::unmark(page, call), "a mark that stays");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  input from(data, size);
  recorder& memory = shared();
  const std::uint64_t start = next_number(from, 0);
  const std::uint64_t received = next_number(from, start);
  const std::uint64_t head = next_number(from, received);
  memory->ring_from = start;
  memory->ring_head = head;
  const std::vector<std::byte> got = process::unsent_replies(memory, received);
  const bool plausible =
      start <= received && received < head && start <= head && head - start <= ring_size;
  require(got.size() == (plausible ? head - received : 0), "another number of bytes");
  for (std::size_t i = 0; i != got.size(); ++i)
    require(got[i] == memory->ring[(received + i) % ring_size], "other bytes than the ring's");
  check_marks(start);
  check_marks(head);
  return 0;
}

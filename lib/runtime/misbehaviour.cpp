// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "runtime/misbehaviour.hpp"

#include "core/frame.hpp"

#include <sys/socket.h>
#include <unistd.h>
#include <array>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <thread>

namespace glovebox::runtime {
namespace {

[[noreturn]] void wait_for_ever() {
  for (;;) ::pause();
}

}  // namespace

void misbehaviour::sleep() const {
  std::this_thread::sleep_for(std::chrono::nanoseconds(time_));
}

void misbehaviour::before_call() const {
  switch (what_) {
    case testing::fault::kill:
      ::raise(SIGKILL);
      break;
    case testing::fault::crash:
      ::raise(SIGSEGV);
      break;
    case testing::fault::exit:
      ::_exit(0);
    case testing::fault::hang:
      wait_for_ever();
    case testing::fault::slow:
      sleep();
      break;
    default:
      break;
  }
}

bool misbehaviour::instead_of_answer() const {
  switch (what_) {
    case testing::fault::delay:
      sleep();
      return false;
    case testing::fault::drop:
      return true;
    case testing::fault::truncate: {
      core::frame_header half;
      half.kind = core::frame_kind::reply;
      const auto bytes = core::to_wire(half);
      ::send(channel_, bytes.data(), bytes.size() / 2, MSG_NOSIGNAL);
      ::raise(SIGKILL);
      return true;
    }
    case testing::fault::corrupt: {
      std::array<std::byte, core::frame_header::wire_size> garbage;
      garbage.fill(std::byte{0xa5});
      ::send(channel_, garbage.data(), garbage.size(), MSG_NOSIGNAL);
      wait_for_ever();
    }
    case testing::fault::close:
      ::shutdown(channel_, SHUT_RDWR);
      wait_for_ever();
    default:
      return false;
  }
}

}  // namespace glovebox::runtime

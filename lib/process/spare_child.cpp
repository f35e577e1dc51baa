// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "process/spare_child.hpp"

#include "process/keep_mapped.hpp"
#include "process/start_steps.hpp"
#include "transport/socket.hpp"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <csignal>
#include <memory>
#include <system_error>
#include <tuple>
#include <variant>
#include <vector>

namespace glovebox::process {
namespace {

constexpr const char* spare_name = "glovebox-spare";

}  // namespace

std::optional<spare_child> spare_child::fork() noexcept {
  spare_child made;
  transport::unique_fd its_own;
  try {
    std::tie(made.channel_, its_own) = transport::packet_pair();
  } catch (const std::system_error&) {
    return std::nullopt;
  }
  made.pid_ = ::fork();
  if (made.pid_ < 0) return std::nullopt;
  if (made.is_this_process()) {
    made.channel_ = std::move(its_own);
    return made;
  }
  ::setpgid(made.pid_, made.pid_);
  made.pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, made.pid_, 0u)));
  if (!made.pidfd_) return std::nullopt;
  return made;
}

bool spare_child::start(const start_request& request,
                        std::span<const transport::unique_fd> descriptors) {
  const std::vector<std::byte> bytes = encode(request);
  std::vector<int> numbers;
  for (const transport::unique_fd& each : descriptors) numbers.push_back(each.get());
  const iovec piece{const_cast<std::byte*>(bytes.data()), bytes.size()};
  return transport::send_some(channel_.get(), {&piece, 1}, numbers, MSG_DONTWAIT).error == 0;
}

void spare_child::live(pid_t server, child_main_function child_main,
                       const server_options& self) noexcept {
  ::prctl(PR_SET_NAME, spare_name);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::setpgid(0, 0);
  map_own_code();  // there is time for it
  // Its pages are taken when they are written to: no request is that long.
  const auto memory = std::make_unique_for_overwrite<std::byte[]>(max_message_bytes);
  const std::span<std::byte> buffer(memory.get(), max_message_bytes);
  std::vector<transport::unique_fd> descriptors;
  const auto result = transport::receive_some(channel_.get(), buffer, descriptors, 0);
  if (result.error != 0 || result.bytes == 0) ::_exit(0);  // nobody has wanted it
  const auto request = decode_server_request(buffer.first(result.bytes));
  const auto* const wanted = request ? std::get_if<start_request>(&*request) : nullptr;
  if (!wanted || descriptors.size() != wanted->descriptors()) ::_exit(exit_of_failed_start);
  channel_.reset();
  run_forked_child(*wanted, descriptors, server, child_main, self);
}

}  // namespace glovebox::process

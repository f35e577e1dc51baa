// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "transport/unique_fd.hpp"

#include <sys/types.h>
#include <sys/uio.h>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace glovebox::transport {

/// Connected, blocking, close-on-exec pairs of local sockets. \throws std::system_error
std::pair<unique_fd, unique_fd> stream_pair();
std::pair<unique_fd, unique_fd> packet_pair();  ///< SOCK_SEQPACKET: keeps datagrams apart

struct io_result {
  std::size_t bytes = 0;          ///< 0 without an error: end of file, when receiving
  int error = 0;                  ///< `errno`; EAGAIN stays EAGAIN, EINTR is never reported
  bool descriptors_lost = false;  ///< some did not fit or could not be installed (EMFILE)
};

/// The kernel's limit for one message.
inline constexpr std::size_t max_descriptors = 253;

/// One `sendmsg`: may send less than everything on a stream; the descriptors travel with the first
/// byte. A closed peer is EPIPE, never SIGPIPE. No bytes, more than 1024 pieces or more than
/// `max_descriptors` descriptors: EINVAL.
io_result send_some(int fd, std::span<const iovec> pieces, std::span<const int> descriptors,
                    int flags);

/// One `recvmsg`. The descriptors are appended, close-on-exec. When some were lost those that did
/// arrive in this message are closed: half a set is worth nothing, and a peer could leak them here.
io_result receive_some(int fd, std::span<std::byte> buffer, std::vector<unique_fd>& descriptors,
                       int flags);

/// What poll(2) says of reading there: 0, POLLIN, POLLHUP, ... Of any descriptor; a pidfd can be
/// read when its process has ended. \param patience how long to wait for it [ms]; negative: until a
/// signal comes
short poll_input(int fd, int patience = 0) noexcept;

/// `receive_some`, once there is something. A thread that sleeps in recvmsg itself is woken up as
/// well when its peer reads what was sent there before (the socket has room again), only to find
/// nothing; one that sleeps in poll is not.
io_result receive_next(int fd, std::span<std::byte> buffer, std::vector<unique_fd>& descriptors);

/// Has the kernel say who has sent what is received (SO_PASSCRED), or not any more. \throws
/// std::system_error
void tell_senders(int fd, bool wanted = true);
/// Reads a number from a socket of that kind. \returns the process that has written it; -1 when
/// there is none yet, 0 when there will be none
pid_t sender_of_number(int fd, std::int32_t& number) noexcept;

/// One `recv`; the kernel drops descriptors that come along.
io_result receive_some(int fd, std::span<std::byte> buffer, int flags);

}  // namespace glovebox::transport

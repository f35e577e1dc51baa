// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "transport/socket.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <system_error>

namespace glovebox::transport {
namespace {

constexpr std::size_t ancillary_bytes = CMSG_SPACE(max_descriptors * sizeof(int));

std::pair<unique_fd, unique_fd> make_pair_of(int type, const char* step) {
  int ends[2];
  if (::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) != 0) {
    throw std::system_error(errno, std::generic_category(), step);
  }
  return {unique_fd(ends[0]), unique_fd(ends[1])};
}

template <class Call>
io_result without_interruption(Call call) {
  for (;;) {
    const ssize_t result = call();
    if (result >= 0) return {.bytes = static_cast<std::size_t>(result)};
    if (errno != EINTR) return {.error = errno};
  }
}

}  // namespace

std::pair<unique_fd, unique_fd> stream_pair() {
  return make_pair_of(SOCK_STREAM, "socketpair (stream)");
}

std::pair<unique_fd, unique_fd> packet_pair() {
  return make_pair_of(SOCK_SEQPACKET, "socketpair (seqpacket)");
}

io_result send_some(int fd, std::span<const iovec> pieces, std::span<const int> descriptors,
                    int flags) {
  const bool empty =
      std::all_of(pieces.begin(), pieces.end(), [](const iovec& p) { return p.iov_len == 0; });
  if (empty || pieces.size() > IOV_MAX || descriptors.size() > max_descriptors) {
    return {.error = EINVAL};
  }
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces.data());  // sendmsg does not write to it
  message.msg_iovlen = pieces.size();

  alignas(cmsghdr) std::array<std::byte, ancillary_bytes> ancillary;
  if (!descriptors.empty()) {
    const std::size_t length = descriptors.size_bytes();
    message.msg_control = ancillary.data();
    message.msg_controllen = CMSG_SPACE(length);
    std::memset(ancillary.data(), 0, message.msg_controllen);
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(length);
    std::memcpy(CMSG_DATA(header), descriptors.data(), length);
  }
  return without_interruption([&] { return ::sendmsg(fd, &message, flags | MSG_NOSIGNAL); });
}

io_result receive_some(int fd, std::span<std::byte> buffer, std::vector<unique_fd>& descriptors,
                       int flags) {
  const std::size_t before = descriptors.size();
  // Before the call: once descriptors have arrived nothing may throw until each has its owner.
  descriptors.reserve(before + max_descriptors);

  iovec piece{buffer.data(), buffer.size()};
  alignas(cmsghdr) std::array<std::byte, ancillary_bytes> ancillary;
  msghdr message{};
  io_result result = without_interruption([&] {
    message = {};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = ancillary.data();
    message.msg_controllen = ancillary.size();
    return ::recvmsg(fd, &message, flags | MSG_CMSG_CLOEXEC);
  });
  if (result.error != 0) return result;

  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int received = -1;
      std::memcpy(&received, CMSG_DATA(header) + i * sizeof(int), sizeof received);
      descriptors.emplace_back(received);
    }
  }
  if ((message.msg_flags & MSG_CTRUNC) != 0) {
    result.descriptors_lost = true;
    descriptors.resize(before);
  }
  return result;
}

io_result receive_some(int fd, std::span<std::byte> buffer, int flags) {
  return without_interruption([&] { return ::recv(fd, buffer.data(), buffer.size(), flags); });
}

short poll_input(int fd, int patience) noexcept {
  pollfd input{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&input, 1, patience) > 0 ? input.revents : short{0};
}

io_result receive_next(int fd, std::span<std::byte> buffer, std::vector<unique_fd>& descriptors) {
  poll_input(fd, -1);
  return receive_some(fd, buffer, descriptors, 0);
}

void tell_senders(int fd, bool wanted) {
  const int value = wanted ? 1 : 0;
  if (::setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &value, sizeof value) != 0)
    throw std::system_error(errno, std::generic_category(), "SO_PASSCRED");
}

pid_t sender_of_number(int fd, std::int32_t& number) noexcept {
  iovec piece{&number, sizeof number};
  alignas(cmsghdr) std::byte control[CMSG_SPACE(sizeof(ucred))];
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const ssize_t size = ::recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return -1;
  if (size != sizeof number) return 0;
  pid_t sender = 0;
  for (cmsghdr* each = CMSG_FIRSTHDR(&message); each; each = CMSG_NXTHDR(&message, each)) {
    if (each->cmsg_level != SOL_SOCKET || each->cmsg_type != SCM_CREDENTIALS) continue;
    ucred from;
    std::memcpy(&from, CMSG_DATA(each), sizeof from);
    sender = from.pid;
  }
  return sender;
}

}  // namespace glovebox::transport

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "client/copy_kit.hpp"

#include "transport/socket.hpp"

#include <sys/socket.h>
#include <cerrno>
#include <system_error>
#include <tuple>

namespace glovebox::client {

copy_kit copy_kit::make() {
  copy_kit made;
  std::tie(made.channel, made.childs_channel) = transport::stream_pair();
  std::tie(made.registration, made.servers_registration) = transport::stream_pair();
  const int wanted = 1;
  if (::setsockopt(made.servers_registration.get(), SOL_SOCKET, SO_PASSCRED, &wanted,
                   sizeof wanted) != 0)
    throw std::system_error(errno, std::generic_category(), "SO_PASSCRED");
  made.recorder = process::recorder::create(made.memory);
  return made;
}

}  // namespace glovebox::client

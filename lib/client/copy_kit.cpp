// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "client/copy_kit.hpp"

#include "transport/socket.hpp"

#include <tuple>

namespace glovebox::client {

copy_kit copy_kit::make() {
  copy_kit made;
  std::tie(made.channel, made.childs_channel) = transport::stream_pair();
  std::tie(made.registration, made.servers_registration) = transport::stream_pair();
  for (const auto* each : {&made.channel, &made.servers_registration})
    transport::tell_senders(each->get());
  made.recorder = process::recorder::create(made.memory);
  return made;
}

}  // namespace glovebox::client

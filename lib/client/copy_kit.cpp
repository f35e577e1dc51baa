// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "client/copy_kit.hpp"

#include "client/child_request.hpp"
#include "transport/socket.hpp"

#include <tuple>

namespace glovebox::client {

copy_kit copy_kit::make(const context_options& options) {
  copy_kit made;
  std::tie(made.channel, made.childs_channel) = transport::stream_pair();
  std::tie(made.registration, made.servers_registration) = transport::stream_pair();
  for (const auto* each : {&made.channel, &made.servers_registration})
    transport::tell_senders(each->get());
  made.recorder = process::recorder::create(made.memory);
  output_ends outputs;
  made.standard_output = outputs.end_of(options.standard_output);
  made.standard_error = outputs.end_of(options.standard_error);
  made.output = std::move(outputs.read_end);
  return made;
}

}  // namespace glovebox::client

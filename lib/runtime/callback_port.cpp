// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include <glovebox/detail/callback_port.hpp>

#include "runtime/callbacks.hpp"

#include <glovebox/detail/current_stop.hpp>
#include <glovebox/dynamic/object_port.hpp>

#include <stdexcept>

namespace glovebox::detail {

callback_port::~callback_port() = default;

std::shared_ptr<const parent_callable> callback_port::take(std::uint64_t name) {
  return runtime::callbacks_here().take_named(name);
}

std::stop_token current_stop_token() {
  callback_port* const port = runtime::callbacks_if_here();
  return port ? port->stop_token() : std::stop_token();
}

parent_callable::~parent_callable() {
  if (kept_) home_->add(call_, index_);
}

callback_exchange::callback_exchange(const parent_callable& to, language in)
    : port_(runtime::callbacks_here()), to_(to), in_(in) {
  port_.check(to);
  if (in == language::json) objects_ = port_.make_object_port();
}

callback_exchange::~callback_exchange() = default;

const limits& callback_exchange::bounds() const noexcept {
  return port_.bounds();
}

void callback_exchange::run() {
  port_.run(*this);
}

}  // namespace glovebox::detail

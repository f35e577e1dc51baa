// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include <glovebox/asio.hpp>
#include <glovebox/failures.hpp>
#include <glovebox/remote_exception.hpp>

#include <utility>

namespace glovebox {

process_terminated::process_terminated(termination info)
    : error(errc::process_terminated, info.summary()),
      info_(std::make_shared<const termination>(std::move(info))) {}
process_terminated::~process_terminated() = default;

call_timeout::call_timeout(termination info, bool child_alive)
    : error(errc::call_timeout,
            info.method + (info.phase == phase::queued ? " did not start before its deadline"
                           : child_alive ? " overran its deadline, and ended by itself"
                                         : " overran its deadline, and was killed with its child")),
      info_(std::make_shared<const termination>(std::move(info))),
      child_alive_(child_alive) {}
call_timeout::~call_timeout() = default;

state_error::~state_error() = default;
protocol_error::~protocol_error() = default;
overloaded::~overloaded() = default;
state_rolled_back::~state_rolled_back() = default;

error_info error_of(const std::exception_ptr& failure) noexcept {
  error_info info;
  if (!failure) return info;
  try {
    try {
      std::rethrow_exception(failure);
    } catch (const remote_exception& e) {
      info.origin = error_info::source::remote;
      if (const auto* const coded = dynamic_cast<const std::system_error*>(&e))
        info.code = coded->code();
    } catch (const process_terminated& e) {
      info = {error_info::source::glovebox, e.code(), e.phase(), e.culprit(), &e.info()};
    } catch (const call_timeout& e) {
      info = {error_info::source::glovebox, e.code(), e.phase(), e.info().culprit, &e.info()};
    } catch (const error& e) {
      info.origin = error_info::source::glovebox;
      info.code = e.code();
      info.phase = phase::queued;
    } catch (const std::exception& e) {
      info.origin = error_info::source::other;
      if (const auto* const system = dynamic_cast<const std::system_error*>(&e))
        info.code = system->code();
      else if (const auto* const of_asio = dynamic_cast<const asio_system_error*>(&e))
        info.code = of_asio->code();
    }
  } catch (...) {
    info.origin = error_info::source::other;
  }
  return info;
}

}  // namespace glovebox

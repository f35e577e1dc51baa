// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Calls that have killed children before.
#include "client/pool_impl.hpp"
#include "core/fingerprint.hpp"

#include <glovebox/failures.hpp>

#include <utility>

namespace glovebox::client {
namespace {

std::int64_t now() {
  return std::chrono::steady_clock::now().time_since_epoch().count();
}

}  // namespace

std::uint64_t pool_impl::fingerprint_of(pool_call& call) const {
  if (call.fingerprint) return *call.fingerprint;
  const detail::request& what = call.request();
  core::fingerprint sum(secret_);
  if (what.stub)
    sum.add(reinterpret_cast<std::uintptr_t>(what.stub));
  else
    sum.add(static_cast<std::uint64_t>(what.operation));
  sum.add(what.body.view());
  for (const attachment& each : what.attachments) sum.add(each.bytes);
  call.fingerprint = sum.value();
  return sum.value();
}

bool pool_impl::refuse_poison(pool_call& call, completions& done) {
  if (call.exclusive()) return false;
  const termination* const known = poison_.refused(fingerprint_of(call), now());
  if (!known) return false;
  ++stats_.poisonous;
  leave_queue(call);
  end(call,
      known->cause == cause::deadline ? std::make_exception_ptr(call_timeout(*known, false))
                                      : std::make_exception_ptr(process_terminated(*known)),
      done);
  return true;
}

void pool_impl::note_victim(pool_call& call, const std::exception_ptr& error) {
  const error_info info = error_of(error);
  if (info.origin == error_info::source::glovebox && info.info && info.culprit == culprit::yes)
    poison_.killed(fingerprint_of(call), *info.info, now());
}

}  // namespace glovebox::client

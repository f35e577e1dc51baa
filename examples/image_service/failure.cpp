// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "failure.hpp"

#include <glovebox/failures.hpp>
#include <glovebox/remote_exception.hpp>

#include <boost/json.hpp>

#include <new>
#include <string_view>
#include <utility>

namespace image_service {
namespace {

failure unavailable(std::string outcome, std::string_view message) {
  failure out;
  out.answer = error_response(503, "unavailable", message);
  out.answer.headers.emplace_back("Retry-After", "1");
  out.outcome = std::move(outcome);
  return out;
}

// Of a child that crashed, or had to be ended.
failure reported(int status, std::string_view error, const glovebox::termination& info) {
  const std::string_view cause = to_string(info.cause);
  const boost::json::object body{{"error", error},
                                 {"cause", cause},
                                 {"culprit", to_string(info.culprit)},
                                 {"summary", as_ascii(info.summary())},
                                 {"report", as_ascii(info.report())}};
  failure out;
  out.answer = json_response(status, boost::json::serialize(body));
  out.outcome = cause;
  out.summary = info.summary();
  return out;
}

// Whether the call never ran for a reason that has nothing to do with it.
bool is_innocent(const glovebox::termination& info) {
  return info.phase == glovebox::phase::queued || info.culprit == glovebox::culprit::no;
}

}  // namespace

failure failure_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const glovebox::call_timeout& timeout) {
    if (timeout.phase() == glovebox::phase::queued)
      return unavailable("queued_too_long", "no child was free in time");
    failure out = reported(504, "deadline", timeout.info());
    out.outcome = "deadline";
    return out;
  } catch (const glovebox::process_terminated& end) {
    if (is_innocent(end.info())) return unavailable("child_lost", end.info().summary());
    return reported(500, "crash", end.info());
  } catch (const glovebox::overloaded&) {
    return unavailable("overloaded", "too many images wait already");
  } catch (const glovebox::error& other) {
    return unavailable("unavailable", other.what());
  } catch (const std::bad_alloc&) {
    failure out;
    out.answer = error_response(422, "too_large", "decoding it takes more memory than there is");
    out.outcome = "too_large";
    return out;
  } catch (const glovebox::remote_exception& thrown) {
    failure out;
    out.answer = error_response(422, "bad_image", thrown.message());
    out.outcome = "bad_image";
    return out;
  } catch (const std::exception&) {  // Asio's operation_aborted
    return unavailable("cancelled", "the server is stopping");
  }
}

}  // namespace image_service

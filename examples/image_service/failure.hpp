// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "response.hpp"

#include <exception>
#include <string>

namespace image_service {

/// What a client is told of a thumbnail that failed.
struct failure {
  response answer;
  std::string outcome;  ///< one word, for counting: `bad_image`, `signal`, `deadline`, ...
  std::string summary;  ///< a line for the log; empty: nothing worth one
};

/// 422 for what is no image, 500 for a crash and 504 for a deadline, both with the report, 503 for
/// what never ran.
failure failure_of(const std::exception_ptr& error);

}  // namespace image_service

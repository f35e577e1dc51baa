// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/farm/job.hpp>

#include <exception>

namespace glovebox::farming {

/// What the end of one attempt at a case says about the case.
struct verdict {
  enum class weight : std::uint8_t {
    settled,       ///< this is the case's outcome
    blamed,        ///< the evidence is against it, but other cases were in the same child before
    inconclusive,  ///< no evidence against it; the record holds what remains to be said
  };
  weight how = weight::inconclusive;
  bool child_lives = false;
  case_record record;  ///< without index, name, input, attempts
};

/// How a case was run.
struct circumstances {
  bool alone = false;  ///< nothing else ran in that child
  bool memory_limited = false;
};

verdict judge(const std::exception_ptr& error, detail::case_reply&& reply,
              const circumstances& how);

/// A case that could not be given to any child.
verdict not_started(std::string message);

}  // namespace glovebox::farming

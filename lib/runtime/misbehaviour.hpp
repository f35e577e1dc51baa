// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/testing.hpp>

#include <cstdint>

namespace glovebox::runtime {

/// What a child does wrong with one call because its parent's test asks for it.
class misbehaviour {
 public:
  /// \param time [ns] \param channel to the parent
  misbehaviour(std::uint32_t what, std::uint64_t time, int channel)
      : what_(static_cast<testing::fault>(what)), time_(time), channel_(channel) {}

  /// Before the function runs. May not return.
  void before_call() const;
  /// After it has. May not return. \returns whether there is to be no answer
  bool instead_of_answer() const;

 private:
  void sleep() const;

  testing::fault what_;
  std::uint64_t time_;
  int channel_;
};

}  // namespace glovebox::runtime

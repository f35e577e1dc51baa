// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/codec/descriptors.hpp>
#include <glovebox/file_descriptor.hpp>

#include <boost/describe/class.hpp>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace glovebox::runtime {

/// What the parent asks for, and gives to the copy.
struct copy_order {
  file_descriptor channel, recorder;
  file_descriptor registration;                     ///< see process::copy_belongings
  file_descriptor standard_output, standard_error;  ///< empty: the original's
  /// Handles of objects that the copy makes are above this, so that none is ever used twice.
  std::uint64_t last_handle = 0;
  bool answer_can_wait = false;  ///< what is waited for is the copy
  /// Handles, and how many references the parent holds more, or less, than when the original was
  /// made.
  std::vector<std::pair<std::uint64_t, std::int64_t>> references;
};
BOOST_DESCRIBE_STRUCT(copy_order, (),
                      (channel, recorder, registration, standard_output, standard_error,
                       last_handle, answer_can_wait, references))

/// What is known of a copy once it is made.
struct copy_made {
  std::uint64_t last_handle = 0;  ///< the greatest of an object that the copy knows
  bool runs_hooks = false;        ///< it is ready when it says so, not before
};
BOOST_DESCRIBE_STRUCT(copy_made, (), (last_handle, runs_hooks))

/// In a child, between calls: makes a copy of it, which goes on with what it is given, and knows
/// nothing of the calls that follow here.
/// \throws std::runtime_error that says why it can't be copied; std::system_error
copy_made copy_child(const copy_order& order);

/// The hooks of this_child::on_copy, in the order in which they were set, or against it.
void run_before_copy();  ///< \throws what one of them throws, after undoing what was done
void run_after_copy(bool in_copy) noexcept;
bool copy_runs_hooks() noexcept;  ///< whether there are any for the copy

/// Why this process can't be copied now; empty: it can.
std::string why_not_to_copy();

}  // namespace glovebox::runtime

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/stack_trace.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace glovebox::farming {

/// What tells a frame from others in every run of the same program: its function, else the place in
/// its module.
std::string frame_name(const stack_frame& frame);

/// `parse parser.cpp:12`, `libx.so+0x1234`
std::string frame_text(const stack_frame& frame);

/// The innermost functions that are the user's own, as far as that can be told: without those that
/// a program ends through, and without those that only lead to the user's. Recursion counts once,
/// however deep it is.
std::vector<std::string> telling_frames(const thread_trace& thread, std::size_t most = 3);

}  // namespace glovebox::farming

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

namespace glovebox::test {

// The one factor for deadlines in tests: code under a sanitizer is that much slower. Deadlines are
// there to end a test that hangs, or to be passed on purpose; none measures speed.
#if defined(__SANITIZE_THREAD__)
inline constexpr int time_scale = 8;
#elif defined(__SANITIZE_ADDRESS__)
inline constexpr int time_scale = 4;
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
inline constexpr int time_scale = 8;
#else
inline constexpr int time_scale = 1;
#endif
#else
inline constexpr int time_scale = 1;
#endif

// For tests of what a sanitizer rules out, such as a limit on address space: they skip and say so.
inline constexpr bool under_sanitizer = time_scale > 1;
#if defined(__SANITIZE_THREAD__)
inline constexpr bool under_thread_sanitizer = true;
#else
inline constexpr bool under_thread_sanitizer = false;
#endif

}  // namespace glovebox::test

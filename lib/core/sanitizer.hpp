// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

namespace glovebox::core {

/// Whether this was compiled for ThreadSanitizer, which has a thread of its own in every process.
#if defined(__SANITIZE_THREAD__)
inline constexpr bool thread_sanitizer = true;
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
inline constexpr bool thread_sanitizer = true;
#else
inline constexpr bool thread_sanitizer = false;
#endif
#else
inline constexpr bool thread_sanitizer = false;
#endif

}  // namespace glovebox::core

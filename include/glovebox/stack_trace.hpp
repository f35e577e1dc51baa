// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/config.hpp>

#include <sys/types.h>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace glovebox {

/// One function on a thread's stack. What is not known is empty, or 0.
struct stack_frame {
  /// In the child's memory: of the instruction that was to be executed, in the innermost frame; of
  /// the call that has not returned, in the others.
  std::uint64_t address = 0;
  std::string module;        ///< path of the file it was loaded from; empty: no file's code
  std::string build_id;      ///< of that file, in hexadecimal
  std::uint64_t offset = 0;  ///< of the address in the module, as addr2line(1) takes it
  std::string function;      ///< as C++ writes it
  std::string file;          ///< of the source
  std::uint32_t line = 0;
  /// The compiler has put it into the next frame's function, which shares its address.
  bool inlined = false;
};

/// Where a thread was.
struct thread_trace {
  pid_t tid = 0;
  std::string name;
  /// Of a thread that did not run: what it waited for, `sleeping in futex_wait_queue`; otherwise
  /// empty.
  std::string state;
  std::vector<stack_frame> frames;  ///< the innermost first
  /// Why there are no frames, or no more of them; empty when the last one is the thread's first.
  std::string note;
};

/// A line for each frame, `#0 parse(char const*) at parser.cpp:12`, without those of glovebox.
/// \param indent put before each line
GLOVEBOX_API std::string to_text(const thread_trace&, std::string_view indent = "");

}  // namespace glovebox

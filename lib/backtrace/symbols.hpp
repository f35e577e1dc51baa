// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "backtrace/dwfl_modules.hpp"

#include <glovebox/stack_trace.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace glovebox::backtrace {

/// Finds the functions and source lines of addresses.
class symbols {
 public:
  explicit symbols(dwfl_modules& modules) : modules_(modules) {}

  /// Appends the frame at an address: of it the functions that were inlined there, the innermost
  /// first, then the one that they were inlined into. \param note gets what could not be read
  void append(std::uint64_t address, const mapping* mapped, std::vector<stack_frame>& frames,
              std::string& note);

 private:
  bool append_described(Dwfl_Module* module, dwfl_modules::module& known, const stack_frame& plain,
                        std::vector<stack_frame>& frames);

  dwfl_modules& modules_;
};

/// As C++ writes it; the name itself where it is no mangled one.
std::string demangled(const char* name);

}  // namespace glovebox::backtrace

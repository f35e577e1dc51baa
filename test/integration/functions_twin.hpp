// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "integration/call_fixture.hpp"

#include <string>

namespace glovebox::test {

/// Known to both files; whichever calls it, it is the same function.
inline std::string shared_by_both(int n) {
  return "shared " + std::to_string(n);
}

/// What functions_twin.cpp calls. Its functions and lambdas have the same names as those of
/// functions_test.cpp.
struct twin {
  static std::string lambda(const context& ctx);
  static std::string second_lambda(const context& ctx);
  static std::string named_function(const context& ctx);
  static std::string lambda_as_template_argument(const context& ctx);
  static std::string member(const context& ctx);
  static std::string shared(const context& ctx);
};

}  // namespace glovebox::test

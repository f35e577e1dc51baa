// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <boost/describe/class.hpp>
#include <cstddef>
#include <cstdint>

/// The C library of the tests, c_functions.so. They load it by name, as users load theirs.
namespace glovebox::test {

struct thing;  // opaque: only the library knows

struct mixed {
  std::int32_t number;
  double fraction;
  char letters[4];
};
BOOST_DESCRIBE_STRUCT(mixed, (), (number, fraction, letters))

struct not_described {
  int x;
};

enum class size_class : unsigned char { small = 1, large = 200 };

}  // namespace glovebox::test

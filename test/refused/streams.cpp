// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// What the compiler must refuse, and the first thing that it must say: see
// support/expect_refused.py.
#include <glovebox/context.hpp>

#include <vector>

using namespace glovebox;

struct not_described {
  int x;
};
generator<not_described> generate();

void streams(const context& child, const remote<int>& number,
             const remote<std::vector<not_described>>& objects,
             const remote<const generator<int>>& constant) {
  number.iterate();         // refused: objects of this class cannot be iterated
  constant.iterate();       // refused: objects of this class cannot be iterated
  objects.iterate();        // refused: the items of this range do not travel by value
  child.call<&generate>();  // refused: the items of this generator do not travel by value
}

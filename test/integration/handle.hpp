// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/codec.hpp>

namespace glovebox::test {

/// Travels by a codec of its own, and cannot be made out of nothing.
class handle {
 public:
  explicit handle(int number) : number_(number) {}
  int number() const { return number_; }

 private:
  int number_;
};

}  // namespace glovebox::test

template <>
struct glovebox::codec<glovebox::test::handle> {
  static void encode(encoder& out, const test::handle& value) { out.number(value.number()); }
  static test::handle decode(decoder& in) { return test::handle(in.number<int>()); }
};

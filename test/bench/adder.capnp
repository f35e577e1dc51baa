# Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
# What bench_calls calls, as an interface of Cap'n Proto.
@0xb3f1c7d25a904e6f;

interface Adder {
  add @0 (a :Int32, b :Int32) -> (sum :Int32);
}

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// What the compiler must refuse, and the first thing that it must say: see
// support/expect_refused.py. A class that only this program knows stands for the user's.
#include <glovebox/library.hpp>

#include <array>
#include <functional>
#include <string>
#include <vector>

using namespace glovebox;

struct opaque;
struct not_described {
  int x;
};
struct made {
  made(int) {}
  made(const made&) {}
};

void calls(const library& lib, int* pointer, int (*function)(int), const remote<int>& number,
           std::vector<std::string> texts, std::vector<bool> bools) {
  int captured = 1;

  // The signature.
  lib.call<int(const char*, ...)>("f", "x");  // refused: C variadic functions
  lib.call<int(int&)>("f", captured);         // refused: write a pointer in the signature
  lib.call<int&(int)>("f", 1);                // refused: write a pointer in the signature
  lib.call<not_described(int)>("f", 1);       // refused: described with BOOST_DESCRIBE_STRUCT
  lib.call<int(not_described)>("f", not_described{1});  // refused: described with BOOST_DESCRIBE
  lib.call<int(std::string)>("f", "x");  // refused: C functions take numbers, pointers
  lib.call<std::string(int)>("f", 1);    // refused: C functions return numbers, pointers
  lib.call<int (*(int))(int)>("f", 1);   // refused: write void* in the signature

  // The number of arguments.
  lib.call<int(int, int)>("f", 1);  // refused: the number of arguments
  lib.call<int()>("f", 1, 2);       // refused: the number of arguments

  // Values.
  lib.call<int(int)>("f", "text");      // refused: does not convert
  lib.call<int(double)>("f", nullptr);  // refused: does not convert

  // Pointers.
  lib.call<int(const int*)>("f", pointer);       // refused: a pointer of this process means nothing
  lib.call<int(int*)>("f", &captured);           // refused: a pointer of this process means nothing
  lib.call<int(char*)>("f", std::string());      // refused: may write through this parameter
  lib.call<int(int*)>("f", std::vector<int>());  // refused: may write through this parameter
  lib.call<int(const int*)>("f", std::vector<long>());  // refused: no contiguous range
  lib.call<int(const int*)>("f", 1);                    // refused: no contiguous range
  lib.call<int(const void*)>("f", texts);               // refused: no contiguous range
  lib.call<int(const bool*)>("f", bools);               // refused: no contiguous range
  lib.call<int(const int*)>("f", out<int>());           // refused: that point to their contents
  lib.call<int(long*)>("f", in_out(captured));          // refused: that point to their contents
  lib.call<int(void*)>("f", in_out(texts));             // refused: that point to their contents
  lib.call<int(made*)>("f", in_out(made(1)));           // refused: that point to their contents
  lib.call<int(int)>("f", out<int>());                  // refused: that point to their contents
  lib.call<int(opaque**)>("f", out_handle<int>());      // refused: that point to their contents
  lib.call<int(opaque*)>("f", number);                  // refused: type does not convert
  lib.call<int(opaque**)>("f", in_out(number));         // refused: that point to their contents
  lib.call<int(opaque**)>("f", out_offset());           // refused: that point to their contents
  lib.call<int(char**)>("f", "text");                   // refused: for a pointer to a pointer pass

  // Callbacks.
  lib.call<int(int (*)(int))>("f", function);  // refused: a callback of a C function runs
  lib.call<int(int (*)(int))>("f", [=](int) { return captured; });  // refused: Captures and
  lib.call<int(int (*)(int))>("f", [] {});  // refused: a callback of a C function runs
  lib.call<int(int (*)(int))>("f", std::function<int(int)>());  // refused: a callback of a C
}

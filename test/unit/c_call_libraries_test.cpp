// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "unit/c_calls.hpp"

#include <glovebox/detail/c_library.hpp>

#include <dlfcn.h>
#include <algorithm>
#include <cmath>
#include <random>

BOOST_AUTO_TEST_SUITE(c_call_libraries_test)

using namespace glovebox::runtime;
using namespace glovebox::test;
using value = c_value;

BOOST_AUTO_TEST_SUITE(c_calls_of_libraries, *boost::unit_test::precondition(with_libffi))

one_call in_library(const std::string& library, const char* declaration,
                    std::vector<c_argument> arguments) {
  one_call call(std::move(arguments));
  call_declared(*glovebox::detail::c_library::load(library), declaration, call, call);
  return call;
}

BOOST_AUTO_TEST_CASE(row_21_libm_by_text) {
  for (int i = 0; i != 3; ++i)  // the declaration is read once, and its function looked up once
    BOOST_TEST((in_library("libm.so.6", "double cos(double)", {arg(0.5)}).result() ==
                value(std::cos(0.5))));
  const one_call parts =
      in_library("libm.so.6", "double frexp(double x, int *exp);", {arg(40.0), c_out_value{}});
  BOOST_TEST((parts.result() == value(0.625)));
  BOOST_TEST((parts.back(1) == value(std::int64_t{6})));
  BOOST_TEST((in_library("libm.so.6", "long double sqrtl(long double)", {arg(2.0L)}).result() ==
              value(std::sqrt(2.0L))));
}

BOOST_AUTO_TEST_CASE(row_21_qsort_by_text) {
  std::vector<int> numbers(1000);
  std::mt19937 random(5);
  for (int& each : numbers) each = static_cast<int>(random());
  int compared = 0;
  const auto compare = callback([&](std::span<const value> with) -> value {
    ++compared;
    const int left = *static_cast<const int*>(std::get<c_pointer>(with[0]).address);
    const int right = *static_cast<const int*>(std::get<c_pointer>(with[1]).address);
    return std::int64_t{(left > right) - (left < right)};
  });
  const one_call sorted = in_library(
      "libc.so.6", "void qsort(void*, size_t, size_t, int (*)(const void*, const void*))",
      {c_in_out{bytes_of(numbers)}, arg(1000), arg(4), arg(compare)});
  std::sort(numbers.begin(), numbers.end());
  BOOST_TEST(values_of<int>(sorted.back(0)) == numbers);
  BOOST_TEST(compared >= 999);
}

boost::test_tools::assertion_result with_libz(boost::unit_test::test_unit_id) {
  boost::test_tools::assertion_result found(::dlopen("libz.so.1", RTLD_LAZY | RTLD_LOCAL) !=
                                            nullptr);
  found.message() << "libz.so.1 is not installed (package zlib1g)";
  return found;
}

BOOST_AUTO_TEST_CASE(row_21_crc32_by_text, *boost::unit_test::precondition(with_libz)) {
  const char* const declaration =
      "unsigned long crc32(unsigned long, const unsigned char*, unsigned int)";
  BOOST_TEST((in_library("libz.so.1", declaration, {arg(0), arg("123456789"), arg(9)}).result() ==
              value(std::uint64_t{0xcbf43926u})));
  BOOST_TEST((in_library("libz.so.1", declaration,
                         {arg(0), arg(c_bytes(1024 * 1024, std::byte{1})), arg(1024 * 1024)})
                  .result() == value(std::uint64_t{0x2d816fbfu})));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// C functions called by their declarations, as text: what needs no code of this program in the
// child.
#include "integration/call_fixture.hpp"

#include <glovebox/callback.hpp>
#include <glovebox/proxy.hpp>

#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(library_declared_test)

using namespace glovebox;
using namespace glovebox::test;
using asio::use_future;

struct declared : one_child {
  proxy load(const char* name) { return proxy(get(ctx.load_library(name, use_future))); }
  template <class R, class... A>
  R call(const proxy& on, std::string_view declaration, A&&... arguments) {
    return get(on.call<R>(declaration, std::forward<A>(arguments)..., use_future));
  }
};

BOOST_FIXTURE_TEST_SUITE(row_21_by_declaration, declared)

BOOST_AUTO_TEST_CASE(row_21_numbers) {
  const proxy libm = load("libm.so.6");
  BOOST_TEST(call<double>(libm, "double cos(double)", 0.0) == 1.0);
  BOOST_TEST(call<double>(libm, "double cos(double);", 0) == 1.0);
  BOOST_TEST(call<float>(libm, "float fabsf(float x)", -1.5) == 1.5f);
  BOOST_TEST(call<long>(libm, "long lround(double)", 2.5) == 3);
  const auto [fraction, exponent] =
      call<std::tuple<double, int>>(libm, "double frexp(double, int*)", 40.0, out<int>());
  BOOST_TEST(fraction == 0.625);
  BOOST_TEST(exponent == 6);
}

BOOST_AUTO_TEST_CASE(row_21_texts_and_memory) {
  const proxy libc = load("libc.so.6");
  BOOST_TEST(call<std::size_t>(libc, "size_t strlen(const char*)", "five5") == 5u);
  const auto none = call<std::optional<std::string>>(libc, "const char* getenv(const char*)",
                                                     "GLOVEBOX_NO_SUCH_VARIABLE");
  BOOST_TEST(!none.has_value());
  BOOST_TEST(call<int>(libc, "int memcmp(const void*, const void*, size_t)", "abc", "abd", 3u) < 0);
  const auto [length, text] = call<std::tuple<int, std::string>>(
      libc, "int gethostname(char*, size_t)", out_text(200), 200u);
  BOOST_TEST(length == 0);
  BOOST_TEST(!text.empty());
  const auto [number, offset] = call<std::tuple<long, std::optional<std::size_t>>>(
      libc, "long strtol(const char*, char**, int)", "123abc", out_offset(), 10);
  BOOST_TEST(number == 123);
  BOOST_TEST(offset.value_or(0) == 3u);
}

BOOST_AUTO_TEST_CASE(row_21_sorting_with_a_callback) {
  const proxy libc = load("libc.so.6");
  std::vector<int> numbers{5, 9, -2, 1};
  // The elements are opaque to the parent, so it asks the child what they are.
  int compared = 0;
  const auto compare = [&compared](const proxy& a, const proxy& b) {
    ++compared;
    BOOST_TEST(static_cast<bool>(a));
    BOOST_TEST(static_cast<bool>(b));
    return 0;
  };
  const std::string declaration =
      "void qsort(int*, size_t, size_t, int (*)(const void*, const void*))";
  const auto [same] = call<std::tuple<std::vector<int>>>(
      libc, declaration, in_out(numbers), numbers.size(), sizeof(int), callback(compare));
  BOOST_TEST(same == numbers);
  BOOST_TEST(compared > 0);
  const auto fails = [](const proxy&, const proxy&) -> int { throw std::out_of_range("enough"); };
  BOOST_CHECK_THROW(
      call<value>(libc, declaration, in_out(numbers), numbers.size(), sizeof(int), callback(fails)),
      std::out_of_range);
}

BOOST_AUTO_TEST_CASE(row_21_crc32_over_a_buffer) {
  const proxy libz = load("libz.so.1");
  const std::vector<unsigned char> bytes{'1', '2', '3', '4', '5', '6', '7', '8', '9'};
  BOOST_TEST(call<unsigned long>(libz,
                                 "unsigned long crc32(unsigned long, const unsigned char*, "
                                 "unsigned)",
                                 0u, bytes, bytes.size()) == 0xCBF43926u);
}

BOOST_AUTO_TEST_CASE(row_21_opaque_pointers) {
  const proxy libc = load("libc.so.6");
  const std::string text = "kept in the child";
  const proxy file = call<proxy>(libc, "FILE* tmpfile(void)");
  BOOST_REQUIRE(static_cast<bool>(file));
  BOOST_TEST(call<std::size_t>(libc, "size_t fwrite(const void*, size_t, size_t, FILE*)", text, 1,
                               text.size(), file) == text.size());
  BOOST_TEST(call<long>(libc, "long ftell(FILE*)", file) == static_cast<long>(text.size()));
  const std::string mismatch =
      message_of<std::exception>([&] { call<int>(libc, "int closedir(DIR*)", file); });
  BOOST_TEST(mismatch.find("args[0]") != mismatch.npos, mismatch);
  BOOST_TEST(mismatch.find("FILE") != mismatch.npos, mismatch);
  BOOST_TEST(call<int>(libc, "int fclose(FILE*)", file) == 0);
  BOOST_TEST(!call<proxy>(libc, "FILE* fopen(const char*, const char*)", "/no/such/file", "r"));
}

BOOST_AUTO_TEST_CASE(row_21_refused) {
  const proxy libc = load("libc.so.6");
  const auto refused = [&](std::string_view declaration, std::string_view why, auto... arguments) {
    const std::string text =
        message_of<std::exception>([&] { call<value>(libc, declaration, arguments...); });
    BOOST_TEST(text.find(why) != text.npos, text);
  };
  refused("int printf(const char*, ...)", "variadic", "text");
  refused("int abs(int", "int abs(int", 1);
  refused("int no_such_function(int)", "no_such_function", 1);
  refused("int abs(int)", "args[0]", "text");
  refused("int abs(int)", "args[0]", 5'000'000'000);
  refused("int abs(int)", "argument", 1, 2);
  refused("int abs(int)", "keyword", keyword("x", 1));
  BOOST_TEST(call<int>(libc, "int abs(int)", -3) == 3);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "unit/c_calls.hpp"

#include <cerrno>
#include <climits>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <limits>
#include <numeric>
#include <type_traits>

BOOST_AUTO_TEST_SUITE(c_call_test)

using namespace glovebox::runtime;
using namespace glovebox::test;
using value = c_value;

// ---- numbers

template <class T>
T same(T x) {
  return x;
}

/// Numbers of one type go through unchanged, at their limits too.
template <class T>
void check_integers(const char* name) {
  using wide = std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>;
  const std::string declaration = std::string(name) + " same(" + name + ")";
  for (const T each :
       {std::numeric_limits<T>::min(), T(-1), T(0), T(1), T(0x5a), std::numeric_limits<T>::max()}) {
    const one_call call = run(declaration.c_str(), &same<T>, static_cast<wide>(each));
    BOOST_TEST((call.result() == value(static_cast<wide>(each))), declaration << " of " << +each);
  }
}
template <class T>
void check_fractions(const char* name) {
  using wide = std::conditional_t<std::is_same_v<T, long double>, long double, double>;
  using limits = std::numeric_limits<T>;
  const std::string declaration = std::string(name) + " same(" + name + ")";
  for (const T each : {T(0), T(-0.0), T(1) / 3, limits::max(), limits::lowest(), limits::min(),
                       limits::denorm_min(), limits::infinity(), -limits::infinity()}) {
    const one_call call = run(declaration.c_str(), &same<T>, static_cast<wide>(each));
    BOOST_TEST((std::get<wide>(call.result()) == static_cast<wide>(each)));
    BOOST_TEST(std::signbit(std::get<wide>(call.result())) == std::signbit(each));
  }
  const one_call call = run(declaration.c_str(), &same<T>, static_cast<wide>(limits::quiet_NaN()));
  BOOST_TEST(std::isnan(std::get<wide>(call.result())));
}

double mixed(signed char a, unsigned char b, short c, unsigned short d, int e, unsigned f, long g,
             unsigned long h, float i, double j, long double k, bool l) {
  return a + 2.0 * b + 3.0 * c + 4.0 * d + 5.0 * e + 6.0 * f + 7.0 * static_cast<double>(g) +
         8.0 * static_cast<double>(h) + 9.0 * i + 10.0 * j + 11.0 * static_cast<double>(k) +
         (l ? 12.0 : 0.0);
}
// More of each kind than there are registers.
double fractions(float a, double b, float c, double d, float e, double f, float g, double h,
                 float i, double j, float k, double l) {
  const double all[] = {a, b, c, d, e, f, g, h, i, j, k, l};
  double sum = 0;
  for (int n = 0; n != 12; ++n) sum = sum * 2 + all[n];
  return sum;
}
long integers(long a, int b, long c, int d, long e, int f, long g, int h, long i, int j, long k,
              int l) {
  const long all[] = {a, b, c, d, e, f, g, h, i, j, k, l};
  long sum = 0;
  for (const long each : all) sum = sum * 3 + each;
  return sum;
}
bool negation(bool x) {
  return !x;
}
int calls_of_nothing = 0;
void nothing() {
  ++calls_of_nothing;
}
int thirteen() {
  return 13;
}

BOOST_AUTO_TEST_SUITE(c_calls, *boost::unit_test::precondition(with_libffi))

BOOST_AUTO_TEST_CASE(integers_of_every_width) {
  check_integers<char>("char");
  check_integers<signed char>("signed char");
  check_integers<unsigned char>("unsigned char");
  check_integers<short>("short");
  check_integers<unsigned short>("unsigned short");
  check_integers<int>("int");
  check_integers<unsigned>("unsigned");
  check_integers<long>("long");
  check_integers<unsigned long>("unsigned long");
  check_integers<long long>("long long");
  check_integers<unsigned long long>("unsigned long long");
  check_integers<std::int8_t>("int8_t");
  check_integers<std::uint16_t>("uint16_t");
  check_integers<std::int32_t>("int32_t");
  check_integers<std::uint64_t>("uint64_t");
  check_integers<std::size_t>("size_t");
  check_integers<wchar_t>("wchar_t");
  check_integers<char32_t>("char32_t");
}

BOOST_AUTO_TEST_CASE(fractions_of_every_width) {
  check_fractions<float>("float");
  check_fractions<double>("double");
  check_fractions<long double>("long double");
}

BOOST_AUTO_TEST_CASE(other_values) {
  BOOST_TEST((run("bool negation(bool)", &negation, true).result() == value(false)));
  BOOST_TEST((run("_Bool negation(_Bool x)", &negation, false).result() == value(true)));
  const int before = calls_of_nothing;
  BOOST_TEST((run("void nothing(void)", &nothing).result() == value(std::monostate())));
  BOOST_TEST(calls_of_nothing == before + 1);
  BOOST_TEST((run("int thirteen()", &thirteen).result() == value(std::int64_t{13})));
}

BOOST_AUTO_TEST_CASE(twelve_arguments) {
  const one_call call =
      run("double mixed(signed char, unsigned char, short, unsigned short, int, unsigned, long, "
          "unsigned long, float, double, long double, bool)",
          &mixed, -1, 2, -3, 4, -5, 6, -7, std::uint64_t{8}, 0.5, -0.25, 2.0L, true);
  BOOST_TEST((call.result() == value(-1.0 + 4 - 9 + 16 - 25 + 36 - 49 + 64 + 4.5 - 2.5 + 22 + 12)));
  const one_call all_fractions = run(
      "double fractions(float, double, float, double, float, double, float, double, float, double, "
      "float, double)",
      &fractions, 1., 2., 3., 4., 5., 6., 7., 8., 9., 10., 11., 0.5);
  BOOST_TEST((all_fractions.result() == value(fractions(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0.5))));
  const one_call all_integers =
      run("long integers(long, int, long, int, long, int, long, int, long, int, long, int)",
          &integers, -1, 2, -3, 4, -5, 6, -7, 8, -9, 10, -11, 12);
  BOOST_TEST((all_integers.result() ==
              value(std::int64_t{integers(-1, 2, -3, 4, -5, 6, -7, 8, -9, 10, -11, 12)})));
}

BOOST_AUTO_TEST_CASE(numbers_that_fit_another_type) {
  // Either kind of integer goes into both, and integers into fractions where that is exact.
  BOOST_TEST(
      (run("unsigned same(unsigned)", &same<unsigned>, 7).result() == value(std::uint64_t{7})));
  BOOST_TEST(
      (run("int same(int)", &same<int>, std::uint64_t{7}).result() == value(std::int64_t{7})));
  BOOST_TEST((run("double same(double)", &same<double>, 7).result() == value(7.0)));
  const std::int64_t exact = std::int64_t{1} << 62;
  BOOST_TEST((run("float same(float)", &same<float>, exact).result() == value(0x1p62)));
  BOOST_TEST((run("double same(double)", &same<double>, INT64_MIN).result() == value(-0x1p63)));
  BOOST_TEST((run("long double same(long double)", &same<long double>, UINT64_MAX).result() ==
              value(18446744073709551615.0L)));
  // A fraction is rounded.
  BOOST_TEST(
      (run("float same(float)", &same<float>, 0.1).result() == value(static_cast<double>(0.1f))));
  BOOST_TEST((run("double same(double)", &same<double>, 0.1L).result() == value(0.1)));
}

// ---- texts and buffers

std::size_t length(const char* text) {
  return text ? std::strlen(text) : 99;
}
const char* name_of(int number) {
  return number == 1 ? "one" : nullptr;
}
std::uint64_t sum(const void* bytes, std::size_t count) {
  std::uint64_t all = 0;
  for (std::size_t i = 0; i != count; ++i) all += static_cast<const unsigned char*>(bytes)[i];
  return all;
}
double sum_doubles(const double* numbers, int count) {
  return std::accumulate(numbers, numbers + count, 0.0);
}
void increment(unsigned char* bytes, std::size_t count) {
  for (std::size_t i = 0; i != count; ++i) ++bytes[i];
}
void fill(char* to, std::size_t size) {
  std::memset(to, 'x', size);
}

BOOST_AUTO_TEST_CASE(texts) {
  const char* const declaration = "size_t length(const char *text)";
  BOOST_TEST((run(declaration, &length, "four").result() == value(std::uint64_t{4})));
  BOOST_TEST((run(declaration, &length, "").result() == value(std::uint64_t{0})));
  BOOST_TEST(
      (run(declaration, &length, std::string("a\0b", 3)).result() == value(std::uint64_t{1})));
  BOOST_TEST((run(declaration, &length, nullptr).result() == value(std::uint64_t{99})));
  // Bytes have a NUL behind them, in case they are taken for a text.
  BOOST_TEST(
      (run(declaration, &length, bytes_of<char>({'a', 'b'})).result() == value(std::uint64_t{2})));
  BOOST_TEST((run("const char *name_of(int)", &name_of, 1).result() == value(std::string("one"))));
  BOOST_TEST((run("const char *name_of(int)", &name_of, 2).result() == value(nullptr)));
  BOOST_TEST(run(declaration, &length, "x").back_count() == 0u);
}

BOOST_AUTO_TEST_CASE(buffers_that_are_read) {
  const char* const declaration = "uint64_t sum(const void*, size_t)";
  BOOST_TEST((run(declaration, &sum, bytes_of<unsigned char>({1, 2, 255}), 3).result() ==
              value(std::uint64_t{258})));
  BOOST_TEST((run(declaration, &sum, std::string("\x01\0\x02", 3), 3).result() ==
              value(std::uint64_t{3})));
  BOOST_TEST((run(declaration, &sum, c_bytes(), 0).result() == value(std::uint64_t{0})));
  BOOST_TEST((run(declaration, &sum, nullptr, 0).result() == value(std::uint64_t{0})));
  const c_bytes doubles = bytes_of<double>({0.5, 1.5, -3});
  BOOST_TEST((run("double sum_doubles(const double*, int)", &sum_doubles, doubles, 3).result() ==
              value(-1.0)));
}

BOOST_AUTO_TEST_CASE(buffers_that_are_written) {
  const char* const declaration = "void increment(unsigned char*, size_t)";
  const one_call both =
      run(declaration, &increment, c_in_out{bytes_of<unsigned char>({1, 255, 3})}, 2);
  BOOST_TEST(both.back_count() == 1u);
  BOOST_TEST((values_of<unsigned char>(both.back(0)) == std::vector<unsigned char>{2, 0, 3}));
  const one_call text =
      run("void increment(void*, size_t)", &increment, c_in_out{std::string("a\0b", 3)}, 3);
  BOOST_TEST((text.back(0) == value(std::string("b\1c", 3))));
  const one_call made = run(declaration, &increment, c_out_bytes{4}, 2);
  BOOST_TEST((values_of<unsigned char>(made.back(0)) == std::vector<unsigned char>{1, 1, 0, 0}));
  BOOST_TEST((run(declaration, &increment, c_out_bytes{0}, 0).back(0) == value(c_bytes())));
  BOOST_TEST((run("void fill(char*, size_t)", &fill, c_out_text{5}, 3).back(0) ==
              value(std::string("xxx"))));
  BOOST_TEST((run("void fill(char*, size_t)", &fill, c_out_text{5}, 5).back(0) ==
              value(std::string("xxxxx"))));
  const one_call nobody = run(declaration, &increment, nullptr, 0);
  BOOST_TEST(nobody.back_count() == 0u);
}

// ---- single values, and pointers that nobody looks into

struct thing {
  int number;
};
thing the_thing{7};

int divide(int a, int b, int* rest, float* share) {
  *rest = a % b;
  *share = static_cast<float>(a) / static_cast<float>(b);
  return a / b;
}
int swap_both(short* a, unsigned char* b) {
  const int was = *a;
  *a = *b;
  *b = static_cast<unsigned char>(was);
  return was;
}
int open_thing(const char*, thing** to) {
  *to = &the_thing;
  return 0;
}
int number_of(const thing* which) {
  return which ? which->number : -1;
}
int next_thing(thing** which) {
  const int had = *which ? (*which)->number : 0;
  *which = nullptr;
  return had;
}
const thing* the_only() {
  return &the_thing;
}
void* any(void* which) {
  return which;
}
void find(const char* text, int letter, const char** at) {
  *at = std::strchr(text, letter);
}
long to_number(const char* text, char** end) {
  return std::strtol(text, end, 10);
}
int leave_errno(int number) {
  errno = number;
  return -1;
}

BOOST_AUTO_TEST_CASE(single_values) {
  const one_call divided =
      run("int divide(int, int, int*, float*)", &divide, -17, 4, c_out_value{}, c_out_value{});
  BOOST_TEST((divided.result() == value(std::int64_t{-4})));
  BOOST_TEST((divided.back(2) == value(std::int64_t{-1})));
  BOOST_TEST((divided.back(3) == value(-4.25)));
  const one_call swapped =
      run("int swap_both(short*, unsigned char*)", &swap_both, c_in_out{value(std::int64_t{200})},
          c_in_out{value(std::int64_t{9})});
  BOOST_TEST((swapped.back(0) == value(std::int64_t{9})));
  BOOST_TEST((swapped.back(1) == value(std::uint64_t{200})));
}

BOOST_AUTO_TEST_CASE(opaque_pointers) {
  const one_call opened =
      run("int open_thing(const char*, struct thing **to)", &open_thing, "x", c_out_value{});
  const auto pointer = std::get<c_pointer>(opened.back(1));
  BOOST_TEST((pointer == c_pointer{&the_thing, "thing", false}));
  BOOST_TEST(
      (run("int number_of(const thing*)", &number_of, pointer).result() == value(std::int64_t{7})));
  BOOST_TEST((run("int number_of(const thing*)", &number_of, nullptr).result() ==
              value(std::int64_t{-1})));
  BOOST_TEST((run("const thing *the_only(void)", &the_only).result() ==
              value(c_pointer{&the_thing, "thing", true})));
  // void* is everything's.
  BOOST_TEST((run("void *any(void*)", &any, pointer).result() ==
              value(c_pointer{&the_thing, "void", false})));
  BOOST_TEST((run("int number_of(const thing*)", &number_of, c_pointer{&the_thing, "void", false})
                  .result() == value(std::int64_t{7})));
  const one_call untyped =
      run("int open_thing(const char*, void**)", &open_thing, nullptr, c_out_value{});
  BOOST_TEST((untyped.back(1) == value(c_pointer{&the_thing, "void", false})));
  // In and out.
  const one_call replaced = run("int next_thing(thing**)", &next_thing, c_in_out{value(pointer)});
  BOOST_TEST((replaced.result() == value(std::int64_t{7})));
  BOOST_TEST((replaced.back(0) == value(nullptr)));
  BOOST_TEST((run("int next_thing(thing**)", &next_thing, c_in_out{value(nullptr)}).result() ==
              value(std::int64_t{0})));
}

BOOST_AUTO_TEST_CASE(places_in_arguments) {
  const char* const declaration = "void find(const char*, int, const char**)";
  BOOST_TEST(
      (run(declaration, &find, "abc", 'c', c_out_offset{}).back(2) == value(std::uint64_t{2})));
  BOOST_TEST(
      (run(declaration, &find, "abc", 0, c_out_offset{}).back(2) == value(std::uint64_t{3})));
  BOOST_TEST((run(declaration, &find, "abc", 'x', c_out_offset{}).back(2) == value(nullptr)));
  // A text is copied in time.
  BOOST_TEST(
      (run(declaration, &find, "abc", 'b', c_out_value{}).back(2) == value(std::string("bc"))));
  const one_call number =
      run("long strtol10(const char*, char**)", &to_number, "42 is it", c_out_offset{});
  BOOST_TEST((number.result() == value(std::int64_t{42})));
  BOOST_TEST((number.back(1) == value(std::uint64_t{2})));
}

BOOST_AUTO_TEST_CASE(errno_is_told) {
  BOOST_TEST(run("int leave_errno(int)", &leave_errno, ENOSPC).error() == ENOSPC);
  errno = EINVAL;
  BOOST_TEST(run("int thirteen()", &thirteen).error() == 0);
}

// ---- callbacks

int apply(int (*what)(int), int to) {
  return what ? what(to) : -1;
}
int each_of(const int* numbers, std::size_t count, short (*what)(const int*, void*, const char*),
            void* data) {
  int sum_of_results = 0;
  for (std::size_t i = 0; i != count; ++i)
    sum_of_results += what(numbers + i, data, i % 2 == 0 ? "even" : nullptr);
  return sum_of_results;
}
double with_every_type(double (*what)(signed char, unsigned short, long, float, double, long double,
                                      bool)) {
  return what(-1, 65535, LONG_MIN, 0.5f, -0.25, 3.0L, true);
}
template <class T>
T result_of(T (*what)()) {
  return what();
}
int run_nothing(void (*what)()) {
  what();
  return 1;
}

BOOST_AUTO_TEST_CASE(callbacks) {
  const auto square = callback([](std::span<const value> with) -> value {
    const auto number = std::get<std::int64_t>(with[0]);
    return number * number;
  });
  BOOST_TEST((run("int apply(int (*)(int), int)", &apply, square, -7).result() ==
              value(std::int64_t{49})));
  BOOST_TEST((run("int apply(int what(int), int)", &apply, nullptr, -7).result() ==
              value(std::int64_t{-1})));
  // An address that a library gave out is a function as well.
  const c_pointer absolute{reinterpret_cast<void*>(static_cast<int (*)(int)>(&std::abs)), "void",
                           false};
  BOOST_TEST((run("int apply(int (*)(int), int)", &apply, absolute, -7).result() ==
              value(std::int64_t{7})));
}

BOOST_AUTO_TEST_CASE(arguments_of_callbacks) {
  std::vector<int> seen;
  int texts = 0;
  const auto look = callback([&](std::span<const value> with) -> value {
    BOOST_TEST(with.size() == 3u);
    const auto& number = std::get<c_pointer>(with[0]);
    BOOST_TEST(number.type == "int");
    BOOST_TEST(number.constant);
    seen.push_back(*static_cast<const int*>(number.address));
    BOOST_TEST((with[1] == value(c_pointer{&the_thing, "void", false})));
    texts += with[2] == value(std::string("even")) ? 1 : with[2] == value(nullptr) ? 100 : 1000;
    return std::int64_t{-2};
  });
  const one_call call =
      run("int each_of(const int*, size_t, short (*)(const int*, void*, const char*), void*)",
          &each_of, bytes_of<int>({5, 6, 7}), 3, look, c_pointer{&the_thing, "thing", false});
  BOOST_TEST((call.result() == value(std::int64_t{-6})));
  BOOST_TEST((seen == std::vector<int>{5, 6, 7}));
  BOOST_TEST(texts == 102);

  const auto sum_of_all = callback([](std::span<const value> with) -> value {
    BOOST_TEST((with[0] == value(std::int64_t{-1})));
    BOOST_TEST((with[1] == value(std::uint64_t{65535})));
    BOOST_TEST((with[2] == value(std::int64_t{LONG_MIN})));
    BOOST_TEST((with[3] == value(0.5)));
    BOOST_TEST((with[4] == value(-0.25)));
    BOOST_TEST((with[5] == value(3.0L)));
    BOOST_TEST((with[6] == value(true)));
    return 0.125;
  });
  BOOST_TEST((run("double with_every_type(double (*)(signed char, unsigned short, long, float, "
                  "double, long double, bool))",
                  &with_every_type, sum_of_all)
                  .result() == value(0.125)));
}

/// Results of callbacks at their limits; narrow ones must fill a register.
template <class T>
void check_results(const char* name) {
  using wide = std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>;
  const std::string declaration = std::string(name) + " result_of(" + name + " (*)(void))";
  for (const T each : {std::numeric_limits<T>::min(), T(-1), T(0), std::numeric_limits<T>::max()}) {
    const auto give = callback([each](std::span<const value>) -> value { return wide{each}; });
    BOOST_TEST((run(declaration.c_str(), &result_of<T>, give).result() == value(wide{each})));
  }
}

BOOST_AUTO_TEST_CASE(results_of_callbacks) {
  check_results<signed char>("signed char");
  check_results<unsigned char>("unsigned char");
  check_results<short>("short");
  check_results<unsigned short>("unsigned short");
  check_results<int>("int");
  check_results<unsigned>("unsigned");
  check_results<long>("long");
  check_results<unsigned long>("unsigned long");
  const auto give = [](value what) {
    return callback([what](std::span<const value>) { return what; });
  };
  BOOST_TEST((run("bool result_of(bool (*)(void))", &result_of<bool>, give(true)).result() ==
              value(true)));
  BOOST_TEST((run("float result_of(float (*)(void))", &result_of<float>, give(0.5)).result() ==
              value(0.5)));
  BOOST_TEST(
      (run("long double result_of(long double (*)(void))", &result_of<long double>, give(1.0L / 3))
           .result() == value(1.0L / 3)));
  BOOST_TEST((run("void *result_of(void *(*)(void))", &result_of<void*>,
                  give(c_pointer{&the_thing, "thing", false}))
                  .result() == value(c_pointer{&the_thing, "void", false})));
  BOOST_TEST((run("void *result_of(void *(*)(void))", &result_of<void*>, give(nullptr)).result() ==
              value(nullptr)));
  BOOST_TEST((
      run("int run_nothing(void (*)(void))", &run_nothing, give(std::string("ignored"))).result() ==
      value(std::int64_t{1})));
}

BOOST_AUTO_TEST_CASE(callbacks_that_call) {
  // A callback runs a call of the same kind, with a callback of its own.
  int depth = 0;
  std::function<value(std::span<const value>)> deeper = [&](std::span<const value> with) -> value {
    const auto left = std::get<std::int64_t>(with[0]);
    depth = std::max(depth, static_cast<int>(10 - left));
    if (left == 0) return std::int64_t{1000};
    const one_call inner = run("int apply(int (*)(int), int)", &apply, callback(deeper), left - 1);
    return std::get<std::int64_t>(inner.result()) + 1;
  };
  BOOST_TEST((run("int apply(int (*)(int), int)", &apply, callback(deeper), 10).result() ==
              value(std::int64_t{1010})));
  BOOST_TEST(depth == 10);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()

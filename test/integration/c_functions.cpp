// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "integration/c_functions.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

namespace glovebox::test {
struct thing {
  int number;
};
namespace {
int alive = 0;
}
}  // namespace glovebox::test

using namespace glovebox::test;

extern "C" {

int a_variable = 7;

// ---- opaque pointers
thing* make_thing(int number) {
  ++alive;
  return number < 0 ? nullptr : new thing{number};
}
void drop_thing(thing* which) {
  --alive;
  delete which;
}
int thing_number(const thing* which) {
  return which ? which->number : -1;
}
int things_alive() {
  return alive;
}
/// Returns one, and stores two more.
thing* three_things(thing** second, void** third) {
  *second = make_thing(2);
  *third = make_thing(3);
  return make_thing(1);
}
/// Puts another in its place.
void next_thing(thing** which) {
  const int next = *which ? (*which)->number + 1 : 0;
  if (*which) drop_thing(*which);
  *which = next > 2 ? nullptr : make_thing(next);
}
const thing* borrow_thing() {
  static const thing one{11};
  return &one;
}
int* inside_thing(thing* which) {
  return &which->number;
}

// ---- texts
const char* name_of(int number) {
  return number == 1 ? "one" : nullptr;
}
int is_null(const void* what) {
  return what == nullptr;
}
std::size_t text_length(const char* text) {
  return text ? std::strlen(text) : std::size_t(-1);
}
std::size_t wide_length(const wchar_t* text) {
  std::size_t length = 0;
  while (text[length] != L'\0') ++length;
  return length;
}
void fill_text(char* to, std::size_t size) {
  std::memset(to, 'x', size);
}
const char* find_letter(const char* text, int letter) {
  return std::strchr(text, letter);
}
void store_letter(const char* text, int letter, char** to) {
  *to = const_cast<char*>(std::strchr(text, letter));
}
void store_wide(const wchar_t* text, wchar_t letter, const wchar_t** to) {
  while (*text != L'\0' && *text != letter) ++text;
  *to = text;
}

// ---- buffers
std::int64_t sum_ints(const int* numbers, std::size_t count) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i != count; ++i) sum += numbers[i];
  return sum;
}
std::uint64_t sum_bytes(const void* bytes, std::size_t count) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i != count; ++i) sum += static_cast<const unsigned char*>(bytes)[i];
  return sum;
}
void increment(void* bytes, std::size_t count) {
  for (std::size_t i = 0; i != count; ++i) ++static_cast<unsigned char*>(bytes)[i];
}
void double_them(double* numbers, int count) {
  for (int i = 0; i != count; ++i) numbers[i] *= 2;
}
void change_mixed(mixed* which, std::size_t count) {
  for (std::size_t i = 0; i != count; ++i) {
    ++which[i].number;
    which[i].fraction /= 2;
    which[i].letters[3] = 'Z';
  }
}
int swap_both(int* a, int* b) {
  const int was = *a;
  *a = *b;
  *b = was;
  return *a - *b;
}

// ---- values
mixed turn_mixed(mixed in) {
  return {-in.number, -in.fraction, {in.letters[3], in.letters[2], in.letters[1], in.letters[0]}};
}
double many(signed char a, unsigned char b, short c, unsigned short d, int e, unsigned f, long g,
            unsigned long h, long long i, float j, double k, bool l) {
  return a + 2.0 * b + 3.0 * c + 4.0 * d + 5.0 * e + 6.0 * f + 7.0 * static_cast<double>(g) +
         8.0 * static_cast<double>(h) + 9.0 * static_cast<double>(i) + 10.0 * j + 11.0 * k +
         (l ? 12.0 : 0.0);
}
long double long_double(long double x) {
  return x;
}
std::int64_t same64(std::int64_t x) {
  return x;
}
std::uint64_t same_u64(std::uint64_t x) {
  return x;
}
std::int8_t same8(std::int8_t x) {
  return x;
}
float same_float(float x) {
  return x;
}
bool negate(bool x) {
  return !x;
}
char next_char(char x) {
  return static_cast<char>(x + 1);
}
size_class larger(size_class) {
  return size_class::large;
}
void nothing() {}
not_described undescribed() {
  return {1};
}

// ---- callbacks
int apply(int (*what)(int), int to) {
  return what ? what(to) : -1;
}
void each_int(const int* numbers, std::size_t count, void (*what)(int, void*), void* data) {
  for (std::size_t i = 0; i != count; ++i) what(numbers[i], data);
}
using int_function = int (*)(int);
int_function absolute() {
  return std::abs;
}

// ---- failures
int set_errno(int to) {
  if (to != 0) errno = to;
  return to == 0 ? 0 : -1;
}
void set_errno_only() {
  errno = EBADF;
}
void throws() {
  throw std::out_of_range("thrown by a library");
}
// A crash that is no undefined behaviour, which a sanitizer would stop.
int give_up(int*) {
  std::abort();
}
}

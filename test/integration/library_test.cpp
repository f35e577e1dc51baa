// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "integration/call_fixture.hpp"

#include <dlfcn.h>
#include <unistd.h>
#include <asio/co_spawn.hpp>
#include <asio/use_awaitable.hpp>
#include <boost/describe/class.hpp>
#include <cmath>
#include <cstring>
#include <ctime>
#include <numeric>
#include <random>

#include <boost/test/unit_test.hpp>

// As sqlite3.h declares them; it is not needed.
struct sqlite3;
struct sqlite3_stmt;

BOOST_DESCRIBE_STRUCT(div_t, (), (quot, rem))
BOOST_DESCRIBE_STRUCT(tm, (), (tm_sec, tm_min, tm_hour, tm_mday, tm_mon, tm_year, tm_wday, tm_yday))

BOOST_AUTO_TEST_SUITE(library_test)

using namespace glovebox;
using namespace glovebox::test;
using asio::use_future;

/// A test that is skipped where a package is missing.
struct needs {
  const char* file;
  const char* package;
  boost::test_tools::assertion_result operator()(boost::unit_test::test_unit_id) const {
    boost::test_tools::assertion_result found(::dlopen(file, RTLD_LAZY | RTLD_LOCAL) != nullptr);
    found.message() << file << " is not installed (package " << package << ")";
    return found;
  }
};
#define NEEDS(file, package) *boost::unit_test::precondition(needs{file, package})

/// As zlib and everybody else defines it, slowly.
unsigned long crc32_of(const std::vector<unsigned char>& bytes) {
  std::uint32_t crc = 0xffffffffu;
  for (const unsigned char each : bytes) {
    crc ^= each;
    for (int bit = 0; bit != 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xedb88320u : 0u);
  }
  return crc ^ 0xffffffffu;
}

std::vector<unsigned char> random_bytes(std::size_t count) {
  std::mt19937 random(7);
  std::vector<unsigned char> bytes(count);
  for (unsigned char& each : bytes) each = static_cast<unsigned char>(random());
  return bytes;
}

std::string text_of(const char* text) {
  return text;
}

BOOST_FIXTURE_TEST_SUITE(row_21_c_libraries, one_child)

BOOST_AUTO_TEST_CASE(row_21_libm) {
  const library libm = get(ctx.load_library("libm.so.6", use_future));
  BOOST_TEST(get(libm.call<double(double)>("cos", 0.5, use_future)) == std::cos(0.5));
  BOOST_TEST(get(libm.call<double(double)>("cos", 1, use_future)) == std::cos(1.0));
  BOOST_TEST(get(libm.call<double(double, double)>("pow", 2.5, -3, use_future)) ==
             std::pow(2.5, -3));
  BOOST_TEST(get(libm.call<float(float)>("sqrtf", 2.0f, use_future)) == std::sqrt(2.0f));
  const long double root = get(libm.call<long double(long double)>("sqrtl", 2.0L, use_future));
  BOOST_TEST((root == std::sqrt(2.0L)));
  BOOST_TEST(std::isnan(get(libm.call<double(double)>("sqrt", -1.0, use_future))));

  const std::tuple<double, int> parts =
      get(libm.call<double(double, int*)>("frexp", 40.0, out<int>(), use_future));
  BOOST_TEST(std::get<0>(parts) == 0.625);
  BOOST_TEST(std::get<1>(parts) == 6);
  const auto [fraction, whole] =
      get(libm.call<double(double, double*)>("modf", -3.25, out<double>(), use_future));
  BOOST_TEST(fraction == -0.25);
  BOOST_TEST(whole == -3.0);
}

BOOST_AUTO_TEST_CASE(row_21_libz_checksum, NEEDS("libz.so.1", "zlib1g")) {
  using crc32_type = unsigned long(unsigned long, const unsigned char*, unsigned);
  const library libz = get(ctx.load_library("libz.so.1", use_future));
  const std::vector<unsigned char> bytes = random_bytes(1024 * 1024);
  const auto size = static_cast<unsigned>(bytes.size());
  const unsigned long expected = crc32_of(bytes);
  BOOST_TEST(get(libz.call<crc32_type>("crc32", 0u, bytes, size, use_future)) == expected);
  BOOST_TEST(get(libz.call<crc32_type>("crc32", 0u, borrow(bytes), size, use_future)) == expected);
  BOOST_TEST(get(libz.call<crc32_type>("crc32", 0u, std::span(bytes), size, use_future)) ==
             expected);
  // In two parts, the first moved into the call.
  std::vector<unsigned char> first(bytes.begin(), bytes.begin() + 700'001);
  const unsigned long half =
      get(libz.call<crc32_type>("crc32", 0u, std::move(first), 700'001u, use_future));
  BOOST_TEST(get(libz.call<crc32_type>("crc32", half, std::span(bytes).subspan(700'001),
                                       size - 700'001u, use_future)) == expected);
  // A text, and nothing at all.
  BOOST_TEST(get(libz.call<crc32_type>("crc32", 0u, "123456789", 9u, use_future)) == 0xcbf43926u);
  BOOST_TEST(get(libz.call<crc32_type>("crc32", 0u, nullptr, 0u, use_future)) == 0u);
}

BOOST_AUTO_TEST_CASE(row_21_libz_compression, NEEDS("libz.so.1", "zlib1g")) {
  const library libz = get(ctx.load_library("libz.so.1", use_future));
  std::vector<unsigned char> bytes(300'000);
  for (std::size_t i = 0; i != bytes.size(); ++i)
    bytes[i] = static_cast<unsigned char>(i % 251 + i / 10'000);
  const unsigned long bound =
      get(libz.call<unsigned long(unsigned long)>("compressBound", bytes.size(), use_future));
  BOOST_TEST(bound > bytes.size());

  using transform = int(unsigned char*, unsigned long*, const unsigned char*, unsigned long);
  auto [status, packed, packed_size] = get(libz.call<transform>(
      "compress", out<unsigned char>(bound), in_out(bound), bytes, bytes.size(), use_future));
  BOOST_TEST(status == 0);
  BOOST_TEST(packed.size() == bound);
  BOOST_REQUIRE(packed_size < bytes.size() / 2);
  packed.resize(packed_size);

  const auto [again, unpacked, unpacked_size] =
      get(libz.call<transform>("uncompress", out<unsigned char>(bytes.size() + 10),
                               in_out(bytes.size() + 10), packed, packed_size, use_future));
  BOOST_TEST(again == 0);
  BOOST_TEST(unpacked_size == bytes.size());
  BOOST_TEST(std::equal(bytes.begin(), bytes.end(), unpacked.begin()));
  // No room: Z_BUF_ERROR, and what was written comes back all the same.
  const auto [full, part, part_size] = get(libz.call<transform>(
      "uncompress", out<unsigned char>(1000), in_out(1000ul), packed, packed_size, use_future));
  BOOST_TEST(full == -5);
  BOOST_TEST(part_size == 1000u);
  BOOST_TEST(std::equal(part.begin(), part.end(), bytes.begin()));
}

BOOST_AUTO_TEST_CASE(row_21_sqlite, NEEDS("libsqlite3.so.0", "libsqlite3-0")) {
  const library sqlite = get(ctx.load_library("libsqlite3.so.0", use_future));
  const auto [opened, db] = get(sqlite.call<int(const char*, sqlite3**)>(
      "sqlite3_open", ":memory:", out_handle<sqlite3>(), use_future));
  BOOST_TEST(opened == 0);
  BOOST_REQUIRE(db);

  using exec_type = int(sqlite3*, const char*, int (*)(void*, int, char**, char**), void*, char**);
  const auto [made, no_message] = get(sqlite.call<exec_type>(
      "sqlite3_exec", db,
      "create table animals(name text, legs integer, weight real, picture blob)", nullptr, nullptr,
      out_handle<char>(), use_future));
  BOOST_TEST(made == 0);
  BOOST_TEST(!no_message);
  const auto [failed, message] =
      get(sqlite.call<exec_type>("sqlite3_exec", db, "insert into plants values(1)", nullptr,
                                 nullptr, out_handle<char>(), use_future));
  BOOST_TEST(failed == 1);
  BOOST_REQUIRE(message);
  BOOST_TEST(get(ctx.call<&text_of>(message, use_future)) == "no such table: plants");
  get(sqlite.call<void(void*)>("sqlite3_free", message, use_future));
  BOOST_TEST(get(sqlite.call<const char*(sqlite3*)>("sqlite3_errmsg", db, use_future)).value() ==
             "no such table: plants");

  // Prepared, with values bound. -1 is SQLITE_TRANSIENT: sqlite copies, as the memory of an
  // argument ends with its call.
  const auto [prepared, insert] =
      get(sqlite.call<int(sqlite3*, const char*, int, sqlite3_stmt**, const char**)>(
          "sqlite3_prepare_v2", db, std::string("insert into animals values(?, ?, ?, ?)"), -1,
          out_handle<sqlite3_stmt>(), nullptr, use_future));
  BOOST_TEST(prepared == 0);
  BOOST_REQUIRE(insert);
  const std::vector<std::byte> picture{std::byte{0}, std::byte{255}, std::byte{7}};
  const struct {
    std::string name;
    std::int64_t legs;
    double weight;
  } animals[] = {{"cat", 4, 4.25}, {"\xc3\xa4hre", 0, -0.0}, {"millipede", INT64_MAX, 1e-300}};
  for (const auto& each : animals) {
    BOOST_TEST(get(sqlite.call<int(sqlite3_stmt*, int, const char*, int, std::intptr_t)>(
                   "sqlite3_bind_text", insert, 1, each.name, -1, -1, use_future)) == 0);
    BOOST_TEST(get(sqlite.call<int(sqlite3_stmt*, int, std::int64_t)>(
                   "sqlite3_bind_int64", insert, 2, each.legs, use_future)) == 0);
    BOOST_TEST(get(sqlite.call<int(sqlite3_stmt*, int, double)>("sqlite3_bind_double", insert, 3,
                                                                each.weight, use_future)) == 0);
    BOOST_TEST(get(sqlite.call<int(sqlite3_stmt*, int, const void*, int, std::intptr_t)>(
                   "sqlite3_bind_blob", insert, 4, picture, 3, -1, use_future)) == 0);
    BOOST_TEST(get(sqlite.call<int(sqlite3_stmt*)>("sqlite3_step", insert, use_future)) == 101);
    BOOST_TEST(get(sqlite.call<int(sqlite3_stmt*)>("sqlite3_reset", insert, use_future)) == 0);
  }
  BOOST_TEST(get(sqlite.call<int(sqlite3_stmt*)>("sqlite3_finalize", insert, use_future)) == 0);

  const auto [selected, query, rest] =
      get(sqlite.call<int(sqlite3*, const char*, int, sqlite3_stmt**, const char**)>(
          "sqlite3_prepare_v2", db, "select *, null from animals order by rowid; select 2", -1,
          out_handle<sqlite3_stmt>(), out_offset(), use_future));
  BOOST_TEST(selected == 0);
  BOOST_TEST(rest.value() == std::strlen("select *, null from animals order by rowid;"));
  for (const auto& each : animals) {
    BOOST_TEST(get(sqlite.call<int(sqlite3_stmt*)>("sqlite3_step", query, use_future)) == 100);
    BOOST_TEST(get(sqlite.call<const char*(sqlite3_stmt*, int)>("sqlite3_column_text", query, 0,
                                                                use_future))
                   .value() == each.name);
    BOOST_TEST(get(sqlite.call<std::int64_t(sqlite3_stmt*, int)>("sqlite3_column_int64", query, 1,
                                                                 use_future)) == each.legs);
    BOOST_TEST(get(sqlite.call<double(sqlite3_stmt*, int)>("sqlite3_column_double", query, 2,
                                                           use_future)) == each.weight);
    const remote<const void> blob = get(
        sqlite.call<const void*(sqlite3_stmt*, int)>("sqlite3_column_blob", query, 3, use_future));
    BOOST_REQUIRE(blob);
    const auto copy = [](const void* from, int size) {
      const auto* const first = static_cast<const std::byte*>(from);
      return std::vector<std::byte>(first, first + size);
    };
    BOOST_TEST((get(ctx.call(copy, blob, 3, use_future)) == picture));
    BOOST_TEST(!get(
        sqlite.call<const char*(sqlite3_stmt*, int)>("sqlite3_column_text", query, 4, use_future)));
  }
  BOOST_TEST(get(sqlite.call<int(sqlite3_stmt*)>("sqlite3_step", query, use_future)) == 101);
  BOOST_TEST(get(sqlite.call<int(sqlite3_stmt*)>("sqlite3_finalize", query, use_future)) == 0);
  BOOST_TEST(get(sqlite.call<int(sqlite3*)>("sqlite3_close", db, use_future)) == 0);
}

BOOST_AUTO_TEST_CASE(row_21_sqlite_calls_back, NEEDS("libsqlite3.so.0", "libsqlite3-0")) {
  const library sqlite = get(ctx.load_library("libsqlite3.so.0", use_future));
  const remote<sqlite3> db = std::get<1>(get(sqlite.call<int(const char*, sqlite3**)>(
      "sqlite3_open", ":memory:", out_handle<sqlite3>(), use_future)));
  // What the callback collects is an object in the child as well.
  using rows = std::vector<std::string>;
  const remote<rows> found = get(ctx.make<rows>(use_future));
  const auto collect = [](void* to, int columns, char** values, char** names) {
    std::string row;
    for (int i = 0; i != columns; ++i)
      row += std::string(i == 0 ? "" : ", ") + names[i] + '=' + (values[i] ? values[i] : "null");
    static_cast<rows*>(to)->push_back(row);
    return static_cast<rows*>(to)->size() == 3 ? 1 : 0;  // 1: no more
  };
  using exec_type = int(sqlite3*, const char*, int (*)(void*, int, char**, char**), void*, char**);
  BOOST_TEST(
      get(sqlite.call<exec_type>(
          "sqlite3_exec", db,
          "select 1 as a, 'x' as b union select 2, null union select 3, 'z' union select 4, ''",
          collect, found, nullptr, use_future)) == 4);  // SQLITE_ABORT
  BOOST_TEST((get(by_value(found, use_future)) == rows{"a=1, b=x", "a=2, b=null", "a=3, b=z"}));
  BOOST_TEST(get(sqlite.call<int(sqlite3*)>("sqlite3_close", db, use_future)) == 0);
}

int descending(const void* a, const void* b) {
  const int left = *static_cast<const int*>(a), right = *static_cast<const int*>(b);
  return (left < right) - (left > right);
}

BOOST_AUTO_TEST_CASE(row_21_qsort) {
  const library libc = get(ctx.load_library("libc.so.6", use_future));
  using qsort_type = void(void*, std::size_t, std::size_t, int (*)(const void*, const void*));
  std::vector<int> numbers(10'000);
  std::mt19937 random(1);
  for (int& each : numbers) each = static_cast<int>(random());
  std::vector<int> expected = numbers;
  std::sort(expected.begin(), expected.end());
  const std::vector<int> before = numbers;

  const auto ascending = [](const void* a, const void* b) {
    const int left = *static_cast<const int*>(a), right = *static_cast<const int*>(b);
    return (left > right) - (left < right);
  };
  const auto [sorted] = get(libc.call<qsort_type>("qsort", in_out(numbers), numbers.size(),
                                                  sizeof(int), ascending, use_future));
  BOOST_TEST(sorted == expected);
  BOOST_TEST(numbers == before);  // only the copy was sorted
  std::reverse(expected.begin(), expected.end());
  const auto [reversed] = get(libc.call<qsort_type>(
      "qsort", in_out(sorted), sorted.size(), sizeof(int), c_function<&descending>, use_future));
  BOOST_TEST(reversed == expected);
}

BOOST_AUTO_TEST_CASE(row_21_strtol) {
  const library libc = get(ctx.load_library("libc.so.6", use_future));
  using strtol_type = long(const char*, char**, int);
  const auto [value, end] =
      get(libc.call<strtol_type>("strtol", " -0x1fz", out_offset(), 16, use_future));
  BOOST_TEST(value == -0x1f);
  BOOST_TEST(end.value() == 6u);
  const auto [all, at_end] =
      get(libc.call<strtol_type>("strtol", "123", out_offset(), 10, use_future));
  BOOST_TEST(all == 123);
  BOOST_TEST(at_end.value() == 3u);
  BOOST_TEST(get(libc.call<strtol_type>("strtol", "77", nullptr, 8, use_future)) == 63);
  const auto [most, error] = get(libc.call<with_errno<long>(const char*, char**, int)>(
      "strtol", "99999999999999999999", nullptr, 10, use_future));
  BOOST_TEST(most == std::numeric_limits<long>::max());
  BOOST_TEST(error == ERANGE);
}

BOOST_AUTO_TEST_CASE(row_21_structs) {
  const library libc = get(ctx.load_library("libc.so.6", use_future));
  const div_t divided = get(libc.call<div_t(int, int)>("div", -17, 5, use_future));
  BOOST_TEST(divided.quot == -3);
  BOOST_TEST(divided.rem == -2);

  const std::array<std::time_t, 1> when{1'000'000'000};
  // The result is the address of the argument, which ends with the call: left out.
  const auto [broken_down] =
      get(libc.call<void(const std::time_t*, tm*)>("gmtime_r", when, out<tm>(), use_future));
  BOOST_TEST(broken_down.tm_year == 101);
  BOOST_TEST(broken_down.tm_mon == 8);
  BOOST_TEST(broken_down.tm_mday == 9);
  BOOST_TEST(broken_down.tm_hour == 1);
  BOOST_TEST(broken_down.tm_min == 46);
  BOOST_TEST(broken_down.tm_sec == 40);
  tm overflowing = broken_down;
  overflowing.tm_sec += 60;
  overflowing.tm_min -= 1;
  overflowing.tm_yday = 0;
  const auto [seconds, normal] =
      get(libc.call<std::time_t(tm*)>("timegm", in_out(overflowing), use_future));
  BOOST_TEST(seconds == 1'000'000'000);
  BOOST_TEST(normal.tm_sec == 40);
  BOOST_TEST(normal.tm_yday == 251);
}

BOOST_AUTO_TEST_CASE(row_21_texts_and_errno_of_libc) {
  const library libc = get(ctx.load_library("libc.so.6", use_future));
  std::string name(256, '\0');
  BOOST_REQUIRE(::gethostname(name.data(), name.size()) == 0);
  const auto [status, host] = get(libc.call<int(char*, std::size_t)>(
      "gethostname", out_text(name.size()), name.size(), use_future));
  BOOST_TEST(status == 0);
  BOOST_TEST(host == name.c_str());
  BOOST_TEST(get(libc.call<const char*(int)>("strerror", ENOENT, use_future)).value() ==
             "No such file or directory");
  BOOST_TEST(!get(libc.call<const char*(const char*)>("getenv", "NOT_SET_BY_ANYBODY", use_future)));
  const auto [result, error] =
      get(libc.call<with_errno<int>(const char*)>("chdir", "/does/not/exist", use_future));
  BOOST_TEST(result == -1);
  BOOST_TEST(error == ENOENT);
  const auto [fine, none] = get(libc.call<with_errno<int>(const char*)>("chdir", "/", use_future));
  BOOST_TEST(fine == 0);
  BOOST_TEST(none == 0);
}

BOOST_AUTO_TEST_CASE(row_21_lines_of_a_file) {
  if (under_sanitizer) {
    BOOST_TEST_MESSAGE("skipped: a sanitizer's malloc does not go with the free of libc.so.6");
    return;
  }
  const library libc = get(ctx.load_library("libc.so.6", use_future));
  const std::string text = "first\nand a second\n";
  // fmemopen's mode "w+" has memory of its own.
  const remote<FILE> file = get(libc.call<FILE*(void*, std::size_t, const char*)>(
      "fmemopen", nullptr, text.size() + 1, "w+", use_future));
  BOOST_REQUIRE(file);
  BOOST_TEST(get(libc.call<std::size_t(const void*, std::size_t, std::size_t, FILE*)>(
                 "fwrite", text, 1u, text.size(), file, use_future)) == text.size());
  get(libc.call<void(FILE*)>("rewind", file, use_future));

  using getline_type = ssize_t(char**, std::size_t*, FILE*);
  remote<char> line;  // a null pointer: getline allocates
  std::size_t room = 0;
  for (const std::string expected : {"first\n", "and a second\n"}) {
    const auto [length, now, now_room] =
        get(libc.call<getline_type>("getline", in_out(line), in_out(room), file, use_future));
    BOOST_TEST(length == static_cast<ssize_t>(expected.size()));
    BOOST_REQUIRE(now);
    BOOST_TEST(get(ctx.call<&text_of>(now, use_future)) == expected);
    BOOST_TEST(get(libc.call<std::size_t(const char*)>("strlen", now, use_future)) ==
               expected.size());
    line = now;
    room = now_room;
  }
  get(libc.call<void(void*)>("free", line, use_future));
  BOOST_TEST(get(libc.call<int(FILE*)>("fclose", file, use_future)) == 0);
}

BOOST_AUTO_TEST_CASE(row_21_in_a_coroutine) {
  const auto use = [](context child) -> asio::awaitable<double> {
    auto libm = co_await child.load_library("libm.so.6");
    double c = co_await libm.call<double(double)>("cos", 0.5);
    auto [fraction, exponent] = co_await libm.call<double(double, int*)>("frexp", 8.0, out<int>());
    auto libc = co_await child.load_library("libc.so.6");
    std::vector<int> numbers(3, 5);
    auto [moved] = co_await libc.call<void(void*, int, std::size_t)>("memset", in_out(numbers), 1,
                                                                     2 * sizeof(int));
    auto [status, text] =
        co_await libc.call<int(char*, std::size_t)>("gethostname", out_text(100), 100);
    if (moved != std::vector<int>(2, 0x01010101) && moved[2] != 5) co_return 0;
    co_return c + fraction + exponent + status + (text.empty() ? 1 : 0);
  };
  BOOST_TEST(get(asio::co_spawn(shared_io(), use(ctx), use_future)) == std::cos(0.5) + 0.5 + 4);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "integration/own_library.hpp"

BOOST_AUTO_TEST_SUITE(library_values_test)

using namespace glovebox;
using namespace glovebox::test;
using asio::use_future;

BOOST_FIXTURE_TEST_SUITE(row_21_values, own_library)

BOOST_AUTO_TEST_CASE(row_21_numbers) {
  BOOST_TEST((call<double(signed char, unsigned char, short, unsigned short, int, unsigned, long,
                          unsigned long, long long, float, double, bool)>(
                 "many", -1, 2, -3, 4, -5, 6, -7, 8, -9, 0.5f, 0.25, true)) ==
             -1 + 4 - 9 + 16 - 25 + 36 - 49 + 64 - 81 + 5 + 2.75 + 12);
  for (const std::int64_t each : {INT64_MIN, std::int64_t{-1}, INT64_MAX})
    BOOST_TEST(call<std::int64_t(std::int64_t)>("same64", each) == each);
  BOOST_TEST(call<std::uint64_t(std::uint64_t)>("same_u64", UINT64_MAX) == UINT64_MAX);
  BOOST_TEST(call<std::int8_t(std::int8_t)>("same8", std::int8_t{-128}) == -128);
  BOOST_TEST(call<float(float)>("same_float", 1e-45f) == 1e-45f);
  BOOST_TEST((call<long double(long double)>("long_double", 1.0L / 3) == 1.0L / 3));
  BOOST_TEST(call<bool(bool)>("negate", false));
  BOOST_TEST(call<char(char)>("next_char", 'a') == 'b');
  BOOST_TEST((call<size_class(size_class)>("larger", size_class::small) == size_class::large));
  call<void()>("nothing");
  call<void() noexcept>("nothing");
}

BOOST_AUTO_TEST_CASE(row_21_structs_by_value) {
  const mixed turned = call<mixed(mixed)>("turn_mixed", mixed{5, 0.5, {'a', 'b', 'c', 'd'}});
  BOOST_TEST(turned.number == -5);
  BOOST_TEST(turned.fraction == -0.5);
  BOOST_TEST(std::string(turned.letters, 4) == "dcba");
}

BOOST_AUTO_TEST_CASE(row_21_texts) {
  using length = std::size_t(const char*);
  const std::string text = "four";
  const char* pointer = text.c_str();
  const char array[10] = "array";
  BOOST_TEST(call<length>("text_length", text) == 4u);
  BOOST_TEST(call<length>("text_length", std::string_view(text).substr(1)) == 3u);
  BOOST_TEST(call<length>("text_length", "literal") == 7u);
  BOOST_TEST(call<length>("text_length", array) == 5u);
  BOOST_TEST(call<length>("text_length", pointer) == 4u);
  BOOST_TEST(call<length>("text_length", std::filesystem::path("/tmp")) == 4u);
  BOOST_TEST(call<length>("text_length", std::optional(text)) == 4u);
  BOOST_TEST(call<length>("text_length", std::string(100'000, 'x')) == 100'000u);
  // No text at all.
  constexpr std::size_t none = static_cast<std::size_t>(-1);
  pointer = nullptr;
  BOOST_TEST(call<length>("text_length", pointer) == none);
  BOOST_TEST(call<length>("text_length", nullptr) == none);
  BOOST_TEST(call<length>("text_length", std::optional<std::string>()) == none);
  BOOST_TEST(call<length>("text_length", std::nullopt) == none);
  BOOST_TEST(call<int(const void*)>("is_null", nullptr) == 1);
  BOOST_TEST(call<int(const void*)>("is_null", "") == 0);
  BOOST_TEST(call<int(const void*)>("is_null", std::vector<char>(1)) == 0);
  // As results.
  BOOST_TEST((call<const char*(int)>("name_of", 1) == std::optional<std::string>("one")));
  BOOST_TEST(!call<const char*(int)>("name_of", 2));
  // Of other character types.
  BOOST_TEST(call<std::size_t(const wchar_t*)>("wide_length", L"wide") == 4u);
  BOOST_TEST(call<std::size_t(const wchar_t*)>("wide_length", std::wstring(9, L'w')) == 9u);
  BOOST_TEST(call<length>("text_length", u8"\u00e4") == 2u);
}

BOOST_AUTO_TEST_CASE(row_21_texts_that_are_written) {
  const auto [whole] = call<void(char*, std::size_t)>("fill_text", out_text(5), 5u);
  BOOST_TEST(whole == "xxxxx");
  const auto [part] = call<void(char*, std::size_t)>("fill_text", out_text(5), 3u);
  BOOST_TEST(part == "xxx");
  const auto [bytes] = call<void(char*, std::size_t)>("fill_text", out<char>(5), 3u);
  BOOST_TEST((bytes == std::vector<char>{'x', 'x', 'x', '\0', '\0'}));
  const auto [changed] =
      call<void(char*, std::size_t)>("fill_text", in_out(std::string("ab\0cd", 5)), 2u);
  BOOST_TEST(changed == std::string("xx\0cd", 5));
  const auto [view] =
      call<void(char*, std::size_t)>("fill_text", in_out(std::string_view("abc")), 1u);
  BOOST_TEST(view == "xbc");
}

BOOST_AUTO_TEST_CASE(row_21_buffers_that_are_read) {
  using sum = std::int64_t(const int*, std::size_t);
  const std::vector<int> numbers{1, -2, 1'000'000'000};
  const std::array<int, 3> array{1, 2, 3};
  const int plain[] = {4, 5};
  BOOST_TEST(call<sum>("sum_ints", numbers, 3u) == 999'999'999);
  BOOST_TEST(call<sum>("sum_ints", array, 3u) == 6);
  BOOST_TEST(call<sum>("sum_ints", plain, 2u) == 9);
  BOOST_TEST(call<sum>("sum_ints", std::span(numbers).first(2), 2u) == -1);
  BOOST_TEST(call<sum>("sum_ints", borrow(numbers), 1u) == 1);
  BOOST_TEST(call<sum>("sum_ints", std::vector<int>(100'000, 7), 100'000u) == 700'000);
  BOOST_TEST(call<sum>("sum_ints", std::vector<int>(), 0u) == 0);
  BOOST_TEST(call<sum>("sum_ints", nullptr, 0u) == 0);
  // Bytes by any name, and anything as void.
  using bytes_sum = std::uint64_t(const void*, std::size_t);
  BOOST_TEST(call<bytes_sum>("sum_bytes", std::vector<std::byte>(3, std::byte{255}), 3u) == 765u);
  BOOST_TEST(call<bytes_sum>("sum_bytes", std::string("\x01\0\x02", 3), 3u) == 3u);
  BOOST_TEST(call<bytes_sum>("sum_bytes", std::vector<std::uint32_t>{0x01020304u}, 4u) == 10u);
  BOOST_TEST((call<std::uint64_t(const unsigned char*, std::size_t)>(
                 "sum_bytes", std::vector<char>{1, 2}, 2u)) == 3u);
  // Behind a text is its NUL.
  BOOST_TEST(call<bytes_sum>("sum_bytes", std::string("\x01"), 2u) == 1u);
  BOOST_TEST(call<bytes_sum>("sum_bytes", L"\x01", 2 * sizeof(wchar_t)) == 1u);
}

BOOST_AUTO_TEST_CASE(row_21_buffers_that_are_written) {
  using increment = void(void*, std::size_t);
  const std::vector<unsigned char> bytes{1, 255, 3};
  const auto [all] = call<increment>("increment", in_out(bytes), 3u);
  BOOST_TEST((all == std::vector<unsigned char>{2, 0, 4}));
  const auto [from_text] = call<increment>("increment", in_out(std::string("abc")), 2u);
  BOOST_TEST(from_text == "bcc");
  const auto [from_span] = call<increment>("increment", in_out(std::span(bytes).last(2)), 1u);
  BOOST_TEST((from_span == std::vector<unsigned char>{0, 3}));
  const std::array<std::uint32_t, 2> words{0x01010101u, 5};
  const auto [from_array] = call<increment>("increment", in_out(words), 4u);
  BOOST_TEST((from_array == std::array<std::uint32_t, 2>{0x02020202u, 5}));
  double plain[] = {1.5, -2};
  const auto [doubled] = call<void(double*, int)>("double_them", in_out(plain), 2);
  BOOST_TEST((doubled == std::vector<double>{3, -4}));
  BOOST_TEST(plain[0] == 1.5);
  const auto [big] =
      call<void(double*, int)>("double_them", in_out(std::vector<double>(100'000, 2)), 100'000);
  BOOST_TEST((big == std::vector<double>(100'000, 4)));
  const auto [none] = call<increment>("increment", in_out(std::vector<char>()), 0u);
  BOOST_TEST(none.empty());
  const auto [zeros] = call<void(double*, int)>("double_them", out<double>(4), 4);
  BOOST_TEST((zeros == std::vector<double>(4)));
}

BOOST_AUTO_TEST_CASE(row_21_single_values_that_are_written) {
  const auto [difference, a, b] = call<int(int*, int*)>("swap_both", in_out(3), in_out(10));
  BOOST_TEST(difference == 7);
  BOOST_TEST(a == 10);
  BOOST_TEST(b == 3);
  const auto [against_zero, c, d] = call<int(int*, int*)>("swap_both", in_out(3), out<int>());
  BOOST_TEST(against_zero == -3);
  BOOST_TEST(c == 0);
  BOOST_TEST(d == 3);
  const mixed one{1, 8, "abc"};
  const auto [changed] = call<void(mixed*, std::size_t)>("change_mixed", in_out(one), 1u);
  BOOST_TEST(changed.number == 2);
  BOOST_TEST(changed.fraction == 4);
  BOOST_TEST(std::string(changed.letters, 4) == "abcZ");
  const std::vector<mixed> several(3, one);
  const auto [many] = call<void(mixed*, std::size_t)>("change_mixed", in_out(several), 2u);
  BOOST_TEST(many.size() == 3u);
  BOOST_TEST(many[1].number == 2);
  BOOST_TEST(many[2].number == 1);
}

// An object that lives in the child is passed as itself.
BOOST_AUTO_TEST_CASE(row_21_memory_that_stays_in_the_child) {
  const remote<std::array<double, 2>> kept = get(ctx.make<std::array<double, 2>>(use_future));
  const auto fill = [](std::array<double, 2>& all) {
    all = {21, 0};
    return all.data();
  };
  const remote<double> first = get(ctx.call(fill, kept, use_future));
  call<void(double*, int)>("double_them", first, 2);
  BOOST_TEST((get(by_value(kept, use_future)) == std::array<double, 2>{42, 0}));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()

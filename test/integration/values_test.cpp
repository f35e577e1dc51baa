// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "integration/call_fixture.hpp"
#include "support/identical.hpp"
#include "unit/codec_samples.hpp"

#include <numeric>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(values_test)

using namespace glovebox;
using namespace glovebox::test;
using asio::use_future;

// ---- every kind of value: parent -> child, compared there with one made there -> parent

using erased = std::shared_ptr<const void>;

const std::vector<erased>& made_here() {
  static const std::vector<erased> all = [] {
    std::vector<erased> made;
    const auto keep = [&]<class... A>(A&&... values) {
      made.push_back(std::make_shared<const std::tuple<A...>>(std::forward<A>(values)...));
    };
    for_groups_of_samples(keep);
    for_groups_of_unordered_samples(keep);
    return made;
  }();
  return all;
}

/// The which-th value, beginning again where there are fewer of them.
template <class Values>
const auto& nth(const Values& of, std::size_t which) {
  return of[which % of.size()];
}

/// One call takes values of several kinds: what is compiled for a call is a lot for eighty.
template <class... Values>
struct group {
  using value_types = std::tuple<typename Values::value_type...>;

  static value_types compared(typename Values::value_type... value, std::size_t number,
                              std::size_t which) {
    const auto& expected = *static_cast<const std::tuple<Values...>*>(made_here().at(number).get());
    const auto check = [&](const Values&... of) {
      if ((!identical(value, nth(of, which)) || ...))
        throw std::runtime_error("it arrived changed");
    };
    std::apply(check, expected);
    return {std::move(value)...};
  }
};

BOOST_FIXTURE_TEST_SUITE(row_23_values, one_child)

BOOST_AUTO_TEST_CASE(row_23_every_kind_there_and_back) {
  std::size_t number = 0;
  const auto there_and_back = [&]<class... Values>(const Values&... values) {
    using these = group<Values...>;
    const std::size_t most = std::max({values.size()...});
    for (std::size_t i = 0; i != most; ++i) {
      const auto back = get(ctx.call<&these::compared>(nth(values, i)..., number, i, use_future));
      const auto check = [&](const auto&... came) {
        const auto one = [i](const auto& value, const auto& of) {
          using value_type = std::decay_t<decltype(value)>;
          BOOST_TEST(identical(value, nth(of, i)), detail::type_name<value_type>()
                                                       << ", value " << i << " came back changed");
        };
        (one(came, values), ...);
      };
      std::apply(check, back);
    }
    ++number;
  };
  for_groups_of_samples(there_and_back);
  for_groups_of_unordered_samples(there_and_back);
  BOOST_TEST(number == made_here().size());
}

// ---- sizes

std::string text_there(const std::string& text, std::size_t size) {
  if (text.size() != size || !is_long_text(text)) throw std::runtime_error("it arrived changed");
  return text;
}

BOOST_AUTO_TEST_CASE(row_23_strings_of_every_size) {
  // Around the threshold of attachments, the reader's buffer and the ring of replies.
  for (const std::size_t around : {std::size_t{0}, std::size_t{128}, attachment_threshold,
                                   std::size_t{64 * 1024}, std::size_t{256 * 1024}})
    for (int offset = -34; offset <= 34; offset += offset < -2 || offset >= 2 ? 16 : 1) {
      if (around == 0 && offset < 0) continue;
      const std::size_t size = around + static_cast<std::size_t>(offset);
      const std::string text = long_text(size);
      const std::string back = get(ctx.call<&text_there>(text, size, use_future));
      BOOST_TEST((back == text), "a string of " << size << " bytes came back changed");
    }
}

BOOST_AUTO_TEST_CASE(row_23_string_of_64_mib) {
  constexpr std::size_t size = 64 * 1024 * 1024;
  const std::string text = long_text(size);
  BOOST_TEST((get(ctx.call<&text_there>(text, size, use_future)) == text));
}

std::vector<std::uint32_t> numbers_to(std::size_t size) {
  std::vector<std::uint32_t> numbers(size);
  std::iota(numbers.begin(), numbers.end(), 7u);
  return numbers;
}

BOOST_AUTO_TEST_CASE(row_23_vectors_moved_in_and_returned) {
  constexpr std::size_t size = 1'000'000;
  std::vector<std::uint32_t> numbers = numbers_to(size);
  auto done = ctx.call(
      [](std::vector<std::uint32_t> given) {
        if (given != numbers_to(given.size())) throw std::runtime_error("it arrived changed");
        for (std::uint32_t& each : given) each = ~each;
        return given;
      },
      std::move(numbers), use_future);
  BOOST_TEST(numbers.empty());  // taken, not copied
  const std::vector<std::uint32_t> back = get(std::move(done));
  BOOST_REQUIRE(back.size() == size);
  std::uint32_t expected = 7;
  bool same = true;
  for (const std::uint32_t each : back) same = same && each == ~expected++;
  BOOST_TEST(same);
}

BOOST_AUTO_TEST_CASE(row_23_borrowed_memory) {
  const std::vector<std::uint32_t> numbers = numbers_to(1'000'000);
  const auto sum = [](std::span<const std::uint32_t> given) {
    return std::accumulate(given.begin(), given.end(), std::uint64_t{0});
  };
  BOOST_TEST(get(ctx.call(sum, borrow(std::span(numbers)), use_future)) == sum(numbers));
  BOOST_TEST(get(ctx.call(sum, borrow(numbers), use_future)) == sum(numbers));
  BOOST_TEST(get(ctx.call(sum, borrow(std::span(numbers).first(3)), use_future)) == 24u);
  BOOST_TEST(get(ctx.call(sum, borrow(std::span(numbers).first(0)), use_future)) == 0u);
}

BOOST_AUTO_TEST_CASE(row_23_many_large_elements) {
  // More of them than one message may have attachments.
  const std::vector<std::string> texts(2000, long_text(attachment_threshold + 1));
  const auto same = [](std::vector<std::string> given) { return given; };
  BOOST_TEST((get(ctx.call(same, texts, use_future)) == texts));
}

BOOST_AUTO_TEST_CASE(row_23_empty_containers) {
  const auto all_empty = [](const std::string& a, const std::vector<int>& b,
                            const std::map<int, int>& c, std::span<const double> d,
                            std::string_view e) {
    return a.empty() && b.empty() && c.empty() && d.empty() && e.empty();
  };
  BOOST_TEST(get(ctx.call(all_empty, "", std::vector<int>(), std::map<int, int>(),
                          std::span<const double>(), "", use_future)));
}

// ---- views

BOOST_AUTO_TEST_CASE(row_23_views_as_arguments_and_results) {
  using namespace std::string_literals;
  const auto length = [](std::string_view text) { return text.size(); };
  BOOST_TEST(get(ctx.call(length, "nul\0inside"s, use_future)) == 10u);
  BOOST_TEST(get(ctx.call(length, "literal", use_future)) == 7u);
  BOOST_TEST(get(ctx.call(length, std::string_view("a\0b", 3), use_future)) == 3u);

  const auto joined = [](std::span<const std::string> texts) {
    std::string all;
    for (const std::string& each : texts) all += each + ';';
    return all;
  };
  const std::vector texts{"a"s, "b"s};
  BOOST_TEST(get(ctx.call(joined, texts, use_future)) == "a;b;");
  BOOST_TEST(get(ctx.call(joined, std::span(texts).first(1), use_future)) == "a;");

  const auto view = []() -> std::string_view { return {"nul\0inside", 10}; };
  BOOST_TEST(get(ctx.call(view, use_future)) == "nul\0inside"s);
  const auto numbers = []() -> std::span<const int> {
    static const int all[] = {1, 2, 3};
    return all;
  };
  BOOST_TEST((get(ctx.call(numbers, use_future)) == std::vector{1, 2, 3}));
  const auto empty = []() -> std::span<int> { return {}; };
  BOOST_TEST(get(ctx.call(empty, use_future)).empty());
}

BOOST_AUTO_TEST_CASE(row_23_spans_of_a_fixed_size) {
  const auto sum = [](std::span<const int, 3> three) { return three[0] + three[1] + three[2]; };
  const std::array three{1, 2, 3};
  BOOST_TEST(get(ctx.call(sum, three, use_future)) == 6);
  // In one process this conversion would be undefined behaviour.
  try {
    get(ctx.call(sum, std::vector{1, 2}, use_future));
    BOOST_ERROR("two elements were taken for three");
  } catch (const remote_exception& error) {
    BOOST_TEST(error.message() == "args[0]: the function takes 3 elements, not 2");
  }
}

// ---- what looks like something else

BOOST_AUTO_TEST_CASE(row_23_data_that_looks_like_the_protocol) {
  // A frame's own bytes, markers of other encodings, the program's own arguments.
  std::string frames;
  for (int kind = 0; kind != 12; ++kind) {
    std::string header(32, '\0');
    header[0] = 8;
    header[4] = static_cast<char>(kind);
    header[16] = 1;
    frames += header + std::string(8, '\1');
  }
  using object = std::map<std::string, std::variant<int, std::string, std::vector<std::string>>>;
  const object markers{{"$ref", 5},
                       {"$type", "bytes"},
                       {"__proxy__", std::vector<std::string>{"$ref", "#/1"}},
                       {"frames", frames},
                       {"--glovebox-child=", "3,4,0"}};
  const auto same = [](object value) { return value; };
  BOOST_TEST((get(ctx.call(same, markers, use_future)) == markers));
  const auto thrown = [](const std::string& text) { throw std::runtime_error(text); };
  BOOST_CHECK_EXCEPTION(
      get(ctx.call(thrown, frames, use_future)), remote_exception,
      [&](const remote_exception& error) { return error.message() == frames.c_str(); });
  BOOST_TEST((get(ctx.call(same, markers, use_future)) == markers));
}

BOOST_AUTO_TEST_SUITE_END()

// ---- what cannot travel says where it is

struct form {
  std::string name;
  std::vector<breakable> fields;
};
BOOST_DESCRIBE_STRUCT(form, (), (name, fields))

template <class Future>
std::string error_of_encoding(Future call) {
  try {
    get(std::move(call));
  } catch (const codec_error& error) {
    BOOST_TEST((error.kind() == errc::bad_value));
    return error.what();
  }
  return "no error";
}

BOOST_FIXTURE_TEST_SUITE(row_23_refusals, one_child)

BOOST_AUTO_TEST_CASE(row_23_an_argument_names_its_path) {
  const auto count = [](int, const form& given) { return given.fields.size(); };
  const form bad{"f", {1, "two", without_value()}};
  BOOST_TEST(error_of_encoding(ctx.call(count, 1, bad, use_future)) ==
             "args[1].fields[2]: a variant without a value");
  const form good{"f", {1, "two"}};
  BOOST_TEST(get(ctx.call(count, 1, good, use_future)) == 2u);
}

BOOST_AUTO_TEST_CASE(row_23_a_result_names_its_path) {
  const auto bad = [] { return form{"f", {without_value()}}; };
  try {
    get(ctx.call(bad, use_future));
    BOOST_ERROR("a variant without a value travelled");
  } catch (const remote_exception& error) {
    BOOST_TEST(error.message() == "result.fields[0]: a variant without a value");
    BOOST_TEST(error.type_name() == "glovebox::codec_error");
    // Nothing a child sends becomes an error of glovebox's own.
    BOOST_TEST(dynamic_cast<const glovebox::error*>(&error) == nullptr);
  }
  BOOST_TEST(get(ctx.call([] { return 1; }, use_future)) == 1);
}

BOOST_AUTO_TEST_CASE(row_23_null_is_no_string) {
  const auto length = [](int, const char* text) { return std::string(text).size(); };
  const char* const null = nullptr;
  BOOST_TEST(error_of_encoding(ctx.call(length, 1, null, use_future)) ==
             "args[1]: a null pointer is no string");
  BOOST_TEST(get(ctx.call(length, 1, std::string("text"), use_future)) == 4u);
}

BOOST_AUTO_TEST_CASE(row_23_too_deep_both_ways) {
  const auto depth = [](const tree& top) {
    int levels = 0;
    for (const tree* at = &top; !at->children.empty(); at = &at->children.front()) ++levels;
    return levels;
  };
  BOOST_TEST(get(ctx.call(depth, chain(60), use_future)) == 60);
  const std::string refused = error_of_encoding(ctx.call(depth, chain(100), use_future));
  BOOST_TEST(refused.starts_with("args[0].children[0].children[0]"));
  BOOST_TEST(refused.find("nested deeper than 128 (limits.depth)") != std::string::npos);
  BOOST_CHECK_EXCEPTION(get(ctx.call<&chain>(100, use_future)), remote_exception,
                        [](const remote_exception& error) {
                          return error.message().starts_with("result.children[0].children[0]");
                        });
  BOOST_TEST(get(ctx.call(depth, chain(60), use_future)) == 60);
}

BOOST_AUTO_TEST_CASE(row_23_messages_beyond_the_limit) {
  context_options options;
  options.limits.message_bytes = 1024 * 1024;
  const context small(shared_io(), options);
  const auto repeated = [](const std::string& text, std::size_t times) {
    std::string all;
    for (std::size_t i = 0; i != times; ++i) all += text;
    return all;
  };
  BOOST_TEST(
      error_of_encoding(small.call(repeated, std::string(1024 * 1024 + 1, 'x'), 1, use_future)) ==
      "args[0]: 1048577 bytes exceed the largest message of 1048576 (limits.message_bytes)");
  const std::vector many(100, std::string(15'000, 'x'));
  const auto count = [](const std::vector<std::string>& texts) { return texts.size(); };
  BOOST_TEST(error_of_encoding(small.call(count, many, use_future)).find("limits.message_bytes") !=
             std::string::npos);
  BOOST_CHECK_EXCEPTION(get(small.call(repeated, std::string(1024, 'x'), 1025, use_future)),
                        remote_exception, [](const remote_exception& error) {
                          return error.message().find("limits.message_bytes") != std::string::npos;
                        });
  BOOST_TEST(get(small.call(repeated, std::string(1024, 'x'), 1000, use_future)).size() ==
             1'024'000u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "integration/call_fixture.hpp"
#include "integration/functions_twin.hpp"
#include "integration/gate.hpp"

#include <unistd.h>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(functions_test)

using namespace glovebox;
using namespace glovebox::test;
using asio::use_future;

int doubled(int n) {
  return 2 * n;
}
int doubled(int n, int times) {
  return n << times;
}
std::string doubled(const std::string& text) {
  return text + text;
}
int never_throws(int n) noexcept {
  return n + 1;
}
template <class T>
T twice(T value) {
  return value + value;
}
template <int N, class... T>
std::string spelled(const T&... values) {
  std::string all = std::to_string(N);
  ((all += ' ' + std::to_string(values)), ...);
  return all;
}

class counter {
 public:
  counter() = default;
  explicit counter(int start) : n(start) {}
  int add(int by) { return n += by; }
  int value() const { return n; }
  int checked() const noexcept { return n; }
  int change() noexcept { return ++n; }
  std::string which() & { return "&"; }
  std::string which_const() const& { return "const&"; }
  std::string which_moved() && { return "&&"; }
  std::string which_const_moved() const&& { return "const&&"; }
  std::string overloaded() { return "mutable"; }
  std::string overloaded() const { return "const"; }
  std::string overloaded(int) const { return "const int"; }
  static int made_up() { return 77; }
  virtual std::string kind() const { return "counter"; }
  virtual ~counter() = default;

  int n = 0;
  std::vector<int> history{1, 2, 3};
};

class named_counter : public counter {
 public:
  named_counter(int start, std::string given) : counter(start), name(std::move(given)) {}
  std::string kind() const override { return "named " + name; }
  std::string name;
};

// The functions and lambdas that have their like in functions_twin.cpp.
std::string who() {
  return "test's function";
}
struct speaker {
  std::string speak() const { return "test's member"; }
};
std::string call_lambda(const context& ctx) {
  return get(ctx.call([] { return std::string("test's lambda"); }, use_future));
}
std::string call_two_lambdas(const context& ctx) {
  auto first = ctx.call([](int n) { return n + 10; }, 1, use_future);
  auto second = ctx.call([](int n) { return n + 20; }, 1, use_future);
  return std::to_string(get(std::move(first))) + ' ' + std::to_string(get(std::move(second)));
}

BOOST_FIXTURE_TEST_SUITE(row_22_functions, one_child)

BOOST_AUTO_TEST_CASE(row_22_own_functions) {
  BOOST_TEST(get(ctx.call<&never_throws>(4, use_future)) == 5);
  BOOST_TEST(get(ctx.call<&who>(use_future)) == "test's function");
  BOOST_TEST(get(ctx.call<&shared_by_both>(1, use_future)) == "shared 1");
  BOOST_TEST(get(ctx.call<who>(use_future)) == "test's function");
}

BOOST_AUTO_TEST_CASE(row_22_overloaded_functions) {
  BOOST_TEST(get(ctx.call<overload<int(int)>(&doubled)>(21, use_future)) == 42);
  BOOST_TEST(get(ctx.call<overload<int(int, int)>(&doubled)>(1, 4, use_future)) == 16);
  BOOST_TEST(get(ctx.call<overload<std::string(const std::string&)>(&doubled)>("ab", use_future)) ==
             "abab");
  BOOST_TEST(get(ctx.call<static_cast<int (*)(int)>(&doubled)>(4, use_future)) == 8);
}

BOOST_AUTO_TEST_CASE(row_22_template_instances) {
  BOOST_TEST(get(ctx.call<&twice<int>>(4, use_future)) == 8);
  BOOST_TEST(get(ctx.call<&twice<std::string>>("ab", use_future)) == "abab");
  BOOST_TEST(get(ctx.call<&twice<double>>(0.25, use_future)) == 0.5);
  BOOST_TEST((get(ctx.call<&spelled<5, int, long>>(1, 2L, use_future))) == "5 1 2");
  BOOST_TEST((get(ctx.call<&spelled<6, int, long>>(1, 2L, use_future))) == "6 1 2");
}

BOOST_AUTO_TEST_CASE(row_22_member_functions) {
  const remote<counter> object = get(ctx.make<counter>(40, use_future));
  BOOST_TEST(get(object.call<&counter::add>(2, use_future)) == 42);
  BOOST_TEST(get(object.call<&counter::value>(use_future)) == 42);
  BOOST_TEST(get(object.call<&counter::checked>(use_future)) == 42);
  BOOST_TEST(get(object.call<&counter::change>(use_future)) == 43);
  BOOST_TEST(get(object.call<&counter::which>(use_future)) == "&");
  BOOST_TEST(get(object.call<&counter::which_const>(use_future)) == "const&");
  BOOST_TEST(get(object.call<&counter::which_moved>(use_future)) == "&&");
  BOOST_TEST(get(object.call<&counter::which_const_moved>(use_future)) == "const&&");
  BOOST_TEST(get(object.call<overload<std::string()>(&counter::overloaded)>(use_future)) ==
             "mutable");
  BOOST_TEST(get(object.call<overload<std::string() const>(&counter::overloaded)>(use_future)) ==
             "const");
  BOOST_TEST(get(object.call<overload<std::string(int) const>(&counter::overloaded)>(
                 1, use_future)) == "const int");
  // The same, said to the context; and static members.
  BOOST_TEST(get(ctx.call<&counter::value>(object, use_future)) == 43);
  BOOST_TEST(get(ctx.call<&counter::made_up>(use_future)) == 77);
}

BOOST_AUTO_TEST_CASE(row_22_data_members) {
  const remote<counter> object = get(ctx.make<counter>(5, use_future));
  BOOST_TEST(get(object.call<&counter::n>(use_future)) == 5);
  BOOST_TEST((get(object.call<&counter::history>(use_future)) == std::vector{1, 2, 3}));
}

BOOST_AUTO_TEST_CASE(row_22_inherited_members) {
  const auto object = get(ctx.make<named_counter>(5, "five", use_future));
  BOOST_TEST(get(object.call<&named_counter::add>(2, use_future)) == 7);
  BOOST_TEST(get(object.call<&counter::add>(2, use_future)) == 9);
  BOOST_TEST(get(object.call<&counter::kind>(use_future)) == "named five");
  BOOST_TEST(get(object.call<&counter::n>(use_future)) == 9);
  BOOST_TEST(get(object.call<&named_counter::name>(use_future)) == "five");
  const auto of_base = [](const counter& any) { return any.kind(); };
  BOOST_TEST(get(object.call(of_base, use_future)) == "named five");
}

BOOST_AUTO_TEST_CASE(row_22_lambdas) {
  BOOST_TEST(get(ctx.call([](int a, int b) { return a * b; }, 6, 7, use_future)) == 42);
  BOOST_TEST(get(ctx.call<[](int a) { return a + 1; }>(6, use_future)) == 7);
  BOOST_TEST(get(ctx.call([](int a) noexcept { return a; }, 6, use_future)) == 6);
  BOOST_TEST(get(ctx.call([](int a) mutable { return ++a; }, 6, use_future)) == 7);
  get(ctx.call([] {}, use_future));
  const remote<counter> object = get(ctx.make<counter>(use_future));
  BOOST_TEST(get(object.call([](counter& c, int n) { return c.n = n; }, 9, use_future)) == 9);
  BOOST_TEST(get(object.call<[](const counter& c) { return c.n; }>(use_future)) == 9);
}

BOOST_AUTO_TEST_CASE(row_22_generic_lambdas) {
  const auto sum = [](auto a, auto b) { return a + b; };
  BOOST_TEST(get(ctx.call(sum, 6, 7, use_future)) == 13);
  BOOST_TEST(get(ctx.call(sum, 0.25, 7, use_future)) == 7.25);
  BOOST_TEST(get(ctx.call(sum, std::string("a"), "b", use_future)) == "ab");
  const auto count = [](const auto& all) { return all.size(); };
  BOOST_TEST(get(ctx.call(count, std::vector<std::string>(3), use_future)) == 3u);
  BOOST_TEST(get(ctx.call<[](auto a) { return sizeof a; }>('c', use_future)) == 1u);
  const remote<counter> object = get(ctx.make<counter>(3, use_future));
  const auto add = [](auto& c, auto n) { return c.add(n); };
  BOOST_TEST(get(object.call(add, 4, use_future)) == 7);
}

BOOST_AUTO_TEST_CASE(row_22_function_objects_without_state) {
  BOOST_TEST(get(ctx.call(std::plus<int>(), 1, 2, use_future)) == 3);
  BOOST_TEST(get(ctx.call(std::plus<>(), std::string("a"), "b", use_future)) == "ab");
}

// ---- never its twin

BOOST_AUTO_TEST_CASE(row_22_the_same_names_in_two_files) {
  for (int round = 0; round != 2; ++round) {
    BOOST_TEST(call_lambda(ctx) == "test's lambda");
    BOOST_TEST(twin::lambda(ctx) == "twin's lambda");
    BOOST_TEST(twin::second_lambda(ctx) == "101 201");
    BOOST_TEST(call_two_lambdas(ctx) == "11 21");
    BOOST_TEST(get(ctx.call<&who>(use_future)) == "test's function");
    BOOST_TEST(twin::named_function(ctx) == "twin's function");
    BOOST_TEST(twin::lambda_as_template_argument(ctx) == "twin's template argument");
    const auto object = get(ctx.make<speaker>(use_future));
    BOOST_TEST(get(object.call<&speaker::speak>(use_future)) == "test's member");
    BOOST_TEST(twin::member(ctx) == "twin's member");
    BOOST_TEST(get(ctx.call<&shared_by_both>(1, use_future)) == "shared 1");
    BOOST_TEST(twin::shared(ctx) == "shared 2");
  }
}

BOOST_AUTO_TEST_CASE(row_22_lambdas_of_one_shape_in_one_function) {
  const auto first = [](int n) { return n + 1; };
  const auto second = [](int n) { return n + 2; };
  auto a = ctx.call(first, 0, use_future);
  auto b = ctx.call(second, 0, use_future);
  auto c = ctx.call([](int n) { return n + 3; }, 0, use_future);
  auto d = ctx.call([](int n) { return n + 4; }, 0, use_future);
  auto e = ctx.call(first, 0, use_future);
  BOOST_TEST(get(std::move(a)) == 1);
  BOOST_TEST(get(std::move(b)) == 2);
  BOOST_TEST(get(std::move(c)) == 3);
  BOOST_TEST(get(std::move(d)) == 4);
  BOOST_TEST(get(std::move(e)) == 1);
}

BOOST_AUTO_TEST_CASE(row_22_functions_with_the_same_code) {
  // What a linker may fold into one.
  const auto one = [] { return 1; };
  const auto also_one = [] { return 1; };
  BOOST_TEST(get(ctx.call(one, use_future)) == 1);
  BOOST_TEST(get(ctx.call(also_one, use_future)) == 1);
}

BOOST_AUTO_TEST_SUITE_END()

// ---- the C library

BOOST_FIXTURE_TEST_SUITE(c_functions, one_child)

BOOST_AUTO_TEST_CASE(row_22_libc_functions) {
  get(ctx.start(use_future));
  BOOST_TEST(get(ctx.call<&::getpid>(use_future)) == ctx.pid());
  BOOST_TEST(get(ctx.call<&::getpid>(use_future)) != ::getpid());
  BOOST_TEST(get(ctx.call<static_cast<double (*)(double)>(&std::fabs)>(-1.5, use_future)) == 1.5);
  BOOST_TEST(get(ctx.call<overload<double(double)>(&std::fabs)>(-2.5, use_future)) == 2.5);
  BOOST_TEST(get(ctx.call<&::strlen>("five5", use_future)) == 5u);
  const temporary_directory place;
  BOOST_TEST(get(ctx.call<&::chdir>(place.file(""), use_future)) == 0);
  const auto where = [] { return std::filesystem::current_path(); };
  BOOST_TEST(std::filesystem::equivalent(get(ctx.call(where, use_future)), place.file("")));
  BOOST_TEST(!std::filesystem::equivalent(std::filesystem::current_path(), place.file("")));
  BOOST_TEST(get(ctx.call<&::setenv>("GLOVEBOX_TEST_VARIABLE", "set", 1, use_future)) == 0);
  BOOST_TEST(get(ctx.call<&::getenv>("GLOVEBOX_TEST_VARIABLE", use_future)) == "set");
  BOOST_TEST(std::getenv("GLOVEBOX_TEST_VARIABLE") == nullptr);
}

BOOST_AUTO_TEST_CASE(row_22_a_stop_token_is_supplied) {
  const auto stoppable = [](int n, std::stop_token stop) { return stop.stop_requested() ? -1 : n; };
  BOOST_TEST(get(ctx.call(stoppable, 5, use_future)) == 5);
  const auto alone = [](const std::stop_token& stop) { return stop.stop_requested(); };
  BOOST_TEST(get(ctx.call(alone, use_future)) == false);
}

BOOST_AUTO_TEST_CASE(parameters_of_every_kind) {
  using namespace std::string_literals;
  const auto all = [](int a, const int& b, int&& c, std::string d, const std::string& e,
                      std::string&& f, const char* g, std::string_view h, std::span<const int> i,
                      const std::optional<std::string>& j) {
    return std::to_string(a + b + c) + d + e + f + g + std::string(h) + std::to_string(i.size()) +
           j.value_or("-");
  };
  const std::string lvalue = "e";
  BOOST_TEST(get(ctx.call(all, short{1}, 2L, 3, "d", lvalue, "f"s, "g", lvalue, std::array{1, 2},
                          std::nullopt, use_future)) == "6defge2-");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()

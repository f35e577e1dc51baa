// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "unit/c_calls.hpp"

#include <glovebox/detail/c_library.hpp>

#include <limits>
#include <optional>
#include <type_traits>

BOOST_AUTO_TEST_SUITE(c_call_refused_test)

using namespace glovebox::runtime;
using namespace glovebox::test;
using value = c_value;

int calls = 0;
template <class R, class... P>
R never(P...) {
  ++calls;
  return R();
}

template <class Error>
std::string message_of(const auto& work) {
  try {
    work();
  } catch (const Error& why) {
    return why.what();
  }
  return "no error";
}
bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != text.npos;
}

/// Why one argument is refused, before anything is called.
template <class Error = std::invalid_argument>
std::string refused(const std::string& parameter, c_argument argument) {
  const int before = calls;
  one_call call({std::move(argument)});
  const c_call prepared("int f(" + parameter + ")");
  const std::string message =
      message_of<Error>([&] { prepared.run(reinterpret_cast<void*>(&never<int>), call, call); });
  BOOST_TEST(message.starts_with("args[0]: "), message);
  BOOST_TEST(!call.has_result());
  BOOST_TEST(calls == before);
  return message;
}
template <class Number>
void beyond(const std::string& type, Number number) {
  const std::string message = refused<std::out_of_range>(type, arg(number));
  BOOST_TEST(contains(message, "out of the range of " + type), message);
}

BOOST_AUTO_TEST_SUITE(c_calls_refused, *boost::unit_test::precondition(with_libffi))

BOOST_AUTO_TEST_CASE(numbers_out_of_range) {
  beyond("signed char", 128);
  beyond("signed char", -129);
  beyond("unsigned char", 256);
  beyond("unsigned char", -1);
  beyond("short", 32768);
  beyond("unsigned short", 65536);
  beyond("int", std::int64_t{1} << 31);
  beyond("int", INT64_MIN);
  beyond("unsigned int", std::int64_t{1} << 32);
  beyond("long", std::uint64_t{1} << 63);
  beyond("unsigned long", -1);
  beyond("float", 1e39);
  beyond("float", -std::numeric_limits<double>::max());
  beyond("double", std::numeric_limits<long double>::max());
  // Integers are not rounded.
  BOOST_TEST(contains(refused<std::out_of_range>("float", arg((1 << 24) + 1)), "rounded"));
  BOOST_TEST(
      contains(refused<std::out_of_range>("double", arg((std::int64_t{1} << 53) + 1)), "rounded"));
  BOOST_TEST(contains(refused<std::out_of_range>("double", arg(INT64_MAX)), "rounded"));
  BOOST_TEST(contains(refused<std::out_of_range>("double", arg(UINT64_MAX)), "rounded"));
}

BOOST_AUTO_TEST_CASE(values_of_another_kind) {
  BOOST_TEST(refused("int", arg(1.0)) == "args[0]: a floating-point number is no int");
  BOOST_TEST(refused("int", arg(true)) == "args[0]: a bool is no int");
  BOOST_TEST(refused("int", arg("1")) == "args[0]: a string is no int");
  BOOST_TEST(refused("int", arg(nullptr)) == "args[0]: a null pointer is no int");
  BOOST_TEST(refused("int", value(std::monostate())) == "args[0]: nothing is no int");
  BOOST_TEST(refused("int", arg(c_bytes(4))) == "args[0]: bytes is no int");
  BOOST_TEST(refused("_Bool", arg(1)) == "args[0]: an integer is no _Bool");
  BOOST_TEST(refused("double", arg(true)) == "args[0]: a bool is no double");
  BOOST_TEST(refused("double", arg("x")) == "args[0]: a string is no double");
  BOOST_TEST(refused("int", c_in_out{value(std::int64_t{1})}) ==
             "args[0]: in_out is for a pointer that is written through, not int");
  BOOST_TEST(contains(refused("int", callback([](auto) { return value(); })), "no int"));
}

BOOST_AUTO_TEST_CASE(pointers_of_another_kind) {
  int number = 1;
  const c_pointer pointer{&number, "int", false};
  BOOST_TEST(refused("void*", arg(1)) == "args[0]: an integer is no void*");
  BOOST_TEST(refused("thing*", arg(pointer)) == "args[0]: a pointer to int is no thing*");
  BOOST_TEST(refused("int**", arg(pointer)) == "args[0]: a pointer to int is no int**");
  BOOST_TEST(contains(refused("int*", arg(c_pointer{&number, "int", true})), "is const"));
  BOOST_TEST(contains(refused("void*", arg(c_pointer{&number, "int", true})), "is const"));
  BOOST_TEST(
      contains(refused("char*", arg("x")), "the function may write through char*: pass in_out"));
  BOOST_TEST(contains(refused("void*", arg(c_bytes(3))), "may write through void*"));
  BOOST_TEST(contains(refused("const char**", arg("x")), "no const char**"));
  BOOST_TEST(contains(refused("char *const *", arg(c_bytes(8))), "no char* const*"));
  BOOST_TEST(contains(refused("int (*)(int)", arg("x")), "no int (*)(int)"));
  BOOST_TEST(
      contains(refused("int (*)(int)", arg(pointer)), "a pointer to int is no int (*)(int)"));
  BOOST_TEST(contains(refused("int (*)(int)", c_out_value{}), "written through"));
  BOOST_TEST(contains(refused("int (*)(int)", std::shared_ptr<c_callback>()), "empty function"));
  BOOST_TEST(
      contains(refused("void*", callback([](auto) { return value(); })), "a function is no void*"));
}

BOOST_AUTO_TEST_CASE(memory_of_another_kind) {
  BOOST_TEST(contains(refused("const int*", c_in_out{c_bytes(4)}), "written through"));
  BOOST_TEST(contains(refused("const int*", c_out_bytes{4}), "written through"));
  BOOST_TEST(contains(refused("const char*", c_out_text{4}), "written through"));
  BOOST_TEST(contains(refused("const int*", c_out_value{}), "written through"));
  BOOST_TEST(contains(refused("double", c_out_value{}), "written through"));
  BOOST_TEST(contains(refused("void**", c_in_out{c_bytes(8)}), "cannot hold the pointers"));
  BOOST_TEST(contains(refused("char**", c_out_bytes{8}), "cannot hold the pointers"));
  BOOST_TEST(contains(refused("char**", c_out_text{8}), "cannot hold the pointers"));
  BOOST_TEST(contains(refused("void*", c_out_value{}), "a number or a pointer"));
  BOOST_TEST(contains(refused("thing*", c_out_value{}), "a number or a pointer"));
  BOOST_TEST(contains(refused("void*", c_in_out{value(std::int64_t{1})}), "a number or a pointer"));
  BOOST_TEST(contains(refused("int*", c_in_out{value(1.5)}), "no int"));
  BOOST_TEST(contains(refused<std::out_of_range>("short*", c_in_out{value(std::int64_t{1} << 20)}),
                      "range of short"));
  BOOST_TEST(contains(refused("int*", c_out_offset{}), "pointer to a pointer"));
  BOOST_TEST(contains(refused("int *const *", c_out_offset{}), "written through"));
}

BOOST_AUTO_TEST_CASE(wrong_number_of_arguments) {
  const auto with = [](std::vector<c_argument> arguments) {
    return message_of<std::invalid_argument>([&] {
      one_call call(std::move(arguments));
      c_call("double pow(double x, double)")
          .run(reinterpret_cast<void*>(&never<double>), call, call);
    });
  };
  BOOST_TEST(with({}) == "double pow(double x, double) takes 2 arguments, not 0");
  BOOST_TEST(with({arg(1.0)}) == "double pow(double x, double) takes 2 arguments, not 1");
  BOOST_TEST(with({arg(1.0), arg(1.0), arg(1.0)}) ==
             "double pow(double x, double) takes 2 arguments, not 3");
}

BOOST_AUTO_TEST_CASE(second_argument_is_named) {
  one_call call({arg(1), arg(1.5)});
  const std::string message = message_of<std::invalid_argument>([&] {
    c_call("int f(int, int)").run(reinterpret_cast<void*>(&never<int, int, int>), call, call);
  });
  BOOST_TEST(message == "args[1]: a floating-point number is no int");
}

// ---- what goes wrong afterwards

char* first_letter(char* text) {
  return text;
}
void store_end(const int* numbers, std::size_t count, int** to) {
  *to = const_cast<int*>(numbers) + count;
}
void store_own_address(void** to) {
  *to = to;
}

BOOST_AUTO_TEST_CASE(pointers_into_arguments) {
  const auto message = [](const auto& work) { return message_of<std::runtime_error>(work); };
  const std::string result = message(
      [] { run("char *first_letter(char*)", &first_letter, c_in_out{value(std::string("abc"))}); });
  BOOST_TEST(contains(result, "into args[0], whose memory ends with the call"), result);
  BOOST_TEST(contains(message([] {
                        run("void store_end(const int*, size_t, int**)", &store_end, c_bytes(8), 2,
                            c_out_value{});
                      }),
                      "into args[0]"));
  BOOST_TEST(contains(
      message([] { run("void store_own_address(void**)", &store_own_address, c_out_value{}); }),
      "into args[0]"));
  BOOST_TEST(
      (run("void store_end(const int*, size_t, int**)", &store_end, c_bytes(8), 2, c_out_offset{})
           .back(2) == value(std::uint64_t{8})));
}

int call_thrice(int (*what)(int)) {
  return what(1) + what(2) + what(3);
}
struct no_exception {};

BOOST_AUTO_TEST_CASE(callbacks_that_throw) {
  int called = 0;
  const auto throwing = callback([&](std::span<const value> with) -> value {
    ++called;
    if (with[0] == value(std::int64_t{2})) throw no_exception();
    return std::int64_t{1};
  });
  one_call call({arg(throwing)});
  const c_call prepared("int call_thrice(int (*)(int))");
  BOOST_CHECK_THROW(prepared.run(reinterpret_cast<void*>(&call_thrice), call, call), no_exception);
  BOOST_TEST(called == 2);  // the C function went on, without calling again
  BOOST_TEST(!call.has_result());
  // The next call starts afresh.
  const auto one = callback([](std::span<const value>) -> value { return std::int64_t{1}; });
  BOOST_TEST(
      (run("int call_thrice(int (*)(int))", &call_thrice, one).result() == value(std::int64_t{3})));
}

BOOST_AUTO_TEST_CASE(callbacks_with_a_wrong_result) {
  const auto giving = [](value what) {
    return callback([what](std::span<const value>) { return what; });
  };
  for (const value& each :
       {value(1.5), value(std::string("1")), value(std::monostate()), value(true), value(nullptr)})
    BOOST_CHECK_THROW(run("int call_thrice(int (*)(int))", &call_thrice, giving(each)),
                      std::invalid_argument);
  BOOST_CHECK_THROW(
      run("int call_thrice(int (*)(int))", &call_thrice, giving(value(std::int64_t{1} << 40))),
      std::out_of_range);
}

BOOST_AUTO_TEST_CASE(unknown_functions_and_bad_declarations) {
  const auto library = glovebox::detail::c_library::load("libm.so.6");
  one_call call({arg(1.0)});
  const std::string unknown = message_of<std::runtime_error>(
      [&] { call_declared(*library, "double cosine(double)", call, call); });
  BOOST_TEST(contains(unknown, "libm.so.6 has no function cosine"), unknown);
  for (int i = 0; i != 2; ++i)
    BOOST_CHECK_THROW(call_declared(*library, "double cos(dubble)", call, call), bad_signature);
}

/// What the source throws passes through.
class failing_source final : public c_argument_source {
 public:
  std::size_t count() const override { return 1; }
  c_argument argument(std::size_t, const c_type&) override { throw no_exception(); }
};

BOOST_AUTO_TEST_CASE(sources_that_throw) {
  failing_source from;
  one_call to({});
  BOOST_CHECK_THROW(c_call("int f(int)").run(reinterpret_cast<void*>(&never<int, int>), from, to),
                    no_exception);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_CASE(without_libffi) {
  if (c_invoker::available()) {
    BOOST_CHECK_NO_THROW(c_call("int f(int)"));
    return;
  }
  const std::string why = message_of<std::runtime_error>([] { c_call("int f(int)"); });
  BOOST_TEST(contains(why, "libffi"), why);
}

BOOST_AUTO_TEST_SUITE_END()

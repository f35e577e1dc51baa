// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "integration/helper_programs.hpp"
#include "integration/own_library.hpp"

#include <csignal>
#include <cstdlib>
#include <thread>

BOOST_AUTO_TEST_SUITE(library_arguments_test)

using namespace glovebox;
using namespace glovebox::test;
using asio::use_future;

BOOST_FIXTURE_TEST_SUITE(row_21_opaque_pointers, own_library)

BOOST_AUTO_TEST_CASE(row_21_results) {
  const remote<thing> five = call<thing*(int)>("make_thing", 5);
  BOOST_REQUIRE(five);
  BOOST_TEST(call<int(const thing*)>("thing_number", five) == 5);
  BOOST_TEST(!call<thing*(int)>("make_thing", -1));
  const remote<const thing> borrowed_thing = call<const thing*()>("borrow_thing");
  BOOST_TEST(call<int(const thing*)>("thing_number", borrowed_thing) == 11);
  BOOST_TEST(call<int(const thing*)>("thing_number", nullptr) == -1);
  // The same pointer is the same handle.
  BOOST_TEST((call<const thing*()>("borrow_thing") == borrowed_thing));
  // One type's pointer is another's.
  const remote<int> number = call<int*(thing*)>("inside_thing", five);
  BOOST_TEST(get(by_value(number, use_future)) == 5);
  call<void(thing*)>("drop_thing", five);
  BOOST_TEST(refused(own.call<int(const thing*)>("thing_number", remote<thing>(), use_future)) ==
             "args[0]: an empty remote");
}

BOOST_AUTO_TEST_CASE(row_21_several_at_once) {
  const auto [first, second, third] =
      call<thing*(thing**, void**)>("three_things", out_handle<thing>(), out_handle<thing>());
  BOOST_TEST(call<int(const thing*)>("thing_number", first) == 1);
  BOOST_TEST(call<int(const thing*)>("thing_number", second) == 2);
  BOOST_TEST(call<int(const thing*)>("thing_number", third) == 3);
  BOOST_TEST((first != second && second != third));
  const auto [one, error, two, three] = call<with_errno<thing*>(thing**, void**)>(
      "three_things", out_handle<thing>(), out_handle<void>());
  BOOST_TEST(call<int(const thing*)>("thing_number", one) == 1);
  BOOST_TEST(error == 0);
  BOOST_TEST(call<int(const thing*)>("thing_number", two) == 2);
  BOOST_TEST((three && !(one == first)));
}

BOOST_AUTO_TEST_CASE(row_21_replaced) {
  remote<thing> now;
  for (const int expected : {0, 1, 2}) {
    std::tie(now) = call<void(thing**)>("next_thing", in_out(now));
    BOOST_REQUIRE(now);
    BOOST_TEST(call<int(const thing*)>("thing_number", now) == expected);
    BOOST_TEST(call<int()>("things_alive") == 1);
  }
  std::tie(now) = call<void(thing**)>("next_thing", in_out(now));
  BOOST_TEST(!now);
  BOOST_TEST(call<int()>("things_alive") == 0);
}

BOOST_AUTO_TEST_CASE(row_21_handles_are_given_back) {
  get(ctx.start(use_future));
  const std::uint64_t before = ctx.stats().objects;
  {
    const auto one = call<thing*(int)>("make_thing", 0);
    const auto again = call<const thing*()>("borrow_thing");
    const auto [next] = call<void(thing**)>("next_thing", in_out(one));
    BOOST_TEST(static_cast<bool>(next));
    BOOST_TEST(ctx.stats().objects == before + 3);
  }
  BOOST_TEST(ctx.stats().objects == before);
}

// A pointer into an argument's memory would be a trap: the memory ends with the call.
BOOST_AUTO_TEST_CASE(row_21_pointers_into_arguments) {
  const std::string text = error_of_call(
      own.call<char*(char*, int)>("find_letter", in_out(std::string("abc")), 'c', use_future));
  BOOST_TEST(contains(text, "args[0]"), text);
  BOOST_TEST(contains(text, "out_offset"), text);
  BOOST_TEST(contains(error_of_call(own.call<void(const char*, int, char**)>(
                          "store_letter", "abc", 'c', out_handle<char>(), use_future)),
                      "args[0]"));
  // Copied in time, or counted.
  BOOST_TEST(call<const char*(const char*, int)>("find_letter", "abc", 'b').value() == "bc");
  using store = void(const char*, int, char**);
  BOOST_TEST(std::get<0>(call<store>("store_letter", "abc", 'c', out_offset())).value() == 2u);
  BOOST_TEST(std::get<0>(call<store>("store_letter", "abc", '\0', out_offset())).value() == 3u);
  BOOST_TEST(!std::get<0>(call<store>("store_letter", "abc", 'x', out_offset())));
  const auto [place] = call<void(const wchar_t*, wchar_t, const wchar_t**)>("store_wide", L"abc",
                                                                            L'c', out_offset());
  BOOST_TEST(place.value() == 2u);
}

BOOST_AUTO_TEST_CASE(row_21_of_another_child) {
  const context other(shared_io());
  const library there = get(other.load_library(built_library(), use_future));
  const remote<thing> foreign = get(there.call<thing*(int)>("make_thing", 1, use_future));
  const std::string as_argument =
      refused(own.call<int(const thing*)>("thing_number", foreign, use_future));
  BOOST_TEST(as_argument.starts_with("args[0]: "), as_argument);
  BOOST_TEST(contains(as_argument, std::to_string(other.pid())), as_argument);
  const std::string replaced =
      refused(own.call<void(thing**)>("next_thing", in_out(foreign), use_future));
  BOOST_TEST(replaced.starts_with("args[0]: "), replaced);
  BOOST_TEST((there != own));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(row_21_functions_of_libraries, own_library)

int twice(int x) {
  return 2 * x;
}

BOOST_AUTO_TEST_CASE(row_21_callbacks) {
  using apply = int(int (*)(int), int);
  BOOST_TEST(call<apply>(
                 "apply", [](int x) { return x + 1; }, 4) == 5);
  BOOST_TEST(call<apply>(
                 "apply", [](auto x) { return x * x; }, 4) == 16);
  BOOST_TEST(call<apply>("apply", c_function<&twice>, 4) == 8);
  BOOST_TEST(call<apply>("apply", c_function<&::abs>, -4) == 4);
  BOOST_TEST(call<apply>("apply", nullptr, 4) == -1);
  BOOST_TEST(call<apply>(
                 "apply", [](int) { return static_cast<int>(::getppid()); }, 0) != ::getppid());
  const remote<std::vector<int>> seen = get(ctx.make<std::vector<int>>(use_future));
  const std::vector<int> numbers{3, 1, 2};
  call<void(const int*, std::size_t, void (*)(int, void*), void*)>(
      "each_int", numbers, 3u,
      [](int each, void* to) { static_cast<std::vector<int>*>(to)->push_back(each); }, seen);
  BOOST_TEST(get(by_value(seen, use_future)) == numbers);
}

BOOST_AUTO_TEST_CASE(row_21_functions_as_handles) {
  const remote<void> absolute = call<void*()>("absolute");
  BOOST_REQUIRE(absolute);
  BOOST_TEST(call<int(void*, int)>("apply", absolute, -6) == 6);
}

BOOST_AUTO_TEST_CASE(row_21_errno) {
  const auto [result, error] = call<with_errno<int>(int)>("set_errno", ENOSPC);
  BOOST_TEST(result == -1);
  BOOST_TEST(error == ENOSPC);
  BOOST_TEST((call<with_errno<int>(int)>("set_errno", 0) == std::tuple(0, 0)));
  BOOST_TEST((call<with_errno<void>()>("set_errno_only") == std::tuple(EBADF)));
}

BOOST_AUTO_TEST_CASE(row_21_unknown_library) {
  const std::string text = error_of_call(ctx.load_library("libnothing.so.99", use_future));
  BOOST_TEST(contains(text, "libnothing.so.99"), text);
  BOOST_TEST(contains(text, "No such file"), text);
  const std::string here = "/proc/self/status";  // a file, but none that can be loaded
  BOOST_TEST(contains(error_of_call(ctx.load_library(here, use_future)), here));
  BOOST_TEST(contains(error_of_call(ctx.load_library("", use_future)), "without a name"));
  BOOST_TEST(contains(
      error_of_call(ctx.load_library(std::string_view("libm.so.6\0x", 11), use_future)), "NUL"));
  BOOST_TEST(call<bool(bool)>("negate", false));  // the child goes on
}

BOOST_AUTO_TEST_CASE(row_21_unknown_function) {
  const std::string text = error_of_call(own.call<double(double)>("cosine", 1.0, use_future));
  BOOST_TEST(contains(text, "c_functions.so"), text);
  BOOST_TEST(contains(text, "cosine"), text);
  BOOST_TEST(contains(text, "undefined symbol"), text);
  BOOST_TEST(contains(error_of_call(own.call<int()>("a_variable", use_future)), "is a variable"));
  BOOST_TEST(contains(error_of_call(own.call<int()>("", use_future)), "has no function"));
  BOOST_TEST(contains(error_of_call(own.call<int()>(std::string_view("nothing\0", 8), use_future)),
                      "NUL"));
  // A later look finds what is there.
  call<void()>("nothing");
}

BOOST_AUTO_TEST_CASE(row_21_exceptions_of_libraries) {
  try {
    call<void()>("throws");
    BOOST_ERROR("nothing was thrown");
  } catch (const std::out_of_range& error) {
    BOOST_TEST(error.what() == std::string("thrown by a library"));
    const auto& remote = dynamic_cast<const remote_exception&>(error);
    BOOST_TEST(remote.method() == "library::call<void()>");
  }
}

BOOST_AUTO_TEST_CASE(row_21_crash_in_a_library) {
  const library libc = get(ctx.load_library("libc.so.6", use_future));
  try {
    get(libc.call<void()>("abort", use_future));
    BOOST_ERROR("it came back");
  } catch (const process_terminated& crash) {
    BOOST_TEST((crash.info().cause == cause::signal));
    BOOST_TEST(crash.info().signal_number == SIGABRT);
    BOOST_TEST(crash.info().method == "library::call<void()>");
    BOOST_TEST(crash.info().arguments == "\"abort\"");
    BOOST_TEST((crash.info().phase == phase::running));
  }
  BOOST_CHECK_THROW(get(own.call<void()>("nothing", use_future)), state_error);
  BOOST_CHECK_THROW(get(ctx.load_library("libc.so.6", use_future)), state_error);
}

BOOST_AUTO_TEST_CASE(row_21_arguments_in_a_report) {
  using crash_type =
      int(int*, int, double, const char*, const void*, void*, char*, thing**, char**, int (*)(int));
  try {
    // It takes only the first parameter; others do no harm.
    get(own.call<crash_type>(
        "give_up", nullptr, 3, 0.5, "text", std::vector<int>(7), in_out(std::string("both")),
        out_text(9), out_handle<thing>(), out_offset(), [](int x) { return x; }, use_future));
    BOOST_ERROR("it came back");
  } catch (const process_terminated& crash) {
    BOOST_TEST(crash.info().signal_number == SIGABRT);
    // The compiler writes the vector with its allocator or without.
    const std::string& text = crash.info().arguments;
    BOOST_TEST(text.starts_with("\"give_up\", nullptr, 3, 0.5, \"text\", std::vector<int"), text);
    BOOST_TEST(text.ends_with("> of 7, in_out(\"both\"), out_text(9), out_handle(), out_offset(), "
                              "a function"),
               text);
  }
}

BOOST_AUTO_TEST_CASE(row_21_memory_that_is_not_there) {
  // Refused before anything is allocated, and the child goes on.
  BOOST_CHECK_THROW(call<void(char*)>("nothing", out<char>(std::size_t{1} << 60)), std::exception);
  BOOST_CHECK_THROW(call<void(double*)>("nothing", out<double>(SIZE_MAX)), std::exception);
  call<void()>("nothing");
}

BOOST_AUTO_TEST_SUITE_END()

// ---- handles of libraries

BOOST_FIXTURE_TEST_SUITE(row_21_handles_of_libraries, one_child)

BOOST_AUTO_TEST_CASE(row_21_same_library) {
  const library one = get(ctx.load_library("libm.so.6", use_future));
  const library two = get(ctx.load_library("libm.so.6", use_future));
  BOOST_TEST((one == two));
  BOOST_TEST((one != get(ctx.load_library("libc.so.6", use_future))));
  const context other(shared_io());
  BOOST_TEST((one != get(other.load_library("libm.so.6", use_future))));
}

BOOST_AUTO_TEST_CASE(row_21_empty_handles) {
  const library empty;
  BOOST_TEST(!empty);
  BOOST_CHECK_THROW(get(empty.call<double(double)>("cos", 1.0, use_future)), state_error);
  BOOST_CHECK_THROW(get(context().load_library("libm.so.6", use_future)), state_error);
}

BOOST_AUTO_TEST_CASE(row_21_after_the_context) {
  library libm = get(ctx.load_library("libm.so.6", use_future));
  context copy = ctx;
  ctx = {};
  BOOST_TEST(get(libm.call<double(double)>("fabs", -1.5, use_future)) == 1.5);
  copy = {};
  BOOST_CHECK_THROW(get(libm.call<double(double)>("fabs", -1.5, use_future)), state_error);
  {
    running_io short_lived;
    libm = get(context(short_lived.io).load_library("libm.so.6", use_future));
  }
  BOOST_TEST(static_cast<bool>(libm));
  libm = {};
}

BOOST_AUTO_TEST_CASE(row_21_deadline) {
  const library libc = get(ctx.load_library("libc.so.6", use_future));
  const library hurried = libc.with({.run_timeout = std::chrono::milliseconds(50) * time_scale,
                                     .grace = std::chrono::milliseconds(1)});
  BOOST_TEST((hurried == libc));
  BOOST_CHECK_THROW(get(hurried.call<int()>("pause", use_future)), call_timeout);
}

BOOST_AUTO_TEST_CASE(row_21_tokens) {
  const library libm = get(ctx.load_library("libm.so.6", use_future));
  std::promise<double> told;
  libm.call<double(double, int*)>("frexp", 8.0, out<int>(),
                                  [&](std::exception_ptr error, std::tuple<double, int> result) {
                                    if (error)
                                      told.set_exception(error);
                                    else
                                      told.set_value(std::get<0>(result) + std::get<1>(result));
                                  });
  BOOST_TEST(get(told.get_future()) == 4.5);
  auto deferred_call = libm.call<double(double)>("fabs", -2.0, glovebox::deferred);
  BOOST_TEST(get(deferred_call(use_future)) == 2.0);
  BOOST_TEST(get(std::move(deferred_call)(use_future)) == 2.0);
  std::promise<library> loaded;
  ctx.load_library("libm.so.6", [&](std::exception_ptr error, library result) {
    error ? loaded.set_exception(error) : loaded.set_value(result);
  });
  BOOST_TEST((get(loaded.get_future()) == libm));
}

BOOST_AUTO_TEST_CASE(row_21_in_the_host_program) {
  BOOST_TEST(std::system(host_library_program) == 0);
}

BOOST_AUTO_TEST_CASE(row_21_several_threads) {
  const library libm = get(ctx.load_library("libm.so.6", use_future));
  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  for (int i = 0; i != 4; ++i)
    threads.emplace_back([libm, i, &right] {
      for (int j = 0; j != 100; ++j) {
        const double x = i * 100 + j;
        const library copy = libm;
        if (get(copy.call<double(double)>("fabs", -x, use_future)) == x) ++right;
      }
    });
  for (std::thread& each : threads) each.join();
  BOOST_TEST(right == 400);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "integration/call_fixture.hpp"

#include <any>
#include <csignal>
#include <filesystem>
#include <functional>
#include <ios>
#include <new>
#include <optional>
#include <regex>
#include <system_error>
#include <typeinfo>
#include <variant>

#include <boost/test/unit_test.hpp>

namespace exceptions_test {

using namespace glovebox;
using namespace glovebox::test;
using asio::use_future;

/// Calls, and hands the exception to `look` by the static type Expected, having seen that all three
/// ways of catching it work and that the child goes on.
template <class Expected, class Throw, class Look>
void thrown_as(const context& ctx, Throw what, Look&& look) {
  const auto call = [&] { get(ctx.call(what, use_future)); };
  BOOST_CHECK_THROW(call(), std::exception);
  BOOST_CHECK_THROW(call(), remote_exception);
  try {
    call();
    BOOST_ERROR("nothing was thrown");
  } catch (const Expected& error) {
    const auto* const remote = dynamic_cast<const remote_exception*>(&error);
    BOOST_REQUIRE(remote);
    BOOST_TEST(remote->message() == error.what());
    BOOST_TEST(dynamic_cast<const glovebox::error*>(&error) == nullptr);
    look(error, *remote);
  } catch (...) {
    BOOST_ERROR("caught as something else");
  }
  BOOST_TEST(get(ctx.call([] { return 42; }, use_future)) == 42);
}
/// The same, for exceptions that are made of one text.
template <class Expected, class Throw>
void thrown_with_text(const context& ctx, Throw what, const std::string& type) {
  thrown_as<Expected>(ctx, what, [&](const Expected& error, const remote_exception& remote) {
    BOOST_TEST(std::string(error.what()) == "the text");
    BOOST_TEST(remote.type_name() == type);
    BOOST_TEST(!remote.has_nested());
    BOOST_TEST(!remote.method().empty());
  });
}
/// The same, for exceptions that make their own text.
template <class Expected, class Throw>
void thrown_with_type(const context& ctx, Throw what, const std::string& type) {
  thrown_as<Expected>(ctx, what, [&](const Expected& error, const remote_exception& remote) {
    BOOST_TEST(remote.type_name() == type);
    BOOST_TEST(std::string(error.what()) != "");
  });
}

BOOST_FIXTURE_TEST_SUITE(standard_exceptions, one_child)

BOOST_AUTO_TEST_CASE(row_14_logic_errors) {
  thrown_with_text<std::logic_error>(
      ctx, [] { throw std::logic_error("the text"); }, "std::logic_error");
  thrown_with_text<std::invalid_argument>(
      ctx, [] { throw std::invalid_argument("the text"); }, "std::invalid_argument");
  thrown_with_text<std::domain_error>(
      ctx, [] { throw std::domain_error("the text"); }, "std::domain_error");
  thrown_with_text<std::length_error>(
      ctx, [] { throw std::length_error("the text"); }, "std::length_error");
  thrown_with_text<std::out_of_range>(
      ctx, [] { throw std::out_of_range("the text"); }, "std::out_of_range");
  thrown_as<std::future_error>(
      ctx,
      [] {
        std::future<void> abandoned = std::promise<void>().get_future();
        abandoned.get();
      },
      [](const std::future_error& error, const remote_exception& remote) {
        BOOST_TEST((error.code() == std::future_errc::broken_promise));
        BOOST_TEST(remote.type_name() == "std::future_error");
      });
}

BOOST_AUTO_TEST_CASE(row_14_runtime_errors) {
  thrown_with_text<std::runtime_error>(
      ctx, [] { throw std::runtime_error("the text"); }, "std::runtime_error");
  thrown_with_text<std::range_error>(
      ctx, [] { throw std::range_error("the text"); }, "std::range_error");
  thrown_with_text<std::overflow_error>(
      ctx, [] { throw std::overflow_error("the text"); }, "std::overflow_error");
  thrown_with_text<std::underflow_error>(
      ctx, [] { throw std::underflow_error("the text"); }, "std::underflow_error");
  thrown_as<std::regex_error>(
      ctx, [] { std::regex("(").mark_count(); },
      [](const std::regex_error& error, const remote_exception& remote) {
        BOOST_TEST((error.code() == std::regex_constants::error_paren));
        BOOST_TEST(remote.type_name().find("regex_error") != std::string::npos);
      });
}

BOOST_AUTO_TEST_CASE(row_14_the_others) {
  thrown_with_type<std::bad_alloc>(
      ctx, [] { throw std::bad_alloc(); }, "std::bad_alloc");
  thrown_with_type<std::bad_array_new_length>(
      ctx, [] { throw std::bad_array_new_length(); }, "std::bad_array_new_length");
  thrown_with_type<std::bad_cast>(
      ctx, [] { throw std::bad_cast(); }, "std::bad_cast");
  thrown_with_type<std::bad_any_cast>(
      ctx, [] { std::any_cast<int>(std::any(1.0)); }, "std::bad_any_cast");
  thrown_with_type<std::bad_typeid>(
      ctx, [] { throw std::bad_typeid(); }, "std::bad_typeid");
  thrown_with_type<std::bad_optional_access>(
      ctx, [] { return std::optional<int>().value(); }, "std::bad_optional_access");
  thrown_with_type<std::bad_variant_access>(
      ctx, [] { return std::get<0>(std::variant<int, bool>(true)); }, "std::bad_variant_access");
  thrown_with_type<std::bad_function_call>(
      ctx, [] { std::function<void()>()(); }, "std::bad_function_call");
  thrown_with_type<std::bad_weak_ptr>(
      ctx, [] { std::shared_ptr<int> made{std::weak_ptr<int>()}; }, "std::bad_weak_ptr");
  thrown_with_type<std::bad_exception>(
      ctx, [] { throw std::bad_exception(); }, "std::bad_exception");
  thrown_with_type<std::exception>(
      ctx, [] { throw std::exception(); }, "std::exception");
}

BOOST_AUTO_TEST_CASE(row_14_error_codes) {
  thrown_as<std::system_error>(
      ctx, [] { throw std::system_error(ENOENT, std::system_category(), "opening"); },
      [](const std::system_error& error, const remote_exception& remote) {
        BOOST_TEST(error.code() == std::error_code(ENOENT, std::system_category()));
        BOOST_TEST((error.code() == std::errc::no_such_file_or_directory));
        BOOST_TEST(remote.message() == "opening: No such file or directory");
      });
  thrown_as<std::system_error>(
      ctx, [] { throw std::system_error(std::make_error_code(std::errc::timed_out)); },
      [](const std::system_error& error, const remote_exception&) {
        BOOST_TEST((error.code().category() == std::generic_category()));
        BOOST_TEST((error.code() == std::errc::timed_out));
      });
  thrown_as<std::filesystem::filesystem_error>(
      ctx, [] { return std::filesystem::file_size("/does/not/exist"); },
      [](const std::filesystem::filesystem_error& error, const remote_exception& remote) {
        BOOST_TEST((error.code() == std::errc::no_such_file_or_directory));
        BOOST_TEST(remote.message().find("/does/not/exist") != std::string::npos);
      });
  thrown_as<std::ios_base::failure>(
      ctx, [] { throw std::ios_base::failure("the text", std::io_errc::stream); },
      [](const std::ios_base::failure& error, const remote_exception&) {
        BOOST_TEST((error.code() == std::io_errc::stream));
      });
}

class odd_category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "odd"; }
  std::string message(int) const override { return "odd indeed"; }
};

BOOST_AUTO_TEST_CASE(row_14_codes_of_a_category_that_is_not_known) {
  const auto odd = [] {
    static const odd_category category;
    throw std::system_error(5, category, "it was");
  };
  thrown_as<std::system_error>(ctx, odd, [](const std::system_error& error, const auto& remote) {
    BOOST_TEST(error.code().value() == 5);
    BOOST_TEST((error.code().category() != std::system_category()));
    BOOST_TEST(remote.message() == "it was: odd indeed");
  });
}

BOOST_AUTO_TEST_SUITE_END()

// ---- types of users

class too_far : public std::out_of_range {
 public:
  explicit too_far(int by) : std::out_of_range("too far by " + std::to_string(by)), by_(by) {}
  int by() const { return by_; }

 private:
  int by_;
};
struct no_exception {
  int x = 1;
};
struct of_two : std::out_of_range, std::runtime_error {
  of_two() : std::out_of_range("one"), std::runtime_error("two") {}
};
struct without_text : std::exception {
  const char* what() const noexcept override { return nullptr; }
};
struct hidden : private std::runtime_error {
  hidden() : std::runtime_error("hidden") {}
};
/// Derives from what throw_with_nested adds, with nothing inside.
struct empty_nest : std::runtime_error, std::nested_exception {
  empty_nest() : std::runtime_error("empty nest") {}
};

BOOST_FIXTURE_TEST_SUITE(other_exceptions, one_child)

BOOST_AUTO_TEST_CASE(row_14_derived_from_a_standard_one) {
  thrown_as<std::out_of_range>(
      ctx, [] { throw too_far(3); },
      [](const std::out_of_range& error, const remote_exception& remote) {
        BOOST_TEST(error.what() == std::string("too far by 3"));
        BOOST_TEST(remote.type_name().ends_with("too_far"));
      });
}

BOOST_AUTO_TEST_CASE(row_14_unrelated_to_the_standard_ones) {
  const auto type = [](const std::string& end) {
    return [end](const std::runtime_error&, const remote_exception& remote) {
      BOOST_TEST(remote.type_name().ends_with(end), remote.type_name());
      BOOST_TEST(remote.message().find(end) != std::string::npos, remote.message());
    };
  };
  thrown_as<std::runtime_error>(
      ctx, [] { throw no_exception(); }, type("no_exception"));
  thrown_as<std::runtime_error>(
      ctx, [] { throw hidden(); }, type("hidden"));
  thrown_as<std::runtime_error>(
      ctx, [] { throw of_two(); }, type("of_two"));
  thrown_as<std::runtime_error>(
      ctx, [] { throw 1.5f; }, type("float"));
}

BOOST_AUTO_TEST_CASE(row_14_numbers_and_strings) {
  const auto plain = [](const std::string& type, const std::string& text) {
    return [=](const std::runtime_error&, const remote_exception& remote) {
      BOOST_TEST(remote.type_name() == type);
      BOOST_TEST(remote.message() == text);
    };
  };
  thrown_as<std::runtime_error>(
      ctx, [] { throw 42; }, plain("int", "42"));
  thrown_as<std::runtime_error>(
      ctx, [] { throw 42L; }, plain("long", "42"));
  thrown_as<std::runtime_error>(
      ctx, [] { throw std::string("thrown text"); },
      [](const std::runtime_error&, const remote_exception& remote) {
        BOOST_TEST(remote.type_name().find("string") != std::string::npos);
        BOOST_TEST(remote.message() == "thrown text");
      });
  thrown_as<std::runtime_error>(
      ctx, [] { throw "a literal"; },
      [](const std::runtime_error&, const remote_exception& remote) {
        BOOST_TEST(remote.message() == "a literal");
      });
}

BOOST_AUTO_TEST_CASE(row_14_texts_of_every_kind) {
  const auto nothing = [](const std::exception&, const remote_exception& remote) {
    BOOST_TEST(remote.type_name().ends_with("without_text"));
  };
  thrown_as<std::exception>(
      ctx, [] { throw without_text(); }, nothing);
  const auto empty = [](const std::exception& error, const remote_exception&) {
    BOOST_TEST(error.what() == std::string());
  };
  thrown_as<std::runtime_error>(
      ctx, [] { throw std::runtime_error(""); }, empty);
  const auto long_one = [](const std::exception& error, const remote_exception&) {
    BOOST_TEST(std::string(error.what()) == std::string(1'000'000, '\xff'));
  };
  thrown_as<std::runtime_error>(
      ctx, [] { throw std::runtime_error(std::string(1'000'000, '\xff')); }, long_one);
}

BOOST_AUTO_TEST_CASE(row_14_nested) {
  const auto nested = [] {
    try {
      try {
        throw 42;
      } catch (...) {
        std::throw_with_nested(too_far(7));
      }
    } catch (...) {
      std::throw_with_nested(std::runtime_error("outermost"));
    }
  };
  thrown_as<std::runtime_error>(
      ctx, nested, [](const std::runtime_error& error, const remote_exception& remote) {
        BOOST_TEST(remote.has_nested());
        BOOST_TEST(error.what() == std::string("outermost"));
        try {
          std::rethrow_if_nested(error);
          BOOST_ERROR("nothing nested");
        } catch (const std::out_of_range& inner) {
          BOOST_TEST(inner.what() == std::string("too far by 7"));
          BOOST_CHECK_EXCEPTION(
              std::rethrow_if_nested(inner), std::runtime_error,
              [](const std::runtime_error& last) { return std::string(last.what()) == "42"; });
        }
      });
  thrown_as<std::runtime_error>(
      ctx, [] { throw empty_nest(); },
      [](const std::runtime_error& error, const remote_exception& remote) {
        BOOST_TEST(!remote.has_nested());
        BOOST_TEST(error.what() == std::string("empty nest"));
      });
}

void throw_nested(int levels) {
  if (levels == 0) throw std::runtime_error("level 0");
  try {
    throw_nested(levels - 1);
  } catch (...) {
    std::throw_with_nested(std::runtime_error("level " + std::to_string(levels)));
  }
}

BOOST_AUTO_TEST_CASE(row_14_nested_without_end) {
  try {
    get(ctx.call<&throw_nested>(100, use_future));
    BOOST_ERROR("nothing was thrown");
  } catch (const std::runtime_error& error) {
    BOOST_TEST(error.what() == std::string("level 100"));
  }
  BOOST_TEST(get(ctx.call([] { return 42; }, use_future)) == 42);
}

BOOST_AUTO_TEST_CASE(what_the_error_is_without_a_try_block) {
  std::promise<std::exception_ptr> failed;
  ctx.call([] { throw std::system_error(ENOENT, std::system_category()); },
           [&](std::exception_ptr error) { failed.set_value(std::move(error)); });
  const std::exception_ptr error = get(failed.get_future());
  const error_info info = error_of(error);
  BOOST_TEST((info.origin == error_info::source::remote));
  BOOST_TEST(info.code == std::error_code(ENOENT, std::system_category()));
  BOOST_TEST((error_of(nullptr).origin == error_info::source::none));
}

BOOST_AUTO_TEST_SUITE_END()

// ---- row 15: in the middle of copying

/// Throws when it is told to, on either side.
struct trap {
  enum class spring { never, encoding, decoding, copying, destroying, constructing };
  trap() = default;
  explicit trap(spring when) : at(when) {
    if (at == spring::constructing) throw std::runtime_error("constructing");
  }
  trap(const trap& other) : at(other.at) {
    if (at == spring::copying) throw std::runtime_error("copying");
  }
  trap(trap&& other) noexcept : at(std::exchange(other.at, spring::never)) {}
  trap& operator=(const trap&) = default;
  ~trap() noexcept(false) {
    if (at == spring::destroying && armed) throw std::runtime_error("destroying");
  }
  spring at = spring::never;
  bool armed = false;
};
/// Its destructor must not throw, and does.
struct bomb {
  static void explode() { throw std::runtime_error("boom"); }
  ~bomb() { explode(); }
};

}  // namespace exceptions_test

template <>
struct glovebox::codec<exceptions_test::trap> {
  static void encode(encoder& out, const exceptions_test::trap& value) {
    if (value.at == exceptions_test::trap::spring::encoding) throw std::domain_error("encoding");
    out.number(value.at);
  }
  static exceptions_test::trap decode(decoder& in) {
    const auto at = in.number<exceptions_test::trap::spring>();
    if (at == exceptions_test::trap::spring::decoding) throw std::domain_error("decoding");
    return exceptions_test::trap(at);
  }
};

BOOST_AUTO_TEST_SUITE(exceptions_test)

BOOST_FIXTURE_TEST_SUITE(row_15_exceptions_while_copying, one_child)

template <class Expected, class Future>
std::string text_of(Future call) {
  try {
    get(std::move(call));
  } catch (const Expected& error) {
    return error.what();
  }
  return "no error";
}

BOOST_AUTO_TEST_CASE(row_15_of_an_argument) {
  const auto take = [](const trap&) { return 1; };
  const auto copy = [](trap given) {
    const trap again(given);
    return 1;
  };
  using enum trap::spring;
  const trap good, encodes(encoding), decodes(decoding), copies(copying);
  BOOST_TEST(get(ctx.call(take, good, use_future)) == 1);
  // In the parent: what the codec threw, itself.
  BOOST_TEST(text_of<std::domain_error>(ctx.call(take, encodes, use_future)) == "encoding");
  // In the child.
  BOOST_TEST(text_of<std::domain_error>(ctx.call(take, decodes, use_future)) == "decoding");
  BOOST_TEST(text_of<std::runtime_error>(ctx.call(copy, copies, use_future)) == "copying");
  const auto destroys = [](trap given) { given.armed = true; };
  const trap destroyed(destroying);
  BOOST_TEST(text_of<std::runtime_error>(ctx.call(destroys, destroyed, use_future)) ==
             "destroying");
  BOOST_TEST(get(ctx.call(take, good, use_future)) == 1);
}

BOOST_AUTO_TEST_CASE(row_15_of_a_result) {
  using enum trap::spring;
  const auto make = [](trap::spring at) { return trap(at); };
  const auto copy = [](trap::spring at) {
    static std::optional<trap> kept;
    kept.emplace(at);
    return *kept;
  };
  BOOST_TEST(text_of<std::domain_error>(ctx.call(make, encoding, use_future)) == "encoding");
  BOOST_TEST(text_of<std::runtime_error>(ctx.call(copy, copying, use_future)) == "copying");
  BOOST_TEST(text_of<std::runtime_error>(ctx.call(make, constructing, use_future)) ==
             "constructing");
  // In the parent: its own exception, and the child is not to blame.
  BOOST_TEST(text_of<std::domain_error>(ctx.call(make, decoding, use_future)) == "decoding");
  const auto armed = [] {
    trap made(destroying);
    made.armed = true;
    return 1;
  };
  BOOST_TEST(text_of<std::runtime_error>(ctx.call(armed, use_future)) == "destroying");
  BOOST_TEST((get(ctx.call(make, never, use_future)).at == never));
}

BOOST_AUTO_TEST_CASE(row_15_constructors) {
  using enum trap::spring;
  BOOST_TEST(text_of<std::runtime_error>(ctx.make<trap>(constructing, use_future)) ==
             "constructing");
  BOOST_TEST(
      (get(get(ctx.make<trap>(copying, use_future)).call<&trap::armed>(use_future)) == false));
  const auto copied = get(ctx.make<trap>(copying, use_future));
  BOOST_TEST(text_of<std::runtime_error>(copied.call([](const trap& given) { return trap(given); },
                                                     use_future)) == "copying");
}

// A destructor that throws where it must not ends the child, like any call of std::terminate.
BOOST_AUTO_TEST_CASE(row_15_a_destructor_that_must_not_throw) {
  try {
    get(ctx.call([] { const bomb local; }, use_future));
    BOOST_ERROR("a destructor's exception was swallowed");
  } catch (const process_terminated& error) {
    BOOST_TEST((error.cause() == cause::signal));
    BOOST_TEST(error.info().signal_number == SIGABRT);
    BOOST_TEST((error.phase() == phase::running));
    BOOST_TEST((error.culprit() == culprit::yes));
  }
}

BOOST_AUTO_TEST_CASE(row_15_an_object_whose_destructor_throws) {
  remote<bomb> object = get(ctx.make<bomb>(use_future));
  BOOST_TEST(get(ctx.call([] { return 42; }, use_future)) == 42);
  object = {};
  // The child dies of it before, or instead of, one of the next calls.
  const auto until_it_ends = [&] {
    const auto limit = std::chrono::steady_clock::now() + hard_limit;
    while (std::chrono::steady_clock::now() < limit) get(ctx.call([] { return 42; }, use_future));
  };
  BOOST_CHECK_EXCEPTION(until_it_ends(), process_terminated, [](const process_terminated& error) {
    return error.cause() == cause::signal && error.info().signal_number == SIGABRT;
  });
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// A parent that runs out of descriptors, memory and processes: each use of what may fail does so
// once, and each limit is met. Calls say what was missing, nothing leaks, and it goes on later.
#include "integration/scarcity.hpp"
#include "integration/life.hpp"

#include <glovebox/glovebox.hpp>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <functional>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <boost/test/unit_test.hpp>

namespace scarcity_test {

using namespace life;
using namespace glovebox;

// ---- in the child

std::size_t length(const std::string& text) {
  return text.size();
}
long sum(const shared_array<int>& all) {
  return std::accumulate(all.begin(), all.end(), 0L);
}
shared_array<int> make_array(std::size_t size) {
  return shared_array<int>(size);
}
int ask(const std::function<int(int)>& parent, int n) {
  return parent(n);
}

// ---- in the parent

/// What a process holds.
struct holdings {
  std::size_t descriptors = open_descriptors();
  std::size_t mappings = mapped();

  static std::size_t mapped() {
    std::ifstream maps("/proc/self/maps");
    std::size_t count = 0;
    for (std::string line; std::getline(maps, line);)
      if (line.find("memfd:glovebox") != line.npos) ++count;
    return count;
  }
  bool operator<=(const holdings& other) const {
    return descriptors <= other.descriptors && mappings <= other.mappings;
  }
};

/// A report without its line breaks.
std::string in_one_line(const std::string& text) {
  std::string line;
  for (const char each : text)
    if (each != '\n' && each != ' ')
      line += each;
    else if (!line.ends_with(' '))
      line += ' ';
  return line;
}

/// Why calls failed.
std::vector<std::string> use_everything(asio::io_context& io) {
  std::vector<std::string> errors;
  const auto heard = [&errors](const std::exception_ptr& error, auto&&...) {
    try {
      if (error) std::rethrow_exception(error);
    } catch (const process_terminated& e) {
      errors.push_back(in_one_line(e.report()));
    } catch (const std::exception& e) {
      errors.push_back(e.what());
    }
  };
  for (const start_method method : {start_method::forkserver, start_method::spawn}) {
    context_options options;
    options.method = method;
    options.standard_error = output::capture;
    const context ctx(io, options);
    ctx.call<&echo>(1, heard);
    ctx.call<&length>(std::string(1'000'000, 'x'), heard);
    ctx.call<&ask>([](int n) { return n; }, 1, heard);
    ctx.call<&make_array>(std::size_t{1000}, heard);
    try {
      const shared_array<int> numbers(10'000);
      ctx.call<&sum>(numbers, heard);
    } catch (const std::exception& e) {
      errors.emplace_back(e.what());
    }
    io.restart();
    run_until(io, [&] { return ctx.stats().open == 0; });
  }
  return errors;
}

void works(asio::io_context& io) {
  const context ctx(io);
  ending call;
  ctx.call<&echo>(42, into(call));
  io.restart();
  run_until_over(io, call);
  if (call.error) std::rethrow_exception(call.error);
  BOOST_TEST(call.value == 42);
}

BOOST_AUTO_TEST_SUITE(scarcity_of)

BOOST_AUTO_TEST_CASE(everything_at_each_place) {
  // What is made once, and kept.
  scarcity::stop_failing();
  {
    asio::io_context io;
    BOOST_TEST(use_everything(io).empty());
  }
  const holdings before;
  for (const scarcity::call which : scarcity::all_calls)
    for (const int error : scarcity::errors_of(which)) {
      int nth = 1;
      for (bool happened = true; happened; ++nth) {
        BOOST_TEST_REQUIRE(nth < 200);
        BOOST_TEST_CONTEXT(scarcity::name_of(which) << ' ' << nth << ": " << std::strerror(error)) {
          asio::io_context io;
          scarcity::fail(which, nth, error);
          const std::vector<std::string> errors = use_everything(io);
          happened = scarcity::stop_failing();
          for (const std::string& each : errors)
            BOOST_TEST((each.find(std::strerror(error)) != each.npos ||
                        each.find("bad_alloc") != each.npos),
                       each);
          works(io);
        }
        BOOST_TEST(eventually([&] { return holdings() <= before; }));
      }
      BOOST_TEST(nth > 2);  // it is used at all
    }
}

/// A limit of this process for as long as it lives.
class limit {
 public:
  limit(int resource, rlim_t soft) : resource_(static_cast<__rlimit_resource>(resource)) {
    ::getrlimit(resource_, &before_);
    const rlimit lower{soft, before_.rlim_max};
    if (::setrlimit(resource_, &lower) != 0) throw std::runtime_error("setrlimit");
  }
  limit(const limit&) = delete;
  ~limit() { ::setrlimit(resource_, &before_); }

 private:
  __rlimit_resource resource_;
  rlimit before_{};
};

BOOST_AUTO_TEST_CASE(descriptors_by_their_limit) {
  asio::io_context io;
  works(io);
  const holdings before;
  {
    const limit low(RLIMIT_NOFILE, 64);
    std::vector<context> children;
    std::vector<ending> calls(40);
    for (ending& each : calls) {
      children.emplace_back(io);
      children.back().call<&echo>(1, into(each));
      io.restart();
      run_until_over(io, each);
    }
    // First all work, then none.
    const auto first_failure =
        std::find_if(calls.begin(), calls.end(), [](const ending& each) { return each.failed(); });
    BOOST_TEST((first_failure - calls.begin()) > 5);
    BOOST_TEST_REQUIRE((first_failure != calls.end()));
    for (auto each = first_failure; each != calls.end(); ++each) {
      const termination& info = each->as<process_terminated>().info();
      BOOST_TEST(info.cause == cause::start_failed);
      BOOST_TEST(info.error_number == EMFILE);
      BOOST_TEST(in_one_line(info.report()).find("Too many open files") != std::string::npos,
                 info.report());
    }
    // Others go on, and there is room for another one when one has ended.
    ending again;
    children.front().call<&echo>(2, into(again));
    run_until_over(io, again);
    BOOST_TEST(again.value == 2);
    children.erase(children.begin() + 1, children.end());
    works(io);
  }
  works(io);
  BOOST_TEST(eventually([&] { return holdings() <= before; }));
}

// RLIMIT_FSIZE counts for memory files as well, and a process that exceeds it gets a signal.
BOOST_AUTO_TEST_CASE(file_sizes_by_their_limit) {
  asio::io_context io;
  works(io);
  const holdings before;
  {
    const limit low(RLIMIT_FSIZE, 64 * 1024);
    try {
      const shared_array<char> large(1024 * 1024);
      BOOST_ERROR("it was made");
    } catch (const std::system_error& error) {
      BOOST_TEST(error.code().value() == EFBIG);
    }
    ending call;
    const context ctx(io);
    ctx.call<&echo>(1, into(call));
    io.restart();
    run_until_over(io, call);
    const termination& info = call.as<process_terminated>().info();
    BOOST_TEST(info.cause == cause::start_failed);
    BOOST_TEST(info.error_number == EFBIG);
  }
  works(io);
  BOOST_TEST(eventually([&] { return holdings() <= before; }));
}

boost::test_tools::assertion_result as_root(boost::unit_test::test_unit_id) {
  // ThreadSanitizer's own threads count as processes.
  boost::test_tools::assertion_result allowed(::geteuid() == 0 &&
                                              !glovebox::test::under_thread_sanitizer);
  allowed.message() << "only root can become a user who has no processes yet";
  return allowed;
}

/// \returns what was wrong; runs as a user of its own
std::string use_few_processes() {
  constexpr uid_t nobody_else = 61'234;
  if (::setgid(nobody_else) != 0 || ::setuid(nobody_else) != 0) return "setuid";
  // This process, the fork server and two children.
  const rlimit few{4, 4};
  if (::setrlimit(RLIMIT_NPROC, &few) != 0) return "setrlimit";
  asio::io_context io;
  std::vector<context> children;
  std::vector<ending> calls(4);
  for (ending& each : calls) {
    children.emplace_back(io);
    children.back().call<&echo>(1, into(each));
    io.restart();
    run_until_over(io, each);
  }
  for (const std::size_t i : {0u, 1u})
    if (calls[i].failed()) return "child " + std::to_string(i) + ": " + calls[i].info().report();
  for (const std::size_t i : {2u, 3u}) {
    const termination& info = calls[i].info();
    if (info.cause != cause::start_failed || info.error_number != EAGAIN) return info.report();
  }
  children.clear();
  works(io);
  return {};
}

BOOST_AUTO_TEST_CASE(processes_by_their_limit, *boost::unit_test::precondition(as_root)) {
  int status = 0;
  const pid_t other = ::fork();
  if (other == 0) {
    std::string wrong;
    try {
      wrong = use_few_processes();
    } catch (const std::exception& error) {
      wrong = error.what();
    }
    if (!wrong.empty()) std::fprintf(stderr, "%s\n", wrong.c_str());
    ::_exit(wrong.empty() ? 0 : 1);
  }
  BOOST_TEST(::waitpid(other, &status, 0) == other);
  BOOST_TEST(status == 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace scarcity_test

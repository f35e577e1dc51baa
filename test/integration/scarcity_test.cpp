// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// A parent that runs out of descriptors, memory and processes: each use of what may fail does so
// once, and each limit is met. Calls say what was missing, nothing leaks, and it goes on later.
#include "integration/scarcity.hpp"
#include "integration/life.hpp"
#include "support/report_text.hpp"

#include <glovebox/glovebox.hpp>

#include <sys/resource.h>
#include <sys/socket.h>
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

template <class Heard>
void use_copies(asio::io_context& io, const context& ctx, const Heard& heard) {
  snapshot made;
  bool over = false;
  ctx.snapshot([&](const std::exception_ptr& error, snapshot copy) {
    made = std::move(copy);
    heard(error);
    over = true;
  });
  run_until(io, [&] { return over; });
  if (!made) return;
  // The last time in a copy that is kept from the second one on.
  for (int i = 0; i != 3; ++i) {
    over = false;
    ctx.roll_back(made, [&](const std::exception_ptr& error) {
      heard(error);
      over = true;
    });
    run_until(io, [&] { return over; });
    if (ctx.ended()) break;
    ctx.call<&echo>(1, heard);
    run_until(io, [&] { return ctx.stats().open == 0; });
  }
  ending call;
  const context other = made.revive();
  other.call<&echo>(1, [&](const std::exception_ptr& error, int) {
    heard(error);
    call.over = true;
  });
  run_until_over(io, call);
}

/// Why calls failed.
std::vector<std::string> use_everything(asio::io_context& io) {
  std::vector<std::string> errors;
  const auto heard = [&errors](const std::exception_ptr& error, auto&&...) {
    try {
      if (error) std::rethrow_exception(error);
    } catch (const process_terminated& e) {
      errors.push_back(glovebox::test::without_layout(e.report()));
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
    if (!ctx.ended()) use_copies(io, ctx, heard);
  }
  return errors;
}

/// Options with which only the test's own patience ends a start: what is missing must show itself.
context_options patient() {
  context_options options;
  options.start_timeout = patience;
  return options;
}

/// How a call ended, for messages.
std::string text_of(const ending& call) {
  if (!call.over) return "is not over";
  if (!call.error) return "returned " + std::to_string(call.value);
  try {
    std::rethrow_exception(call.error);
  } catch (const process_terminated& why) {
    return glovebox::test::without_layout(why.report());
  } catch (const std::exception& why) {
    return why.what();
  }
}

std::string text_of(const std::vector<ending>& calls) {
  std::string text = "the calls:";
  for (std::size_t i = 0; i != calls.size(); ++i)
    text += "\n  " + std::to_string(i) + ": " + text_of(calls[i]);
  return text;
}

std::string text_of(const holdings& what) {
  return std::to_string(what.descriptors) + " descriptors and " + std::to_string(what.mappings) +
         " mappings";
}

void works(asio::io_context& io) {
  {
    const context ctx(io, patient());
    ending call;
    ctx.call<&echo>(42, into(call));
    run_until_over(io, call);
    if (call.error || call.value != 42) throw std::runtime_error(text_of(call));
  }
  // The answer of a child may overtake the fork server's message that it was started. Until that
  // has come the context cannot end it, and holds what it has.
  run_to_the_end(io);
}

/// Only what it had before is still there.
void check_nothing_is_left(const holdings& before) {
  BOOST_TEST(eventually([&] { return holdings() <= before; }),
             "left are " << text_of(holdings()) << " instead of " << text_of(before));
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
  const int step = glovebox::test::under_sanitizer ? 4 : 1;  // where each takes a second
  for (const scarcity::call which : scarcity::all_calls) {
    for (const int error : scarcity::errors_of(which)) {
      int nth = 1, places = 0;
      for (bool happened = true; happened; nth += step) {
        BOOST_TEST_REQUIRE(nth < 200);
        BOOST_TEST_CONTEXT(scarcity::name_of(which) << ' ' << nth << ": " << std::strerror(error)) {
          asio::io_context io;
          scarcity::fail(which, nth, error);
          const std::vector<std::string> errors = use_everything(io);
          happened = scarcity::stop_failing();
          places += happened;
          for (const std::string& each : errors)
            BOOST_TEST((each.find(std::strerror(error)) != each.npos ||
                        each.find("bad_alloc") != each.npos),
                       each);
          works(io);
        }
        check_nothing_is_left(before);
      }
      BOOST_TEST(places != 0);  // it is used at all
    }
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
      children.emplace_back(io, patient());
      const context& child = children.back();
      child.call<&echo>(1, into(each));
      run_until_over(io, each);
      // Then each holds as much as the others, also those whose answer came first: see works().
      if (!each.failed()) run_until(io, [&] { return child.pid() != 0; });
    }
    BOOST_TEST_CONTEXT(text_of(calls)) {
      // First all work, then none.
      const auto failed = [](const ending& each) { return each.failed(); };
      const auto first_failure = std::find_if(calls.begin(), calls.end(), failed);
      BOOST_TEST((first_failure - calls.begin()) > 5);
      BOOST_TEST_REQUIRE((first_failure != calls.end()));
      BOOST_TEST_REQUIRE(std::all_of(first_failure, calls.end(), failed));
      for (auto each = first_failure; each != calls.end(); ++each) {
        const termination& info = each->info();
        BOOST_TEST(info.cause == cause::start_failed);
        BOOST_TEST(info.error_number == EMFILE);
        BOOST_TEST(text_of(*each).find("Too many open files") != std::string::npos);
      }
    }
    // Others go on, and there is room for another one when one has ended.
    ending again;
    children.front().call<&echo>(2, into(again));
    run_until_over(io, again);
    BOOST_TEST(again.value == 2, text_of(again));
    children.erase(children.begin() + 1, children.end());
    works(io);
  }
  works(io);
  check_nothing_is_left(before);
}

// A child's descriptor is opened to kill it. Without any the fork server does it.
BOOST_AUTO_TEST_CASE(a_child_that_hangs_is_killed_without_descriptors) {
  asio::io_context io;
  const context ctx(io, patient());
  ending call;
  ctx.call<&wait_for_ever>(end_of(call));
  run_until(io, [&] { return ctx.pid() != 0 && ctx.state() == context_state::ready; });
  const process_watch child(ctx.pid());
  {
    const limit none(RLIMIT_NOFILE, 1);  // with 0 there would be no poll(2) either
    ctx.kill();
    run_until_over(io, call);
    BOOST_TEST(child.ends());
  }
  BOOST_TEST(call.info().cause == cause::killed_by_owner);
  works(io);
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
  check_nothing_is_left(before);
}

boost::test_tools::assertion_result as_root(boost::unit_test::test_unit_id) {
  // ThreadSanitizer's own threads count as processes.
  boost::test_tools::assertion_result allowed(::geteuid() == 0 &&
                                              !glovebox::test::under_thread_sanitizer);
  allowed.message() << "only root can become a user who has no processes yet";
  return allowed;
}

/// Another user each time: what an earlier one has left may not have been reaped yet by an init
/// that takes its time, and counts.
bool become_nobody_else() {
  const auto id = static_cast<uid_t>(61'000 + ::getpid() % 4'000);
  return ::setgid(id) == 0 && ::setuid(id) == 0;
}

/// \returns what was wrong; runs as a user of its own
std::string use_few_processes() {
  if (!become_nobody_else()) return "setuid";
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
  ending server;
  children.front().call<&parent_pid>(into(server));
  run_until_over(io, server);
  children.clear();
  // They count until they are reaped.
  if (!eventually([&] { return children_of(server.value).empty(); })) return "they live on";
  works(io);
  return {};
}

/// \param body returns what was wrong
/// \returns its exit status; 0: nothing was wrong
int in_another_process(std::string (*body)()) {
  const pid_t other = ::fork();
  if (other == 0) {
    std::string wrong;
    try {
      wrong = body();
    } catch (const std::exception& error) {
      wrong = error.what();
    }
    if (!wrong.empty()) std::fprintf(stderr, "%s\n", wrong.c_str());
    ::_exit(wrong.empty() ? 0 : 1);
  }
  int status = 0;
  return ::waitpid(other, &status, 0) == other ? status : -1;
}

BOOST_AUTO_TEST_CASE(processes_by_their_limit, *boost::unit_test::precondition(as_root)) {
  BOOST_TEST(in_another_process(&use_few_processes) == 0);
}

/// Sends 60 descriptors. \returns its error
int send_many(int to) {
  constexpr std::size_t count = 60;
  alignas(cmsghdr) char ancillary[CMSG_SPACE(count * sizeof(int))]{};
  char byte = 0;
  iovec piece{&byte, 1};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = ancillary;
  message.msg_controllen = sizeof ancillary;
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(count * sizeof(int));
  for (std::size_t i = 0; i != count; ++i)
    std::memcpy(CMSG_DATA(header) + i * sizeof(int), &to, sizeof to);
  return ::sendmsg(to, &message, 0) < 0 ? errno : 0;
}

/// \returns what was wrong; runs as a user of its own
std::string have_many_in_flight() {
  if (!become_nobody_else()) return "setuid";
  const limit low(RLIMIT_NOFILE, 40);
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return "socketpair";
  const file_descriptor from(ends[0]);
  file_descriptor to(ends[1]);
  if (send_many(from.get()) != 0) return "sendmsg";
  if (send_many(from.get()) != ETOOMANYREFS)
    return "this user may have any number of descriptors in flight";
  asio::io_context io;
  const context ctx(io, patient());
  ending call;
  ctx.call<&echo>(42, into(call));
  io.run_for(100ms);
  if (call.over) return text_of(call);
  to.reset();  // with them
  run_until_over(io, call);
  return call.value == 42 ? std::string() : text_of(call);
}

// As they are counted for all processes of a user, others can be the reason.
BOOST_AUTO_TEST_CASE(descriptors_in_flight_by_their_limit,
                     *boost::unit_test::precondition(as_root)) {
  BOOST_TEST(in_another_process(&have_many_in_flight) == 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace scarcity_test

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Why children end, as their calls hear it, and what a child is started with.
#include "integration/life.hpp"
#include "support/faults.hpp"

#include <unistd.h>
#include <array>
#include <asio/multiple_exceptions.hpp>
#include <asio/steady_timer.hpp>
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace causes_test {

using namespace life;
using glovebox::cause;
using glovebox::context;
using glovebox::context_options;
using glovebox::context_state;
using glovebox::culprit;
using glovebox::phase;
using glovebox::process_terminated;

// ---- in the child

int close_the_channel(int) {
  ::close(glovebox::test::channel_descriptor());
  wait_for_ever();
}

int say_and_abort(const std::string& text) {
  std::fputs(text.c_str(), stderr);
  std::abort();
}

int leave(int code) {
  ::_exit(code);
}

std::string variable(const std::string& name) {
  const char* const value = std::getenv(name.c_str());
  return value ? value : "(unset)";
}

std::string where() {
  return std::filesystem::current_path();
}
std::string output_target(int stream) {
  return std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(stream));
}
std::size_t allocate(std::size_t bytes) {
  return std::vector<char>(bytes).size();
}
int print_much(int lines) {
  for (int i = 0; i != lines; ++i) std::puts("a line that somebody may read");
  return std::fflush(stdout) == 0 ? lines : -1;
}

// ---- in the parent

struct world {
  asio::io_context io;
  gate held;

  template <auto F, class... A>
  auto result_of(const context& ctx, A&&... arguments) {
    auto future = ctx.call<F>(std::forward<A>(arguments)..., asio::use_future);
    run_until(io, [&] { return future.wait_for(0s) == std::future_status::ready; });
    return future.get();
  }
};

BOOST_FIXTURE_TEST_SUITE(causes, world)

BOOST_AUTO_TEST_CASE(a_child_that_is_not_ready_in_time) {
  context_options options;
  options.method = glovebox::start_method::spawn;
  options.environment = {hang_at_start};
  options.start_timeout = soon;
  const context ctx(io, options);
  ending start, call;
  ctx.start(end_of(start));
  ctx.call<&echo>(1, into(call));
  run_until_over(io, start);
  run_until_over(io, call);
  BOOST_TEST(start.as<process_terminated>().cause() == cause::start_timeout);
  const auto& info = call.as<process_terminated>().info();
  BOOST_TEST(info.cause == cause::start_timeout);
  BOOST_TEST(info.phase == phase::queued);
  BOOST_TEST(info.culprit == culprit::no);
}

BOOST_AUTO_TEST_CASE(a_directory_that_is_not_there) {
  context_options options;
  options.directory = held.path() + "/no/such/directory";
  const context ctx(io, options);
  ending start, call;
  ctx.start(end_of(start));
  ctx.call<&echo>(1, into(call));
  run_until_over(io, start);
  run_until_over(io, call);
  BOOST_TEST(start.as<process_terminated>().cause() == cause::start_failed);
  const auto& info = call.as<process_terminated>().info();
  BOOST_TEST(info.cause == cause::start_failed);
  BOOST_TEST(info.error_number == ENOENT);
  BOOST_TEST(info.detail == "working directory");
  BOOST_TEST(info.phase == phase::queued);
  BOOST_TEST(info.culprit == culprit::no);
  // Later calls hear the reason, too.
  ending late;
  ctx.call<&echo>(1, into(late));
  run_until_over(io, late);
  BOOST_TEST(late.as<process_terminated>().cause() == cause::start_failed);
}

// The fork server is so busy that the news of a child's end come much later than the end of its
// channel: that is no fault of the child's.
BOOST_AUTO_TEST_CASE(news_that_come_late) {
  for (const bool crash : {false, true}) {
    const context ctx(io);
    ending server_pid, call;
    ctx.call<&parent_pid>(into(server_pid));
    run_until_over(io, server_pid);
    const process_watch server(server_pid.value);
    server.send(SIGSTOP);
    if (crash)
      ctx.call<&say_and_abort>("this is the end", into(call));
    else
      ctx.call<&leave>(3, into(call));
    // Longer than a child may live without its channel.
    asio::steady_timer later(io, 1s);
    later.async_wait([&](const std::error_code&) { server.send(SIGCONT); });
    run_until_over(io, call);
    server.send(SIGCONT);
    const auto& info = call.as<process_terminated>().info();
    BOOST_TEST((info.cause == (crash ? cause::signal : cause::exit)), info.report());
    BOOST_TEST((info.culprit == culprit::yes));
  }
}

BOOST_AUTO_TEST_CASE(killed_from_outside) {
  for (const int signal : {SIGKILL, SIGTERM, SIGUSR1}) {
    const context ctx(io);
    make_ready(io, ctx);
    ending running, queued;
    ctx.call<&pass_gate>(held.path(), 1, into(running));
    ctx.call<&echo>(2, into(queued));
    held.wait_for_one();
    process_watch(ctx.pid()).send(signal);
    run_until_over(io, running);
    run_until_over(io, queued);
    const auto& info = running.as<process_terminated>().info();
    BOOST_TEST(info.cause == cause::killed_from_outside);
    BOOST_TEST(info.signal_number == signal);
    BOOST_TEST(info.phase == phase::running);
    BOOST_TEST(info.culprit == culprit::unknown);
    BOOST_TEST(queued.as<process_terminated>().cause() == cause::killed_from_outside);
    BOOST_TEST(queued.as<process_terminated>().phase() == phase::queued);
    BOOST_TEST(queued.as<process_terminated>().culprit() == culprit::no);
  }
}

// A fault's signal, sent by somebody else, is not the call's fault.
BOOST_AUTO_TEST_CASE(a_segmentation_fault_sent_from_outside) {
  const context ctx(io);
  make_ready(io, ctx);
  ending running;
  ctx.call<&pass_gate>(held.path(), 1, into(running));
  held.wait_for_one();
  process_watch(ctx.pid()).send(SIGSEGV);
  run_until_over(io, running);
  const auto& info = running.as<process_terminated>().info();
  BOOST_TEST(info.cause == cause::killed_from_outside);
  BOOST_TEST(info.signal_number == SIGSEGV);
  BOOST_TEST(info.culprit == culprit::unknown);
}

BOOST_AUTO_TEST_CASE(killed_while_idle) {
  const context ctx(io);
  make_ready(io, ctx);
  const process_watch child(ctx.pid());
  run_to_the_end(io);
  child.send(SIGKILL);
  BOOST_TEST_REQUIRE(child.ends());
  ending call;
  ctx.call<&echo>(1, into(call));
  run_until_over(io, call);
  const auto& info = call.as<process_terminated>().info();
  BOOST_TEST(info.cause == cause::killed_from_outside);
  BOOST_TEST(info.phase == phase::queued);
  BOOST_TEST(info.culprit == culprit::no);
  BOOST_TEST(ctx.state() == context_state::terminated);
}

BOOST_AUTO_TEST_CASE(the_fork_server_is_lost) {
  const context first(io), second(io);
  make_ready(io, first);
  make_ready(io, second);
  const process_watch server(result_of<&parent_pid>(first));
  const process_watch first_child(first.pid()), second_child(second.pid());
  ending running, queued, elsewhere;
  first.call<&pass_gate>(held.path(), 1, into(running));
  first.call<&echo>(2, into(queued));
  second.call<&pass_gate>(held.path(), 3, into(elsewhere));
  held.wait_for_one();
  held.wait_for_one();
  server.send(SIGKILL);
  run_until_over(io, running);
  run_until_over(io, queued);
  run_until_over(io, elsewhere);
  for (const ending* each : {&running, &queued, &elsewhere}) {
    BOOST_TEST(each->as<process_terminated>().cause() == cause::fork_server_lost);
    BOOST_TEST(each->as<process_terminated>().culprit() == culprit::no);
  }
  BOOST_TEST(running.info().phase == phase::running);
  BOOST_TEST(queued.info().phase == phase::queued);
  BOOST_TEST(first_child.ends());
  BOOST_TEST(second_child.ends());
  // A new context gets a new server.
  const context third(io);
  BOOST_TEST(result_of<&echo>(third, 5) == 5);
}

BOOST_AUTO_TEST_CASE(handlers_throw_as_the_fork_server_is_lost) {
  const std::array<context, 3> children{context(io), context(io), context(io)};
  for (const context& each : children) make_ready(io, each);
  const process_watch server(result_of<&parent_pid>(children[0]));
  std::array<bool, 3> told{};
  for (std::size_t i = 0; i != children.size(); ++i)
    children[i].call<&pass_gate>(held.path(), 1, [&told, i](std::exception_ptr error, int) {
      told[i] = error != nullptr;
      throw i;
    });
  for (std::size_t i = 0; i != children.size(); ++i) held.wait_for_one();
  server.send(SIGKILL);
  int thrown = 0;
  for (io.restart(); told != std::array{true, true, true};) {
    try {
      BOOST_TEST_REQUIRE(io.run_one_for(glovebox::test::hard_limit) == 1u);
    } catch (std::size_t) {
      ++thrown;
    } catch (const asio::multiple_exceptions&) {
      ++thrown;  // of one turn
    }
  }
  BOOST_TEST(thrown > 0);
  const context next(io);
  BOOST_TEST(result_of<&echo>(next, 5) == 5);
}

BOOST_AUTO_TEST_CASE(the_fork_server_is_lost_while_all_is_idle) {
  const context first(io);
  const process_watch server(result_of<&parent_pid>(first));
  run_to_the_end(io);
  server.send(SIGKILL);
  BOOST_TEST_REQUIRE(server.ends());
  const context second(io);
  BOOST_TEST(result_of<&echo>(second, 5) == 5);
  ending call;
  first.call<&echo>(1, into(call));
  run_until_over(io, call);
  BOOST_TEST(call.as<process_terminated>().culprit() == culprit::no);
}

BOOST_AUTO_TEST_CASE(killed_by_its_owner) {
  const context ctx(io);
  ending running, queued;
  ctx.call<&pass_gate>(held.path(), 1, into(running));
  ctx.call<&echo>(2, into(queued));
  held.wait_for_one();
  ctx.kill();
  BOOST_TEST(ctx.state() >= context_state::terminating);
  BOOST_TEST(!running.over);  // handlers run in the io_context only
  run_until_over(io, running);
  run_until_over(io, queued);
  BOOST_TEST(running.as<process_terminated>().cause() == cause::killed_by_owner);
  BOOST_TEST(running.as<process_terminated>().culprit() == culprit::no);
  BOOST_TEST(queued.as<process_terminated>().phase() == phase::queued);
  BOOST_TEST(ctx.ended()->cause == cause::killed_by_owner);
}

BOOST_AUTO_TEST_CASE(a_living_child_closes_its_channel) {
  const context ctx(io);
  make_ready(io, ctx);
  const process_watch child(ctx.pid());
  ending call;
  ctx.call<&close_the_channel>(1, into(call));
  run_until_over(io, call);
  const auto& info = call.as<process_terminated>().info();
  BOOST_TEST(info.cause == cause::protocol_violation);
  BOOST_TEST(info.phase == phase::running);
  BOOST_TEST(info.culprit == culprit::yes);
  BOOST_TEST(!info.detail.empty());
  BOOST_TEST(child.ends());
}

BOOST_AUTO_TEST_CASE(last_lines_of_standard_error) {
  context_options options;
  options.standard_error = glovebox::output::capture;
  const context ctx(io, options);
  std::string text;
  for (int i = 1; i <= 50; ++i) text += "line " + std::to_string(i) + '\n';
  ending call;
  ctx.call<&say_and_abort>(text + "the very last\twords", into(call));
  run_until_over(io, call);
  const auto& info = call.as<process_terminated>().info();
  BOOST_TEST_REQUIRE(info.stderr_tail.size() >= 5u);
  BOOST_TEST(info.stderr_tail.size() < 50u);
  BOOST_TEST(info.stderr_tail.back() == "the very last\twords");
  BOOST_TEST(*(info.stderr_tail.end() - 2) == "line 50");
  BOOST_TEST(info.report().find("the very last words") != std::string::npos);
  BOOST_TEST(info.report().find("SIGABRT") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(environment_and_directory) {
  ::setenv("GLOVEBOX_TEST_UNSET", "still here", 1);
  for (const auto method : {glovebox::start_method::forkserver, glovebox::start_method::spawn}) {
    context_options options;
    options.method = method;
    options.environment = {"GLOVEBOX_TEST_SET=a=b", "GLOVEBOX_TEST_UNSET"};
    options.directory = "/proc";
    const context ctx(io, options);
    BOOST_TEST(result_of<&variable>(ctx, "GLOVEBOX_TEST_SET") == "a=b");
    BOOST_TEST(result_of<&variable>(ctx, "GLOVEBOX_TEST_UNSET") == "(unset)");
    BOOST_TEST(result_of<&where>(ctx) == "/proc");
    const context plain(io);
    BOOST_TEST(result_of<&variable>(plain, "GLOVEBOX_TEST_SET") == "(unset)");
    BOOST_TEST(result_of<&where>(plain) == std::filesystem::current_path().string());
  }
  ::unsetenv("GLOVEBOX_TEST_UNSET");
}

boost::test_tools::assertion_result no_sanitizer(boost::unit_test::test_unit_id) {
  boost::test_tools::assertion_result allowed(!glovebox::test::under_sanitizer);
  allowed.message() << "a sanitizer cannot live under a limit on address space";
  return allowed;
}

BOOST_AUTO_TEST_CASE(lines_of_output_one_by_one) {
  std::vector<std::string> lines;
  context_options options;
  options.standard_output = glovebox::output::capture;
  options.standard_error = glovebox::output::capture;
  options.on_output_line = [&lines](std::string_view line) { lines.emplace_back(line); };
  ending printed, call;
  const context ctx(io, options);
  ctx.call<&print_much>(5000, into(printed));
  ctx.call<&say_and_abort>("first\nlast words", end_of(call));
  run_until_over(io, call);
  BOOST_TEST(printed.value == 5000);
  run_to_the_end(io);
  BOOST_TEST_REQUIRE(lines.size() == 5002u);
  BOOST_TEST(lines.front() == "a line that somebody may read");
  BOOST_TEST(lines[5000] == "first");
  BOOST_TEST(lines.back() == "last words");
}

BOOST_AUTO_TEST_CASE(processor_time) {
  for (const auto method : {glovebox::start_method::forkserver, glovebox::start_method::spawn}) {
    context_options options;
    options.method = method;
    options.cpu_limit = 1s;
    const context ctx(io, options);
    ending call;
    ctx.call<&glovebox::test::commit_fault>("endless_loop", end_of(call));
    run_until_over(io, call);
    const auto& info = call.as<process_terminated>().info();
    BOOST_TEST(info.cause == cause::signal);
    BOOST_TEST(info.signal_number == SIGXCPU);
    BOOST_TEST(info.culprit == culprit::yes);
  }
}

BOOST_AUTO_TEST_CASE(memory_limit, *boost::unit_test::precondition(no_sanitizer)) {
  for (const auto method : {glovebox::start_method::forkserver, glovebox::start_method::spawn}) {
    context_options options;
    options.method = method;
    options.memory_limit = 64 * 1024 * 1024;
    const context ctx(io, options);
    BOOST_TEST(result_of<&allocate>(ctx, std::size_t{32} << 20) == std::size_t{32} << 20);
    BOOST_CHECK_THROW(result_of<&allocate>(ctx, std::size_t{65} << 20), std::bad_alloc);
    BOOST_TEST(result_of<&allocate>(ctx, std::size_t{32} << 20) == std::size_t{32} << 20);
  }
}

BOOST_AUTO_TEST_CASE(output_to_nowhere) {
  context_options options;
  options.standard_output = options.standard_error = glovebox::output::null;
  const context ctx(io, options);
  BOOST_TEST(result_of<&output_target>(ctx, STDIN_FILENO) == "/dev/null");
  BOOST_TEST(result_of<&output_target>(ctx, STDOUT_FILENO) == "/dev/null");
  BOOST_TEST(result_of<&output_target>(ctx, STDERR_FILENO) == "/dev/null");
  BOOST_TEST(result_of<&print_much>(ctx, 10'000) == 10'000);
}

BOOST_AUTO_TEST_CASE(captured_standard_output_is_taken_from_the_child) {
  context_options options;
  options.standard_output = glovebox::output::capture;
  const context ctx(io, options);
  // More than a pipe holds.
  BOOST_TEST(result_of<&print_much>(ctx, 10'000) == 10'000);
}

BOOST_AUTO_TEST_CASE(states_and_counters) {
  const context ctx(io);
  BOOST_TEST(ctx.state() == context_state::starting);
  BOOST_TEST(!ctx.ended().has_value());
  make_ready(io, ctx);
  BOOST_TEST(ctx.state() == context_state::ready);
  BOOST_TEST(ctx.pid() == result_of<&own_pid>(ctx));
  ending first, second, third;
  ctx.call<&pass_gate>(held.path(), 1, into(first));
  ctx.call<&echo>(2, into(second));
  ctx.call<&say_and_abort>("", into(third));
  BOOST_TEST(ctx.stats().calls == 4u);
  BOOST_TEST(ctx.stats().open == 3u);
  BOOST_TEST(ctx.stats().answered == 1u);
  held.wait_for_one();
  held.open();
  run_until_over(io, third);
  run_until_over(io, second);
  const auto stats = ctx.stats();
  BOOST_TEST(stats.calls == 4u);
  BOOST_TEST(stats.open == 0u);
  BOOST_TEST(stats.answered == 3u);
  BOOST_TEST(stats.bytes_sent > 0u);
  BOOST_TEST(stats.bytes_received > 0u);
  BOOST_TEST(ctx.state() == context_state::terminated);
  BOOST_TEST_REQUIRE(ctx.ended().has_value());
  BOOST_TEST(ctx.ended()->cause == cause::signal);
  BOOST_TEST(ctx.ended()->signal_number == SIGABRT);
  BOOST_TEST(ctx.ended()->method.empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace causes_test

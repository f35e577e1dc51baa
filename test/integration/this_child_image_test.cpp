// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// What functions of the program itself find in a child, and what the parent keeps.
#include "integration/life.hpp"
#include "integration/this_child_fixture.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <fstream>
#include <iterator>
#include <set>
#include <thread>

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(this_child_image_test)

using namespace glovebox;
using namespace glovebox::test;
using asio::use_future;
using strings = std::vector<std::string>;

// ---- in the child

strings found() {
  return this_child::arguments();
}
/// Writes its pid to the first descriptor, and keeps that.
int report() {
  const int to = this_child::descriptor(0);
  const int pid = ::getpid();
  return ::write(to, &pid, sizeof pid) == sizeof pid ? pid : -1;
}
std::size_t take_at_once(int threads) {
  std::atomic<std::size_t> taken = 0;
  std::vector<std::thread> all;
  for (int i = 0; i != threads; ++i)
    all.emplace_back([&taken] {
      for (std::size_t each = 0; each != this_child::descriptor_count(); ++each)
        if (this_child::take_descriptor(each)) ++taken;
    });
  for (std::thread& each : all) each.join();
  return taken;
}

// ---- in the parent

std::string command_line(pid_t of) {
  std::ifstream file("/proc/" + std::to_string(of) + "/cmdline");
  std::string text{std::istreambuf_iterator<char>(file), {}};
  for (char& each : text)
    if (each == '\0') each = ' ';
  return text;
}

std::pair<file_descriptor, file_descriptor> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category());
  return {file_descriptor(ends[0]), file_descriptor(ends[1])};
}

/// All writers of a pipe are gone.
bool at_end(int fd) {
  pollfd watched{.fd = fd, .events = 0, .revents = 0};
  constexpr auto limit = std::chrono::milliseconds(hard_limit);
  return ::poll(&watched, 1, static_cast<int>(limit.count())) == 1 &&
         (watched.revents & POLLHUP) != 0;
}

termination failure_of(const context_options& options) {
  const context ctx(shared_io(), options);
  try {
    get(ctx.call<&found>(use_future));
  } catch (const process_terminated& why) {
    return why.info();
  }
  BOOST_ERROR("the child was started");
  return {};
}

BOOST_AUTO_TEST_SUITE(given_to_own_images)

BOOST_AUTO_TEST_CASE(arguments_on_the_command_line) {
  context_options options;
  options.arguments = {"--model", "small"};
  const context forked(shared_io(), options);
  BOOST_TEST(get(forked.call<&found>(use_future)) == options.arguments,
             boost::test_tools::per_element());
  options.method = start_method::spawn;
  const context spawned(shared_io(), options);
  BOOST_TEST(get(spawned.call<&found>(use_future)) == options.arguments,
             boost::test_tools::per_element());
  BOOST_TEST(command_line(spawned.pid()).ends_with(" --model small "));
}

BOOST_DATA_TEST_CASE(each_child_of_a_pool,
                     boost::unit_test::data::make({start_method::forkserver, start_method::spawn}),
                     method) {
  auto [read_end, write_end] = make_pipe();
  {
    pool_options options;
    options.size = 3;
    options.child.method = method;
    options.child.arguments = {"worker"};
    options.child.descriptors.emplace_back(std::move(write_end));
    const pool workers(shared_io(), options);
    options = {};
    std::vector<std::future<int>> calls;
    std::set<int> answered, reported;
    for (int i = 0; i != 30; ++i) calls.push_back(workers.call<&report>(use_future));
    for (auto& each : calls) answered.insert(get(std::move(each)));
    for (int i = 0; i != 30; ++i) {
      int pid = 0;
      BOOST_TEST_REQUIRE(::read(read_end.get(), &pid, sizeof pid) == sizeof pid);
      reported.insert(pid);
    }
    BOOST_TEST(answered == reported, boost::test_tools::per_element());
    BOOST_TEST(get(workers.call<&found>(use_future)) == strings{"worker"},
               boost::test_tools::per_element());
  }
  // With the pool its children are gone, and what it was made with.
  BOOST_TEST(at_end(read_end.get()));
}

BOOST_AUTO_TEST_CASE(open_as_long_as_its_owners) {
  auto [read_end, write_end] = make_pipe();
  context_options options;
  options.descriptors = {std::move(write_end)};
  {
    const context ctx(shared_io(), options);
    get(ctx.call<&found>(use_future));
  }
  {
    const context second(shared_io(), options);
    BOOST_TEST(get(second.call<&report>(use_future)) > 0);
    options = {};
    int pid = 0;
    BOOST_TEST(::read(read_end.get(), &pid, sizeof pid) == sizeof pid);
  }
  BOOST_TEST(at_end(read_end.get()));
}

BOOST_AUTO_TEST_CASE(taken_once) {
  context_options options;
  options.descriptors.assign(100, file_with(""));
  const context ctx(shared_io(), options);
  BOOST_TEST(get(ctx.call<&take_at_once>(4, use_future)) == 100u);
}

BOOST_AUTO_TEST_CASE(a_socket_stays_connected) {
  int ends[2];
  BOOST_REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  const file_descriptor mine(ends[0]);
  context_options options;
  options.descriptors = {file_descriptor(ends[1])};
  const context ctx(shared_io(), options);
  const int pid = get(ctx.call<&report>(use_future));
  int sent = 0;
  BOOST_TEST(::read(mine.get(), &sent, sizeof sent) == sizeof sent);
  BOOST_TEST(sent == pid);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_given) {
  const std::size_t before = life::open_descriptors();
  {
    context_options options;
    options.descriptors = {file_with(""), {}};
    termination info = failure_of(options);
    BOOST_TEST((info.cause == cause::start_failed));
    BOOST_TEST(info.error_number == EBADF);
    BOOST_TEST(info.detail == "a descriptor for the child");

    options.descriptors.assign(300, file_with(""));
    info = failure_of(options);
    BOOST_TEST((info.cause == cause::start_failed));
    BOOST_TEST(info.detail == "start request: more descriptors than a message can have");

    options.descriptors.assign(1, file_with(""));
    options.arguments = {std::string(100'000, 'x')};
    info = failure_of(options);
    BOOST_TEST((info.cause == cause::start_failed));
    BOOST_TEST(info.detail == "start request: environment, arguments and directory exceed 64 KiB");

    options.arguments = {std::string("a\0b", 3)};
    info = failure_of(options);
    BOOST_TEST((info.cause == cause::start_failed));
    BOOST_TEST(info.error_number == EINVAL);
    BOOST_TEST(info.detail == "start request");

    options.arguments = {};
    options.directory = "/nonexistent";
    BOOST_TEST((failure_of(options).cause == cause::start_failed));
  }
  BOOST_TEST(life::eventually([&] { return life::open_descriptors() <= before; }));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()

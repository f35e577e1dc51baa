// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "process/messages.hpp"
#include "process/markers.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <random>
#include <stdexcept>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(messages_test)

using namespace glovebox::process;
using bytes = std::vector<std::byte>;

start_request full_request() {
  return {.child = 0x1122334455667788,
          .method = glovebox::start_method::spawn,
          .memory_limit = 1u << 30,
          .cpu_limit = 12,
          .core_dumps = true,
          .has_stdout = true,
          .has_stderr = false,
          .environment = {"HOME=/nowhere", "EMPTY=", "UNSET", "WITH=a=b"},
          .directory = "/tmp/\xff not utf-8",
          .arguments = {"--verbose", "", "two words"},
          .extra_descriptors = 2,
          .command = {"/usr/bin/program", "", "-v"},
          .avoided_processor = 3};
}

exited full_exit() {
  return {.child = 7,
          .status = {.code = CLD_DUMPED,
                     .status = SIGSEGV,
                     .usage = {.peak_memory = 123456789,
                               .user_time = std::chrono::microseconds(11),
                               .system_time = std::chrono::microseconds(22)}}};
}

std::vector<bytes> server_messages() {
  return {encode(started{.child = 1, .pid = 4711, .note = "spawned"}),
          encode(start_failed{
              .child = 2, .error = EAGAIN, .stage = start_stage::fork, .detail = "too many"}),
          encode(full_exit())};
}

// Whether what was decoded is exactly what the bytes say. Anything else means that the decoder
// looked at a part of them only.
bool faithful(const bytes& datagram) {
  if (const auto request = decode_server_request(datagram)) return encode(*request) == datagram;
  if (const auto message = decode_server_message(datagram)) return encode(*message) == datagram;
  return true;
}

BOOST_AUTO_TEST_CASE(start_request_comes_back) {
  const start_request sent = full_request();
  const auto decoded = decode_server_request(encode(sent));
  BOOST_REQUIRE(decoded.has_value());
  const auto* const received = std::get_if<start_request>(&*decoded);
  BOOST_REQUIRE(received != nullptr);
  BOOST_TEST(received->child == sent.child);
  BOOST_TEST((received->method == sent.method));
  BOOST_TEST(received->memory_limit == sent.memory_limit);
  BOOST_TEST(received->cpu_limit == sent.cpu_limit);
  BOOST_TEST(received->core_dumps);
  BOOST_TEST(received->has_stdout);
  BOOST_TEST(!received->has_stderr);
  BOOST_TEST(received->extra_descriptors == 2u);
  BOOST_TEST(received->descriptors() == 5u);
  BOOST_TEST(received->environment == sent.environment, boost::test_tools::per_element());
  BOOST_TEST(received->directory == sent.directory);
  BOOST_TEST(received->arguments == sent.arguments, boost::test_tools::per_element());
  BOOST_TEST(received->command == sent.command, boost::test_tools::per_element());
  BOOST_TEST(received->avoided_processor == 3);
}

BOOST_AUTO_TEST_CASE(kill_request_comes_back) {
  const auto received = decode_server_request(encode(kill_request{.child = 0x1122334455667788}));
  BOOST_REQUIRE(received.has_value());
  BOOST_TEST(std::get<kill_request>(*received).child == 0x1122334455667788u);
}

BOOST_AUTO_TEST_CASE(adopt_request_comes_back) {
  const auto received = decode_server_request(encode(adopt_request{.child = 0x1122334455667788}));
  BOOST_REQUIRE(received.has_value());
  BOOST_TEST(std::get<adopt_request>(*received).child == 0x1122334455667788u);
}

BOOST_AUTO_TEST_CASE(count_request_comes_back) {
  const auto received = decode_server_request(encode(count_request{}));
  BOOST_REQUIRE(received.has_value());
  BOOST_TEST(std::holds_alternative<count_request>(*received));
}

BOOST_AUTO_TEST_CASE(server_messages_come_back) {
  const auto first =
      decode_server_message(encode(started{.child = 1, .pid = 4711, .note = "spawned"}));
  BOOST_REQUIRE(first.has_value());
  BOOST_TEST(std::get<started>(*first).child == 1u);
  BOOST_TEST(std::get<started>(*first).pid == 4711);
  BOOST_TEST(std::get<started>(*first).note == "spawned");

  const auto second = decode_server_message(encode(
      start_failed{.child = 2, .error = EAGAIN, .stage = start_stage::fork, .detail = "too many"}));
  BOOST_REQUIRE(second.has_value());
  BOOST_TEST(std::get<start_failed>(*second).child == 2u);
  BOOST_TEST(std::get<start_failed>(*second).error == EAGAIN);
  BOOST_TEST((std::get<start_failed>(*second).stage == start_stage::fork));
  BOOST_TEST(std::get<start_failed>(*second).detail == "too many");

  const auto third = decode_server_message(encode(full_exit()));
  BOOST_REQUIRE(third.has_value());
  const exit_status& status = std::get<exited>(*third).status;
  BOOST_TEST(std::get<exited>(*third).child == 7u);
  BOOST_TEST(status.code == CLD_DUMPED);
  BOOST_TEST(status.status == SIGSEGV);
  BOOST_TEST(status.usage.peak_memory == 123456789u);
  BOOST_TEST(status.usage.user_time.count() == 11);
  BOOST_TEST(status.usage.system_time.count() == 22);
}

BOOST_AUTO_TEST_CASE(truncated_or_extended_is_refused) {
  std::vector<bytes> all = server_messages();
  all.push_back(encode(full_request()));
  all.push_back(encode(adopt_request{.child = 3}));
  all.push_back(encode(kill_request{.child = 3}));
  all.push_back(encode(count_request{}));
  for (const bytes& whole : all) {
    for (std::size_t length = 0; length < whole.size(); ++length) {
      const std::span<const std::byte> part(whole.data(), length);
      BOOST_TEST(!decode_server_request(part).has_value());
      BOOST_TEST(!decode_server_message(part).has_value());
    }
    bytes longer = whole;
    longer.push_back(std::byte{0});
    BOOST_TEST(!decode_server_request(longer).has_value());
    BOOST_TEST(!decode_server_message(longer).has_value());
  }
}

BOOST_AUTO_TEST_CASE(one_direction_is_not_the_other) {
  BOOST_TEST(!decode_server_message(encode(full_request())).has_value());
  BOOST_TEST(!decode_server_message(encode(kill_request{.child = 3})).has_value());
  for (const bytes& message : server_messages()) {
    BOOST_TEST(!decode_server_request(message).has_value());
  }
}

BOOST_AUTO_TEST_CASE(preload_request_comes_back) {
  const auto decoded =
      decode_server_request(encode(preload_request{.module_path = "/a:/b",
                                                   .modules = {"vision", "codecs"},
                                                   .timeout = std::chrono::milliseconds(7500)}));
  BOOST_REQUIRE(decoded.has_value());
  const auto* const received = std::get_if<preload_request>(&*decoded);
  BOOST_REQUIRE(received != nullptr);
  BOOST_TEST(received->module_path == "/a:/b");
  BOOST_TEST((received->modules == std::vector<std::string>{"vision", "codecs"}));
  BOOST_TEST(received->timeout.count() == 7500);
}

BOOST_AUTO_TEST_CASE(every_byte_flipped) {
  std::vector<bytes> all = server_messages();
  all.push_back(encode(full_request()));
  all.push_back(encode(adopt_request{.child = 3}));
  all.push_back(encode(kill_request{.child = 3}));
  all.push_back(encode(count_request{}));
  all.push_back(encode(preload_request{.module_path = "/here:", .modules = {"a", "b"}}));
  for (const bytes& whole : all) {
    for (std::size_t i = 0; i < whole.size(); ++i) {
      for (int value = 0; value < 256; ++value) {
        bytes changed = whole;
        changed[i] = static_cast<std::byte>(value);
        BOOST_REQUIRE(faithful(changed));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(garbage) {
  std::mt19937 random(20240229);
  for (int round = 0; round < 20'000; ++round) {
    bytes datagram(random() % 80);
    for (std::byte& b : datagram) b = static_cast<std::byte>(random());
    if (!datagram.empty()) datagram[0] = static_cast<std::byte>(random() % 8);
    BOOST_REQUIRE(faithful(datagram));
  }
}

BOOST_AUTO_TEST_CASE(values_without_meaning_are_refused) {
  const auto refused = [](const server_message& message) {
    return !decode_server_message(encode(message)).has_value();
  };
  const auto with = [](int code, int status) {
    return exited{.child = 1, .status = {.code = code, .status = status, .usage = {}}};
  };
  BOOST_TEST(!refused(with(CLD_EXITED, 0)));
  BOOST_TEST(!refused(with(CLD_EXITED, 255)));
  BOOST_TEST(!refused(with(CLD_KILLED, SIGKILL)));
  BOOST_TEST(refused(with(CLD_EXITED, 256)));
  BOOST_TEST(refused(with(CLD_EXITED, -1)));
  BOOST_TEST(refused(with(CLD_KILLED, 0)));
  BOOST_TEST(refused(with(CLD_KILLED, 65)));
  BOOST_TEST(refused(with(CLD_STOPPED, SIGSTOP)));
  BOOST_TEST(refused(with(0, 0)));
  // A signal to any of these would hit others.
  BOOST_TEST(refused(started{.child = 1, .pid = 0}));
  BOOST_TEST(refused(started{.child = 1, .pid = 1}));
  BOOST_TEST(refused(started{.child = 1, .pid = -1}));
  BOOST_TEST(refused(start_failed{.child = 1, .error = 0, .stage = start_stage::fork}));
  BOOST_TEST(refused(start_failed{.child = 1, .error = EINVAL, .stage = start_stage::none}));
  BOOST_TEST(refused(start_failed{.child = 1, .error = 5000, .stage = start_stage::fork}));
}

BOOST_AUTO_TEST_CASE(strings_that_would_change_on_the_way_are_refused) {
  const auto refused = [](const start_request& request) {
    return !decode_server_request(encode(request)).has_value();
  };
  start_request request;
  BOOST_TEST(!refused(request));
  request.environment = {std::string("A=b\0c", 5)};
  BOOST_TEST(refused(request));
  request.environment = {""};
  BOOST_TEST(refused(request));
  request.environment = {"=x"};
  BOOST_TEST(refused(request));
  request.environment = {};
  request.directory = std::string("/tmp\0/x", 7);
  BOOST_TEST(refused(request));
  request.directory = {};
  request.arguments = {std::string("a\0b", 3)};
  BOOST_TEST(refused(request));
  request.arguments = {};
  request.command = {"/bin/cat", std::string("a\0b", 3)};
  BOOST_TEST(refused(request));
}

BOOST_AUTO_TEST_CASE(a_command_has_an_absolute_path) {
  for (const std::string path : {"", "cat", "./cat"}) {
    const auto request = decode_server_request(encode(start_request{.command = {path}}));
    BOOST_TEST(!request.has_value(), path);
  }
}

BOOST_AUTO_TEST_CASE(more_descriptors_than_a_message_takes) {
  start_request request{.has_stderr = true, .extra_descriptors = 250};
  BOOST_TEST(decode_server_request(encode(request)).has_value());
  request.extra_descriptors = 251;
  BOOST_CHECK_THROW(encode(request), std::length_error);
  request.extra_descriptors = ~0u;
  BOOST_CHECK_THROW(encode(request), std::length_error);
}

BOOST_AUTO_TEST_CASE(too_long_is_refused_on_both_sides) {
  start_request request;
  request.environment = {std::string(max_message_bytes, 'x')};
  BOOST_CHECK_THROW(encode(request), std::length_error);
  request.environment = {};
  request.arguments = std::vector<std::string>(max_message_bytes / 4);
  BOOST_CHECK_THROW(encode(request), std::length_error);
  request.arguments = {};
  request.command = {"/bin/echo", std::string(max_message_bytes, 'x')};
  BOOST_CHECK_THROW(encode(request), std::length_error);
  BOOST_TEST(!decode_server_request(bytes(max_message_bytes + 1)).has_value());
}

BOOST_AUTO_TEST_CASE(child_of_a_damaged_request) {
  bytes request = encode(full_request());
  request.resize(12);
  BOOST_TEST(!decode_server_request(request).has_value());
  BOOST_TEST(child_of(request) == full_request().child);
  request.resize(8);
  BOOST_TEST(child_of(request) == 0u);
}

BOOST_AUTO_TEST_CASE(every_stage_has_a_name) {
  for (auto stage = start_stage::none; stage <= start_stage::exec;
       stage = static_cast<start_stage>(static_cast<std::uint32_t>(stage) + 1)) {
    BOOST_TEST(to_string(stage) != "unknown");
  }
  BOOST_TEST(to_string(static_cast<start_stage>(1000)) == "unknown");
}

BOOST_AUTO_TEST_CASE(markers) {
  const auto server = [](std::vector<const char*> arguments) {
    return fork_server_marker(static_cast<int>(arguments.size()), arguments.data());
  };
  const auto child = [](std::vector<const char*> arguments) {
    return child_marker(static_cast<int>(arguments.size()), arguments.data());
  };
  const std::string server_word = fork_server_argument(3);
  BOOST_TEST((server({"program", server_word.c_str(), "more"}) == 3));
  BOOST_TEST(!server({"program", "more", server_word.c_str()}).has_value());
  BOOST_TEST(!server({"program"}).has_value());
  for (const char* wrong :
       {"--glovebox-fork-server=", "--glovebox-fork-server=x", "--glovebox-fork-server=-1",
        "--glovebox-fork-server=3,4", "--glovebox-fork-server=3,",
        "--glovebox-fork-server=99999999999", "--glovebox-fork-serve"}) {
    BOOST_TEST(!server({"program", wrong}).has_value(), wrong);
  }

  const std::string child_word = child_argument(
      {.channel = 3, .recorder = 4, .memory_limit = ~std::uint64_t{0}, .descriptors = {5, 6}});
  const auto setup = child({"program", child_word.c_str(), child_word.c_str(), ""});
  BOOST_REQUIRE(setup.has_value());
  BOOST_TEST(setup->channel == 3);
  BOOST_TEST(setup->recorder == 4);
  BOOST_TEST(setup->memory_limit == ~std::uint64_t{0});
  BOOST_TEST((setup->descriptors == std::vector<int>{5, 6}));
  BOOST_TEST((setup->arguments == std::vector<std::string>{child_word, ""}));
  for (const char* wrong :
       {"--glovebox-child=", "--glovebox-child=3", "--glovebox-child=3,4", "--glovebox-child=3,4,",
        "--glovebox-child=3,4,5", "--glovebox-child=3,4,5,6,7", "--glovebox-child=3,-4,5,0",
        "--glovebox-child=3,4,5,-1", "--glovebox-child=3,4,5,254", "--glovebox-child=3;4;5;6"}) {
    BOOST_TEST(!child({"program", wrong}).has_value(), wrong);
  }
}

BOOST_AUTO_TEST_SUITE_END()

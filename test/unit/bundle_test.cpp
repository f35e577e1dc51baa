// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "core/bundle.hpp"
#include "core/checksum.hpp"
#include "runtime/bundle_file.hpp"
#include "support/dice.hpp"

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <sys/stat.h>
#include <unistd.h>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

BOOST_AUTO_TEST_SUITE(bundle_test)

using namespace std::literals;
using glovebox::cause;
using glovebox::outcome;
using glovebox::core::bundle;
using glovebox::core::bundle_error;
using glovebox::core::decode_bundle;
using glovebox::core::encode_bundle;
using bytes = std::vector<std::byte>;

bytes bytes_of(std::string_view text) {
  const auto all = std::as_bytes(std::span(text));
  return {all.begin(), all.end()};
}

std::string text_of(const bytes& from) {
  return {reinterpret_cast<const char*>(from.data()), from.size()};
}

bundle sample() {
  bundle made;
  made.made_by = "glovebox 1";
  made.program = "/opt/app \xff";
  made.program_build_id = "\x01\x02\xab"s;
  made.function = {{glovebox::core::module_identity::source::build_id, "\x01\x02\xab"s},
                   0x1234,
                   "/opt/app",
                   "decode(image const&)"};
  made.body = bytes_of("body\0\xff"sv);
  made.attachments = {bytes_of("first"), {}, bytes_of(std::string(40'000, 'x'))};
  made.call.run_timeout = 2s;
  made.call.grace = 100ms;
  made.child.method = glovebox::start_method::spawn;
  made.child.memory_limit = 256 << 20;
  made.child.cpu_limit = 7s;
  made.child.environment = {"A=b", "C", "D=\xfe"};
  made.child.module_path = {"/opt/modules"};
  made.child.preload = {"vision"};
  made.child.directory = "/opt";
  made.child.limits.depth = 77;
  made.surroundings = {"MALLOC_PERTURB_=7", "LANG=C"};
  made.seen.name = "case \"1\"\n";
  made.seen.input = "gif of 403 bytes";
  made.seen.outcome = outcome::crashed;
  made.seen.cause = cause::signal;
  made.seen.phase = glovebox::phase::running;
  made.seen.culprit = glovebox::culprit::yes;
  made.seen.signal_number = SIGABRT;
  made.seen.last_words = "free(): invalid pointer";
  made.seen.group = "crashed SIGABRT in release < decode";
  made.seen.stderr_tail = {"one", "two"};
  made.stack = {"release image.c:7", "decode image.c:99"};
  return made;
}

// As somebody would make it who wants it to be believed.
std::string with_header(const std::string& header, std::string_view binary) {
  const std::string rest = header + std::string(binary);
  char line[100];
  std::snprintf(line, sizeof line, "glovebox-bundle 1 %zu %zu %08x\n", header.size(), binary.size(),
                glovebox::core::crc32(std::as_bytes(std::span(rest))));
  return line + rest;
}

struct parts {
  boost::json::object header;
  std::string binary;
};

parts take_apart(const bundle& from) {
  const std::string all = text_of(encode_bundle(from));
  const std::size_t first = all.find('\n') + 1, second = all.find('\n', first) + 1;
  return {boost::json::parse(all.substr(first, second - first)).as_object(), all.substr(second)};
}

std::string why_not(const bytes& from) {
  try {
    decode_bundle(from);
    return "";
  } catch (const bundle_error& why) {
    return why.what();
  }
}

std::string why_not(const parts& from) {
  return why_not(bytes_of(with_header(boost::json::serialize(from.header), from.binary)));
}

// Each value of the tree in its turn, changed by `change`.
template <class Change>
void for_each_value(boost::json::value& tree, const Change& change) {
  if (tree.is_object())
    for (auto& member : tree.get_object()) for_each_value(member.value(), change);
  if (tree.is_array())
    for (auto& each : tree.get_array()) for_each_value(each, change);
  change(tree);
}

BOOST_AUTO_TEST_CASE(the_checksum_is_the_common_one) {
  BOOST_TEST(glovebox::core::crc32(bytes_of("123456789")) == 0xcbf43926u);
  BOOST_TEST(glovebox::core::crc32(bytes_of("6789"), glovebox::core::crc32(bytes_of("12345"))) ==
             0xcbf43926u);
}

BOOST_AUTO_TEST_CASE(what_is_written_is_read) {
  const bundle before = sample();
  const bundle after = decode_bundle(encode_bundle(before));
  BOOST_TEST(after.made_by == before.made_by);
  BOOST_TEST(after.program == before.program);
  BOOST_TEST(after.program_build_id == before.program_build_id);
  BOOST_TEST((after.function.module == before.function.module));
  BOOST_TEST(after.function.offset == before.function.offset);
  BOOST_TEST(after.function.path == before.function.path);
  BOOST_TEST(after.function.name == before.function.name);
  BOOST_TEST((after.body == before.body));
  BOOST_TEST((after.attachments == before.attachments));
  BOOST_TEST((after.call.run_timeout == before.call.run_timeout));
  BOOST_TEST((after.call.grace == before.call.grace));
  BOOST_TEST((after.child.method == before.child.method));
  BOOST_TEST(after.child.memory_limit == before.child.memory_limit);
  BOOST_TEST((after.child.cpu_limit == before.child.cpu_limit));
  BOOST_TEST((after.child.start_timeout == before.child.start_timeout));
  BOOST_TEST((after.child.environment == before.child.environment));
  BOOST_TEST((after.child.module_path == before.child.module_path));
  BOOST_TEST((after.child.preload == before.child.preload));
  BOOST_TEST(after.child.directory == before.child.directory);
  BOOST_TEST(after.child.limits.depth == before.child.limits.depth);
  BOOST_TEST(after.child.limits.message_bytes == before.child.limits.message_bytes);
  BOOST_TEST((after.surroundings == before.surroundings));
  BOOST_TEST(after.seen.name == before.seen.name);
  BOOST_TEST(after.seen.input == before.seen.input);
  BOOST_TEST((after.seen.outcome == before.seen.outcome));
  BOOST_TEST((after.seen.cause == before.seen.cause));
  BOOST_TEST(after.seen.signal_number == before.seen.signal_number);
  BOOST_TEST(after.seen.exit_code == -1);
  BOOST_TEST(after.seen.last_words == before.seen.last_words);
  BOOST_TEST(after.seen.group == before.seen.group);
  BOOST_TEST((after.seen.stderr_tail == before.seen.stderr_tail));
  BOOST_TEST((after.stack == before.stack));
}

BOOST_AUTO_TEST_CASE(every_truncation_is_noticed) {
  bundle small = sample();
  small.attachments.pop_back();
  const bytes whole = encode_bundle(small);
  for (std::size_t size = 0; size != whole.size(); ++size)
    BOOST_REQUIRE(why_not(bytes(whole.begin(), whole.begin() + static_cast<long>(size))) != "");
  bytes longer = whole;
  longer.push_back({});
  BOOST_TEST(why_not(longer) == "1 bytes follow its end");
}

BOOST_AUTO_TEST_CASE(every_flipped_bit_is_noticed) {
  bundle small = sample();
  small.attachments.pop_back();
  const bytes whole = encode_bundle(small);
  for (std::size_t bit = 0; bit != whole.size() * 8; ++bit) {
    bytes flipped = whole;
    flipped[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    BOOST_REQUIRE_MESSAGE(why_not(flipped) != "", "bit " << bit);
  }
}

// With a checksum that is right: whatever is in the header, it is read or refused.
BOOST_AUTO_TEST_CASE(headers_may_say_anything) {
  const parts whole = take_apart(sample());
  BOOST_TEST(why_not(whole) == "");
  std::size_t values = 0;
  boost::json::value counted = whole.header;
  for_each_value(counted, [&](boost::json::value&) { ++values; });
  BOOST_TEST(values > 50u);
  const boost::json::array others{nullptr,
                                  true,
                                  -1,
                                  0,
                                  1e300,
                                  std::uint64_t(-1),
                                  "",
                                  "x",
                                  std::string(1000, 'y'),
                                  std::string("a\0b", 3),
                                  boost::json::array{},
                                  boost::json::array{1, "a", nullptr},
                                  boost::json::object{},
                                  boost::json::object{{"base64", "AP8="}},
                                  boost::json::object{{"base64", "?"}}};
  std::size_t refused = 0;
  for (std::size_t at = 0; at != values; ++at)
    for (const boost::json::value& other : others) {
      boost::json::value tree = whole.header;
      std::size_t index = 0;
      for_each_value(tree, [&](boost::json::value& value) {
        if (index++ == at) value = other;
      });
      if (!tree.is_object()) continue;
      refused += why_not(parts{tree.get_object(), whole.binary}) != "";
    }
  BOOST_TEST(refused > values);
}

BOOST_AUTO_TEST_CASE(headers_may_be_any_bytes) {
  const parts whole = take_apart(sample());
  const std::string header = boost::json::serialize(whole.header);
  glovebox::test::dice random(1);
  for (int i = 0; i != 5'000; ++i) {
    std::string changed = header;
    for (int times = 1 + static_cast<int>(random.below(3)); times != 0; --times)
      changed[random.below(changed.size())] = static_cast<char>(random.below(256));
    const std::string why = why_not(bytes_of(with_header(changed, whole.binary)));
    BOOST_REQUIRE(why.size() < 1000u);  // and nothing else was thrown
  }
}

BOOST_AUTO_TEST_CASE(messages_name_the_field) {
  const auto changed = [](const std::function<void(parts&)>& change) {
    parts all = take_apart(sample());
    change(all);
    return why_not(all);
  };
  BOOST_TEST(changed([](parts& all) { all.header.erase("program"); }) ==
             "its header's program is missing");
  BOOST_TEST(changed([](parts& all) { all.header["program"].as_object()["path"] = "app"; }) ==
             "its header's program.path is no absolute path");
  BOOST_TEST(changed([](parts& all) { all.header["child"].as_object()["memory_limit"] = -1; }) ==
             "its header's child.memory_limit is no whole number that is at least 0");
  BOOST_TEST(changed([](parts& all) {
               all.header["environment"] = boost::json::array{"PATH=/tmp"};
             }) == "its header's environment sets a variable that no bundle has");
  BOOST_TEST(changed([](parts& all) {
               all.header["arguments"].as_object()["attachments"] =
                   boost::json::array{std::uint64_t(-1)};
             }) == "its header's arguments.attachments and body are longer than what follows");
  BOOST_TEST(changed([](parts& all) {
               all.header["happened"].as_object()["outcome"] = "exploded";
             }) == "its header's happened.outcome is none of the known ones");
}

BOOST_AUTO_TEST_CASE(what_is_no_bundle) {
  BOOST_TEST(why_not(bytes{}) == "it is empty");
  BOOST_TEST(why_not(bytes_of("glovebox")) == "it is no glovebox bundle");
  BOOST_TEST(why_not(bytes_of(std::string(100'000, '['))) == "it is no glovebox bundle");
  BOOST_TEST(why_not(bytes_of("glovebox-bundle 2 1 1 0\n")).starts_with("it has version 2"));
  BOOST_TEST(why_not(bytes_of("glovebox-bundle 1 99999999999 0 00000000\n")) ==
             "it is larger than a bundle may be");
  BOOST_TEST(
      why_not(bytes_of("glovebox-bundle 1 18446744073709551615 18446744073709551615 00000000\n")) ==
      "it is larger than a bundle may be");
  BOOST_TEST(why_not(bytes_of("glovebox-bundle 1 -5 0 0\n")) == "its first line is damaged");
  BOOST_TEST(why_not(bytes_of(with_header(std::string(100'000, '['), ""))) ==
             "its header is no JSON object");
  BOOST_TEST(why_not(bytes_of(with_header("[]", ""))) == "its header is no JSON object");
  BOOST_TEST(why_not(bytes_of(with_header("{}", ""))) == "its header's program is missing");
}

BOOST_AUTO_TEST_CASE(files_that_are_none) {
  using glovebox::runtime::read_bundle_file;
  BOOST_CHECK_THROW(read_bundle_file("/dev/zero"), bundle_error);
  BOOST_CHECK_THROW(read_bundle_file("/"), bundle_error);
  BOOST_CHECK_THROW(read_bundle_file("/nonexistent"), bundle_error);
  const std::filesystem::path directory =
      std::filesystem::temp_directory_path() / ("glovebox-bundle-" + std::to_string(::getpid()));
  std::filesystem::create_directories(directory);
  const std::string pipe = directory / "pipe", file = directory / "file";
  BOOST_TEST(::mkfifo(pipe.c_str(), 0600) == 0);
  BOOST_CHECK_THROW(read_bundle_file(pipe), bundle_error);  // and nobody waits for a writer
  std::ofstream(file) << "something else";
  BOOST_TEST(::truncate(file.c_str(), off_t{3} << 30) == 0);  // whose memory is not spent
  BOOST_CHECK_THROW(read_bundle_file(file), bundle_error);
  const std::string whole = text_of(encode_bundle(sample()));
  std::ofstream(file, std::ios::binary | std::ios::trunc) << whole;
  BOOST_TEST(read_bundle_file(file).function.offset == 0x1234u);
  std::filesystem::remove_all(directory);
}

BOOST_AUTO_TEST_CASE(variables_that_matter) {
  using glovebox::core::matters;
  for (const char* const name : {"LD_LIBRARY_PATH", "MALLOC_PERTURB_", "LC_ALL", "ASAN_OPTIONS"})
    BOOST_TEST(matters(name), name);
  for (const char* const name : {"PATH", "HOME", "", "SSH_AUTH_SOCK", "GLOVEBOX_HOST"})
    BOOST_TEST(!matters(name), name);
}

BOOST_AUTO_TEST_SUITE_END()

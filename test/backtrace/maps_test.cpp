// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "backtrace/maps.hpp"
#include "support/dice.hpp"

#include <boost/test/unit_test.hpp>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace maps_test {

using namespace glovebox::backtrace;
using namespace glovebox::test;

const std::string sample =
    "00400000-00401000 r--p 00000000 fe:01 1234                               /usr/bin/a b\n"
    "00401000-00402000 r-xp 00001000 fe:01 1234                               /usr/bin/a b\n"
    "00500000-00501000 rw-p 00000000 00:00 0 \n"
    "00600000-00601000 r--p 00000000 fe:01 77                                 /usr/share/data\n"
    "7f0000000000-7f0000001000 r--p 00000000 08:10 99                         /lib/l.so\n"
    "7f0000001000-7f0000002000 r-xp 00001000 08:10 99                         /lib/l.so\n"
    "7f0000002000-7f0000003000 r--p 00000000 08:10 99                         /lib/l.so\n"
    "7f0000003000-7f0000004000 r-xp 00001000 08:10 99                         /lib/l.so\n"
    "7ffff7fc0000-7ffff7fc2000 r-xp 00000000 00:00 0                          [vdso]\n"
    "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]\n";

BOOST_AUTO_TEST_CASE(lines_are_read) {
  const std::vector<mapping> found = parse_maps(sample);
  BOOST_REQUIRE(found.size() == 10u);
  BOOST_TEST(found[1].from == 0x401000u);
  BOOST_TEST(found[1].to == 0x402000u);
  BOOST_TEST(found[1].file_offset == 0x1000u);
  BOOST_TEST(found[1].executable);
  BOOST_TEST(!found[1].writable);
  BOOST_TEST(found[1].device_major == 0xfeu);
  BOOST_TEST(found[1].device_minor == 1u);
  BOOST_TEST(found[1].inode == 1234u);
  BOOST_TEST(found[1].path == "/usr/bin/a b");
  BOOST_TEST(found[2].writable);
  BOOST_TEST(found[2].path == "");
  BOOST_TEST(found[8].path == "[vdso]");
}

BOOST_AUTO_TEST_CASE(addresses_are_found) {
  const std::vector<mapping> found = parse_maps(sample);
  BOOST_TEST(find_mapping(found, 0x400000) == &found[0]);
  BOOST_TEST(find_mapping(found, 0x401fff) == &found[1]);
  BOOST_TEST(!find_mapping(found, 0x402000));
  BOOST_TEST(!find_mapping(found, 0));
  BOOST_TEST(!find_mapping(found, UINT64_MAX));
  BOOST_TEST(!find_mapping({}, 5));
}

BOOST_AUTO_TEST_CASE(files_are_loaded_once_or_twice) {
  const std::vector<mapping> mappings = parse_maps(sample);
  const std::vector<loaded_file> found = loaded_files(mappings);
  BOOST_REQUIRE(found.size() == 4u);
  BOOST_TEST(found[0].from == 0x400000u);
  BOOST_TEST(found[0].to == 0x402000u);
  BOOST_TEST(found[1].from == 0x7f0000000000u);
  BOOST_TEST(found[1].to == 0x7f0000002000u);
  BOOST_TEST(found[2].from == 0x7f0000002000u);
  BOOST_TEST(found[3].first->path == "[vdso]");
}

BOOST_AUTO_TEST_CASE(own_maps) {
  std::ifstream file("/proc/self/maps");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const std::vector<mapping> found = parse_maps(text);
  BOOST_TEST(found.size() == static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')));
  const mapping* const own =
      find_mapping(found, reinterpret_cast<std::uintptr_t>(&glovebox::backtrace::parse_maps));
  BOOST_REQUIRE(own);
  BOOST_TEST(own->executable);
}

BOOST_AUTO_TEST_CASE(what_is_no_line_is_left_out) {
  for (const char* const text :
       {"", "\n", "\n\n\n", "-", "0-1", "1-0 r-xp 0 0:0 0 \n", "1-1 r-xp 0 0:0 0 \n", "1-2 r-x\n",
        "1-2 r-xp\n", "1-2 r-xp 0 00:00\n", "-1-2 r-xp 0 0:0 0 \n",
        "1-fffffffffffffffff r-xp 0 0:0 0 \n", "1-2 r-xp 0 0:0 99999999999999999999999 \n",
        "1-2 r-xp 0 0:0 5 /cut/off"})
    BOOST_TEST(parse_maps(text).empty());
  // An overlapping one as well, whatever the order.
  const auto found = parse_maps("5-9 r-xp 0 0:0 0 \n1-3 r-xp 0 0:0 0 \n2-4 r-xp 0 0:0 0 \n");
  BOOST_REQUIRE(found.size() == 2u);
  BOOST_TEST(found[0].to == 3u);
  BOOST_TEST(found[1].from == 5u);
}

BOOST_AUTO_TEST_CASE(there_is_a_limit) {
  std::string text;
  for (unsigned i = 1; i != 2 * most_mappings; ++i) text += "1-2 r-xp 0 0:0 0 \n";
  BOOST_TEST(parse_maps(text).size() == 1u);
}

BOOST_AUTO_TEST_CASE(damaged_text) {
  for (const std::uint32_t seed : seeds(5000)) {
    dice random(seed);
    std::string text = sample;
    for (std::size_t n = random.below(20) + 1; n != 0; --n)
      text[random.below(text.size())] = static_cast<char>(random.below(256));
    text.resize(random.below(text.size() + 1));
    const std::vector<mapping> found = parse_maps(text);
    std::uint64_t reached = 0;
    for (const mapping& each : found) {
      BOOST_REQUIRE(each.from >= reached);
      BOOST_REQUIRE(each.from < each.to);
      reached = each.to;
    }
    loaded_files(found);
  }
}

}  // namespace maps_test

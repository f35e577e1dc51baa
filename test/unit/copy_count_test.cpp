// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "process/copy_count.hpp"

#include <sys/wait.h>
#include <unistd.h>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>
#include <utility>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(copy_count_test)

using glovebox::process::copy_count;
using glovebox::transport::unique_fd;

bool is_mapped() {
  std::ifstream file("/proc/self/maps");
  const std::string maps{std::istreambuf_iterator<char>(file), {}};
  return maps.find("glovebox-copies") != maps.npos;
}

BOOST_AUTO_TEST_CASE(the_server_sees_what_the_application_counts) {
  unique_fd descriptor;
  copy_count mine = copy_count::create(descriptor);
  const copy_count servers = copy_count::attach(descriptor.get());
  BOOST_TEST(servers.value() == 0u);
  mine.add();
  mine.add();
  BOOST_TEST(servers.value() == 2u);
  mine.take_back();
  BOOST_TEST(servers.value() == 1u);
  const copy_count moved = std::move(mine);
  BOOST_TEST(moved.value() == 1u);
}

BOOST_AUTO_TEST_CASE(without_memory) {
  BOOST_TEST(!copy_count());
  BOOST_TEST(copy_count().value() == 0u);
  BOOST_CHECK_THROW(copy_count::attach(-1), std::system_error);
}

// Children are the server's processes, and run what nobody vouches for.
BOOST_AUTO_TEST_CASE(children_do_not_have_it) {
  BOOST_TEST(!is_mapped());
  unique_fd descriptor;
  {
    const copy_count gone = copy_count::create(descriptor);
    BOOST_TEST(is_mapped());
  }
  BOOST_TEST(!is_mapped());
  const copy_count servers = copy_count::attach(descriptor.get());
  BOOST_TEST(is_mapped());
  const pid_t child = ::fork();
  if (child == 0) ::_exit(is_mapped() ? 1 : 0);
  int status = -1;
  BOOST_TEST_REQUIRE(::waitpid(child, &status, 0) == child);
  BOOST_TEST(status == 0);
}

BOOST_AUTO_TEST_SUITE_END()

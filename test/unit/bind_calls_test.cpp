// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "process/bind_calls.hpp"

#include "process/environment.hpp"

#include <elf.h>
#include <link.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

namespace bind_calls_test {

// Where this program finds the functions that it calls.
std::vector<std::uintptr_t> bound_calls() {
  const std::uintptr_t* table = nullptr;
  std::size_t calls = 0;
  for (const ElfW(Dyn)* each = _DYNAMIC; each->d_tag != DT_NULL; ++each) {
    if (each->d_tag == DT_PLTGOT) table = reinterpret_cast<const std::uintptr_t*>(each->d_un.d_ptr);
    if (each->d_tag == DT_PLTRELSZ) calls = each->d_un.d_val / sizeof(ElfW(Rela));
  }
  constexpr std::size_t linkers_own = 3;
  if (!table) return {};
  return {table + linkers_own, table + linkers_own + calls};
}

int run_self_bound_by_the_linker(const char* test) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    std::vector<std::string> words{"/proc/self/exe", std::string("--run_test=") + test},
        variables = glovebox::process::environment_with({"LD_BIND_NOW=1"});
    ::execve(words.front().c_str(), glovebox::process::pointers_to(words).data(),
             glovebox::process::pointers_to(variables).data());
    ::_exit(127);
  }
  int status = -1;
  BOOST_REQUIRE(::waitpid(pid, &status, 0) == pid);
  return status;
}

BOOST_AUTO_TEST_SUITE(bind_calls_test)

BOOST_AUTO_TEST_CASE(finds_what_the_linker_finds) {
  if (!std::getenv("LD_BIND_NOW")) {
    BOOST_TEST(run_self_bound_by_the_linker("bind_calls_test/finds_what_the_linker_finds") == 0);
    return;
  }
  const std::vector<std::uintptr_t> before = bound_calls();
  const std::size_t found = glovebox::process::bind_calls();
  BOOST_TEST(bound_calls() == before, boost::test_tools::per_element());
  BOOST_TEST(found <= before.size());
}

BOOST_AUTO_TEST_CASE(leaves_nothing_to_the_linker) {
  const std::size_t found = glovebox::process::bind_calls();
  if (found == 0) {
    BOOST_TEST_MESSAGE("this program is bound when it is loaded");
    return;
  }
  // What is not loaded, and weak, has no address. What is in this program has one already.
  BOOST_TEST(found > bound_calls().size() / 2);
  const std::vector<std::uintptr_t> once = bound_calls();
  BOOST_TEST(glovebox::process::bind_calls() == found);
  BOOST_TEST(bound_calls() == once, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace bind_calls_test

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include <glovebox/detail/fresh_memory.hpp>

#include <sys/mman.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <vector>

#include <boost/test/unit_test.hpp>

namespace fresh_memory_test {

using glovebox::detail::about_to_fill;
using glovebox::detail::fresh_memory_threshold;

constexpr std::size_t size = 4 * fresh_memory_threshold;

struct mapping {
  std::byte* const at = static_cast<std::byte*>(
      ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  mapping() { BOOST_REQUIRE(at != MAP_FAILED); }
  ~mapping() { ::munmap(at, size); }
  mapping(const mapping&) = delete;
  mapping& operator=(const mapping&) = delete;

  std::size_t pages_there() const {
    std::vector<unsigned char> there(size / static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)));
    BOOST_REQUIRE(::mincore(at, size, there.data()) == 0);
    return static_cast<std::size_t>(
        std::count_if(there.begin(), there.end(), [](unsigned char each) { return each & 1; }));
  }
};

BOOST_AUTO_TEST_SUITE(fresh_memory_test)

BOOST_AUTO_TEST_CASE(pages_are_there_and_nothing_else_changes) {
  const mapping memory;
  about_to_fill(memory.at, fresh_memory_threshold - 1);
  BOOST_TEST(memory.pages_there() == 0u);
  memory.at[size / 2] = std::byte{7};
  errno = EINTR;
  about_to_fill(memory.at + 1, size - 2);
  BOOST_TEST(errno == EINTR);
  BOOST_TEST((memory.at[size / 2] == std::byte{7}));
  BOOST_TEST((memory.at[0] == std::byte{0}));
  const std::size_t pages = size / static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const std::size_t there = memory.pages_there();
  // All that are whole, or on an old kernel those that were touched.
  BOOST_TEST((there >= pages - 2 || there <= 2u), there << " of " << pages);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_filled_is_left) {
  const mapping memory;
  BOOST_REQUIRE(::mprotect(memory.at, size, PROT_READ) == 0);
  about_to_fill(memory.at, size);
  about_to_fill(nullptr, size);
  about_to_fill(nullptr, 0);
  BOOST_TEST((memory.at[0] == std::byte{0}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace fresh_memory_test

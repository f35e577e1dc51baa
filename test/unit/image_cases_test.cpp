// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#define BOOST_TEST_MODULE image_cases
#include "image_cases.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <stdexcept>
#include <string>
#include <system_error>

#include <boost/test/unit_test.hpp>

namespace image_cases_test {

using image_farm::image_case;
using image_farm::image_cases;

// A directory with the names of the demo's images. No test looks into them, so any bytes will do,
// and the tests don't depend on a package with images.
class image_directory {
 public:
  image_directory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "image_cases_XXXXXX").string();
    if (!::mkdtemp(pattern.data())) {
      throw std::system_error(errno, std::generic_category(), pattern);
    }
    path_ = pattern;
    for (const std::string name :
         {"palette.bmp", "sample.bmp", "svg-class.bmp", "svg.bmp", "svg64.bmp", "palette.gif",
          "sample.jpg", "sample.png", "sample.pnm", "sample.tga", "sample.webp", "showimage"}) {
      std::ofstream out{path_ / name, std::ios::binary};
      for (int i = 0; i < 300; ++i) out.put(static_cast<char>(i * 7 + name.front()));
    }
  }
  image_directory(const image_directory&) = delete;
  image_directory& operator=(const image_directory&) = delete;
  ~image_directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

std::size_t count_of(const image_cases& cases, const std::string& part) {
  return static_cast<std::size_t>(
      std::count_if(cases.names().begin(), cases.names().end(),
                    [&](const std::string& name) { return name.find(part) != std::string::npos; }));
}

BOOST_AUTO_TEST_CASE(as_many_cases_as_promised) {
  const image_directory directory;
  const image_cases cases{directory.path()};
  BOOST_TEST(cases.names().size() >= 5000u);
  const std::set<std::string> different(cases.names().begin(), cases.names().end());
  BOOST_TEST(different.size() == cases.names().size());
  BOOST_TEST(count_of(cases, "sample.jpg") == 1u + 480u + 4u);
  BOOST_TEST(count_of(cases, ":scans") == 4u);
}

BOOST_AUTO_TEST_CASE(files_that_are_not_supported_are_cases_without_mutants) {
  const image_directory directory;
  const image_cases cases{directory.path()};
  BOOST_TEST(count_of(cases, "sample.webp") == 1u);
  BOOST_TEST(cases.make_case("sample.webp").kind == "other");
  BOOST_TEST(count_of(cases, "showimage") == 0u);
}

BOOST_AUTO_TEST_CASE(every_name_makes_its_case_and_mutants_differ_from_the_whole) {
  const image_directory directory;
  const image_cases cases{directory.path()};
  std::size_t changed = 0;
  std::size_t mutants = 0;
  for (const std::string& name : cases.names()) {
    const image_case made = cases.make_case(name);
    const image_case whole = cases.make_case(name.substr(0, name.find('#')));
    BOOST_REQUIRE(made.name == name);
    BOOST_REQUIRE(made.kind == whole.kind);
    BOOST_REQUIRE(!made.bytes.empty() || name.find(":drop") != std::string::npos);
    if (name == whole.name) continue;
    ++mutants;
    changed += made.bytes != whole.bytes;
    if (name.ends_with(":cut")) BOOST_REQUIRE(made.bytes.size() <= whole.bytes.size());
    if (name.ends_with(":drop")) BOOST_REQUIRE(made.bytes.size() < whole.bytes.size());
    if (name.ends_with(":repeat")) BOOST_REQUIRE(made.bytes.size() > whole.bytes.size());
  }
  BOOST_TEST(changed * 100 > mutants * 95);
}

// The digest of the made images and their mutants. It says that they are the same on every machine;
// a change of the generator changes it, and with it which faults the demo finds.
BOOST_AUTO_TEST_CASE(the_list_is_the_same_everywhere) {
  const image_cases cases{{}};
  BOOST_TEST(cases.sha256() == "8e7ae70512920e57576ea3bc7be004e07829fc78e7048e4099743e2f8d8bf1ee");
  const image_directory directory;
  BOOST_TEST(image_cases{directory.path()}.sha256() ==
             "d23b8ca0c8de9076572e4d2c337361680b8d32e363b69461668fa479266adc4d");
  BOOST_TEST(image_cases{directory.path()}.sha256() == image_cases{directory.path()}.sha256());
}

BOOST_AUTO_TEST_CASE(a_case_is_the_same_whatever_was_made_before) {
  const image_cases cases{{}};
  const auto first = cases.make_case("made-packed.psd#0017:flip");
  cases.make_case("made-packed.psd#0018:repeat");
  BOOST_TEST((cases.make_case("made-packed.psd#0017:flip").bytes == first.bytes));
  // Also beyond the list, and by another kind of mutation than the list has at that number.
  BOOST_TEST((cases.make_case("made-packed.psd#123456:flip").bytes !=
              cases.make_case("made-packed.psd#123457:flip").bytes));
  BOOST_TEST((cases.make_case("made-packed.psd#0017:header").bytes != first.bytes));
}

BOOST_AUTO_TEST_CASE(what_would_not_end_alike_everywhere_is_made_only_when_asked_for) {
  const image_cases cases{{}};
  BOOST_TEST(count_of(cases, "made-packed.psd#0092:flip") == 0u);
  BOOST_TEST(count_of(cases, "made-packed.psd#0092") == 0u);
  BOOST_TEST(!cases.make_case("made-packed.psd#0092:flip").bytes.empty());
}

BOOST_AUTO_TEST_CASE(names_of_no_case_are_refused) {
  const image_cases cases{{}};
  for (const std::string name :
       {"", "#", "nothing.bmp", "made-rgb.psd#", "made-rgb.psd#0001", "made-rgb.psd#0001:",
        "made-rgb.psd#0001:melt", "made-rgb.psd#0001:scans", "made-rgb.psd#0001:resize",
        "made-rgb.psd#:flip", "made-rgb.psd#1x:flip", "made-rgb.psd:flip"}) {
    BOOST_CHECK_THROW(cases.make_case(name), std::invalid_argument);
  }
}

BOOST_AUTO_TEST_CASE(an_unreadable_directory_is_an_error) {
  BOOST_CHECK_THROW(image_cases{"/no/such/directory"}, std::system_error);
  BOOST_CHECK_THROW(image_farm::sha256_of_file("/no/such/file"), std::system_error);
}

// The example of the standard: the digest of "abc".
BOOST_AUTO_TEST_CASE(digest_of_a_file) {
  const image_directory directory;
  std::ofstream{directory.path() / "abc"} << "abc";
  BOOST_TEST(image_farm::sha256_of_file(directory.path() / "abc") ==
             "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace image_cases_test

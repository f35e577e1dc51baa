// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <boost/describe.hpp>
#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace image_farm {

/// One input of the farm.
struct image_case {
  std::string name;  ///< `sample.bmp`, or of a mutant `sample.bmp#0417:header`
  std::string kind;  ///< what the file claims to be: `bmp`, `gif`, ...; `other`: not supported
  std::vector<std::byte> bytes;
};
BOOST_DESCRIBE_STRUCT(image_case, (), (name, kind, bytes))

/// The dataset: the images of a directory, small valid images of the kinds which that directory
/// may lack (named `made-...`), and broken copies of them all. Nothing in it is random: the same
/// directory gives the same cases on every machine. Immutable, so usable from any thread.
class image_cases {
 public:
  /// Reads the images of `directory`, its subdirectories excluded. An empty path stands for no
  /// directory. Throws `std::system_error` if it can't be read, `std::invalid_argument` if an image
  /// is empty.
  explicit image_cases(const std::filesystem::path& directory);

  /// All cases, the whole images first, otherwise sorted by file and number.
  const std::vector<std::string>& names() const { return names_; }

  /// Makes the case of that name, a mutant anew each time. Any number and any known kind of
  /// mutation will do, also where `names()` stops. Throws `std::invalid_argument` for a name that
  /// is none.
  image_case make_case(const std::string& name) const;

  /// SHA-256 over names and bytes of all cases, in hexadecimal digits.
  std::string sha256() const;

 private:
  void add_image(const std::string& name, const std::string& kind, std::vector<std::byte> bytes);
  void add_mutants(const image_case& whole);
  const image_case& partner_of(const image_case& whole) const;

  std::map<std::string, image_case> images_;
  std::vector<std::string> names_;
};

/// SHA-256 of a file in hexadecimal digits. Throws `std::system_error` if it can't be read.
std::string sha256_of_file(const std::filesystem::path& path);

}  // namespace image_farm

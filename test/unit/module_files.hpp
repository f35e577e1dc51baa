// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <sys/types.h>
#include <unistd.h>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

namespace glovebox::test {

/// A module that the build has made.
inline std::string built_module(const std::string& name) {
  return (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "unit" / (name + ".so"))
      .string();
}

inline std::string content_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// A directory of the test's own.
class scratch {
 public:
  scratch() : path_((std::filesystem::temp_directory_path() / "glovebox-elf-XXXXXX").string()) {
    if (!::mkdtemp(path_.data())) throw std::runtime_error("mkdtemp");
  }
  scratch(const scratch&) = delete;
  scratch& operator=(const scratch&) = delete;
  ~scratch() { std::filesystem::remove_all(path_); }

  std::string path(const std::string& name = "file.so") const { return path_ + '/' + name; }
  std::string write(const std::string& content, const std::string& name = "file.so") const {
    std::ofstream out(path(name), std::ios::binary | std::ios::trunc);
    out.write(content.data(), static_cast<std::streamsize>(content.size()));
    if (!out.flush()) throw std::runtime_error("cannot write " + path(name));
    return path(name);
  }

 private:
  std::string path_;
};

/// The content with the bits of one byte flipped.
inline std::string flipped(std::string content, std::size_t at, unsigned bits) {
  content[at] = static_cast<char>(static_cast<unsigned char>(content[at]) ^ bits);
  return content;
}

}  // namespace glovebox::test

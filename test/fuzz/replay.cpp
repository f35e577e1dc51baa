// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Runs a target over files, for compilers without libFuzzer: each of them, then its beginnings.
#include "fuzz/fuzz.hpp"

#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

namespace {

constexpr std::size_t most_beginnings = 64;  // of one file

void run(std::string_view content) {
  const std::vector<char> exact(content.begin(), content.end());
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(exact.data()), exact.size());
}

void replay(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string content{std::istreambuf_iterator<char>(file), {}};
  std::cout << path.string() << std::endl;  // before it, so that a crash tells which it was
  run(content);
  const std::size_t step = content.size() / most_beginnings + 1;
  for (std::size_t size = 0; size < content.size(); size += step)
    run(std::string_view(content).substr(0, size));
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::filesystem::path> paths;
  for (int i = 1; i < argc; ++i) {
    if (!std::filesystem::is_directory(argv[i])) {
      paths.emplace_back(argv[i]);
      continue;
    }
    for (const auto& each : std::filesystem::directory_iterator(argv[i]))
      paths.push_back(each.path());
  }
  std::sort(paths.begin(), paths.end());
  for (const std::filesystem::path& each : paths) replay(each);
  std::cout << paths.size() << " files\n";
  return paths.empty() ? 1 : 0;
}

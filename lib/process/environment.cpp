// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "process/environment.hpp"

#include <unistd.h>
#include <string_view>

namespace glovebox::process {
namespace {

std::string_view name_of(std::string_view variable) {
  return variable.substr(0, variable.find('='));
}

}  // namespace

std::vector<std::string> environment_with(const std::vector<std::string>& changes) {
  std::vector<std::string> variables;
  for (char** each = environ; each && *each; ++each) variables.emplace_back(*each);
  for (const std::string& change : changes) {
    std::erase_if(variables,
                  [&](const std::string& each) { return name_of(each) == name_of(change); });
    if (change.find('=') != std::string::npos) variables.push_back(change);
  }
  return variables;
}

std::vector<char*> pointers_to(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace glovebox::process

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <string>
#include <vector>

namespace glovebox::process {

/// This process's environment, with changes: "NAME=value" sets, "NAME" unsets. Not safe while other
/// threads change it.
std::vector<std::string> environment_with(const std::vector<std::string>& changes);

/// As execve(2) takes them, with the null at the end; as long as the words are there.
std::vector<char*> pointers_to(std::vector<std::string>& words);

}  // namespace glovebox::process

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "integration/call_fixture.hpp"

#include <glovebox/sync.hpp>
#include <glovebox/this_child.hpp>

#include <fcntl.h>
#include <unistd.h>
#include <cerrno>
#include <filesystem>
#include <ostream>
#include <string_view>
#include <system_error>

namespace glovebox {

inline std::ostream& boost_test_print_type(std::ostream& out, start_method method) {
  return out << (method == start_method::spawn ? "spawn" : "forkserver");
}

namespace test {

/// Options of children that find the modules of these tests.
inline context_options with_modules() {
  context_options options;
  options.module_path = {std::filesystem::read_symlink("/proc/self/exe").parent_path() /
                         "integration"};
  options.standard_error = output::capture;
  return options;
}

/// A file without a name.
inline file_descriptor file_with(std::string_view text) {
  file_descriptor file(::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!file || ::write(file.get(), text.data(), text.size()) < 0)
    throw std::system_error(errno, std::generic_category(), "file_with");
  return file;
}

}  // namespace test
}  // namespace glovebox

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// A module that tells what its process was given.
#include <glovebox/module.hpp>
#include <glovebox/this_child.hpp>

#include <fcntl.h>
#include <unistd.h>
#include <string>
#include <vector>

namespace {

using namespace glovebox;

// As it was when this module was loaded.
const std::vector<std::string> at_load = this_child::arguments();

/// The bytes from the beginning of a file; does not move its position.
std::string text_of(int fd) {
  std::string text(100, '\0');
  const ssize_t size = ::pread(fd, text.data(), text.size(), 0);
  text.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return text;
}

GLOVEBOX_MODULE(given, m) {
  m.def("arguments", [] { return this_child::arguments(); });
  m.def("arguments_at_load", [] { return at_load; });
  m.def("count", [] { return this_child::descriptor_count(); });
  m.def("text", [](std::size_t index) { return text_of(this_child::descriptor(index)); });
  m.def("flags", [](std::size_t i) { return ::fcntl(this_child::descriptor(i), F_GETFD); });
  m.def("take",
        [](std::size_t index) { return text_of(this_child::take_descriptor(index).get()); });
  m.def("taken", [](std::size_t index) {
    return this_child::descriptor(index) == -1 && !this_child::take_descriptor(index);
  });
}

}  // namespace

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "acceptance/module.hpp"
#include "support/faults.hpp"

#include <unistd.h>
#include <filesystem>
#include <string>

namespace acceptance {

void bind_crashes(module_builder& m) {
  m.def("crash", &glovebox::test::commit_fault, arg("how"));
  m.def("daemonise", &glovebox::test::make_daemon);
  m.def("pid", &::getpid);
  m.def("program", [] { return std::filesystem::read_symlink("/proc/self/exe").string(); });
}

}  // namespace acceptance

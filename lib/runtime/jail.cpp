// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "runtime/jail.hpp"

#include "policy/jail.hpp"
#include "runtime/child.hpp"
#include "runtime/child_locals.hpp"
#include "runtime/elf_file.hpp"
#include "runtime/lazy_loads.hpp"
#include "runtime/module_loader.hpp"
#include "runtime/staging.hpp"

#include <cstring>
#include <utility>

namespace glovebox::runtime {
namespace {

constinit bool jailed = false;

void preload(const std::string& library) {
  // A name alone is the dynamic linker's to find.
  if (library.find('/') != std::string::npos) {
    try {
      check_module_note(elf_file(library));
    } catch (const elf_error& error) {
      throw not_a_shared_object(library + " cannot be preloaded: " + error.why());
    }
  }
  load_shared_object(library);
}

std::vector<staging::staged> stage(int root, const jail_plan& plan) {
  if (plan.modules.empty()) return {};
  if (plan.stage_error != 0)
    throw policy::jail_error("no directory for the modules can be made in " + plan.root + ": " +
                             std::strerror(plan.stage_error));
  staging place(root, plan.stage);
  for (const std::string& each : plan.modules) place.add(each);
  return place.files();
}

}  // namespace

void enter_jail(const jail_plan& plan) {
  if (locals_here)
    throw policy::jail_error(
        "a child that is a thread of its parent's process (backend::in_process) cannot be jailed; "
        "use backend::process, and leave GLOVEBOX_BACKEND unset");
  if (jailed) throw policy::jail_error("this child is in a jail already");
  const policy::credentials wanted{plan.uid, plan.gid};
  policy::check_privileges(wanted);
  transport::unique_fd root = policy::open_root(plan.root, wanted);
  load_lazy_parts();
  for (const std::string& each : plan.preload) preload(each);
  policy::check_threads();  // a library may have started one
  const std::vector<staging::staged> modules = stage(root.get(), plan);

  policy::leave_terminal();
  policy::close_descriptors(descriptors_in_use(), root);
  jailed = true;
  policy::enter_root(std::move(root), wanted);
  // From here on the code of others runs.
  for (const staging::staged& each : modules) load_shared_object(each.path, each.called);
}

}  // namespace glovebox::runtime

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "runtime/child.hpp"

#include "runtime/crash_handler.hpp"
#include "runtime/dispatcher.hpp"
#include "runtime/module_loader.hpp"
#include "runtime/this_child.hpp"
#include "runtime/throw_sites.hpp"
#include "transport/shared_memory.hpp"

#include <sys/prctl.h>
#include <unistd.h>
#include <algorithm>
#include <cstdio>
#include <exception>
#include <utility>

namespace glovebox::runtime {
namespace {

constinit int own_channel = -1;

}  // namespace

void child_main(process::child_setup setup) {
  try {
    remember_root();
    transport::share_memory_as_child();
    own_channel = setup.channel;
    std::vector<file_descriptor> descriptors;
    for (const int each : setup.descriptors) descriptors.emplace_back(each);
    set_given(std::move(setup.arguments), std::move(descriptors));
    const process::recorder memory = process::recorder::attach(setup.recorder);
    ::close(setup.recorder);
    install_crash_handler(*memory, setup.channel);
    remember_throw_sites();
    // Where only ancestors may look into a process (Yama), the fork server and what it starts may.
    ::prctl(PR_SET_PTRACER, ::getppid());
    dispatcher(setup.channel, *memory, bounds_in(*memory)).run();
    let_crash_come_first(*memory);
  } catch (const std::exception& why) {
    std::fprintf(stderr, "glovebox: a child cannot go on: %s\n", why.what());
    std::fflush(nullptr);
    ::_exit(127);
  }
}

limits bounds_in(const process::recorder_page& page) {
  limits bounds;
  bounds.message_bytes = page.reply_limit;
  bounds.descriptors = page.descriptor_limit;
  bounds.callback_depth =
      std::min<std::uint32_t>(page.callback_limit, process::recorder_page::most_nested);
  return bounds;
}

void leave_child(const process::recorder_page& page) {
  if (page.in_process != 0) throw child_over();
  let_crash_come_first(page);
  ::_exit(0);
}

std::vector<int> descriptors_in_use() {
  std::vector<int> all = given_descriptors();
  all.push_back(own_channel);
  return all;
}

}  // namespace glovebox::runtime

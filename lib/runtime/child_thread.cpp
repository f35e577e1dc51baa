// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "runtime/child_thread.hpp"

#include "process/recorder.hpp"
#include "runtime/child.hpp"
#include "runtime/child_locals.hpp"
#include "runtime/dispatcher.hpp"
#include "runtime/module_loader.hpp"
#include "runtime/this_child.hpp"
#include "runtime/throw_sites.hpp"
#include "transport/shared_memory.hpp"

#include <pthread.h>
#include <exception>
#include <utility>

namespace glovebox::runtime {
namespace {

constexpr const char* thread_name = "glovebox-child";  // what debuggers list

// The same as child_main, without what is the process's own: signals, their stacks, the handlers of
// the C++ runtime.
void serve(int channel, thread_setup setup) {
  child_locals locals;
  const child_locals::installed here(locals);
  transport::share_memory_as_child_thread();
  remember_throw_sites();
  set_given(std::move(setup.arguments), std::move(setup.descriptors));
  set_module_path(std::move(setup.module_path));
  const process::recorder memory = process::recorder::attach(setup.recorder.get());
  setup.recorder.reset();
  for (const std::string& module : setup.preload) load_named_module(module);
  try {
    dispatcher(channel, *memory, bounds_in(*memory)).run();
  } catch (const child_over&) {
    // As it was asked to.
  }
}

std::string life(int channel, thread_setup setup) noexcept {
  try {
    serve(channel, std::move(setup));
    return {};
  } catch (const std::exception& why) {
    return why.what();
  } catch (...) {
    return "an exception of an unknown type";
  }
}

}  // namespace

child_thread::child_thread(thread_setup setup) {
  std::promise<std::string> ended;
  ended_ = ended.get_future();
  thread_ = std::thread([setup = std::move(setup), ended = std::move(ended)]() mutable {
    ::pthread_setname_np(::pthread_self(), thread_name);
    // Closed last: its end makes the parent look whether this one is over.
    const transport::unique_fd channel = std::move(setup.channel);
    ended.set_value(life(channel.get(), std::move(setup)));
  });
}

child_thread::~child_thread() {
  if (over())
    thread_.join();  // which is on its last lines
  else
    thread_.detach();
}

}  // namespace glovebox::runtime

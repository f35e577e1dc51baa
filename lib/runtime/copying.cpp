// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "runtime/copying.hpp"

#include "process/copy.hpp"
#include "runtime/callbacks.hpp"
#include "runtime/open_streams.hpp"

#include <glovebox/this_child.hpp>

#include <algorithm>
#include <cstdio>
#include <exception>

namespace glovebox {
namespace {

// Never destroyed, as the threads of the user's may outlive static objects.
std::vector<this_child::copy_hooks>& all_copy_hooks() {
  static auto& all = *new std::vector<this_child::copy_hooks>;
  return all;
}

}  // namespace

void this_child::on_copy(copy_hooks hooks) {
  all_copy_hooks().push_back(std::move(hooks));
}

namespace runtime {
namespace {

void undo_hooks(std::size_t from) noexcept {
  const auto& hooks = all_copy_hooks();
  for (std::size_t i = from; i != hooks.size(); ++i)
    if (hooks[i].in_original) hooks[i].in_original();
}

}  // namespace

void run_before_copy() {
  const auto& hooks = all_copy_hooks();
  for (std::size_t i = hooks.size(); i-- != 0;) {
    try {
      if (hooks[i].before) hooks[i].before();
    } catch (const std::exception& why) {
      undo_hooks(i + 1);
      throw std::runtime_error(std::string("this child cannot be copied: ") + why.what());
    } catch (...) {
      undo_hooks(i + 1);
      throw;
    }
  }
}

void run_after_copy(bool in_copy) noexcept {
  if (!in_copy) return undo_hooks(0);
  for (const auto& each : all_copy_hooks())
    if (each.in_copy) each.in_copy();
}

bool copy_runs_hooks() noexcept {
  const auto& hooks = all_copy_hooks();
  return std::any_of(hooks.begin(), hooks.end(),
                     [](const auto& each) { return each.in_copy != nullptr; });
}

std::string why_not_to_copy() {
  if (const std::size_t streams = open_streams(); streams != 0)
    return "this child cannot be copied: " + std::to_string(streams) +
           (streams == 1 ? " stream is" : " streams are") +
           " being read from it, whose items would come once more; read to the end, or drop the "
           "range";
  const auto threads = process::other_threads();
  if (!threads || threads->empty()) return {};
  std::string text = "this child cannot be copied: it has " + std::to_string(threads->size()) +
                     (threads->size() == 1 ? " other thread, " : " other threads, ");
  for (const std::string& each : *threads) {
    if (&each != &threads->front()) text += ", ";
    text += '\'' + each + '\'';
  }
  return text + ", which the copy would lack; end them first";
}

copy_made copy_child(const copy_order& order) {
  const std::uint64_t last_handle = callbacks_here().copy(order);
  return {last_handle, copy_runs_hooks()};
}

}  // namespace runtime
}  // namespace glovebox

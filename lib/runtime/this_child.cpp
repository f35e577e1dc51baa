// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "runtime/this_child.hpp"

#include "runtime/child_locals.hpp"

#include <mutex>
#include <stdexcept>
#include <utility>

namespace glovebox {
namespace {

struct given {
  std::vector<std::string> arguments;
  std::mutex lock;
  std::vector<file_descriptor> descriptors;

  /// To be called with the lock.
  file_descriptor& at(std::size_t index) {
    if (index < descriptors.size()) return descriptors[index];
    throw std::out_of_range("descriptor " + std::to_string(index) + " of the " +
                            std::to_string(descriptors.size()) + " that this process was given");
  }
};

// Never destroyed in a process of its own: threads of the user's may outlive the static objects.
given& own() {
  return runtime::of_this_child<given>();
}

}  // namespace

namespace this_child {

const std::vector<std::string>& arguments() noexcept {
  return own().arguments;
}

std::size_t descriptor_count() noexcept {
  return own().descriptors.size();  // which doesn't change
}

int descriptor(std::size_t index) {
  const std::lock_guard lock(own().lock);
  return own().at(index).get();
}

file_descriptor take_descriptor(std::size_t index) {
  const std::lock_guard lock(own().lock);
  return std::move(own().at(index));
}

}  // namespace this_child

namespace runtime {

void set_given(std::vector<std::string> arguments, std::vector<file_descriptor> descriptors) {
  own().arguments = std::move(arguments);
  own().descriptors = std::move(descriptors);
}

std::vector<int> given_descriptors() {
  const std::lock_guard lock(own().lock);
  std::vector<int> numbers;
  for (const file_descriptor& each : own().descriptors)
    if (each) numbers.push_back(each.get());
  return numbers;
}

}  // namespace runtime
}  // namespace glovebox

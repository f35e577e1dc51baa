// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <map>
#include <memory>
#include <typeindex>
#include <vector>

namespace glovebox::runtime {

/// Of each child one of its own: what a process has one of because it is one child, when the child
/// is a thread. Things are made when they are first asked for, and destroyed in the reverse order.
/// For that thread only.
class child_locals {
 public:
  child_locals() = default;
  child_locals(const child_locals&) = delete;
  child_locals& operator=(const child_locals&) = delete;
  ~child_locals() {
    while (!order_.empty()) order_.pop_back();
  }

  template <class T>
  T& get() {
    void*& there = things_[typeid(T)];
    if (!there) {
      const auto made = std::make_shared<T>();
      order_.push_back(made);
      there = made.get();
    }
    return *static_cast<T*>(there);
  }

  /// While it lives, those of the thread that has made it.
  class installed {
   public:
    explicit installed(child_locals& these) noexcept;
    installed(const installed&) = delete;
    installed& operator=(const installed&) = delete;
    ~installed();
  };

 private:
  std::map<std::type_index, void*> things_;
  std::vector<std::shared_ptr<void>> order_;
};

/// Null where the child is the process. Read by each dynamic call, hence the model.
extern constinit thread_local child_locals* locals_here __attribute__((tls_model("initial-exec")));

/// This child's T: the one of the process, which is never destroyed, or that of the thread.
template <class T>
T& of_this_child() {
  if (locals_here) return locals_here->get<T>();
  static auto* const only = new T;
  return *only;
}

}  // namespace glovebox::runtime

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "runtime/open_streams.hpp"

#include <mutex>
#include <set>

namespace glovebox::runtime {
namespace {

struct streams {
  std::mutex lock;
  std::set<const void*> open;
};

// Never destroyed: an object of the user's that lives longer may own one.
streams& all_streams() noexcept {
  static streams& only = *new streams;
  return only;
}

}  // namespace

void stream_is_open(const void* which) {
  const std::lock_guard lock(all_streams().lock);
  all_streams().open.insert(which);
}

void stream_is_over(const void* which) noexcept {
  const std::lock_guard lock(all_streams().lock);
  all_streams().open.erase(which);
}

std::size_t open_streams() noexcept {
  const std::lock_guard lock(all_streams().lock);
  return all_streams().open.size();
}

}  // namespace glovebox::runtime

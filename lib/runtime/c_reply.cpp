// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include <glovebox/detail/c_reply.hpp>

#include "runtime/c_memory.hpp"

namespace glovebox::detail {

c_reply::~c_reply() {
  for (const std::uint64_t each : given_) call_.objects.release(each, 1);
}

std::optional<std::size_t> c_reply::offset(const void* place) const noexcept {
  for (const extent each : arguments_)
    if (runtime::points_into(each, place))
      return static_cast<std::size_t>(static_cast<const std::byte*>(place) - each.data());
  return std::nullopt;
}

void c_reply::write_handle(void* object, std::string_view type, bool constant) {
  std::uint64_t handle = 0;
  if (object) {
    for (std::size_t i = 0; i != arguments_.size(); ++i)
      if (runtime::points_into(arguments_[i], object)) runtime::refuse_pointer_into(i);
    given_.reserve(given_.size() + 1);
    handle = call_.objects.refer(object, type, call_.keep, constant);
    given_.push_back(handle);
  }
  if (handles_ == 1)
    call_.result_object = handle;
  else
    call_.out.number(handle);
}

}  // namespace glovebox::detail

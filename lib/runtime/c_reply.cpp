// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include <glovebox/detail/c_reply.hpp>

#include <functional>
#include <stdexcept>
#include <string>

namespace glovebox::detail {
namespace {

// One past the end belongs to an argument: functions return such pointers, and dereference none.
bool holds(extent memory, const void* place) noexcept {
  const std::less_equal<const void*> before;
  return memory.data() && before(memory.data(), place) &&
         before(place, memory.data() + memory.size());
}

}  // namespace

c_reply::~c_reply() {
  for (const std::uint64_t each : given_) call_.objects.release(each, 1);
}

std::optional<std::size_t> c_reply::offset(const void* place) const noexcept {
  for (const extent each : arguments_)
    if (holds(each, place))
      return static_cast<std::size_t>(static_cast<const std::byte*>(place) - each.data());
  return std::nullopt;
}

void c_reply::write_handle(void* object, std::string_view type, bool constant) {
  std::uint64_t handle = 0;
  if (object) {
    for (std::size_t i = 0; i != arguments_.size(); ++i)
      if (holds(arguments_[i], object))
        throw std::runtime_error(
            "the function returned a pointer into args[" + std::to_string(i) +
            "], whose memory ends with the call. Write void as the signature's result, or ask for "
            "out_offset() instead of out_handle()");
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

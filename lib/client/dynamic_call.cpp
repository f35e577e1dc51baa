// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include <glovebox/detail/dynamic_call.hpp>

#include <glovebox/detail/object_reference.hpp>

#include <stdexcept>

namespace glovebox::detail {

std::uint64_t argument_port::handle_of(const std::shared_ptr<const object_reference>& object) {
  if (!object) throw std::logic_error("an empty handle");
  if (object->home.get() != home_)
    throw std::logic_error(misplaced_object(home_, object->home.get()));
  request_.extras.change().kept.push_back(object);
  return object->handle;
}

std::uint64_t argument_port::name_of(std::shared_ptr<callable> callee) {
  auto& callables = request_.extras.change().callables;
  const std::uint64_t name = 2 * callables.size() + (callee->kept() ? 1 : 0);
  callables.push_back(std::move(callee));
  return name;
}

void wrong_callback_count(json_reader& in, std::size_t takes) {
  in.fail("the callback takes " + std::to_string(takes) +
          (takes == 1 ? " argument" : " arguments"));
}

std::exception_ptr unwanted_arguments() noexcept {
  try {
    throw;
  } catch (const unwanted_result& arguments) {
    return arguments.why;
  } catch (...) {
    return std::current_exception();
  }
}

// A handle that is named several times came with as many references; one is enough.
result_port::result_port(const answer& from) {
  for (const std::uint64_t handle : references_in(from.body)) {
    const auto [at, first] = objects_.try_emplace(handle);
    if (first)
      at->second = std::make_shared<const object_reference>(from.from, handle);
    else
      from.from->release(handle);
  }
}

std::shared_ptr<const object_reference> result_port::adopt(std::uint64_t handle) {
  const auto found = objects_.find(handle);
  // Our own child writes handles so that they are found. Another one's are its own loss.
  if (found == objects_.end()) throw std::logic_error("an object that was not announced");
  return found->second;
}

void judge_result(const answer& from, result_port& objects) {
  const std::exception_ptr why = std::current_exception();
  bool sound = true;
  try {
    json_reader in(from.body, from.attachments, from.limits, &objects, from.descriptors);
    in.only_judge();
    read_dynamic<value>(in);
    in.finish();
  } catch (const codec_error&) {
    sound = false;
  }
  if (sound) throw unwanted_result{why};
  std::rethrow_exception(why);
}

}  // namespace glovebox::detail

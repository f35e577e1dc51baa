// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "runtime/c_call.hpp"

#include "runtime/c_memory.hpp"
#include "runtime/c_values.hpp"
#include "runtime/child_locals.hpp"

#include <glovebox/detail/c_library.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <optional>
#include <unordered_map>
#include <utility>

namespace glovebox::runtime {
namespace {

using kind = c_type::kind;

/// What the callbacks of one call have thrown: the first of it.
struct callback_failure {
  std::exception_ptr error;
};

/// Between C code and a callback.
class bridge final : public c_closure::handler {
 public:
  bridge(const c_signature& signature, std::shared_ptr<c_callback> to, callback_failure& failure)
      : signature_(signature), to_(std::move(to)), failure_(failure), closure_(signature, *this) {}

  void* address() const noexcept { return closure_.address(); }

  void called(c_slot& result, void* const* arguments) noexcept override {
    if (failure_.error) return;
    try {
      std::vector<c_value> values;
      values.reserve(signature_.parameters.size());
      for (std::size_t i = 0; i != signature_.parameters.size(); ++i)
        values.push_back(load(signature_.parameters[i].type, arguments[i]));
      c_slot made;
      store(signature_.result, to_->call(signature_, values), made);
      result = made;
    } catch (...) {
      failure_.error = std::current_exception();
    }
  }

 private:
  const c_signature& signature_;
  std::shared_ptr<c_callback> to_;
  callback_failure& failure_;
  c_closure closure_;
};

/// One argument while its function runs. It stays where it is: the function has pointers into it.
class passed {
 public:
  passed() = default;
  passed(const passed&) = delete;
  passed& operator=(const passed&) = delete;

  void take(const c_type& parameter, c_argument argument, callback_failure& failure) {
    std::visit([&](auto& form) { pass(parameter, form, failure); }, argument);
  }

  c_slot& slot() noexcept { return slot_; }
  std::span<const std::byte> memory() const noexcept { return memory_; }

  /// \param all what the arguments are made of
  void give_back(std::size_t index, const c_type& parameter, std::span<const passed> all,
                 c_result_sink& to) {
    switch (back_) {
      case back::nothing:
        break;
      case back::bytes:
        bytes_.pop_back();
        to.came_back(index, parameter, std::move(bytes_));
        break;
      case back::text:
        if (cut_) text_.resize(std::min(text_.find('\0'), text_.size()));
        to.came_back(index, parameter, std::move(text_));
        break;
      case back::value:
        to.came_back(index, parameter, checked(load(*parameter.target, value_.bytes), all));
        break;
      case back::offset:
        to.came_back(index, parameter, offset(all));
        break;
    }
  }

  /// Refuses a pointer into the memory of an argument.
  static c_value checked(c_value value, std::span<const passed> all) {
    if (const auto* const pointer = std::get_if<c_pointer>(&value))
      for (std::size_t i = 0; i != all.size(); ++i)
        if (points_into(all[i].memory_, pointer->address)) refuse_pointer_into(i);
    return value;
  }

 private:
  enum class back : std::uint8_t { nothing, bytes, text, value, offset };

  void point_to(const void* memory, std::size_t size) {
    std::memcpy(slot_.bytes, &memory, sizeof memory);
    memory_ = {static_cast<const std::byte*>(memory), size};
  }
  void hold(std::string text) {
    text_ = std::move(text);
    point_to(text_.data(), text_.size());
  }
  // With a NUL behind them, for functions that take them for a text.
  void hold(c_bytes bytes) {
    bytes_ = std::move(bytes);
    bytes_.push_back(std::byte{0});
    point_to(bytes_.data(), bytes_.size() - 1);
  }

  // ---- as they come

  void pass(const c_type& parameter, c_value& value, callback_failure&) {
    const bool text = std::holds_alternative<std::string>(value);
    const bool bytes = std::holds_alternative<c_bytes>(value);
    if (!parameter.is_pointer() || (!text && !bytes)) return store(parameter, value, slot_);
    if (parameter.is_callback() || parameter.target->is_pointer())
      throw std::invalid_argument(std::string(kind_of(value)) + " is no " + to_string(parameter));
    if (!parameter.target->constant)
      throw std::invalid_argument("the function may write through " + to_string(parameter) +
                                  ": pass in_out of " + std::string(kind_of(value)) +
                                  ", or declare the parameter as a pointer to const");
    if (text)
      hold(std::move(std::get<std::string>(value)));
    else
      hold(std::move(std::get<c_bytes>(value)));
  }

  void pass(const c_type& parameter, c_in_out& argument, callback_failure&) {
    need_writable(parameter, "in_out");
    if (auto* const text = std::get_if<std::string>(&argument.content)) {
      need_memory(parameter, "in_out of a string");
      back_ = back::text;
      hold(std::move(*text));
    } else if (auto* const bytes = std::get_if<c_bytes>(&argument.content)) {
      need_memory(parameter, "in_out of bytes");
      back_ = back::bytes;
      hold(std::move(*bytes));
    } else {
      need_value(parameter, "in_out of one value");
      store(*parameter.target, argument.content, value_);
    }
  }
  void pass(const c_type& parameter, c_out_bytes& argument, callback_failure&) {
    need_writable(parameter, "out");
    need_memory(parameter, "out of a size");
    back_ = back::bytes;
    hold(c_bytes(argument.size));
  }
  void pass(const c_type& parameter, c_out_text& argument, callback_failure&) {
    need_writable(parameter, "out_text");
    need_memory(parameter, "out_text");
    back_ = back::text;
    cut_ = true;
    hold(std::string(argument.size, '\0'));
  }
  void pass(const c_type& parameter, c_out_value&, callback_failure&) {
    need_writable(parameter, "out");
    need_value(parameter, "out of one value");
  }
  void pass(const c_type& parameter, c_out_offset&, callback_failure&) {
    need_writable(parameter, "out_offset");
    if (!parameter.target->is_pointer())
      throw std::invalid_argument("out_offset is for a pointer to a pointer, not " +
                                  to_string(parameter));
    back_ = back::offset;
    point_to(value_.bytes, sizeof(void*));
  }
  void pass(const c_type& parameter, std::shared_ptr<c_callback>& callback,
            callback_failure& failure) {
    if (!parameter.is_callback())
      throw std::invalid_argument("a function is no " + to_string(parameter));
    if (!callback) throw std::invalid_argument("an empty function");
    bridge_.emplace(*parameter.target->function, std::move(callback), failure);
    void* const address = bridge_->address();
    std::memcpy(slot_.bytes, &address, sizeof address);
  }

  static void need_writable(const c_type& parameter, const std::string& what) {
    if (!parameter.is_pointer() || parameter.is_callback() || parameter.target->constant)
      throw std::invalid_argument(what + " is for a pointer that is written through, not " +
                                  to_string(parameter));
  }
  // Bytes may be anything but pointers, which would mean nothing.
  static void need_memory(const c_type& parameter, const std::string& what) {
    if (parameter.target->is_pointer())
      throw std::invalid_argument(what + " cannot hold the pointers of " + to_string(parameter));
  }
  // The parameter points to one number or pointer; which, is known.
  void need_value(const c_type& parameter, const std::string& what) {
    if (!parameter.target->is_number() && !parameter.target->is_pointer())
      throw std::invalid_argument(what + " is for a pointer to a number or a pointer, not " +
                                  to_string(parameter));
    back_ = back::value;
    point_to(value_.bytes, parameter.target->size);
  }

  c_value offset(std::span<const passed> all) const {
    const void* place;
    std::memcpy(&place, value_.bytes, sizeof place);
    for (const passed& each : all)
      if (points_into(each.memory_, place))
        return static_cast<std::uint64_t>(static_cast<const std::byte*>(place) -
                                          each.memory_.data());
    return nullptr;
  }

  c_slot slot_;   // what the function gets
  c_slot value_;  // what that points to, if it is one value
  std::string text_;
  c_bytes bytes_;
  std::optional<bridge> bridge_;
  std::span<const std::byte> memory_;
  back back_ = back::nothing;
  bool cut_ = false;
};

/// Calls, and says of what is thrown which argument it is about.
template <class F>
void naming_argument(std::size_t index, F&& work) {
  const auto named = [&](const std::exception& why) {
    return "args[" + std::to_string(index) + "]: " + why.what();
  };
  try {
    work();
  } catch (const std::out_of_range& why) {
    throw std::out_of_range(named(why));
  } catch (const std::invalid_argument& why) {
    throw std::invalid_argument(named(why));
  }
}

}  // namespace

c_callback::~c_callback() = default;

c_call::c_call(std::string_view declaration)
    : signature_(parse_c_signature(declaration)), invoker_(signature_) {}

void c_call::run(void* function, c_argument_source& from, c_result_sink& to) const {
  const std::size_t count = signature_.parameters.size();
  if (from.count() != count)
    throw std::invalid_argument(to_string(signature_) + " takes " + std::to_string(count) +
                                (count == 1 ? " argument, not " : " arguments, not ") +
                                std::to_string(from.count()));
  callback_failure failure;
  std::vector<passed> arguments(count);
  std::vector<c_slot*> slots;
  slots.reserve(count);
  for (std::size_t i = 0; i != count; ++i) {
    const c_type& parameter = signature_.parameters[i].type;
    c_argument argument = from.argument(i, parameter);
    naming_argument(i, [&] { arguments[i].take(parameter, std::move(argument), failure); });
    slots.push_back(&arguments[i].slot());
  }
  c_slot result;
  errno = 0;
  invoker_.call(function, result, slots);
  const int error = errno;
  if (failure.error) std::rethrow_exception(failure.error);
  to.result(signature_.result, passed::checked(load(signature_.result, result.bytes), arguments),
            error);
  for (std::size_t i = 0; i != count; ++i)
    arguments[i].give_back(i, signature_.parameters[i].type, arguments, to);
}

void call_declared(detail::c_library& library, std::string_view declaration,
                   c_argument_source& from, c_result_sink& to) {
  struct declared_calls {
    std::unordered_map<std::string, c_call> all;
  };
  auto& known = of_this_child<declared_calls>().all;
  std::string text(declaration);
  auto found = known.find(text);
  if (found == known.end()) {
    c_call made(text);
    found = known.emplace(std::move(text), std::move(made)).first;
  }
  const c_call& call = found->second;  // stays where it is, also if a callback declares others
  call.run(library.function(call.signature().name), from, to);
}

}  // namespace glovebox::runtime

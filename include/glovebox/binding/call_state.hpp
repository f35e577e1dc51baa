// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/detail/current_stop.hpp>
#include <glovebox/dynamic/core.hpp>
#include <glovebox/dynamic/json_reader.hpp>
#include <glovebox/dynamic/json_writer.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <memory_resource>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace glovebox::binding {

class function;
struct class_info;
class cursor;

/// The object that an operation is about.
struct self_object {
  class_info* of = nullptr;
  void* address = nullptr;
  std::shared_ptr<void> owner;
  bool constant = false;
};

/// One call of a bound function, between the message and the C++ code.
class GLOVEBOX_API call_state {
 public:
  /// \param object null: there is none
  call_state(json_reader& reader, json_writer& writer, const self_object* object = nullptr);
  call_state(const call_state&) = delete;
  call_state& operator=(const call_state&) = delete;
  ~call_state();

  /// Finds the arguments in `[...]` or `{"args":[...],"kwargs":{...}}`, without reading them.
  /// \throws codec_error when it is neither
  void find_arguments();
  /// The first positional argument is consumed by the operation, as the name of a method is.
  void drop_first() noexcept { ++dropped_; }
  std::size_t positional() const noexcept { return positional_.size() - dropped_; }
  bool keywords() const noexcept { return !named_.empty(); }
  /// \throws std::invalid_argument unless there are exactly so many, all positional
  void expect(std::size_t count, const char* what) const;

  /// Goes to a positional argument.
  json_reader& positional(std::size_t index);
  /// Which argument each parameter gets. \returns what does not fit, or an empty text
  std::string match(const function& what);
  /// After `match`: whether the arguments look exactly right.
  bool looks_exact();

  /// Goes to the argument of a parameter, while it lives; errors name the parameter.
  class argument {
   public:
    argument(call_state& call, std::size_t parameter);
    json_reader& in;

   private:
    argument(call_state& call, std::size_t parameter, const char* name);
    detail::path_scope path_;
  };

  /// The object itself as a `wanted` type. \throws std::logic_error when it is none, or constant
  void* self(std::string_view wanted, bool constant) const;
  const self_object* object() const noexcept { return self_; }
  void set_object(const self_object& object) noexcept { self_ = &object; }
  /// From here on, errors are the function's own, no reason to try another one.
  void arguments_read() noexcept { read_ = true; }
  bool read() const noexcept { return read_; }
  void begin_attempt(bool conversions) noexcept;

  json_writer& out;
  json_reader& in;
  std::stop_token stop;  // if it was given from outside
  std::stop_token stop_token() const {
    return stop.stop_possible() ? stop : detail::current_stop_token();
  }
  std::shared_ptr<cursor> made_cursor;  // what `special::iterate` makes instead of a result

 private:
  struct named_argument {
    std::string name;
    json_reader::mark at;
  };
  json_reader& go_to(std::size_t parameter);
  const char* name_of(std::size_t parameter) const noexcept;

  static constexpr std::size_t mostly = 8;  // no more arguments: they take no memory of the heap

  const self_object* self_;
  alignas(json_reader::mark)
      std::array<std::byte, (sizeof(json_reader::mark) + sizeof(void*)) * mostly> room_;
  std::pmr::monotonic_buffer_resource memory_{room_.data(), room_.size()};
  std::pmr::vector<json_reader::mark> positional_{&memory_};
  std::vector<named_argument> named_;
  std::pmr::vector<const json_reader::mark*> sources_{&memory_};  // null: the parameter's default
  const function* function_ = nullptr;
  json_reader::mark start_;
  std::size_t dropped_ = 0;
  std::optional<json_reader> fallback_;  // at a default value
  bool read_ = false;
};

}  // namespace glovebox::binding

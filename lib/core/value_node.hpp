// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/value.hpp>

#include <limits>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace glovebox {

/// What a value holds that is no scalar.
struct value::node {
  struct number_list {
    std::string code;
    std::size_t width;
    std::vector<std::byte> bytes;
  };
  struct object_handle {
    std::shared_ptr<const detail::object_reference> reference;
    std::string kind;
    std::string type;
  };
  struct json {  // a marker that needs no attachment
    std::string text;
  };
  struct binary {
    std::vector<std::byte> bytes;
  };
  struct wrapped {  // what a variant or optional wrote around its value
    value inside;
    bool variant;
    std::uint64_t index;
  };

  std::variant<std::string, std::vector<std::byte>, std::vector<value>, number_list,
               std::vector<std::pair<std::string, value>>, std::vector<std::pair<value, value>>,
               object_handle, json, binary, wrapped>
      content;

  template <class T>
  const T* as() const noexcept {
    return std::get_if<T>(&content);
  }
};

namespace core {

using value_list = std::vector<value>;
using value_dict = std::vector<std::pair<std::string, value>>;
using value_map = std::vector<std::pair<value, value>>;
using value_bytes = std::vector<std::byte>;

// Values are written for nobody but ourselves: only depth is bounded, since it is the stack's.
inline limits value_limits() {
  limits bounds;
  bounds.message_bytes = std::numeric_limits<std::uint64_t>::max();
  bounds.decoded_bytes = std::numeric_limits<std::uint64_t>::max();
  bounds.depth = 512;
  bounds.attachments = std::numeric_limits<std::uint32_t>::max();
  return bounds;
}

/// Calls `use` with a reader at each of some contiguous numbers.
template <class Use>
void each_number(std::string_view code, std::span<const std::byte> numbers, const Use& use) {
  const std::string text = "{\"$a\":[\"" + std::string(code) + "\",0]}";
  const std::span<const std::byte> attached[] = {numbers};
  json_reader in(std::as_bytes(std::span(text)), attached, value_limits());
  for (json_reader::list items(in); items.next();) use(in);
}

}  // namespace core
}  // namespace glovebox

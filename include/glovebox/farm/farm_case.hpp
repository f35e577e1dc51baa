// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/byte_buffer.hpp>
#include <glovebox/codec.hpp>
#include <glovebox/detail/describe.hpp>

#include <concepts>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace glovebox {

/// One case of a dataset: what the function is called with, and a name that no other case has.
/// Any class with these two members will do in its place.
template <class Input>
struct farm_case {
  std::string name;
  Input input;
};

/// What a farm runs: anything with `size()` and `operator[]` that gives cases, a `std::vector` for
/// instance. The same index must always give the same case; it may be asked for several times, by
/// one thread at a time.
template <class T>
concept case_range = requires(const T& cases, std::size_t index) {
  { cases.size() } -> std::convertible_to<std::size_t>;
  { cases[index].name } -> std::convertible_to<std::string_view>;
  cases[index].input;
};

/// Cases that are made when their turn comes, so that a dataset need not be in memory.
template <class Make>
requires std::invocable<const Make&, std::size_t>
class generated_cases {
 public:
  generated_cases(std::size_t count, Make make) : count_(count), make_(std::move(make)) {}
  std::size_t size() const noexcept { return count_; }
  auto operator[](std::size_t index) const { return std::invoke(make_, index); }

 private:
  std::size_t count_;
  Make make_;
};

/// How a type of inputs is shown in records and saved in files. Specialise it for classes of your
/// own whose default says too little.
template <class T>
struct farm_input {
  /// Short, on one line: `"abc"`, `-0.5`, `std::vector<std::byte> of 4711`.
  static std::string text(const T& input) {
    std::string text;
    detail::describe_value(input, text);
    return text;
  }

  /// The contents of the file that a failing input is saved in: the bytes of strings and of ranges
  /// of bytes as they are, other types as the library encodes them.
  static std::vector<std::byte> file(const T& input) {
    if constexpr (std::is_convertible_v<const T&, std::string_view>) {
      const auto bytes = std::as_bytes(std::span(std::string_view(input)));
      return {bytes.begin(), bytes.end()};
    } else if constexpr (std::is_convertible_v<const T&, std::span<const std::byte>>) {
      const std::span<const std::byte> bytes(input);
      return {bytes.begin(), bytes.end()};
    } else {
      byte_buffer body;
      std::vector<attachment> attachments;
      encoder out(body, attachments);
      encode(out, input);
      std::vector<std::byte> bytes(body.data(), body.data() + body.size());
      for (const attachment& each : attachments)
        bytes.insert(bytes.end(), each.bytes.begin(), each.bytes.end());
      return bytes;
    }
  }
};

}  // namespace glovebox

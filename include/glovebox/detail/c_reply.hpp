// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/config.hpp>
#include <glovebox/detail/operation.hpp>
#include <glovebox/detail/shape.hpp>
#include <glovebox/detail/stub_node.hpp>
#include <glovebox/detail/type_name.hpp>
#include <glovebox/remote.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace glovebox::detail {

/// The memory of one argument in the child; gone when the call has ended.
using extent = std::span<const std::byte>;

/// The handles in the answer of a C function. A single one is the answer's object, as with other
/// calls; several are numbers in its body.
class GLOVEBOX_API c_reply {
 public:
  /// \param handles how many will be written
  /// \param arguments must outlive the reply
  c_reply(invocation& call, std::size_t handles, std::span<const extent> arguments) noexcept
      : call_(call), handles_(handles), arguments_(arguments) {}
  c_reply(const c_reply&) = delete;
  c_reply& operator=(const c_reply&) = delete;
  /// Takes the handles back, unless the reply was completed.
  ~c_reply();

  encoder& body() noexcept { return call_.out; }
  /// A handle of what a pointer of the library's points to.
  /// \throws std::runtime_error when that is in an argument's memory
  template <class T>
  void handle(T* object) {
    using type = std::remove_cv_t<T>;
    write_handle(const_cast<type*>(object), type_name<type>(), std::is_const_v<T>);
  }
  /// The distance from the beginning of the argument in which the pointer lies [bytes].
  std::optional<std::size_t> offset(const void* place) const noexcept;
  void complete() noexcept { given_.clear(); }

 private:
  void write_handle(void* object, std::string_view type, bool constant);

  invocation& call_;
  std::size_t handles_;
  std::span<const extent> arguments_;
  std::vector<std::uint64_t> given_;
};

/// What results hold handles: the other side of c_reply.
template <class... T>
requires(is_remote_v<T> || ...) struct result_reader<std::tuple<T...>> {
  static std::tuple<T...> read(const answer& from) {
    decoder in(from.body, from.attachments, from.limits);
    decoder::scope path(in, "result");
    constexpr bool single = (std::size_t{is_remote_v<T>} + ...) == 1;
    std::size_t index = 0;
    const auto part = [&]<class P>(std::type_identity<P>) {
      decoder::scope place(in, index++);
      if constexpr (is_remote_v<P>)
        return P::adopt(from.from, single ? from.object : in.number<std::uint64_t>());
      else
        return glovebox::decode<P>(in);
    };
    // Braces: the parts are decoded in their order.
    std::tuple<T...> all{part(std::type_identity<T>{})...};
    in.finish();
    return all;
  }
};

}  // namespace glovebox::detail

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/binding/call_state.hpp>
#include <glovebox/binding/parameters.hpp>

#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

namespace glovebox::binding {

template <class R>
struct pointee {
  using type = void;
};
template <class T>
struct pointee<T*> {
  using type = T;
};
template <class T>
struct pointee<std::shared_ptr<T>> {
  using type = T;
};
template <class T, class D>
struct pointee<std::unique_ptr<T, D>> {
  using type = T;
};

/// How a result of type R leaves: as a value if it can travel, else as an object that stays.
template <class R, bool ByProxy = false>
struct result_of {
  using bare = std::remove_cvref_t<R>;
  using target = typename pointee<bare>::type;
  static constexpr bool text = std::is_same_v<bare, const char*> || std::is_same_v<bare, char*> ||
                               std::is_same_v<bare, std::string_view>;
  static constexpr bool handle = object_class<target>;
  static constexpr bool travels = !ByProxy && !handle && dynamic_transferable<bare>;
  static constexpr bool object =
      !handle && !travels && !text && !is_span<bare> && object_class<bare>;
  static constexpr bool valid = std::is_void_v<R> || text || handle || travels || object ||
                                (is_span<bare> && dynamic_writable<bare>);
  /// The class whose objects it gives to the parent.
  using kept =
      std::conditional_t<handle, std::remove_cv_t<target>, std::conditional_t<object, bare, void>>;

  template <class F>
  static void write(json_writer& out, F&& run) {
    if constexpr (std::is_void_v<R>) {
      run();
      out.null();
    } else if constexpr (text) {
      const auto got = run();
      if constexpr (std::is_pointer_v<bare>) {
        if (!got) return out.null();
      }
      out.text(got);
    } else if constexpr (is_span<bare>) {
      using element = std::remove_cv_t<typename bare::element_type>;
      write_dynamic(out, std::span<const element>(run()));
    } else if constexpr (handle || travels) {
      write_dynamic(out, run());
    } else if constexpr (std::is_lvalue_reference_v<R>) {
      auto& got = run();
      out.share(detail::shared_object_of(std::addressof(got), nullptr));
    } else {
      auto made = std::make_shared<bare>(run());
      auto* const address = made.get();
      out.share(detail::shared_object_of(address, std::move(made)));
    }
  }
};

template <class R, bool ByProxy>
constexpr void check_result() {
  static_assert(
      result_of<R, ByProxy>::valid,
      "glovebox: the values of this result's type do not travel and are no objects; bind a "
      "lambda that returns something else");
}

}  // namespace glovebox::binding

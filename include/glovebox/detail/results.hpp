// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/detail/slots.hpp>

#include <memory>
#include <stdexcept>
#include <utility>

namespace glovebox::detail {

/// How a result of type R reaches the parent: by value (`wire`), or as a handle (`object`).
template <class R>
struct result_of {
  using bare = std::remove_cvref_t<R>;
  static constexpr bool by_value = transferable<bare>;
  using object = std::remove_reference_t<R>;
  using parent = std::conditional_t<by_value, bare, remote<object>>;

  template <class F>
  static void write(invocation& call, F&& run) {
    if constexpr (by_value) {
      encoder::scope path(call.out, "result");
      glovebox::encode(call.out, run());
    } else if constexpr (std::is_lvalue_reference_v<R>) {
      object& got = run();
      call.result_object = call.objects.refer(
          const_cast<std::remove_const_t<object>*>(std::addressof(got)),
          type_name<std::remove_cv_t<object>>(), call.keep, std::is_const_v<object>);
    } else {
      auto owner = std::make_shared<bare>(run());
      void* const address = owner.get();
      call.result_object = call.objects.adopt(address, type_name<bare>(), std::move(owner), false);
    }
  }
};

template <>
struct result_of<void> {
  static constexpr bool by_value = true;
  using parent = void;
  template <class F>
  static void write(invocation&, F&& run) {
    run();
  }
};

template <class R>
requires std::is_same_v < std::remove_cvref_t<R>,
const char* > || std::is_same_v<std::remove_cvref_t<R>, char*> ||
    std::is_same_v<std::remove_cvref_t<R>, std::string_view> struct result_of<R> {
  static constexpr bool by_value = true;
  using parent = std::string;
  template <class F>
  static void write(invocation& call, F&& run) {
    const auto text = run();
    if constexpr (std::is_pointer_v<std::remove_cvref_t<R>>)
      if (!text)
        throw std::runtime_error("the function returned a null pointer instead of a string");
    glovebox::encode(call.out, std::string_view(text));
  }
};

template <class R>
requires span_type<std::remove_cvref_t<R>>
struct result_of<R> {
  static constexpr bool by_value = true;
  using parent = std::vector<typename span_element<std::remove_cvref_t<R>>::type>;
  template <class F>
  static void write(invocation& call, F&& run) {
    using element = typename span_element<std::remove_cvref_t<R>>::type;
    encoder::scope path(call.out, "result");
    glovebox::encode(call.out, std::span<const element>(run()));
  }
};

/// A result that is a pointer: the handle the object has already, or a new one; a null pointer is
/// an empty remote.
template <class R>
requires std::is_pointer_v<std::remove_cvref_t<R>> &&
    (!std::is_same_v<std::remove_cvref_t<R>, const char*>)&&(
        !std::is_same_v<std::remove_cvref_t<R>, char*>)struct result_of<R> {
  using object = std::remove_pointer_t<std::remove_cvref_t<R>>;
  static constexpr bool by_value = false;
  using parent = remote<object>;
  template <class F>
  static void write(invocation& call, F&& run) {
    const auto got = run();
    if (!got) return;
    call.result_object = call.objects.refer(const_cast<std::remove_cv_t<object>*>(got),
                                            type_name<std::remove_cv_t<object>>(), call.keep,
                                            std::is_const_v<object>);
  }
};

template <class R>
struct smart_pointer {};
template <class T, class D>
struct smart_pointer<std::unique_ptr<T, D>> {
  using object = T;
};
template <class T>
struct smart_pointer<std::shared_ptr<T>> {
  using object = T;
};

/// The table owns what a unique_ptr brings, and shares a shared_ptr's; a null pointer is an empty
/// remote.
template <class R>
requires requires {
  typename smart_pointer<std::remove_cvref_t<R>>::object;
}
struct result_of<R> {
  using object = typename smart_pointer<std::remove_cvref_t<R>>::object;
  using mutable_object = std::remove_cv_t<object>;
  static_assert(!std::is_array_v<object>, "glovebox: return a std::vector instead of an array");
  static constexpr bool by_value = false;
  static constexpr bool constant = std::is_const_v<object>;
  using parent = remote<object>;

  template <class F>
  static void write(invocation& call, F&& run) {
    if constexpr (std::is_constructible_v<std::shared_ptr<object>, R>) {
      std::shared_ptr<object> owner = run();
      if (!owner) return;
      auto* const address = const_cast<mutable_object*>(owner.get());
      call.result_object =
          call.objects.adopt(address, type_name<mutable_object>(),
                             std::const_pointer_cast<mutable_object>(std::move(owner)), constant);
    } else {
      static_assert(std::is_lvalue_reference_v<R>,
                    "glovebox: return the std::unique_ptr without const");
      // A reference to somebody's unique_ptr: it stays the owner.
      const auto& owner = run();
      if (!owner) return;
      call.result_object = call.objects.refer(const_cast<mutable_object*>(owner.get()),
                                              type_name<mutable_object>(), call.keep, constant);
    }
  }
};

}  // namespace glovebox::detail

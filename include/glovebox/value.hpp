// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/dynamic/core.hpp>
#include <glovebox/dynamic/numbers.hpp>
#include <glovebox/dynamic/strings.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace glovebox {

class proxy;
class value;
namespace detail {
class value_builder;
class value_source;
}  // namespace detail

/// A value of any type that travels, for when no type is asked for: what a dynamic call returned,
/// or an argument made of parts. Copies are cheap and share what they hold, which never changes; so
/// values may be used on any thread. Nothing is lost in it: `as<T>()` gives what reading a T at
/// once would have given.
class GLOVEBOX_API value {
 public:
  /// `other`: what has no general form, such as a duration; `as` knows it.
  enum class kind : std::uint8_t {
    null,
    boolean,
    integer,
    real,
    text,
    bytes,
    list,
    dict,
    map,
    object,
    other
  };

  /// Null.
  value() noexcept = default;
  /// From any value that can be written, as it would travel. \throws codec_error
  template <class T>
  requires(!std::is_same_v<std::remove_cvref_t<T>, value> && dynamic_writable<T>)
      value(T&& from);  // implicit, as an argument's conversion

  /// \throws codec_error that says what it is, when it is no T
  template <class T>
  T as() const;
  /// The object; an empty handle for null. Needs proxy.hpp.
  operator proxy() const;  // implicit, as a result's conversion

  kind type() const noexcept { return bare().kind_; }
  bool is_null() const noexcept { return type() == kind::null; }
  bool is_bool() const noexcept { return type() == kind::boolean; }
  bool is_integer() const noexcept { return type() == kind::integer; }
  bool is_real() const noexcept { return type() == kind::real; }
  bool is_text() const noexcept { return type() == kind::text; }
  bool is_bytes() const noexcept { return type() == kind::bytes; }
  bool is_list() const noexcept { return type() == kind::list; }
  bool is_dict() const noexcept { return type() == kind::dict; }
  bool is_map() const noexcept { return type() == kind::map; }
  bool is_object() const noexcept { return type() == kind::object; }

  /// Elements of a list, members of a dict or map, bytes of text or bytes; 0 for everything else.
  std::size_t size() const noexcept;
  /// An element of a list. \throws std::out_of_range; codec_error when it is no list
  template <std::integral Index>
  value operator[](Index index) const {
    return element(static_cast<std::uint64_t>(index));
  }
  /// A member of a dict. \throws std::out_of_range; codec_error when it is no dict
  value operator[](std::string_view key) const;
  /// Whether it is a dict with this key.
  bool contains(std::string_view key) const noexcept;
  /// Keys and values of a dict or map, in their order. \throws codec_error when it is neither
  std::vector<std::pair<value, value>> items() const;

  /// The elements of a list; nothing for what is none.
  class iterator;
  iterator begin() const noexcept;
  iterator end() const noexcept;

  /// Kinds differ: 1 is not 1.0. The order of a dict's or map's members does not count. Objects are
  /// equal when they are the same.
  friend GLOVEBOX_API bool operator==(const value& a, const value& b);

  /// JSON, for people to read; markers (see docs/internals.md) for what JSON does not have.
  std::string to_json() const;

  /// Of an object: its class, and what it is ("object", "class", "function", ...). Else empty.
  std::string_view object_type() const noexcept;
  std::string_view object_kind() const noexcept;

  // ---- for the library
  const std::shared_ptr<const detail::object_reference>& reference() const noexcept;
  static value object(std::shared_ptr<const detail::object_reference> object, std::string what,
                      std::string type);

 private:
  friend struct dynamic_codec<value>;
  struct node;
  struct reading;
  struct writing;

  value(kind what, std::shared_ptr<const node> content) noexcept
      : content_(std::move(content)), kind_(what) {}
  const value& bare() const noexcept;
  value element(std::uint64_t index) const;
  void set_integer(bool negative, std::uint64_t bits) noexcept {
    kind_ = kind::integer;
    negative_ = negative;
    bits_ = bits;
  }
  void set_real(double number) noexcept;
  void set_text(std::string&& text);

  std::shared_ptr<const node> content_;  // null: a scalar
  std::uint64_t bits_ = 0;               // of a bool, an integer or a double
  kind kind_ = kind::null;
  bool negative_ = false;  // bits_ is a negative std::int64_t
};

class value::iterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = value;
  using difference_type = std::ptrdiff_t;
  using pointer = void;
  using reference = value;

  iterator() = default;
  value operator*() const { return (*of_)[at_]; }
  iterator& operator++() {
    ++at_;
    return *this;
  }
  iterator operator++(int) {
    iterator before = *this;
    ++at_;
    return before;
  }
  bool operator==(const iterator& other) const noexcept { return at_ == other.at_; }

 private:
  friend class value;
  iterator(const value& of, std::size_t at) noexcept : of_(&of), at_(at) {}
  const value* of_ = nullptr;
  std::size_t at_ = 0;
};

inline value::iterator value::begin() const noexcept {
  return {*this, 0};
}
inline value::iterator value::end() const noexcept {
  return {*this, is_list() ? size() : 0};
}

template <>
struct GLOVEBOX_API dynamic_codec<value> {
  static constexpr bool reads_wrappers = true;
  static constexpr bool reads_references = true;
  static void write(json_writer& out, const value& from);
  static value read(json_reader& in);
};

namespace detail {

/// Keeps the objects of a value, which are numbered inside its text.
class GLOVEBOX_API value_port final : public object_port {
 public:
  std::uint64_t handle_of(const std::shared_ptr<const object_reference>& object) override;
  std::shared_ptr<const object_reference> adopt(std::uint64_t handle) override;
  held_address resolve(std::uint64_t handle, std::string_view wanted) override;
  named_object share(const shared_object& object) override;

 private:
  std::vector<std::shared_ptr<const object_reference>> objects_;
};

/// Makes a value of what is written to `out`.
class GLOVEBOX_API value_builder {
 public:
  value_builder();
  value finish();

 private:
  byte_buffer body_;
  std::vector<attachment> attachments_;
  value_port port_;

 public:
  json_writer out;
};

/// Makes what a value holds readable as any type.
class GLOVEBOX_API value_source {
 public:
  explicit value_source(const value& from);

 private:
  std::span<const std::byte> write(const value& from);

  byte_buffer body_;
  std::vector<attachment> attachments_;
  std::vector<std::span<const std::byte>> spans_;
  value_port port_;
  std::span<const std::byte> text_;  // after all that writing it fills

 public:
  json_reader in;
};

}  // namespace detail

template <class T>
requires(!std::is_same_v<std::remove_cvref_t<T>, value> &&
         dynamic_writable<T>) value::value(T&& from) {
  using type = std::remove_cvref_t<T>;
  if constexpr (std::is_same_v<type, bool>) {
    kind_ = kind::boolean;
    bits_ = from ? 1 : 0;
  } else if constexpr (std::is_integral_v<type> && !detail::is_character<type>) {
    set_integer(from < 0, static_cast<std::uint64_t>(from));
  } else if constexpr (std::is_same_v<type, double>) {
    set_real(from);
  } else if constexpr (std::is_same_v<type, std::string>) {
    set_text(std::string(std::forward<T>(from)));
  } else {
    detail::value_builder builder;
    write_dynamic(builder.out, std::forward<T>(from));
    *this = builder.finish();
  }
}

template <class T>
T value::as() const {
  if constexpr (std::is_same_v<T, value>) {
    return *this;
  } else {
    detail::value_source source(*this);
    T made = read_dynamic<T>(source.in);
    source.in.finish();
    return made;
  }
}

}  // namespace glovebox

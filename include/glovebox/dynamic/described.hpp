// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/codec/described.hpp>
#include <glovebox/detail/type_name.hpp>
#include <glovebox/dynamic/containers.hpp>

#include <boost/mp11/list.hpp>

#include <array>
#include <optional>
#include <string_view>
#include <type_traits>
#include <vector>

namespace glovebox {
namespace detail {

/// Also what does not travel by itself, as long as it is described. More travels here than in the
/// binary form: pointers to objects.
template <class T>
concept dynamic_field = dynamic_transferable<std::remove_all_extents_t<T>> ||
    described_class<std::remove_all_extents_t<T>>;

/// Exists to be named in the compiler's error message.
template <auto Member, class T>
constexpr bool check_field() {
  static_assert(dynamic_field<T>,
                "glovebox: the type of this described member does not travel; describe it as well, "
                "specialise glovebox::codec for it, or describe the class without the member");
  static_assert(!std::is_const_v<T>,
                "glovebox: this described member is const: the other side could not fill it");
  return true;
}

/// One member of a described class: of the class itself or of one of its bases.
template <class Class, class Descriptor>
struct described_field {
  using type = std::remove_reference_t<decltype(std::declval<Class&>().*Descriptor::pointer)>;
  static constexpr std::string_view name() { return Descriptor::name; }
  static constexpr const char* c_name = Descriptor::name;
  // C-style casts reach private bases, which a description may name.
  template <class Whole>
  static auto& of(Whole& whole) {
    using part = std::conditional_t<std::is_const_v<Whole>, const Class, Class>;
    return ((part&)whole).*Descriptor::pointer;
  }
  static constexpr bool check() { return check_field<Descriptor::pointer, type>(); }
};

/// A base with a codec of its own, under its class's name.
template <class Base>
struct base_field {
  using type = Base;
  static constexpr bool check() { return true; }
  static constexpr std::string_view name() { return type_name<Base>(); }
  static constexpr auto text = [] {
    std::array<char, type_name<Base>().size() + 1> made{};
    for (std::size_t i = 0; i + 1 != made.size(); ++i) made[i] = type_name<Base>()[i];
    return made;
  }();
  static constexpr const char* c_name = text.data();
  template <class Whole>
  static auto& of(Whole& whole) {
    return (std::conditional_t<std::is_const_v<Whole>, const Base, Base>&)whole;
  }
};

template <class T>
concept codec_of_users = requires(encoder& out, const T& value) {
  codec<T>::encode(out, value);
}
&&!requires {
  codec<T>::is_described;
};

template <class Class>
struct fields_of;
template <class Class>
struct base_fields {
  template <class Descriptor>
  struct of {
    using base = typename Descriptor::type;
    static_assert(sizeof(described_base<Class, base>) != 0);
    using type =
        typename std::conditional_t<codec_of_users<base>,
                                    std::type_identity<boost::mp11::mp_list<base_field<base>>>,
                                    fields_of<base>>::type;
  };
  template <class Descriptor>
  using list = typename of<Descriptor>::type;
  template <class Descriptor>
  using own = described_field<Class, Descriptor>;
};

/// All members, those of bases first.
template <class Class>
struct fields_of {
  using bases =
      boost::mp11::mp_transform<base_fields<Class>::template list,
                                boost::mp11::mp_rename<boost::describe::describe_bases<
                                                           Class, boost::describe::mod_any_access>,
                                                       boost::mp11::mp_list>>;
  using members =
      boost::mp11::mp_transform<base_fields<Class>::template own,
                                boost::mp11::mp_rename<boost::describe::describe_members<
                                                           Class, boost::describe::mod_any_access>,
                                                       boost::mp11::mp_list>>;
  using type = boost::mp11::mp_append<
      boost::mp11::mp_apply<boost::mp11::mp_append,
                            boost::mp11::mp_push_front<bases, boost::mp11::mp_list<>>>,
      members>;
};

template <class... Field>
constexpr bool names_differ(boost::mp11::mp_list<Field...>) {
  const std::array<std::string_view, sizeof...(Field)> names{Field::name()...};
  for (std::size_t i = 0; i != names.size(); ++i)
    for (std::size_t j = i + 1; j != names.size(); ++j)
      if (names[i] == names[j]) return false;
  return true;
}

/// Whether all members travel, as far as can be seen from here.
template <class T>
constexpr bool fields_travel() {
  return []<class... Field>(boost::mp11::mp_list<Field...>) {
    return ([] {
      using type = std::remove_all_extents_t<typename Field::type>;
      if constexpr (std::is_const_v<type> || !dynamic_field<type>)
        return false;
      else if constexpr (described_class<type> && !codec_of_users<type>)
        return fields_travel<type>();
      else
        return true;
    }() && ...);
  }(typename fields_of<T>::type{});
}

template <class V>
void write_fields(json_writer& out, V&& value);
template <class T>
void read_fields(json_reader& in, T& value);

template <class V>
void write_field(json_writer& out, V&& value) {
  using type = std::remove_cvref_t<V>;
  if constexpr (std::is_array_v<type>) {
    json_writer::scope path(out, 0);
    out.begin_list();
    for (std::size_t i = 0; i != std::extent_v<type>; ++i) {
      path.at(i);
      write_field(out, part_of<V>(value[i]));
    }
    out.end_list();
  } else if constexpr (dynamic_transferable<type>) {
    write_dynamic(out, std::forward<V>(value));
  } else {
    write_fields(out, std::forward<V>(value));
  }
}

template <class T>
void read_field(json_reader& in, T& value) {
  if constexpr (std::is_array_v<T>) {
    json_reader::list items(in);
    for (auto& each : value) {
      if (!items.next()) wrong_count(in, std::extent_v<T>, false);
      read_field(in, each);
    }
    if (items.next()) wrong_count(in, std::extent_v<T>, true);
  } else if constexpr (described_class<T> && !codec_of_users<T> && !dynamic_transferable<T>) {
    read_fields(in, value);  // abstract, or without a default constructor
  } else {
    value = read_dynamic<T>(in);
  }
}

/// What `read_members` must know of a member.
struct member_reader {
  const char* name;
  void (*read)(json_reader& in, void* object);
  void (*clear)(void* object);  // null: the member must be there
};
/// Reads a dict into an object: each member once, in any order, and nothing else.
GLOVEBOX_API void read_members(json_reader& in, void* object, std::span<const member_reader> all);

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class Whole, class Field>
constexpr member_reader reader_of() {
  member_reader made{Field::c_name, nullptr, nullptr};
  if constexpr (Field::check() && dynamic_field<typename Field::type>)
    made.read = [](json_reader& in, void* object) {
      read_field(in, Field::of(*static_cast<Whole*>(object)));
    };
  if constexpr (is_optional<typename Field::type>)
    made.clear = [](void* object) { Field::of(*static_cast<Whole*>(object)).reset(); };
  return made;
}

template <class V>
void write_fields(json_writer& out, V&& value) {
  using fields = typename fields_of<std::remove_cvref_t<V>>::type;
  static_assert(names_differ(fields{}),
                "glovebox: a described member has the name of another one in a base class");
  json_writer::scope path(out);
  out.begin_dict();
  boost::mp11::mp_for_each<fields>([&](auto field) {
    using type = decltype(field);
    if constexpr (type::check() && dynamic_field<typename type::type>) {
      path.at(type::c_name);
      out.key(type::name());
      write_field(out, part_of<V>(type::of(value)));
    }
  });
  out.end_dict();
}

template <class T>
void read_fields(json_reader& in, T& value) {
  [&]<class... Field>(boost::mp11::mp_list<Field...>) {
    static constexpr std::array<member_reader, sizeof...(Field)> readers{reader_of<T, Field>()...};
    read_members(in, &value, readers);
  }(typename fields_of<T>::type{});
}

/// Classes that have nothing but a binary codec of the user's.
template <class T>
concept binary_only = transferable<T> && !std::is_arithmetic_v<T> && !std::is_enum_v<T> &&
                      !is_int128<T> && !path_like<T> && codec_of_users<T>;

}  // namespace detail

/// Described classes are dicts of their members, those of base classes included. A member that is
/// missing reads as empty when it is an optional; else, and for a key that is no member, reading
/// fails.
template <detail::described_class T>
requires requires {
  codec<T>::is_described;
}
struct dynamic_codec<T> {
  template <class V>
  static void write(json_writer& out, V&& value) {
    detail::write_fields(out, std::forward<V>(value));
  }
  static T read(json_reader& in) {
    T value = T();
    detail::read_fields(in, value);
    return value;
  }
};

/// In the binary form, as the user's `codec` has it.
template <detail::binary_only T>
struct dynamic_codec<T> {
  static void write(json_writer& out, const T& value) {
    byte_buffer body;
    std::vector<attachment> none;
    limits bounds = out.bounds();
    bounds.attachments = 0;
    encoder binary(body, none, bounds);
    try {
      codec<T>::encode(binary, value);
    } catch (const codec_error& why) {
      out.fail(why.what());  // where, on the outside
    }
    out.binary(body.view());
  }
  static T read(json_reader& in) {
    std::vector<std::byte> scratch;
    decoder binary(in.binary(scratch), {}, in.bounds());
    try {
      T value = codec<T>::decode(binary);
      binary.finish();
      return value;
    } catch (const codec_error& why) {
      in.fail(why.what());
    }
  }
};

}  // namespace glovebox

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Values as JSON.
#include "core/value_node.hpp"

#include <algorithm>
#include <bit>

namespace glovebox {
namespace {

using core::each_number;
using bytes = core::value_bytes;
using dict = core::value_dict;
using list = core::value_list;
using map = core::value_map;

void refuse_twins(json_reader& in, std::vector<std::string_view>&& keys) {
  std::sort(keys.begin(), keys.end());
  if (std::adjacent_find(keys.begin(), keys.end()) != keys.end())
    in.fail("a key that occurs twice");
}

}  // namespace

struct value::reading {
  json_reader& in;

  template <class Content>
  static value make(kind what, Content&& content) {
    return value(what, std::make_shared<const node>(node{std::forward<Content>(content)}));
  }

  value any() const {
    value made;
    in.charge(sizeof(value));
    switch (in.next()) {
      case json_reader::token::null:
        in.null();
        return made;
      case json_reader::token::boolean:
        made.kind_ = kind::boolean;
        made.bits_ = in.boolean() ? 1 : 0;
        return made;
      case json_reader::token::number:
        return number();
      case json_reader::token::text:
        in.charge(sizeof(node));
        return make(kind::text, in.string());
      case json_reader::token::list: {
        in.charge(sizeof(node));
        list items;
        for (json_reader::list each(in); each.next();) items.push_back(any());
        return make(kind::list, std::move(items));
      }
      case json_reader::token::dict: {
        in.charge(sizeof(node));
        dict members;
        for (json_reader::dict each(in); each.next();) {
          in.charge(sizeof(std::string));
          value mapped = any();
          members.emplace_back(each.key(), std::move(mapped));
        }
        std::vector<std::string_view> keys;
        for (const auto& [key, mapped] : members) keys.push_back(key);
        refuse_twins(in, std::move(keys));
        return make(kind::dict, std::move(members));
      }
      case json_reader::token::marker:
        in.charge(sizeof(node));
        return marked(std::string(in.marker()));
      case json_reader::token::end:
      case json_reader::token::other:
        break;
    }
    in.mismatch("a value");
  }

  value number() const {
    value made;
    const detail::dynamic_number got = in.number();
    if (got.form == detail::dynamic_number::kind::integer) {
      const auto magnitude = static_cast<std::uint64_t>(got.magnitude);
      made.set_integer(got.negative, got.negative ? 0 - magnitude : magnitude);
    } else {
      made.kind_ = kind::real;
      made.bits_ = got.bits;
    }
    return made;
  }

  value marked(const std::string& name) const {
    if (name == "f") return number();
    if (name == "i") return make(kind::integer, node::json{std::string(in.skip())});
    if (name == "ld") return make(kind::real, node::json{std::string(in.skip())});
    if (name == "s" || name == "sa") return make(kind::text, in.string());
    if (name == "b" || name == "ba") return make(kind::bytes, in.bytes());
    if (name == "a") return numbers();
    if (name == "m") return pairs();
    if (name == "v" || name == "o") return wrapper(name == "v");
    if (name == "ref") {
      auto got = in.object();
      return value::object(std::move(got.object), std::move(got.kind), std::move(got.type));
    }
    if (name == "fd" && in.only_judges()) {
      in.skip();
      return {};
    }
    if (name == "fd")
      in.fail(
          "a file descriptor is no value that could be copied: read it as a "
          "glovebox::file_descriptor");
    if (name == "bin") {
      bytes scratch;
      const auto got = in.binary(scratch);
      return make(kind::other, node::binary{{got.begin(), got.end()}});
    }
    if (name == "s16" || name == "s32" || name == "t" || name == "tp" || name == "slice") {
      std::string text(in.skip());
      in.charge(text.size());
      return make(kind::other, node::json{std::move(text)});
    }
    in.mismatch("a value");
  }

  value numbers() const {
    const auto got = in.numbers();
    node::number_list made{
        got->kind + std::to_string(got->width), got->width, {got->bytes.begin(), got->bytes.end()}};
    return make(kind::list, std::move(made));
  }

  value pairs() const {
    in.enter("m");
    map members;  // keys may occur twice: it may be a multimap
    for (json_reader::list items(in); items.next();) {
      in.charge(2 * sizeof(value));
      json_reader::list pair(in);
      if (!pair.next()) in.fail("a member of a map without a key");
      value key = any();
      if (!pair.next()) in.fail("a member of a map without a value");
      value mapped = any();
      if (pair.next()) in.fail("a member of a map with more than a key and a value");
      members.emplace_back(std::move(key), std::move(mapped));
    }
    in.leave();
    return make(kind::map, std::move(members));
  }

  value wrapper(bool variant) const {
    const json_reader::scope level(in);
    node::wrapped made{{}, variant, 0};
    in.enter(variant ? "v" : "o");
    if (variant) {
      in.begin_parts();
      made.index = in.integer<std::uint64_t>();
      in.next_part();
    }
    made.inside = any();
    if (variant) in.end_parts();
    in.leave();
    return make(made.inside.type(), std::move(made));
  }
};

value dynamic_codec<value>::read(json_reader& in) {
  return value::reading{in}.any();
}

// ---- writing

struct value::writing {
  json_writer& out;

  void any(const value& from) const {
    if (!from.content_) return scalar(from);
    std::visit([&](const auto& content) { one(content, from.content_); }, from.content_->content);
  }

  void scalar(const value& from) const {
    if (from.kind_ == kind::boolean)
      out.boolean(from.bits_ != 0);
    else if (from.kind_ == kind::integer && from.negative_)
      out.integer(static_cast<std::int64_t>(from.bits_));
    else if (from.kind_ == kind::integer)
      out.integer(from.bits_);
    else if (from.kind_ == kind::real)
      out.real(std::bit_cast<double>(from.bits_));
    else
      out.null();
  }

  using keeper = std::shared_ptr<const node>;
  void one(const std::string& text, const keeper& owner) const { out.text(text, owner); }
  void one(const bytes& content, const keeper& owner) const { out.bytes(content, owner); }
  void one(const list& items, const keeper&) const {
    json_writer::scope path(out, 0);
    std::size_t index = 0;
    out.begin_list();
    for (const value& each : items) {
      path.at(index++);
      any(each);
    }
    out.end_list();
  }
  void one(const node::number_list& numbers, const keeper& owner) const {
    if (out.attaches(numbers.bytes.size())) return out.numbers(numbers.code, numbers.bytes, owner);
    const json_writer::scope level(out);
    out.begin_list();
    each_number(numbers.code, numbers.bytes, [&](json_reader& in) { out.raw(in.skip()); });
    out.end_list();
  }
  void one(const dict& members, const keeper&) const {
    json_writer::scope path(out);
    out.begin_dict();
    for (const auto& [key, mapped] : members) {
      path.at(key.c_str());
      out.key(key);
      any(mapped);
    }
    out.end_dict();
  }
  void one(const map& members, const keeper&) const {
    json_writer::scope path(out, 0);
    std::size_t index = 0;
    out.begin_marker("m");
    out.begin_list();
    for (const auto& [key, mapped] : members) {
      path.at(index++);
      out.begin_list();
      any(key);
      any(mapped);
      out.end_list();
    }
    out.end_list();
    out.end_marker();
  }
  void one(const node::object_handle& object, const keeper&) const {
    out.reference(object.reference, object.kind, object.type);
  }
  void one(const node::json& marker, const keeper&) const { out.raw(marker.text); }
  void one(const node::binary& content, const keeper&) const { out.binary(content.bytes); }
  void one(const node::wrapped& content, const keeper&) const {
    const json_writer::scope level(out);
    out.begin_marker(content.variant ? "v" : "o");
    if (content.variant) {
      out.begin_list();
      out.integer(content.index);
    }
    any(content.inside);
    if (content.variant) out.end_list();
    out.end_marker();
  }
};

void dynamic_codec<value>::write(json_writer& out, const value& from) {
  value::writing{out}.any(from);
}

}  // namespace glovebox

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include <glovebox/value.hpp>

#include "core/as_text.hpp"
#include "core/value_node.hpp"

#include <glovebox/detail/object_reference.hpp>

#include <algorithm>
#include <bit>
#include <stdexcept>

namespace glovebox {
namespace {

using core::as_text;
using core::each_number;
using core::value_limits;
using bytes = core::value_bytes;
using dict = core::value_dict;
using list = core::value_list;
using map = core::value_map;

class naming_port final : public detail::object_port {
 public:
  std::uint64_t handle_of(const std::shared_ptr<const detail::object_reference>& object) override {
    return object->handle;
  }
};

}  // namespace

std::string value::to_json() const {
  byte_buffer body;
  std::vector<attachment> none;
  naming_port port;
  limits bounds = value_limits();
  bounds.attachments = 0;
  json_writer out(body, none, bounds, &port);
  dynamic_codec<value>::write(out, *this);
  return std::string(as_text(body.view()));
}

// ---- looking at it

void value::set_real(double number) noexcept {
  kind_ = kind::real;
  bits_ = std::bit_cast<std::uint64_t>(number);
}

void value::set_text(std::string&& text) {
  kind_ = kind::text;
  content_ = std::make_shared<const node>(node{std::move(text)});
}

value value::object(std::shared_ptr<const detail::object_reference> object, std::string what,
                    std::string type) {
  if (!object) return {};
  return value(kind::object, std::make_shared<const node>(node{node::object_handle{
                                 std::move(object), std::move(what), std::move(type)}}));
}

const value& value::bare() const noexcept {
  const value* at = this;
  while (at->content_) {
    const auto* const inner = at->content_->as<node::wrapped>();
    if (!inner) break;
    at = &inner->inside;
  }
  return *at;
}

std::size_t value::size() const noexcept {
  const value& self = bare();
  if (!self.content_) return 0;
  return std::visit(
      []<class T>(const T& content) -> std::size_t {
        if constexpr (std::is_same_v<T, node::number_list>)
          return content.bytes.size() / content.width;
        else if constexpr (requires { content.size(); })
          return content.size();
        else
          return 0;
      },
      self.content_->content);
}

namespace {

[[noreturn]] void not_a(std::string_view wanted, const value& from) {
  detail::value_source source(from);
  source.in.mismatch(wanted);
}

}  // namespace

value value::element(std::uint64_t index) const {
  const value& self = bare();
  if (!is_list()) not_a("a list", self);
  if (index >= size())
    throw std::out_of_range("glovebox: a list of " + std::to_string(size()) + " has no element " +
                            std::to_string(static_cast<std::int64_t>(index)));
  const auto at = static_cast<std::size_t>(index);
  if (const auto* const items = self.content_->as<list>()) return (*items)[at];
  const auto& numbers = *self.content_->as<node::number_list>();
  value made;
  each_number(numbers.code, std::span(numbers.bytes).subspan(at * numbers.width, numbers.width),
              [&](json_reader& in) { made = dynamic_codec<value>::read(in); });
  return made;
}

value value::operator[](std::string_view key) const {
  const value& self = bare();
  if (!is_dict()) not_a("a dict", self);
  for (const auto& [name, mapped] : *self.content_->as<dict>())
    if (name == key) return mapped;
  throw std::out_of_range("glovebox: a dict without the key '" + std::string(key) + "'");
}

bool value::contains(std::string_view key) const noexcept {
  if (!is_dict()) return false;
  for (const auto& [name, mapped] : *bare().content_->as<dict>())
    if (name == key) return true;
  return false;
}

std::vector<std::pair<value, value>> value::items() const {
  const value& self = bare();
  if (is_map()) return *self.content_->as<map>();
  if (!is_dict()) not_a("a dict or map", self);
  std::vector<std::pair<value, value>> made;
  for (const auto& [name, mapped] : *self.content_->as<dict>()) made.emplace_back(name, mapped);
  return made;
}

std::string_view value::object_type() const noexcept {
  return is_object() ? std::string_view(bare().content_->as<node::object_handle>()->type)
                     : std::string_view();
}

std::string_view value::object_kind() const noexcept {
  return is_object() ? std::string_view(bare().content_->as<node::object_handle>()->kind)
                     : std::string_view();
}

const std::shared_ptr<const detail::object_reference>& value::reference() const noexcept {
  static const std::shared_ptr<const detail::object_reference> none;
  return is_object() ? bare().content_->as<node::object_handle>()->reference : none;
}

namespace {

template <class Pairs>
bool same_members(const Pairs& a, const Pairs& b) {
  return a.size() == b.size() &&
         std::is_permutation(a.begin(), a.end(), b.begin(), [](const auto& x, const auto& y) {
           return x.first == y.first && x.second == y.second;
         });
}

}  // namespace

bool operator==(const value& first, const value& second) {
  const value& a = first.bare();
  const value& b = second.bare();
  if (a.kind_ != b.kind_) return false;
  if (!a.content_ || !b.content_) {
    if (a.content_ || b.content_) return false;
    if (a.kind_ == value::kind::real)
      return std::bit_cast<double>(a.bits_) == std::bit_cast<double>(b.bits_);
    return a.bits_ == b.bits_ && a.negative_ == b.negative_;
  }
  using node = value::node;
  const auto both = [&]<class T>(std::type_identity<T>, const auto& equal) {
    const T* const x = a.content_->template as<T>();
    const T* const y = b.content_->template as<T>();
    return x && y && equal(*x, *y);
  };
  switch (a.kind_) {
    case value::kind::text:
      return both(std::type_identity<std::string>{}, std::equal_to<>{});
    case value::kind::bytes:
      return both(std::type_identity<bytes>{}, std::equal_to<>{});
    case value::kind::list:
      return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin());
    case value::kind::dict:
      return both(std::type_identity<dict>{}, [](auto& x, auto& y) { return same_members(x, y); });
    case value::kind::map:
      return both(std::type_identity<map>{}, [](auto& x, auto& y) { return same_members(x, y); });
    case value::kind::object:
      return both(std::type_identity<node::object_handle>{}, [](auto& x, auto& y) {
        return x.reference->home == y.reference->home && x.reference->handle == y.reference->handle;
      });
    default:
      return both(std::type_identity<node::json>{},
                  [](auto& x, auto& y) { return x.text == y.text; }) ||
             both(std::type_identity<node::binary>{},
                  [](auto& x, auto& y) { return x.bytes == y.bytes; });
  }
}

// ---- objects inside values

namespace detail {

std::uint64_t value_port::handle_of(const std::shared_ptr<const object_reference>& object) {
  objects_.push_back(object);
  return objects_.size();
}

std::shared_ptr<const object_reference> value_port::adopt(std::uint64_t handle) {
  return objects_.at(static_cast<std::size_t>(handle - 1));
}

// In a child, its objects are found, and made known, by what it is doing at the time.
held_address value_port::resolve(std::uint64_t handle, std::string_view wanted) {
  if (!here()) return object_port::resolve(handle, wanted);
  return here()->resolve_held(*adopt(handle), wanted);
}

named_object value_port::share(const shared_object& object) {
  if (!here()) return object_port::share(object);
  objects_.push_back(here()->hold(object));
  return {objects_.size(), {}, {}};
}

value_builder::value_builder() : out(body_, attachments_, value_limits(), &port_) {}

value value_builder::finish() {
  std::vector<std::span<const std::byte>> spans;
  for (const attachment& each : attachments_) spans.push_back(each.bytes);
  json_reader in(body_.view(), spans, value_limits(), &port_);
  value made = read_dynamic<value>(in);
  in.finish();
  return made;
}

value_source::value_source(const value& from)
    : text_(write(from)), in(text_, spans_, value_limits(), &port_) {}

std::span<const std::byte> value_source::write(const value& from) {
  json_writer out(body_, attachments_, value_limits(), &port_);
  dynamic_codec<value>::write(out, from);
  for (const attachment& each : attachments_) spans_.push_back(each.bytes);
  return body_.view();
}

}  // namespace detail
}  // namespace glovebox

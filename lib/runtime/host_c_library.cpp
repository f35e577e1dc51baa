// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// C libraries as objects that a parent can hold: methods are named by C declarations.
#include "runtime/c_call.hpp"
#include "runtime/c_values.hpp"
#include "runtime/child_locals.hpp"
#include "runtime/host_object.hpp"

#include <glovebox/binding/call_state.hpp>
#include <glovebox/detail/c_library.hpp>
#include <glovebox/detail/callback_port.hpp>
#include <glovebox/dynamic.hpp>

#include <cstring>
#include <set>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace glovebox::runtime {
namespace {

using kind = c_type::kind;

// The table keeps views of type names.
std::string_view interned(const std::string& name) {
  struct type_names {
    std::set<std::string> all;
  };
  return *of_this_child<type_names>().all.insert(name).first;
}

// ---- arguments

c_value as_c_value(const value& from);

// A list is the elements that the pointer points to, one after another.
c_value as_memory(const value& from, const c_type& parameter) {
  const c_type& element = *parameter.target;
  if (!element.is_number())
    throw std::invalid_argument("a list is no argument for " + to_string(parameter) +
                                ": its elements have no known size; pass bytes");
  c_bytes bytes;
  bytes.reserve(from.size() * element.size);
  for (const value& each : from) {
    c_slot slot;
    store(element, as_c_value(each), slot);
    bytes.insert(bytes.end(), slot.bytes, slot.bytes + element.size);
  }
  return bytes;
}

c_value as_c_value(const value& from) {
  switch (from.type()) {
    case value::kind::null:
      return nullptr;
    case value::kind::boolean:
      return from.as<bool>();
    case value::kind::integer:
      // Which of the two it is does not matter where it fits both.
      try {
        return from.as<std::int64_t>();
      } catch (const codec_error&) {
        return from.as<std::uint64_t>();
      }
    case value::kind::real:
      return from.as<double>();
    case value::kind::text:
      return from.as<std::string>();
    case value::kind::bytes:
      return from.as<c_bytes>();
    case value::kind::object: {
      const held_object& object = held_object::of(*from.reference());
      return c_pointer{object.address, std::string(object.type), object.constant};
    }
    case value::kind::other:
      return from.as<long double>();
    default:
      throw std::invalid_argument("C knows no dicts and maps");
  }
}

c_value as_argument(const value& from, const c_type& parameter) {
  if (from.is_list() && parameter.is_pointer()) return as_memory(from, parameter);
  return as_c_value(from);
}

// ---- results

void write_elements(json_writer& out, const c_type& element, const c_bytes& bytes);

/// \param pointer the type of which this is the value, or what points to it
void write_value(operation_frame& frame, const c_type& type, const c_value& from) {
  json_writer& out = frame.out;
  std::visit(
      [&]<class T>(const T& content) {
        if constexpr (std::is_same_v<T, std::monostate> || std::is_same_v<T, std::nullptr_t>) {
          out.null();
        } else if constexpr (std::is_same_v<T, c_pointer>) {
          if (!content.address) return out.null();
          const std::string_view name = interned(content.type);
          const std::uint64_t handle =
              frame.table.refer(content.address, name, nullptr, content.constant);
          frame.port.given(handle);
          out.reference(detail::named_object{handle, "pointer", name});
        } else if constexpr (std::is_same_v<T, c_bytes>) {
          const c_type* const element = type.is_pointer() ? type.target.get() : nullptr;
          if (element && element->is_number() &&
              (element->size > 1 || element->what == kind::boolean))
            write_elements(out, *element, content);
          else
            write_dynamic(out, content);
        } else {
          write_dynamic(out, content);
        }
      },
      from);
}

void write_elements(json_writer& out, const c_type& element, const c_bytes& bytes) {
  out.begin_list();
  for (std::size_t at = 0; at + element.size <= bytes.size(); at += element.size) {
    std::visit(
        [&]<class T>(const T& number) {
          if constexpr (std::is_arithmetic_v<T>) write_dynamic(out, number);
        },
        load(element, bytes.data() + at));
  }
  out.end_list();
}

/// A callable of the parent's, as C code calls it.
class parent_callback final : public c_callback {
 public:
  parent_callback(operation_frame& frame, std::uint64_t name)
      : frame_(frame), to_(detail::callback_port::take(name)) {}

  c_value call(const c_signature& signature, std::span<const c_value> arguments) override {
    detail::callback_exchange exchange(*to_, detail::callback_exchange::language::json);
    {
      json_writer out(exchange.arguments, exchange.attachments, exchange.bounds(),
                      exchange.objects());
      out.begin_list();
      for (std::size_t i = 0; i != arguments.size(); ++i) write_argument(out, arguments[i]);
      out.end_list();
    }
    exchange.run();
    const auto attached = exchange.attached();
    json_reader in(exchange.result, attached, exchange.bounds(), exchange.objects());
    const value result = read_dynamic<value>(in);
    in.finish();
    if (signature.result.what == kind::nothing) return {};
    return as_c_value(result);
  }

 private:
  void write_argument(json_writer& out, const c_value& from) {
    std::visit(
        [&]<class T>(const T& content) {
          if constexpr (std::is_same_v<T, std::monostate> || std::is_same_v<T, std::nullptr_t>) {
            out.null();
          } else if constexpr (std::is_same_v<T, c_pointer>) {
            if (!content.address) return out.null();
            const std::string_view name = interned(content.type);
            const std::uint64_t handle =
                frame_.table.refer(content.address, name, nullptr, content.constant);
            out.reference(detail::named_object{handle, "pointer", name});
          } else {
            write_dynamic(out, content);
          }
        },
        from);
  }

  operation_frame& frame_;
  std::shared_ptr<const detail::parent_callable> to_;
};

// ---- a call

class one_call final : public c_argument_source, public c_result_sink {
 public:
  explicit one_call(operation_frame& frame) : frame_(frame) {}

  std::size_t count() const override { return frame_.call.positional(); }

  c_argument argument(std::size_t index, const c_type& parameter) override {
    json_reader& in = frame_.call.positional(index);
    json_reader::scope path(in, "args", index);
    if (in.enter("inout")) {
      ++back_;
      const value content = read_dynamic<value>(in);
      in.leave();
      return c_in_out{as_argument(content, parameter)};
    }
    if (in.enter("out")) {
      ++back_;
      c_argument made = c_out_value{};
      if (!in.null()) made = c_out_bytes{in.integer<std::size_t>()};
      in.leave();
      return made;
    }
    if (in.enter("outtext")) {
      ++back_;
      const auto size = in.integer<std::size_t>();
      in.leave();
      return c_out_text{size};
    }
    if (in.enter("outoffset")) {
      ++back_;
      in.skip();
      in.leave();
      return c_out_offset{};
    }
    if (in.enter("call")) {
      const auto name = in.integer<std::uint64_t>();
      in.leave();
      return std::make_shared<parent_callback>(frame_, name);
    }
    return as_argument(read_dynamic<value>(in), parameter);
  }

  void result(const c_type& type, c_value content, int) override {
    const bool nothing = type.what == kind::nothing;
    if (back_ != 0) frame_.out.begin_list();
    if (back_ == 0 || !nothing) write_value(frame_, type, content);
  }
  void came_back(std::size_t, const c_type& type, c_value content) override {
    write_value(frame_, type, content);
  }
  void finish() {
    if (back_ != 0) frame_.out.end_list();
  }

 private:
  operation_frame& frame_;
  std::size_t back_ = 0;  // arguments that come back
};

}  // namespace

void call_c_function(operation_frame& frame, detail::c_library& library) {
  const std::string declaration = frame.take_name();
  if (frame.call.keywords()) throw std::invalid_argument("C functions take no keyword arguments");
  one_call call(frame);
  call_declared(library, declaration, call, call);
  call.finish();
}

}  // namespace glovebox::runtime

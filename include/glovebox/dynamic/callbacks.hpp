// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/detail/callback_port.hpp>
#include <glovebox/detail/type_name.hpp>
#include <glovebox/dynamic/core.hpp>
#include <glovebox/dynamic/objects.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

namespace glovebox {
namespace detail {

/// What a std::function in the child holds: a callable of the parent's, which has a signature of
/// its own.
template <class R, class... P>
struct json_caller {
  std::shared_ptr<const parent_callable> to;

  R operator()(P... values) const {
    callback_exchange exchange(*to, callback_exchange::language::json);
    {
      json_writer out(exchange.arguments, exchange.attachments, exchange.bounds(),
                      exchange.objects());
      json_writer::scope path(out, "args");
      out.begin_list();
      (write_dynamic(out, std::forward<P>(values)), ...);
      out.end_list();
    }
    exchange.run();
    const auto attached = exchange.attached();
    json_reader in(exchange.result, attached, exchange.bounds(), exchange.objects(),
                   exchange.result_descriptors);
    in.allow_conversions(true);
    json_reader::scope path(in, "result");
    if constexpr (std::is_void_v<R>) {
      in.skip();
      in.finish();
    } else {
      R result = read_dynamic<R>(in);
      in.finish();
      return result;
    }
  }
};

}  // namespace detail

/// In the child: a callable of the parent's, or a function object that lives in the child. In the
/// parent, wrap callables with `callback` or `kept`.
template <class R, class... P>
requires((std::is_void_v<R> || dynamic_readable<R>)&&(dynamic_writable<P>&&...))  //
    struct dynamic_codec<std::function<R(P...)>> {
  static constexpr bool reads_references = true;
  static std::function<R(P...)> read(json_reader& in) {
    if (in.null()) return {};
    if (in.marker() == "ref") return *detail::resolve<const std::function<R(P...)>>(in);
    if (!in.enter("call")) in.mismatch("a callback");
    const auto name = in.integer<std::uint64_t>();
    in.leave();
    return detail::json_caller<R, P...>{detail::callback_port::take(name)};
  }
};

}  // namespace glovebox

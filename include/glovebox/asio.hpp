// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

/// \file
/// The parts of Asio that glovebox's interface uses, under names that depend neither on Asio's
/// version (`as_tuple` and `deferred` left `asio::experimental` in 1.24) nor on whose it is: a
/// build of glovebox goes with standalone Asio or, configured with `-Dasio=boost`, with Boost.Asio.
/// Then the flags that its package brings define GLOVEBOX_BOOST_ASIO for all who include its
/// headers; here is what that means for them, and in detail/abi.hpp that those who do without can't
/// link.

// Before Asio: 1.22 looks for std::aligned_alloc by a macro that any standard header defines, and
// decides otherwise, with another layout of memory, in a file that includes Asio first.
#include <cstddef>

#include <glovebox/detail/abi.hpp>

/// A header of that Asio, for glovebox's own: `#include GLOVEBOX_ASIO_HEADER(post.hpp)`.
#if defined(GLOVEBOX_BOOST_ASIO)
#define GLOVEBOX_ASIO_HEADER(name) <boost/asio/name>
#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>
#else
#define GLOVEBOX_ASIO_HEADER(name) <asio/name>
#include <system_error>
#endif

#include GLOVEBOX_ASIO_HEADER(any_io_executor.hpp)
#include GLOVEBOX_ASIO_HEADER(associated_allocator.hpp)
#include GLOVEBOX_ASIO_HEADER(associated_cancellation_slot.hpp)
#include GLOVEBOX_ASIO_HEADER(associated_executor.hpp)
#include GLOVEBOX_ASIO_HEADER(async_result.hpp)
#include GLOVEBOX_ASIO_HEADER(awaitable.hpp)
#include GLOVEBOX_ASIO_HEADER(dispatch.hpp)
#include GLOVEBOX_ASIO_HEADER(execution.hpp)
#include GLOVEBOX_ASIO_HEADER(execution_context.hpp)
#include GLOVEBOX_ASIO_HEADER(post.hpp)
#include GLOVEBOX_ASIO_HEADER(prefer.hpp)
#include GLOVEBOX_ASIO_HEADER(recycling_allocator.hpp)
#include GLOVEBOX_ASIO_HEADER(system_executor.hpp)
#include GLOVEBOX_ASIO_HEADER(use_awaitable.hpp)
#include GLOVEBOX_ASIO_HEADER(use_future.hpp)

#if GLOVEBOX_ABI_ASIO_VERSION >= 102400
#include GLOVEBOX_ASIO_HEADER(as_tuple.hpp)
#include GLOVEBOX_ASIO_HEADER(deferred.hpp)
#else
#include <asio/experimental/as_tuple.hpp>
#include <asio/experimental/deferred.hpp>
#endif

namespace glovebox {

/// What Asio's operations complete with, and what they throw: types of the standard library, or of
/// Boost.System. An operation of glovebox that is cancelled throws an `asio_system_error` with the
/// code `asio::error::operation_aborted`; all other errors of its own are std::system_error,
/// always.
#if defined(GLOVEBOX_BOOST_ASIO)
namespace asio = ::boost::asio;
using asio_error_code = ::boost::system::error_code;
using asio_system_error = ::boost::system::system_error;
#else
namespace asio = ::asio;
using asio_error_code = std::error_code;
using asio_system_error = std::system_error;
#endif

#if GLOVEBOX_ABI_ASIO_VERSION >= 102400
using asio::as_tuple;
using asio::deferred;
#else
using asio::experimental::as_tuple;
using asio::experimental::deferred;
#endif

}  // namespace glovebox

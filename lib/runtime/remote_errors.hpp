// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "core/exception_record.hpp"

#include <exception>
#include <string_view>

namespace glovebox::runtime {

/// The exception to throw for what a child threw: it derives from one standard exception and from
/// `remote_exception`, and from `std::nested_exception` when it held another one.
std::exception_ptr make_remote_exception(const core::exception_record& record,
                                         std::string_view method);

}  // namespace glovebox::runtime

// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "runtime/c_call.hpp"

namespace glovebox::runtime {

/// What a pointer type points to, as `c_pointer::type` names it.
std::string pointee_name(const c_type& pointer);

/// Writes a number, or an opaque or null pointer, as a C function passes it.
/// \throws std::invalid_argument or std::out_of_range that says why the value is none of the type
void store(const c_type& type, const c_value& value, c_slot& to);

/// Reads one. Texts are copied, other pointers become opaque. Of void: `monostate`.
c_value load(const c_type& type, const void* from);

/// What the value is, for messages: `a string`.
std::string_view kind_of(const c_value& value) noexcept;

}  // namespace glovebox::runtime

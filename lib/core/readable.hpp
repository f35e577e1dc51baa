// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/termination.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace glovebox::core {

/// No line of a report is wider [columns].
inline constexpr std::size_t page_width = 100;

/// Arguments and output hold whatever the child likes; a terminal that shows them must not obey it,
/// and every byte must be worth a column at most: control characters and what is not UTF-8 become
/// `\xNN`, tabs become spaces.
std::string printable(std::string_view text, char line_end = '\n');

/// Appends `  label     text`, in as many lines as that takes. Each line of the text starts with
/// `colour`, an SGR sequence of a terminal, if there is one.
void add_wrapped(std::string& to, std::string_view label, std::string_view text,
                 std::string_view colour = {});

/// `0x2a`
std::string hex(std::uint64_t value);

/// The cause with what belongs to it: `SIGSEGV (address not mapped) at 0x0`.
std::string cause_text(const termination& info);

}  // namespace glovebox::core

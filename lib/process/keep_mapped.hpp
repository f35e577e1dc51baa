// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

namespace glovebox::process {

/// Has the code of this process and its constants, as far as they are in memory, mapped in what it
/// forks from now on; else each child takes a page fault for every few pages of it. Where it can't
/// be done (no /proc), children are only slower.
void keep_code_mapped() noexcept;

/// Has the library's code and constants mapped in this process, instead of by a page fault for
/// every few pages. Where it can't be done (before Linux 5.14), it is only slower.
void map_own_code() noexcept;

}  // namespace glovebox::process

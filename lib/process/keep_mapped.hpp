// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

namespace glovebox::process {

/// Has the code of this process and its constants, as far as they are in memory, mapped in what it
/// forks from now on; else each child takes a page fault for every few pages of it. Where it can't
/// be done (no /proc), children are only slower.
void keep_code_mapped() noexcept;

}  // namespace glovebox::process

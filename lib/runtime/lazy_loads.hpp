// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

namespace glovebox::runtime {

/// Makes the C library load now what it otherwise loads when it is first used: user and group
/// databases, character sets, the locale of the environment, the time zone, the unwinder. What
/// cannot be loaded is left out, as it would be later. Changes no setting of the process.
void load_lazy_parts() noexcept;

}  // namespace glovebox::runtime

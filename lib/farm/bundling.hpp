// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "core/bundle.hpp"

#include <glovebox/detail/request.hpp>
#include <glovebox/farm/farm_options.hpp>
#include <glovebox/farm/job.hpp>

#include <cstddef>
#include <optional>

namespace glovebox::farming {

/// A case's call as it would be sent, without sending it. \throws what the dataset or the encoding
/// throws
detail::request encode_case(const detail::farm_job& job, std::size_t index,
                            const detail::farm_job::call_plan& plan, const limits& bounds,
                            const detail::farm_sink::executor_type& executor);

/// What is needed to run the case again. \throws std::runtime_error that says why it cannot be had
core::bundle make_bundle(const detail::request& call, const context_options& child,
                         const case_record& seen);

}  // namespace glovebox::farming

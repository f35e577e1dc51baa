// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/farm/failure_group.hpp>

#include <string>
#include <vector>

namespace glovebox::farming {

/// What a failing case's group is made of. Without `count` and the example's name.
failure_group describe_group(const case_record& record);

/// `parse < decode < decode_case`
std::string joined(const std::vector<std::string>& frames);

}  // namespace glovebox::farming

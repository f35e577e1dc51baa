// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <string_view>

namespace image_service {

/// What `GET /` answers: page.html, complete with styles and script.
extern const std::string_view page;

}  // namespace image_service

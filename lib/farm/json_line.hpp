// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/farm/case_record.hpp>

#include <string>

namespace glovebox::farming {

/// Appends a record as one line of JSON, its end of line included. The fields are those that
/// `case_record` names in brackets. Bytes that are no UTF-8 become the text `\xNN`.
void append_json_line(std::string& to, const case_record& record);

}  // namespace glovebox::farming

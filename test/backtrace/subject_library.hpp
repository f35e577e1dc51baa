// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

void subject_library_call(void (*function)());

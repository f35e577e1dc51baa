#!/usr/bin/env python3
# Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
"""Makes a C++ file of the page, so that the program needs no files at run time."""

import pathlib
import sys

page, target = map(pathlib.Path, sys.argv[1:])
text = page.read_text(encoding="utf-8")
delimiter = "page"
assert f"){delimiter}\"" not in text
target.write_text(
    f'#include "page.hpp"\n\nnamespace image_service {{\n\n'
    f'const std::string_view page = R"{delimiter}({text}){delimiter}";\n\n'
    f'}}  // namespace image_service\n', encoding="utf-8")

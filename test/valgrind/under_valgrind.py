#!/usr/bin/env python3
# Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
"""under_valgrind.py [--sanitized] PROGRAM: runs it under Memcheck; an error that this finds is one.

Its children leave Valgrind behind: the crash of one stays what it is, and so do reports. Exits with
77 where it can't run, and says why.
"""

import os
import shutil
import sys

SKIPPED = 77
ERROR_FOUND = 99


def main():
    *options, program = sys.argv[1:]
    if "--sanitized" in options:
        print("Valgrind can't run what was built with a sanitizer")
        return SKIPPED
    valgrind = shutil.which("valgrind")
    if not valgrind:
        print("valgrind is not installed (package valgrind)")
        return SKIPPED
    os.execv(valgrind, [valgrind, "--quiet", f"--error-exitcode={ERROR_FOUND}", program])


if __name__ == "__main__":
    sys.exit(main())

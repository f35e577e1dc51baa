#!/usr/bin/env python3
# Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
"""under_valgrind.py PROGRAM: runs it under Memcheck; an error that this finds is one.

Its children leave Valgrind behind: the crash of one stays what it is, and so do reports. Exits with
77 where it can't run, and says why.
"""

import os
import shutil
import sys

SKIPPED = 77
ERROR_FOUND = 99


def main():
    valgrind = shutil.which("valgrind")
    if not valgrind:
        print("valgrind is not installed (package valgrind)")
        return SKIPPED
    os.execv(valgrind, [valgrind, "--quiet", f"--error-exitcode={ERROR_FOUND}", sys.argv[1]])


if __name__ == "__main__":
    sys.exit(main())

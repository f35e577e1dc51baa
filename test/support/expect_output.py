#!/usr/bin/env python3
# Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
"""expect_output.py FILE PROGRAM [ARGUMENT...]: the program must succeed and print what FILE holds.

`...` in FILE stands for any text within a line, such as a process id or an address. A program that
exits with 77 cannot run here: what it prints is the reason, and the test is skipped.
"""

import difflib
import pathlib
import re
import subprocess
import sys


SKIPPED = 77


def matches(expected, line):
    return re.fullmatch(".*".join(map(re.escape, expected.split("..."))), line) is not None


def main():
    expected = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
    done = subprocess.run(sys.argv[2:], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          check=False)
    if done.returncode == SKIPPED:
        print(done.stdout.decode("utf-8", "replace").rstrip())
        return SKIPPED
    printed = done.stdout.decode("utf-8", "replace").splitlines()
    if len(printed) != len(expected) or not all(map(matches, expected, printed)):
        print("\n".join(difflib.unified_diff(expected, printed, sys.argv[1], "printed",
                                             lineterm="")))
        return 1
    if done.returncode != 0:
        print(f"the output is right, but the exit code is {done.returncode}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

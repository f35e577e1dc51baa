#!/usr/bin/env python3
# Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
"""expect_refused.py FILE COMPILER [ARGUMENT...]: the compiler must refuse what FILE says.

Of each line `CODE  // refused: TEXT` in FILE, the compiler's first error must hold TEXT; and of lines
without such a comment there must be none. TEXT may be several texts, with ` + ` between them. All lines are tried at once, so each must be an error of
its own, as a static_assert is.
"""

import pathlib
import re
import subprocess
import sys

# By the file's name: ccache writes paths as it likes.
LOCATION = r"(?:^|[\s/])%s:(\d+):"
ERROR = re.compile(r"(?:^|\s)(?:fatal )?error: ")
# Where g++ and clang say which line of the user's made them instantiate the template.
CAUSE = re.compile(r"required from here|in instantiation of .* requested here")
COMMAND = ["-fsyntax-only", "-fno-diagnostics-color", "-ftemplate-backtrace-limit=0",
           "-fmax-errors=0"]


def diagnostics(output):
    """The lines of each error, with what g++ prints before it and clang behind it."""
    context, current = [], None
    for line in output.splitlines():
        if ERROR.search(line):
            if current:
                yield current
            current, context = [line] + context, []
        elif " warning: " in line:
            context = []  # it was the warning's
        elif "In instantiation of" in line or "required from" in line or "In substitution" in line:
            context.append(line)
        elif current:
            current.append(line)
    if current:
        yield current


def main():
    source, compiler = sys.argv[1], sys.argv[2:]
    expected = {}
    with open(source, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            mark = re.search(r"// refused: (.*)$", line)
            if mark:
                expected[number] = mark.group(1).strip()
    clang = "clang" in subprocess.run(compiler + ["--version"], stdout=subprocess.PIPE, text=True,
                                      check=False).stdout
    options = [option for option in COMMAND if not (clang and option == "-fmax-errors=0")]
    options += ["-ferror-limit=0"] if clang else []
    done = subprocess.run(compiler + options + [source], stderr=subprocess.PIPE, text=True,
                          check=False)
    here = re.compile(LOCATION % re.escape(pathlib.Path(source).name))
    said = {}
    for lines in diagnostics(done.stderr):
        # The line that the error is in, or else the one that the instantiation was asked by.
        place = here.search(lines[0].split(" error: ")[0] + ":")
        if not place:
            for line in lines[1:]:
                if CAUSE.search(line) and here.search(line):
                    place = here.search(line)
                    break
        if place:
            said.setdefault(int(place.group(1)), lines[0])
        elif "static assertion" in lines[0]:
            said.setdefault(0, lines[0])
    failures = 0
    for number, text in sorted(expected.items()):
        if any(part not in said.get(number, "") for part in text.split(" + ")):
            failures += 1
            print(f"{source}:{number}: expected: {text}\n  said: {said.get(number, 'nothing')}")
    for number in sorted(set(said) - set(expected)):
        failures += 1
        print(f"{source}:{number}: refused, which was not expected: {said[number]}")
    if not expected:
        print(f"{source} expects nothing")
        failures += 1
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

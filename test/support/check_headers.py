#!/usr/bin/env python3
# Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
"""Checks that each public header compiles alone, and twice. Part of `./dev check`.

    check_headers.py COMPILER ARGUMENT... < PATHS

Most of the time goes to what nearly all of them include, which is compiled once, and given to those
headers only that include it anyway: it adds nothing that they would have to name.
"""

import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path("include")
# The heaviest first: of those that a header includes it gets the first one.
PRECOMPILED = ["glovebox/detail/operation.hpp", "glovebox/codec.hpp"]


def included_by(headers):
    """{header: all that it includes of the project's, itself not}"""
    direct = {name: re.findall(r"#include <(glovebox/[^>]+)>", (ROOT / name).read_text())
              for name in headers}
    reached = {}

    def reach(name):
        if name not in reached:
            reached[name] = set()
            for each in direct.get(name, []):
                reached[name] |= {each} | reach(each)
        return reached[name]

    return {name: reach(name) for name in headers}


def main():
    command = [*sys.argv[1:], "-std=c++20", f"-I{ROOT}", "-DASIO_STANDALONE"]
    headers = [str(pathlib.Path(line).relative_to(ROOT)) for line in sys.stdin.read().splitlines()]
    included = included_by(headers)

    with tempfile.TemporaryDirectory() as directory, \
            concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        def compiles(name, *arguments):
            source = pathlib.Path(directory) / name.replace("/", "_")
            source.write_text(f"#include <{name}>\n#include <{name}>\n")
            return subprocess.run([*command, *arguments, source]).returncode == 0

        # Clang takes these in another way, and needs it less.
        is_gcc = "clang" not in pathlib.Path(sys.argv[1]).name
        ready = {name: f"{directory}/ready_{number}" for number, name in enumerate(PRECOMPILED)
                 if is_gcc}
        if not all(list(pool.map(
                lambda name: compiles(name, "-x", "c++-header", "-o", f"{ready[name]}.gch"),
                ready))):
            return 1

        def check(name):
            given = next((ready[each] for each in ready if each in included[name]), None)
            alone = compiles(name, *(["-include", given] if given else []), "-x", "c++",
                             "-fsyntax-only")
            if not alone:
                print(f"{name} does not compile alone with {sys.argv[1]}")
            return alone

        return 0 if all(list(pool.map(check, headers))) else 1


sys.exit(main())

#!/usr/bin/env python3
# Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
"""Installs glovebox below its build directory and uses it from there, as a stranger would."""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
# A line of nm whose symbol is private, not one that only has a private type in its signature, as a
# weak instance of a standard template.
PRIVATE_SYMBOL = re.compile(
    r"^[0-9a-f]+ \w (\w+ for |guard variable for |non-virtual thunk to )?"
    r"glovebox::(core|transport|process|policy|runtime|client|farm)::")


def run(*command, status=0, **options):
    print("+", *command, flush=True)
    done = subprocess.run(list(map(str, command)), check=False, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, **options)
    print(done.stdout, flush=True)
    if done.returncode != status:
        sys.exit(f"{command[0]} ended with {done.returncode} instead of {status}")
    return done.stdout


def for_boost_asio(code):
    """The same program, of somebody who uses Boost.Asio."""
    return re.sub(r"(?<![\w:])asio::", "boost::asio::", code.replace("<asio/", "<boost/asio/"))


def relative_headers(folder):
    return {path.relative_to(folder) for path in folder.rglob("*.hpp")}


def main():
    parser = argparse.ArgumentParser()
    for name in ("build", "prefix", "libdir", "libexecdir", "includedir"):
        parser.add_argument(name)
    parser.add_argument("--boost-asio", action="store_true")
    where = parser.parse_args()

    work = pathlib.Path(where.build) / "consumer"
    shutil.rmtree(work, ignore_errors=True)
    stage = work / "stage"
    run("meson", "install", "-C", where.build, "--quiet", "--no-rebuild", "--destdir",
        stage)

    def staged(folder):
        return stage / (pathlib.Path(where.prefix) / folder).relative_to("/")

    library = staged(where.libdir)
    environment = {
        **os.environ,
        "PKG_CONFIG_PATH": str(library / "pkgconfig"),
        "PKG_CONFIG_SYSROOT_DIR": str(stage),
        "LD_LIBRARY_PATH": str(library),
        "GLOVEBOX_HOST": str(staged(where.libexecdir) / "glovebox-host"),
    }

    missing = (relative_headers(HERE.parents[1] / "include" / "glovebox")
               - relative_headers(staged(where.includedir) / "glovebox"))
    if missing:
        sys.exit(f"headers that are not installed: {', '.join(map(str, sorted(missing)))}")

    requires = run("pkg-config", "--print-requires", "--print-requires-private", "glovebox",
                   env=environment)
    if "asio" in requires:
        sys.exit("glovebox.pc requires asio, which has no .pc file on Debian")

    exported = subprocess.run(["nm", "--dynamic", "--defined-only", "--extern-only", "--demangle",
                               library / "libglovebox.so"], check=True, text=True,
                              stdout=subprocess.PIPE).stdout
    private = [line for line in exported.splitlines() if PRIVATE_SYMBOL.search(line)]
    if private:
        sys.exit("exported although private:\n" + "\n".join(private))

    # The host finds the library that was installed with it.
    bare = {name: value for name, value in os.environ.items() if name != "LD_LIBRARY_PATH"}
    run(staged(where.libexecdir) / "glovebox-host", status=2, env=bare)

    # The first program that a reader of README sees.
    readme = (HERE.parents[1] / "README.md").read_text(encoding="utf-8")
    example = re.search(r"```cpp\n(.*?)```\n\n```\n(.*?)```", readme, re.DOTALL)
    project = work / "project"
    shutil.copytree(HERE / "project", project)
    (project / "readme.cpp").write_text(example[1], encoding="utf-8")
    if where.boost_asio:
        for program in project.glob("*.cpp"):
            program.write_text(for_boost_asio(program.read_text(encoding="utf-8")),
                               encoding="utf-8")

    run("meson", "setup", work / "build", project, env=environment)
    run("ninja", "-C", work / "build", env=environment)
    run(work / "build" / "consumer", env=environment)
    if shutil.which("cmake"):
        run("cmake", "-S", project, "-B", work / "cmake", "-DCMAKE_BUILD_TYPE=Release",
            env=environment)
        run("cmake", "--build", work / "cmake", env=environment)
        run(work / "cmake" / "consumer", env=environment)
    printed = run(work / "build" / "readme", env=environment)
    first, last = example[2].splitlines()[0], "culprit: yes"
    if not printed.startswith(first) or last not in printed:
        sys.exit("README's example does not print what README says")


if __name__ == "__main__":
    main()

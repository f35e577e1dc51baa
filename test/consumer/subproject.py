#!/usr/bin/env python3
# Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
"""subproject.py BUILD COMPILER...: uses glovebox as somebody else's Meson subproject.

That project uses Boost.Asio, and so has glovebox built for that: the library is compiled once here,
and stands for both. A file that is compiled for the other Asio must not link with it.
"""

import os
import pathlib
import shutil
import sys

from run import HERE, for_boost_asio, run


def main():
    work = pathlib.Path(sys.argv[1]) / "subproject"
    compiler = sys.argv[2:]
    shutil.rmtree(work, ignore_errors=True)
    project = work / "project"
    shutil.copytree(HERE / "subproject", project)
    (project / "main.cpp").write_text(
        for_boost_asio((HERE / "project" / "main.cpp").read_text(encoding="utf-8")),
        encoding="utf-8")
    (project / "subprojects").mkdir()
    (project / "subprojects" / "glovebox").symlink_to(HERE.parents[1])

    # What is compiled soonest; and not what this build's environment says.
    environment = {name: value for name, value in os.environ.items() if name != "GLOVEBOX_HOST"}
    build = work / "build"
    run("meson", "setup", "-Doptimization=0", "-Ddebug=false", "-Dunity_size=40", build, project, env=environment)
    run("ninja", "-C", build, "-j2", env=environment)
    run(build / "consumer", env=environment)

    other = work / "other.cpp"
    other.write_text("#include <glovebox/detail/abi.hpp>\nint main() {}\n", encoding="utf-8")
    library = build / "subprojects" / "glovebox" / "lib"
    printed = run(*compiler, "-std=c++20", "-DASIO_STANDALONE", f"-I{HERE.parents[1] / 'include'}",
                  other, "-o", work / "other", f"-L{library}", "-lglovebox", status=1)
    if "glovebox_abi_" not in printed or "see_glovebox_pc" not in printed:
        sys.exit("a program for the other Asio is refused, but not told why")


if __name__ == "__main__":
    main()

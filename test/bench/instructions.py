# Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
"""Counts the instructions that a call takes, in the parent and in the child, with callgrind.

    instructions.py PROGRAM FILE [--record]

PROGRAM is bench_instructions. FILE holds what was counted when it was recorded; a count that differs
by more than 2 % is an error. Other compilers, libraries and processors make other instructions, so
these are only compared with what the same ones made.
"""
import json
import pathlib
import platform
import re
import subprocess
import sys
import tempfile

FEW, MANY = 1000, 3000
TOLERANCE = 0.02


def count(program, kind, where, calls):
    """Of a whole run of the parent or the child, which begin and end alike."""
    with tempfile.TemporaryDirectory() as directory:
        counts = pathlib.Path(directory) / "callgrind"
        valgrind = ["valgrind", "--quiet", "--tool=callgrind", "--child-silent-after-fork=yes",
                    f"--callgrind-out-file={counts}.%p"]
        calling = [program, kind, str(calls)]
        command = [*valgrind, *calling] if where == "parent" else [*calling, *valgrind]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=120)
        totals = [int(line.split()[1])
                  for file in pathlib.Path(directory).glob("callgrind.*")
                  for line in file.read_text().splitlines()
                  if line.startswith("totals:") or line.startswith("summary:")]
        if ran.returncode != 0 or not totals:
            sys.exit(f"{' '.join(command)}: exit code {ran.returncode}\n{ran.stderr}")
        return max(totals)


def toolchain():
    def first_line(*command):
        return subprocess.run(command, capture_output=True, text=True).stdout.splitlines()[0]
    # The C library has a memcpy for each kind of processor.
    model = re.search(r"^model name\s*: (.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    return {"compiler": first_line("c++", "--version"), "libc": first_line("ldd", "--version"),
            "valgrind": first_line("valgrind", "--version"),
            "processor": model[1] if model else platform.machine()}


def main():
    program, file = str(pathlib.Path(sys.argv[1]).resolve()), pathlib.Path(sys.argv[2])
    made_by = toolchain()
    recorded = json.loads(file.read_text()) if file.exists() else {}
    record = "--record" in sys.argv
    if not record and recorded.get("toolchain") != made_by:
        print(f"     (not compared: recorded with {recorded.get('toolchain')}, this is {made_by})")
        return 0
    counted = {}
    for kind in ("typed", "dynamic"):
        for where in ("parent", "child"):
            few, many = (count(program, kind, where, calls) for calls in (FEW, MANY))
            counted[f"{kind} call, {where}"] = round((many - few) / (MANY - FEW))
    if record:
        file.write_text(json.dumps({"toolchain": made_by, "instructions": counted}, indent=2) + "\n")
    status = 0
    for name, now in counted.items():
        before = recorded.get("instructions", {}).get(name)
        change = f"{now / before - 1:+.1%} of {before}" if before else "new"
        print(f"     {name:24} {now:6} instructions ({change})")
        if not record and (not before or abs(now / before - 1) > TOLERANCE):
            print(f"     more than {TOLERANCE:.0%} from {file}; if it is meant: ./dev instructions")
            status = 1
    return status


sys.exit(main())

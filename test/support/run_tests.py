#!/usr/bin/env python3
# Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
"""Runs the tests of a build directory through Meson and counts their cases.

The last line printed is `N passed, N failed` (and `, N skipped`), over the test cases of all
executables: Boost.Test programs write a JUnit log, any other test is one case. A program that ends
without its log, or badly although its log looks well, counts as one failed case.
"""

import argparse
import fnmatch
import html
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

SKIPPED_EXIT_CODE = 77
OUTPUT_LINES = 60  # of a failed program, from its end
# What Boost.Test says before and after each case and suite.
BOUNDARY = re.compile(r"^(\S+: )?(Entering|Leaving) test (case|suite) ")


class Program:
    """One test registered with Meson, and what became of it."""

    def __init__(self, description, logs):
        self.name = description["name"]
        self.command = description["cmd"]
        self.environment = description["env"]
        log = logs / (re.sub(r"[^a-zA-Z0-9]", "_", self.name) + ".xml")
        self.log = log if any(str(log) in word for word in self.command) else None

    def is_boost_test(self):
        return self.log is not None

    def cases(self):
        """Full names of the enabled test cases in a Boost.Test program."""
        listing = subprocess.run(
            [self.command[0], "--list_content=HRF", "--color_output=no"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            env={**os.environ, **self.environment}, text=True, check=False, timeout=60).stderr
        path, found = [], []
        lines = [line for line in listing.splitlines() if line.strip()]
        for line, following in zip(lines, lines[1:] + [""]):
            depth = (len(line) - len(line.lstrip())) // 4
            path[depth:] = [line.strip().rstrip("*").split(":")[0].strip()]
            if line.endswith("*") and (len(following) - len(following.lstrip())) // 4 <= depth:
                found.append("/".join(path))
        return found


class Tally:
    def __init__(self):
        self.passed, self.failures, self.skips = 0, [], []

    def add_program(self, program, result, case_filter):
        """`result`: the program's line in Meson's log, None when Meson never wrote one."""
        ended_well = result is not None and result["result"] in ("OK", "EXPECTEDFAIL")
        if result is not None and result["result"] == "SKIP":
            reason = (result.get("stdout") or "").strip().splitlines()
            self.skips.append((program.name, reason[-1] if reason else "gives no reason"))
            return
        if not program.is_boost_test():
            if ended_well:
                self.passed += 1
            else:
                self.failures.append(f"{program.name}: {describe(result)}")
            return
        cases = read_log(program.log)
        if cases is None:
            self.failures.append(f"{program.name}: {describe(result)}, left no log")
            return
        failures = 0
        executed = 0
        for name, outcome, text in cases:
            full = f"{program.name}: {name}"
            if outcome == "skipped":
                if not case_filter:  # a filter lists every case that it left out
                    self.skips.append((full, text))
                continue
            executed += 1
            if outcome == "passed":
                self.passed += 1
            else:
                failures += 1
                self.failures.append(full)
        if not ended_well and failures == 0:
            self.failures.append(f"{program.name}: {describe(result)}, after all its cases")
        elif executed == 0 and not any(outcome == "skipped" for _, outcome, _ in cases):
            self.failures.append(f"{program.name}: ran no test case")


def last_lines(output):
    """What a failed program said at the end, without its cases that went well."""
    lines = output.rstrip().splitlines()
    kept = [line for line, following in zip(lines, lines[1:] + [""])
            if not BOUNDARY.match(line) or ("Entering" in line and not BOUNDARY.match(following))]
    return "\n".join(kept[-OUTPUT_LINES:])


def describe(result):
    if result is None:
        return "was not run"
    code = result.get("returncode")
    if result["result"] == "TIMEOUT":
        return "timed out"
    if code is not None and code < 0:
        return f"killed by signal {-code}"
    return f"{result['result'].lower()}, exit code {code}"


def read_log(path):
    """[(case, passed|failed|skipped, reason)], or None when there is no complete log."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # By lines, not by an XML parser: what a test printed is in it, and Boost.Test does not escape
    # all of that.
    if not text.rstrip().endswith("</testsuite>"):
        return None
    cases = []
    for head, body in re.findall(r"^<testcase ([^\n]*)>\n(.*?)^</testcase>$", text, re.M | re.S):
        attribute = dict(re.findall(r'(\w+)="([^"]*)"', head))
        folder = attribute.get("classname", "").replace(".", "/")
        name = html.unescape("/".join(filter(None, [folder, attribute.get("name")])))
        if re.search(r"^<skipped/>", body, re.M):
            reason = re.search(r"^- reason: '(.*)'", body, re.M)
            cases.append((name, "skipped", reason.group(1) if reason else "gives no reason"))
        elif re.search(r"^<(failure|error) ", body, re.M):
            cases.append((name, "failed", ""))
        else:
            cases.append((name, "passed", ""))
    return cases


def choose(programs, wanted):
    """(programs, Boost.Test case filter) for the words on the command line.

    A word is part of a program's name or a pattern for it; else a pattern for cases.
    """
    if not wanted:
        return programs, None
    chosen = [p for p in programs
              if any(word in p.name or fnmatch.fnmatchcase(p.name, word) for word in wanted)]
    if chosen:
        return chosen, None
    cases = []
    for program in programs:
        if program.is_boost_test():
            found = [case for case in program.cases()
                     if any(word in case or fnmatch.fnmatchcase(case, word) for word in wanted)]
            cases += found
            if found:
                chosen.append(program)
    return chosen, ":".join(dict.fromkeys(cases))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("names", nargs="*", help="parts or patterns of program or case names")
    parser.add_argument("--timeout-multiplier", default="1")
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    logs = build / "test-logs"

    # A setting meant for another program must not decide what our tests do.
    for name in list(os.environ):
        if name.startswith(("BOOST_TEST_", "GTEST_", "TEST_")):
            del os.environ[name]

    listing = subprocess.run(["meson", "introspect", "--tests", str(build)], check=True,
                             stdout=subprocess.PIPE, text=True).stdout
    programs = [Program(description, logs) for description in json.loads(listing)]
    chosen, case_filter = choose(programs, arguments.names)
    if not chosen:
        print(f"no test program or case is named like {' '.join(arguments.names)}")
        print("0 passed, 1 failed" if arguments.names else "0 passed, 0 failed")
        return 1

    shutil.rmtree(logs, ignore_errors=True)
    logs.mkdir()
    results_file = build / "meson-logs" / "testlog.json"
    results_file.unlink(missing_ok=True)
    # Tests wait for half of their time.
    command = ["meson", "test", "-C", str(build), "--no-rebuild", "--num-processes",
               str(len(os.sched_getaffinity(0)) * 3 // 2), "--timeout-multiplier",
               arguments.timeout_multiplier]
    if case_filter:
        command += ["--test-args", f"'--run_test={case_filter}'"]
    subprocess.run(command + [program.name for program in chosen], check=False,
                   stdin=subprocess.DEVNULL)

    results = {}
    if results_file.exists():
        for line in results_file.read_text(encoding="utf-8", errors="replace").splitlines():
            result = json.loads(line)
            results[result["name"].split(" / ")[-1].split(":")[-1]] = result

    tally = Tally()
    for program in chosen:
        before = len(tally.failures)
        result = results.get(program.name)
        tally.add_program(program, result, case_filter)
        if len(tally.failures) > before and result is not None:
            output = (result.get("stdout") or "") + (result.get("stderr") or "")
            print(f"\n----- {program.name}: {describe(result)}")
            print(last_lines(output))

    print()
    for name, reason in tally.skips:
        print(f"skipped: {name} ({reason})")
    for name in tally.failures:
        print(f"FAILED: {name}")
    print(f"{tally.passed} passed, {len(tally.failures)} failed" +
          (f", {len(tally.skips)} skipped" if tally.skips else ""), flush=True)
    return 1 if tally.failures else 0


if __name__ == "__main__":
    sys.exit(main())

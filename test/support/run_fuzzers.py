#!/usr/bin/env python3
# Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
"""Runs the fuzzers of a build directory, each for its share of the time, and says what they found.

They start from the inputs in test/fuzz/corpus and from what earlier runs have found, which is kept
beside the build: the repository's inputs are never added to. A line for each; the last one says how
many passed. Exit code 1 when an input breaks something: its path is printed, and how to run it.
"""

import argparse
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

CORPUS = pathlib.Path("test/fuzz/corpus")
FOUND = pathlib.Path("out/fuzz")
LONGEST_INPUT = 4096  # [bytes] unless a target needs more
LONGEST_INPUTS = {"session": 16384}
LEAST_SECONDS = 1
OUTPUT_LINES = 40  # of one that failed, from its end


class Fuzzer:
    """One target, while it runs and afterwards."""

    def __init__(self, program, seconds):
        self.name = program.name.removeprefix("fuzz_")
        self.program = program
        self.seconds = seconds
        folder = FOUND / self.name
        folder.mkdir(parents=True, exist_ok=True)
        self.artifacts = folder / "failures"
        self.artifacts.mkdir(exist_ok=True)
        self.found = folder / "corpus"
        self.found.mkdir(exist_ok=True)
        self.known = set(self.artifacts.iterdir())
        self.log = folder / "log"
        self.process = None

    def start(self):
        corpora = [self.found]
        if (CORPUS / self.name).is_dir():
            corpora.append(CORPUS / self.name)
        command = [self.program, f"-max_total_time={self.seconds}", "-timeout=10",
                   f"-max_len={LONGEST_INPUTS.get(self.name, LONGEST_INPUT)}",
                   "-rss_limit_mb=1024", "-malloc_limit_mb=256", "-print_final_stats=1",
                   f"-artifact_prefix={self.artifacts}/", *corpora]
        with open(self.log, "wb") as log:
            # A session of its own: Ctrl-C reaches us only, and we end what runs.
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=subprocess.STDOUT, start_new_session=True)
        self.deadline = time.monotonic() + self.seconds + 60  # reading a corpus takes time, too

    def over(self):
        if self.process.poll() is not None:
            return True
        if time.monotonic() > self.deadline:
            self.process.kill()
        return False

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def failures(self):
        return sorted(set(self.artifacts.iterdir()) - self.known)

    def report(self):
        """Prints what became of it. Returns whether all went well."""
        text = self.log.read_text(encoding="utf-8", errors="replace")
        last = re.findall(r"^#\d+\s+\w+\s+cov: (\d+) ft: (\d+)", text, re.M)
        stats = dict(re.findall(r"^stat::(\w+):\s+(\d+)", text, re.M))
        coverage, features = last[-1] if last else ("?", "?")
        well = self.process.returncode == 0
        print(f"{'ok  ' if well else 'BAD '} {self.name:<11}"
              f"{stats.get('number_of_executed_units', '?'):>10} runs,"
              f" coverage {coverage:>5}, features {features:>5},"
              f" {stats.get('new_units_added', '?'):>5} new inputs", flush=True)
        if well:
            return True
        print("\n".join(text.rstrip().splitlines()[-OUTPUT_LINES:]))
        paths = self.failures()
        for path in paths:
            print(f"input:  {path}\nreplay: {self.program} {path}")
        if not paths:
            print(f"exit code {self.process.returncode} without an input; see {self.log}")
        return False


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("seconds", type=float, help="for all of them together")
    parser.add_argument("names", nargs="*", help="parts of names; none: all")
    parser.add_argument("--jobs", type=int, default=1, help="how many run at the same time")
    arguments = parser.parse_args()

    programs = [path for path in sorted((arguments.build / "test/fuzz").glob("fuzz_*"))
                if path.is_file() and os.access(path, os.X_OK)]
    if arguments.names:
        programs = [path for path in programs
                    if any(name in path.name.removeprefix("fuzz_") for name in arguments.names)]
    if not programs:
        print("no fuzzer is named like that" if arguments.names else "there are no fuzzers")
        return 1
    jobs = max(1, min(arguments.jobs, len(programs)))
    share = max(LEAST_SECONDS, int(arguments.seconds * jobs / len(programs)))

    os.environ["ASAN_OPTIONS"] = "detect_leaks=1:handle_abort=1:allocator_may_return_null=0"
    os.environ["UBSAN_OPTIONS"] = "print_stacktrace=1:halt_on_error=1"
    waiting = [Fuzzer(program, share) for program in programs]
    running, failed = [], 0
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                running.append(waiting.pop(0))
                running[-1].start()
            for each in [each for each in running if each.over()]:
                running.remove(each)
                failed += not each.report()
            time.sleep(0.05)
    except KeyboardInterrupt:
        print(f"interrupted; what was found so far is in {FOUND}")
        return 130
    finally:
        for each in running:
            each.stop()
    print(f"{len(programs) - failed} fuzzers found nothing, {failed} found something")
    return 1 if failed else 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that nothing is left running
    sys.exit(main())

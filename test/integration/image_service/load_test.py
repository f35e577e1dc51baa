#!/usr/bin/env python3
# Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
"""Puts the program image_service under load from many connections, with and without bad uploads.

Exactly those requests must fail that are to fail, each with its own cause; and memory, descriptors
and processes of the server must be afterwards what they were before. Prints what it has measured.

Usage: load_test.py PROGRAM [REQUESTS [CONNECTIONS]]
"""

import asyncio
import collections
import json
import random
import sys
import time

from service_client import (CRASHER, HANGER, PATIENCE, PNG_SIGNATURE, TIME_SCALE, UNDER_SANITIZER, Server,
                            png, post)

TIMEOUT = 2000 * TIME_SCALE  # [ms] for an image: much more than a good one takes, also on a crowded machine
# Of requests; disconnects besides.
CRASHES, HANGS, DISCONNECTS = 0.01, 0.005, 0.02
MOST_GROWTH = 16  # [MiB] of the server; its allocator keeps what each of its threads has used once
# How much later good requests may be answered beside bad ones: in a run that is long enough to have
# a 99th percentile. In a short one a few may come behind the same hang as well.
SLACK = 2.0
LONG_RUN = 10_000
EXPECTED = {"good": (200, None), "crash": (500, "signal"), "hang": (504, "deadline")}


def plan(requests, bad):
    """What each request is to be, the same in each run."""
    dice = random.Random(requests)
    kinds = ["good"] * requests
    if bad:
        crashes, hangs = round(requests * CRASHES), round(requests * HANGS)
        disconnects = round(requests * DISCONNECTS)
        kinds[:crashes + hangs + disconnects] = (
            ["crash"] * crashes + ["hang"] * hangs + ["disconnect"] * disconnects)
        dice.shuffle(kinds)
    return kinds


class Load:
    def __init__(self, address, connections):
        self.address, self.connections = address, connections
        self.images = [post(png(160 + 40 * i, 120 + 30 * i, i)) for i in range(8)]
        self.dice = random.Random(1)
        self.wrong, self.latencies = [], []

    async def run(self, kinds):
        self.left = collections.deque(enumerate(kinds))
        start = time.monotonic()
        await asyncio.gather(*(self.client() for _ in range(self.connections)))
        return time.monotonic() - start

    async def client(self):
        while self.left:
            reader, writer = await asyncio.open_connection(*self.address)
            try:
                while self.left:
                    index, kind = self.left.popleft()
                    if kind == "disconnect":
                        await self.disconnect(index, writer)
                        break
                    await self.ask(index, kind, reader, writer)
            except (OSError, asyncio.IncompleteReadError) as problem:
                self.wrong.append(f"request {index}, {kind}: {problem!r}")
            finally:
                writer.close()

    async def ask(self, index, kind, reader, writer):
        start = time.monotonic()
        writer.write({"crash": post(CRASHER), "hang": post(HANGER)}.get(kind) or
                     self.images[index % len(self.images)])
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        status = int(head.split(" ", 2)[1])
        length = int(head.lower().split("content-length: ", 1)[1].split("\r\n", 1)[0])
        body = await reader.readexactly(length)
        took = time.monotonic() - start
        is_image = body.startswith(PNG_SIGNATURE)
        cause = None if is_image else json.loads(body).get("cause")
        if (status, cause) != EXPECTED[kind] or is_image != (kind == "good"):
            self.wrong.append(f"request {index}, {kind}: {status} {body[:800]!r}")
        if kind == "good":
            self.latencies.append(took)

    async def disconnect(self, index, writer):
        """Somewhere in a request, or while it is handled."""
        request = self.images[index % len(self.images)]
        writer.write(request[:self.dice.choice((1, len(request) // 2, len(request)))])
        await writer.drain()

    def p99(self):
        return sorted(self.latencies)[int(len(self.latencies) * 0.99)]


def settle(server, children):
    """Waits until nothing is under way any more, and says what there is then."""
    server.wait_until(lambda stats: stats["connections"] == 1 and stats["pool"]["running"] == 0 and
                      stats["pool"]["queued"] == 0 and stats["pool"]["children"] == children)
    end = time.monotonic() + PATIENCE
    while True:
        # A child that was replaced, or a connection that was closed, may be there for a moment.
        found = server.descriptors(), len(server.processes())
        time.sleep(0.05)
        if found == (server.descriptors(), len(server.processes())) or time.monotonic() > end:
            return {"memory": server.memory(), "descriptors": found[0], "processes": found[1]}


def run_once(server, connections, kinds):
    load = Load(server.address, connections)
    took = asyncio.run(load.run(kinds))
    good = kinds.count("good")
    print(f"{len(kinds)} requests over {connections} connections, {good} good, "
          f"{kinds.count('crash')} crashes, {kinds.count('hang')} hangs, "
          f"{kinds.count('disconnect')} disconnects: {took:.1f} s, "
          f"{len(kinds) / took:.0f} a second, p99 of the good ones {load.p99() * 1000:.0f} ms")
    if len(load.latencies) != good:
        load.wrong.append(f"{good} good requests, and {len(load.latencies)} answers to them")
    return load


def main():
    program = sys.argv[1]
    requests = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    connections = int(sys.argv[3]) if len(sys.argv) > 3 else 64
    # Of processors that all of them want, one that hangs has no more than its share: the more
    # there are, the less it takes away from the others.
    children = 16
    wrong = []

    def demand(holds, otherwise):
        if not holds:
            wrong.append(otherwise)

    with Server(program, "--children", children, "--threads", 2, "--timeout-ms", TIMEOUT,
                "--queue", 1000) as server:
        server.ask(post(png(9, 9)))
        clean = run_once(server, connections, plan(requests, bad=False))
        before, stats_before = settle(server, children), server.stats()
        kinds = plan(requests, bad=True)
        rough = run_once(server, connections, kinds)
        after, stats = settle(server, children), server.stats()

        wrong += clean.wrong + rough.wrong
        for what, unit in (("memory", "MiB"), ("descriptors", ""), ("processes", "")):
            print(f"{what}: {before[what]:.5g} before, {after[what]:.5g} after {unit}".rstrip())
        demand(after["descriptors"] <= before["descriptors"], "descriptors were left open")
        demand(after["processes"] <= before["processes"], "processes were left")
        # Sanitizers keep what was freed.
        demand(after["memory"] - before["memory"] < MOST_GROWTH or UNDER_SANITIZER,
               "memory has grown")
        counted = stats["thumbnails"]
        for kind, outcome in (("crash", "signal"), ("hang", "deadline")):
            demand(counted.get(outcome, 0) == kinds.count(kind),
                   f"{kinds.count(kind)} of {kind}, and the server counts {counted}")
        ok = counted["ok"] - stats_before["thumbnails"]["ok"]
        demand(0 <= ok - kinds.count("good") <= kinds.count("disconnect"),
               f"{ok} thumbnails, and {kinds.count('good')} good requests")
        bound = clean.p99() * SLACK + (0 if requests >= LONG_RUN else TIMEOUT / 1000 * SLACK)
        print(f"p99: {rough.p99() / clean.p99():.2f} times that without bad ones; "
              f"allowed are {bound * 1000:.0f} ms")
        demand(rough.p99() < bound, "good requests took too long")
        server.terminate()
        demand(server.wait_for_end() == 0, "it did not end well")

    for each in wrong[:20]:
        print("WRONG:", each)
    print(f"{len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

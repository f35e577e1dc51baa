#!/usr/bin/env python3
# Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
"""Drives the program image_service over loopback. Arguments: the program, then those of unittest."""

import re
import subprocess
import sys
import threading
import time
import unittest

from service_client import (CRASHER, HANGER, NO_IMAGE, PATIENCE, TIME_SCALE, UNDER_SANITIZER,
                            Server, get, png, post, shows_function, size_of_png)

PROGRAM = ""
NEVER = 600_000  # [ms] for limits that must not be what ends something


def serve(*options):
    return Server(PROGRAM, *options)


class Thumbnails(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = serve("--timeout-ms", 3000 * TIME_SCALE)

    @classmethod
    def tearDownClass(cls):
        cls.server.terminate()
        status = cls.server.wait_for_end()
        cls.server.__exit__()
        assert status == 0, status

    def test_of_an_image(self):
        answer = self.server.ask(post(png(300, 200)))
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.fields["content-type"], "image/png")
        self.assertEqual(size_of_png(answer.body), (128, 85))
        self.assertEqual(size_of_png(self.server.ask(post(png(300, 200), "/thumbnail?size=30")).body),
                         (30, 20))
        self.assertEqual(size_of_png(self.server.ask(post(png(20, 10))).body), (20, 10))

    def test_of_a_large_image(self):
        upload = png(1800, 1200) + bytes(3_000_000)
        self.assertEqual(size_of_png(self.server.ask(post(upload)).body), (128, 85))

    def test_of_sizes_that_are_none(self):
        for size in ("0", "-1", "1025", "abc", "", "12px"):
            answer = self.server.ask(post(png(9, 9), f"/thumbnail?size={size}"))
            self.assertEqual(answer.status, 400, size)

    def test_of_what_is_no_image(self):
        answer = self.server.ask(post(NO_IMAGE))
        self.assertEqual(answer.status, 422)
        self.assertEqual(answer.json(), {"error": "bad_image", "message": "unknown image type"})
        self.assertEqual(self.server.ask(post(b"")).status, 422)

    def test_of_what_crashes(self):
        answer = self.server.ask(post(CRASHER))
        self.assertEqual(answer.status, 500)
        failure = answer.json()
        self.assertEqual((failure["error"], failure["cause"]), ("crash", "signal"))
        self.assertIn("SIGSEGV", failure["summary"])
        self.assertTrue(shows_function(failure["report"], "null_dereference"), failure["report"])
        self.assertFalse(answer.closes())

    def test_of_what_has_killed_before(self):
        with serve("--poison-after", 2, "--timeout-ms", NEVER) as server:
            answers = [server.ask(post(CRASHER)) for _ in range(4)]
            self.assertEqual([answer.status for answer in answers], [500] * 4)
            refused = ["not run" in answer.json()["summary"] for answer in answers]
            self.assertEqual(refused, [False, False, True, True])
            pool = server.wait_until(lambda stats: True)["pool"]
            self.assertEqual((pool["terminated"], pool["poisonous"]), (2, 2))
            self.assertEqual(server.ask(post(png(9, 9))).status, 200)

    def test_of_what_ends_its_process(self):
        failure = self.server.ask(post(b"planted:exit_0\n")).json()
        self.assertEqual((failure["error"], failure["cause"]), ("crash", "exit"))

    def test_of_what_hangs(self):
        answer = self.server.ask(post(HANGER))
        self.assertEqual(answer.status, 504)
        failure = answer.json()
        self.assertEqual((failure["error"], failure["cause"]), ("deadline", "deadline"))
        self.assertTrue(shows_function(failure["report"], "loop_forever"), failure["report"])

    def test_on_one_connection_whatever_they_do(self):
        with self.server.connect() as connection:
            for upload, status in [(png(9, 9), 200), (CRASHER, 500), (png(9, 9), 200),
                                   (HANGER, 504), (NO_IMAGE, 422), (png(9, 9), 200)]:
                self.assertEqual(connection.ask(post(upload)).status, status)

    def test_in_chunks(self):
        image = png(60, 60)
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part)
                          for part in (image[:1], image[1:100], image[100:])) + b"0\r\n\r\n"
        answer = self.server.ask(b"POST /thumbnail HTTP/1.1\r\nHost: t\r\n"
                                 b"Transfer-Encoding: chunked\r\n\r\n" + chunks)
        self.assertEqual(answer.status, 200)

    def test_when_asked_to_go_on(self):
        image = png(60, 60)
        request = post(image, fields="Expect: 100-continue\r\n")
        with self.server.connect() as connection:
            self.assertEqual(connection.ask(request[:-len(image)]).status, 100)
            self.assertEqual(connection.ask(image).status, 200)


class Requests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = serve("--max-body", 100_000)

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()

    def test_for_what_is_not_there(self):
        with self.server.connect() as connection:
            self.assertEqual(connection.ask(get("/nothing")).status, 404)
            answer = connection.ask(get("/thumbnail"))
            self.assertEqual((answer.status, answer.fields["allow"]), (405, "POST, OPTIONS"))
            answer = connection.ask(post(b"", "/stats"))
            self.assertEqual((answer.status, answer.fields["allow"]), (405, "GET, HEAD, OPTIONS"))
            self.assertEqual(connection.ask(get("*", "OPTIONS")).status, 204)
            self.assertEqual(connection.ask(get("/thumbnail", "POST")).status, 411)
            self.assertEqual(connection.ask(get("/health")).status, 200)

    def test_for_heads(self):
        with self.server.connect() as connection:
            whole = connection.ask(get("/"))
            head = connection.ask(get("/", "HEAD"), to_head=True)
            self.assertEqual(head.status, 200)
            self.assertEqual(head.fields["content-length"], str(len(whole.body)))
            self.assertEqual(connection.ask(get("/health")).status, 200)

    def test_that_are_none(self):
        for nonsense in (b"nonsense\r\n\r\n", b"\0" * 50, b"GET / HTTP/1.1\r\n\r\n",
                         b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"):
            with self.server.connect() as connection:
                answer = connection.ask(nonsense)
                self.assertIn(answer.status, (400, 501))
                self.assertTrue(answer.closes())
                self.assertTrue(connection.is_closed_by_server())

    def test_that_smuggle(self):
        with self.server.connect() as connection:
            answer = connection.ask(b"POST /thumbnail HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\n"
                                    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + get("/stats"))
            self.assertEqual(answer.status, 400)
            self.assertTrue(connection.is_closed_by_server())

    def test_that_are_too_large(self):
        for request, status in [(post(bytes(100_001)), 413), (get("/" + "a" * 5000), 414),
                                (get("/" + "a" * 50_000), 414),
                                (get("/", fields="X: " + "a" * 20_000 + "\r\n"), 431),
                                (get("/", fields="X: a\r\n" * 101), 431)]:
            with self.server.connect() as connection:
                answer = connection.ask(request)
                self.assertEqual(answer.status, status)
                self.assertTrue(answer.closes())
                self.assertTrue(connection.is_closed_by_server())

    def test_that_are_much_too_large_still_get_their_answer(self):
        with self.server.connect() as connection:
            self.assertEqual(connection.ask(post(bytes(5_000_000))).status, 413)

    def test_in_a_row(self):
        with self.server.connect() as connection:
            paths = ["/health", "/nothing", "/", "/stats"] * 25
            connection.send(b"".join(map(get, paths)) + post(NO_IMAGE) + get("/health"))
            statuses = [connection.receive().status for _ in paths]
            self.assertEqual(statuses, [200, 404, 200, 200] * 25)
            self.assertEqual(connection.receive().status, 422)
            self.assertEqual(connection.receive().status, 200)

    def test_in_a_row_behind_one_that_takes_long(self):
        with self.server.connect() as connection:
            connection.send(post(png(150, 150)))
            connection.send(get("/nothing") * 2000)  # more than the server reads ahead
            self.assertEqual(connection.receive().status, 200)
            for _ in range(2000):
                self.assertEqual(connection.receive().status, 404)

    def test_byte_by_byte(self):
        with self.server.connect() as connection:
            for byte in post(NO_IMAGE) + get("/health"):
                connection.send(bytes([byte]))
            self.assertEqual(connection.receive().status, 422)
            self.assertEqual(connection.receive().status, 200)

    def test_on_connections_that_do_not_go_on(self):
        for request in (get("/health", fields="Connection: close\r\n"),
                        b"GET /health HTTP/1.0\r\n\r\n"):
            with self.server.connect() as connection:
                self.assertTrue(connection.ask(request).closes())
                self.assertTrue(connection.is_closed_by_server())
        with self.server.connect() as connection:
            for _ in range(2):
                answer = connection.ask(b"GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
                self.assertEqual(answer.fields["connection"], "keep-alive")

    def test_of_statistics(self):
        self.server.ask(post(CRASHER))
        stats = self.server.stats()
        self.assertGreater(stats["thumbnails"]["signal"], 0)
        self.assertGreater(stats["requests"]["500"], 0)
        self.assertGreater(stats["latency_ms"]["/thumbnail"]["p99"], 0)
        self.assertGreater(stats["pool"]["terminated"], 0)

    def test_of_metrics(self):
        self.server.ask(post(CRASHER))
        answer = self.server.ask(get("/metrics"))
        self.assertEqual(answer.fields["content-type"], "text/plain; version=0.0.4; charset=utf-8")
        types, values = {}, {}
        for line in answer.body.decode().splitlines():
            if match := re.fullmatch(r"# HELP (\w+) \S.*", line):
                self.assertNotIn(match[1], types)
                described = match[1]
            elif match := re.fullmatch(r"# TYPE (\w+) (counter|gauge|histogram)", line):
                self.assertEqual(match[1], described)
                types[match[1]] = match[2]
            else:
                match = re.fullmatch(r'(\w+)(\{(?:\w+="[^"\\]*",?)*\})? ([0-9.e+-]+)', line)
                self.assertIsNotNone(match, line)
                family = re.sub(r"_(bucket|sum|count)$", "", match[1])
                kind = types.get(match[1]) or types[family]
                self.assertTrue(kind != "counter" or match[1].endswith("_total"), line)
                self.assertNotIn(match[1] + (match[2] or ""), values)
                values[match[1] + (match[2] or "")] = float(match[3])
        self.assertGreater(values['http_requests_total{route="/thumbnail",code="500"}'], 0)
        self.assertGreater(values['thumbnails_total{outcome="signal"}'], 0)
        self.assertGreater(values["glovebox_pool_children"], 0)
        name = 'http_request_duration_seconds_{}{{route="/thumbnail"'
        buckets = [value for key, value in values.items() if key.startswith(name.format("bucket"))]
        self.assertEqual(buckets, sorted(buckets))
        self.assertEqual(buckets[-1], values[name.format("count") + "}"])
        self.assertGreater(values[name.format("sum") + "}"], 0)


class SlowClients(unittest.TestCase):
    def test_that_send_nothing_are_closed(self):
        with serve("--idle-timeout-ms", 100) as server, server.connect() as connection:
            self.assertTrue(connection.is_closed_by_server())
        with serve("--idle-timeout-ms", 100) as server, server.connect() as connection:
            connection.ask(get("/health"))
            self.assertTrue(connection.is_closed_by_server())

    def test_that_do_not_end_a_request_are_told(self):
        with serve("--header-timeout-ms", 100, "--body-timeout-ms", 100) as server:
            for part in (b"G", get("/")[:-1], post(NO_IMAGE)[:-1]):
                with server.connect() as connection:
                    answer = connection.ask(part)
                    self.assertEqual(answer.status, 408)
                    self.assertTrue(connection.is_closed_by_server())

    def test_that_send_a_little_from_time_to_time_are_told_too(self):
        with serve("--header-timeout-ms", 300) as server, server.connect() as connection:
            over = threading.Event()

            def drip():
                try:
                    for byte in get("/", fields="X: " + "a" * 10_000):
                        if over.wait(0.02):
                            return
                        connection.send(bytes([byte]))
                except OSError:
                    pass  # closed meanwhile

            dripping = threading.Thread(target=drip)
            dripping.start()
            try:
                self.assertEqual(connection.receive().status, 408)
            finally:
                over.set()
                dripping.join()

    def test_that_do_not_read_are_closed(self):
        with serve("--write-timeout-ms", 200) as server:
            connection = server.connect(receive_buffer=4096)
            with connection, self.assertRaises(OSError):
                while True:
                    connection.send(get("/") * 100)


class Limits(unittest.TestCase):
    def test_of_connections(self):
        with serve("--max-connections", 2) as server:
            first, second = server.connect(), server.connect()
            with first, second:
                first.ask(get("/health"))
                second.ask(get("/health"))
                with server.connect() as third:
                    answer = third.receive()
                    self.assertEqual((answer.status, answer.closes()), (503, True))
                    self.assertIn("retry-after", answer.fields)
                first.ask(get("/health", fields="Connection: close\r\n"))
                self.assertTrue(first.is_closed_by_server())
                first.close()
                second.ask(get("/health"))
            end = time.monotonic() + PATIENCE
            while server.ask(get("/health")).status != 200:  # when it has seen that one is gone
                self.assertLess(time.monotonic(), end)

    def test_of_waiting_images(self):
        with serve("--children", 1, "--queue", 1, "--timeout-ms", NEVER) as server:
            running, queued = server.connect(), server.connect()
            with running, queued:
                running.send(post(HANGER))
                server.wait_until(lambda stats: stats["pool"]["running"] == 1)
                queued.send(post(HANGER))
                server.wait_until(lambda stats: stats["pool"]["queued"] == 1)
                answer = server.ask(post(png(9, 9)))
                self.assertEqual(answer.status, 503)
                self.assertIn("retry-after", answer.fields)
                self.assertEqual(server.stats()["pool"]["rejected"], 1)

    @unittest.skipIf(UNDER_SANITIZER,
                     "sanitizers don't run under a memory limit")
    def test_of_memory(self):
        with serve("--memory-mib", 64) as server:
            answer = server.ask(post(b"planted:memory_hog"))
            self.assertEqual((answer.status, answer.json()["error"]), (422, "too_large"))


class Disconnects(unittest.TestCase):
    def setUp(self):
        self.server = serve("--children", 1, "--timeout-ms", NEVER)
        self.addCleanup(self.server.__exit__)

    def test_end_a_call_that_runs(self):
        with self.server.connect() as connection:
            connection.send(post(HANGER))
            self.server.wait_until(lambda stats: stats["pool"]["running"] == 1)
        # The only child is free again, although nothing but this could have freed it.
        self.assertEqual(self.server.ask(post(png(9, 9))).status, 200)
        stats = self.server.stats()
        self.assertEqual(stats["thumbnails"], {"cancelled": 1, "ok": 1})
        self.assertEqual(stats["requests"]["499"], 1)

    def test_end_a_call_that_waits(self):
        with self.server.connect() as running:
            running.send(post(HANGER))
            self.server.wait_until(lambda stats: stats["pool"]["running"] == 1)
            with self.server.connect() as waiting:
                waiting.send(post(png(9, 9)))
                self.server.wait_until(lambda stats: stats["pool"]["queued"] == 1)
            stats = self.server.wait_until(lambda stats: stats["pool"]["queued"] == 0)
            self.assertEqual(stats["pool"]["running"], 1)

    def test_behind_the_next_request_are_seen_too(self):
        with self.server.connect() as connection:
            connection.send(post(HANGER) + get("/health"))
            self.server.wait_until(lambda stats: stats["pool"]["running"] == 1)
        self.server.wait_until(lambda stats: stats["pool"]["running"] == 0)

    def test_within_requests_leave_nothing(self):
        request = post(png(50, 50))
        # Now there is a child; it may have answered before the fork server has told of it.
        for _ in range(2):
            self.server.ask(request)
        before = self.server.descriptors()
        for size in (0, 1, 20, len(request) - 1):
            with self.server.connect() as connection:
                connection.send(request[:size])
        stats = self.server.wait_until(lambda stats: stats["connections"] == 1)
        self.assertEqual(stats["pool"]["calls"], 2)
        # The one that asked may not be closed yet.
        end = time.monotonic() + PATIENCE
        while self.server.descriptors() > before:
            self.assertLess(time.monotonic(), end)


class Worker(threading.Thread):
    """Sends requests, one after another, until the server takes none any more."""

    def __init__(self, server, upload):
        super().__init__()
        self.server, self.upload = server, upload
        self.statuses, self.unanswered, self.turned_away = [], [], 0
        self.terminated = threading.Event()

    def run(self):
        while True:
            try:
                connection = self.server.connect()
            except ConnectionError:
                self.turned_away += 1
                return
            with connection:
                while True:
                    early = not self.terminated.is_set()
                    try:
                        answer = connection.ask(post(self.upload))
                    except (OSError, EOFError) as problem:
                        # What was sent after the signal may find nobody, what came before must not.
                        if early:
                            self.unanswered.append(repr(problem))
                        self.turned_away += 1
                        return
                    self.statuses.append(answer.status)
                    if answer.closes():
                        break


class Stopping(unittest.TestCase):
    GRACE = 4000  # [ms]

    def test_answers_or_refuses_all_that_is_under_way(self):
        with serve("--grace-ms", self.GRACE) as server:
            workers = [Worker(server, png(80, 80, seed)) for seed in range(16)]
            for each in workers:
                each.start()
            server.wait_until(lambda stats: stats["thumbnails"].get("ok", 0) > 100)
            for each in workers:
                each.terminated.set()
            start = time.monotonic()
            server.terminate()
            self.assertEqual(server.wait_for_end(), 0)
            self.assertLess(time.monotonic() - start, self.GRACE / 1000)
            for each in workers:
                each.join()
            statuses = [status for each in workers for status in each.statuses]
            self.assertEqual([problem for each in workers for problem in each.unanswered], [])
            self.assertLessEqual(set(statuses), {200, 503})
            print(f"{statuses.count(200)} answered, {statuses.count(503)} refused, "
                  f"{sum(each.turned_away for each in workers)} turned away")

    def test_refuses_what_does_not_end_in_time(self):
        with serve("--grace-ms", self.GRACE, "--timeout-ms", NEVER, "--children", 1) as server:
            running, waiting, sending, idle = (server.connect() for _ in range(4))
            with running, waiting, sending, idle:
                idle.ask(get("/health"))
                running.send(post(HANGER))
                server.wait_until(lambda stats: stats["pool"]["running"] == 1)
                waiting.send(post(png(9, 9)))
                sending.send(post(png(9, 9))[:-1])
                server.wait_until(lambda stats: stats["pool"]["queued"] == 1)
                start = time.monotonic()
                server.terminate()
                self.assertTrue(idle.is_closed_by_server())
                for each in (running, waiting, sending):
                    answer = each.receive()
                    self.assertEqual((answer.status, answer.closes()), (503, True))
                self.assertEqual(server.wait_for_end(), 0)
                self.assertLess(time.monotonic() - start, self.GRACE / 1000 + 1)

    def test_takes_no_further_requests(self):
        with serve("--grace-ms", self.GRACE, "--timeout-ms", NEVER) as server:
            running, sending, idle = (server.connect() for _ in range(3))
            with running, sending, idle:
                idle.ask(get("/health"))
                running.send(post(HANGER))
                request = post(png(9, 9))
                sending.send(request[:40])
                server.wait_until(lambda stats: stats["pool"]["running"] == 1)
                server.terminate()
                # It listens no more when it knows that it is to stop; then its connections learn it.
                end = time.monotonic() + PATIENCE
                with self.assertRaises(OSError):
                    while time.monotonic() < end:
                        server.connect().close()
                self.assertTrue(idle.is_closed_by_server())
                answer = sending.ask(request[40:])
                self.assertEqual((answer.status, answer.closes()), (503, True))
                running.close()
                self.assertEqual(server.wait_for_end(), 0)

    def test_at_once_when_told_twice(self):
        with serve("--grace-ms", NEVER, "--timeout-ms", NEVER) as server:
            with server.connect() as running:
                running.send(post(HANGER))
                server.wait_until(lambda stats: stats["pool"]["running"] == 1)
                end = time.monotonic() + PATIENCE
                while len(server.processes()) < 3:  # a fork server and a child, which starts yet
                    self.assertLess(time.monotonic(), end)
                server.terminate()
                end = time.monotonic() + PATIENCE
                with self.assertRaises(OSError):
                    while time.monotonic() < end:
                        server.connect().close()
                server.terminate()
                self.assertEqual(server.wait_for_end(), 0)
            # Nothing outlives it: they end as soon as they see that it has.
            end = time.monotonic() + PATIENCE
            while server.processes():
                self.assertLess(time.monotonic(), end)

    def test_when_idle(self):
        with serve() as server:
            server.terminate()
            self.assertEqual(server.wait_for_end(), 0)


class Options(unittest.TestCase):
    def test_that_are_wrong(self):
        for options in (["--nonsense", "1"], ["--port"], ["--port", "x"], ["--port", "99999"],
                        ["--children", "0"]):
            ended = subprocess.run([PROGRAM, *options], capture_output=True, text=True,
                                   timeout=PATIENCE, check=False)
            self.assertEqual(ended.returncode, 2)
            self.assertTrue(ended.stderr.startswith("image_service: "), ended.stderr)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main(verbosity=2)

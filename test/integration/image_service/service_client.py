# Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
"""The program image_service as its tests start it, talk to it and look at it from outside."""

import itertools
import json
import os
import pathlib
import signal
import socket
import struct
import subprocess
import time
import zlib

# As time_scale.hpp has it: `./dev sanitize` sets these.
UNDER_TSAN = "TSAN_OPTIONS" in os.environ
UNDER_SANITIZER = UNDER_TSAN or "ASAN_OPTIONS" in os.environ
TIME_SCALE = 8 if UNDER_TSAN else 4 if UNDER_SANITIZER else 1
PATIENCE = 60 * TIME_SCALE  # [s] for what must happen at once; only for the day when it doesn't
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
CRASHER = b"planted:null_dereference"
HANGER = b"planted:endless_loop"
NO_IMAGE = b"no image at all"


def shows_function(report, name):
    """Whether a stack names it, where stacks are found and have names."""
    return name in report or UNDER_TSAN or "built without elfutils" in report


def png(width, height, seed=0):
    def chunk(kind, content):
        return (struct.pack(">I", len(content)) + kind + content +
                struct.pack(">I", zlib.crc32(kind + content)))
    rows = b"".join(b"\0" + bytes((x * 7 + y * 3 + seed * 31) & 255 for x in range(width * 3))
                    for y in range(height))
    return (PNG_SIGNATURE + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b""))


def size_of_png(content):
    assert content.startswith(PNG_SIGNATURE), content[:64]
    return struct.unpack(">II", content[16:24])


def post(body, path="/thumbnail", fields=""):
    return (f"POST {path} HTTP/1.1\r\nHost: test\r\nContent-Length: {len(body)}\r\n{fields}\r\n"
            .encode() + body)


def get(path, method="GET", fields=""):
    return f"{method} {path} HTTP/1.1\r\nHost: test\r\n{fields}\r\n".encode()


class Response:
    def __init__(self, status, fields, body):
        self.status, self.fields, self.body = status, fields, body

    def json(self):
        return json.loads(self.body)

    def closes(self):
        return self.fields.get("connection") == "close"


class Connection:
    """Raw bytes out, responses in."""

    def __init__(self, address, receive_buffer=None):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(PATIENCE)
        try:
            self.socket.connect(address)
        except OSError:
            self.socket.close()
            raise
        self.file = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.file.close()
        self.socket.close()

    def send(self, content):
        self.socket.sendall(content)

    def receive(self, to_head=False):
        """The next response; raises EOFError where the connection ends before it."""
        line = self.file.readline()
        if not line:
            raise EOFError("closed without a response")
        version, status, _ = line.decode().split(" ", 2)
        assert version == "HTTP/1.1", line
        fields = {}
        while (line := self.file.readline()) != b"\r\n":
            if not line.endswith(b"\r\n"):
                raise EOFError("closed within a header")
            name, value = line.decode().rstrip("\r\n").split(": ", 1)
            fields[name.lower()] = value
        length = 0 if to_head or status[0] == "1" else int(fields.get("content-length", 0))
        body = self.file.read(length)
        if len(body) != length:
            raise EOFError("closed within a body")
        return Response(int(status), fields, body)

    def ask(self, content, to_head=False):
        self.send(content)
        return self.receive(to_head)

    def is_closed_by_server(self):
        try:
            return self.file.read(1) == b""
        except ConnectionResetError:
            return True


class Server:
    """The program with these options, on a port of its own."""

    numbers = itertools.count()

    def __init__(self, program, *options):
        name = f"IMAGE_SERVICE_TEST_{os.getpid()}_{next(self.numbers)}"
        self.mark = f"{name}=1".encode()
        # The same few broken images come again and again, and each time they are to do harm.
        command = [program, "--port", "0", "--poison-after", "0", *map(str, options)]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True,
                                        env={**os.environ, name: "1"})
        line = self.process.stdout.readline()
        assert line.startswith("listening on http://"), line
        self.url = line.split()[-1]
        host, port = self.url.removeprefix("http://").rsplit(":", 1)
        self.address = (host, int(port))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def connect(self, **options):
        return Connection(self.address, **options)

    def ask(self, content, to_head=False):
        with self.connect() as connection:
            return connection.ask(content, to_head)

    def stats(self):
        return self.ask(get("/stats")).json()

    def wait_until(self, holds):
        """Asks for the statistics until they are so."""
        end = time.monotonic() + PATIENCE
        while not holds(stats := self.stats()):
            assert time.monotonic() < end, f"never came about; now {stats}"
            time.sleep(0.01)
        return stats

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def wait_for_end(self):
        return self.process.wait(PATIENCE)

    def processes(self):
        """The program and all that it has started, which are not its descendants: by their
        environment."""
        found = []
        for environment in pathlib.Path("/proc").glob("[0-9]*/environ"):
            try:
                if self.mark in environment.read_bytes().split(b"\0"):
                    found.append(int(environment.parent.name))
            except OSError:
                continue  # it has ended, or isn't ours
        return found

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def memory(self):
        """Resident [MiB]."""
        pages = int(pathlib.Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

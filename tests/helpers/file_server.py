"""A server of files with faults: cut connections, other bytes, refusals, silence."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CONTENT = bytes(range(256)) * 40


class Server(ThreadingHTTPServer):
    """Serves `content`; `cut` breaks connections, `ranges` and `tag` say what it supports."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = CONTENT
        self.pages: dict[str, bytes] = {}  # other content, by path
        self.cut: list[int] = []  # bytes after which the next answers break off
        self.ranges = True
        self.tag: str | None = '"one"'
        self.status = 200
        self.silent_seconds = 0.0  # before the second half of an answer
        self.asked: list[str | None] = []

    def address(self, name: str) -> str:
        """Where it serves its content under a name."""
        return f"http://127.0.0.1:{self.server_address[1]}/{name}"

    @property
    def url(self) -> str:
        return self.address("photos.bin")


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        server, wanted = self.server, self.headers.get("Range")
        server.asked.append(wanted)
        if server.status != 200:
            self.send_error(server.status)
            return
        content = server.pages.get(self.path.split("?")[0], server.content)
        start = int(wanted.split("=")[1].rstrip("-")) if wanted and server.ranges else 0
        if self.headers.get("If-Range") not in (None, server.tag):
            start = 0
        if start >= len(content):
            self.send_error(416)
            return
        body = content[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        if server.tag:
            self.send_header("ETag", server.tag)
        if start:
            end = len(content)
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{end}")
        self.end_headers()
        if server.silent_seconds:
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            threading.Event().wait(server.silent_seconds)
            return
        self.wfile.write(body[: server.cut.pop(0)] if server.cut else body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@contextmanager
def serving() -> Iterator[Server]:
    """A server of its own, for as long as it is needed."""
    with Server() as served:
        thread = threading.Thread(target=served.serve_forever, args=(0.01,))
        thread.start()
        yield served
        served.shutdown()
        thread.join()

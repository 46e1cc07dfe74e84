"""Downloads end: an answer that never comes, a stalled one and a wrong one cost seconds, once."""

from __future__ import annotations

import hashlib
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from sr.base.errors import BackboneError
from sr.metrics import downloads
from sr.metrics.backbones import load_state

BODY = bytes(range(256)) * 300
NAME = f"net-{hashlib.sha256(BODY).hexdigest()[:8]}.pth"


class Server:
    """Takes connections and does with them what `answer` does; counts them."""

    def __init__(self, answer: Callable[[socket.socket], None]) -> None:
        self.answer = answer
        self.connections = 0
        self.kept: list[socket.socket] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/{NAME}"
        threading.Thread(target=self.run, daemon=True).start()

    def run(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            self.kept.append(connection)
            self.answer(connection)


def nothing(_: socket.socket) -> None:
    """A portal that swallows everything."""


def sends(body: bytes, length: int | None = None) -> Callable[[socket.socket], None]:
    def answer(connection: socket.socket) -> None:
        connection.recv(65536)
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {length or len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body)
        if length is None:
            connection.close()

    return answer


def drips(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")

    def run() -> None:
        try:
            while True:
                connection.sendall(b"x")
                time.sleep(0.02)
        except OSError:
            pass

    threading.Thread(target=run, daemon=True).start()


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[..., Server]]:
    monkeypatch.setattr(downloads, "ANSWER_SECONDS", 0.3)
    monkeypatch.setattr(downloads, "PACE_SECONDS", 0.3)
    monkeypatch.setattr(downloads, "_failures", {})
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setenv("no_proxy", "*")
    servers: list[Server] = []

    def start(answer: Callable[[socket.socket], None]) -> Server:
        servers.append(Server(answer))
        return servers[-1]

    yield start
    for server in servers:
        server.listener.close()
        for connection in server.kept:
            connection.close()


def test_a_file_is_downloaded_once(serve: Callable[..., Server], tmp_path: Path) -> None:
    server = serve(sends(BODY))
    for _ in range(2):
        path = downloads.fetched(server.url)
        assert path.read_bytes() == BODY
    assert path == tmp_path / "checkpoints" / NAME
    assert server.connections == 1


@pytest.mark.parametrize(
    "answer",
    [nothing, sends(BODY[:999], len(BODY)), drips, sends(b"<html>Log in", None)],
    ids=["silence", "stall", "drip", "portal page"],
)
def test_what_does_not_come_is_left_after_seconds_and_not_tried_again(
    serve: Callable[..., Server], answer: Callable[[socket.socket], None], tmp_path: Path
) -> None:
    server = serve(answer)
    start = time.monotonic()
    for _ in range(5):
        with pytest.raises(OSError, match=NAME):
            downloads.fetched(server.url)
    assert time.monotonic() - start < 3
    assert server.connections == 1
    assert downloads.waiting_for() is None
    assert not list((tmp_path / "checkpoints").iterdir())


def test_after_a_while_it_is_tried_again(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(nothing)
    with pytest.raises(OSError):
        downloads.fetched(server.url)
    monkeypatch.setattr(downloads, "RETRY_SECONDS", 0.0)
    server.answer = sends(BODY)
    assert downloads.fetched(server.url).read_bytes() == BODY


def test_whoever_waits_is_told_and_many_wait_for_one(
    serve: Callable[..., Server], caplog: pytest.LogCaptureFixture
) -> None:
    server = serve(nothing)
    failed: list[OSError] = []

    def ask() -> None:
        try:
            downloads.fetched(server.url)
        except OSError as error:
            failed.append(error)

    with caplog.at_level(logging.WARNING):
        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + 5
        while downloads.waiting_for() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        for thread in threads:
            thread.join(10)
    assert len(failed) == 4
    assert server.connections == 1
    (record,) = caplog.records
    assert NAME in record.getMessage()
    assert "127.0.0.1" in record.getMessage()


def test_features_behind_a_portal_are_an_error_that_says_what_to_do(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("torchvision")
    server = serve(nothing)
    monkeypatch.setenv("NITIDEZ_BACKBONES", str(tmp_path))
    fetched = downloads.fetched
    monkeypatch.setattr("sr.metrics.backbones.fetched", lambda _: fetched(server.url))
    with pytest.raises(BackboneError, match=r"set NITIDEZ_BACKBONES to a\s+folder"):
        load_state("alexnet")
    assert server.connections == 1

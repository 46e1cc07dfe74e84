"""Bytes that come in: room is kept for all of a body before the first one is taken."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from starlette.types import Message, Receive, Send


class FullError(Exception):
    """There is no room for a body."""


class TooLongError(Exception):
    """More bytes came than were announced."""


class Body:
    """One body on its way.

    Args:
        length: bytes that were announced, which are all that is taken.

    Attributes:
        left: bytes that are still to come.
    """

    def __init__(self, length: int) -> None:
        self.length = self.left = length
        self._has_begun = False

    @property
    def _is_too_long(self) -> bool:
        return self.left < 0

    def counted(self, receive: Receive) -> Receive:
        """`receive`, which raises TooLongError at the first byte that was not announced."""

        async def receive_counted() -> Message:
            message = await receive()
            if message["type"] == "http.request":
                self.left -= len(message.get("body", b""))
                if self._is_too_long:
                    raise self._too_long()
            return message

        return receive_counted

    def unless_too_long(self, send: Send) -> Send:
        """`send`, in whose place TooLongError is raised before an answer has begun."""

        async def send_checked(message: Message) -> None:
            if self._is_too_long and not self._has_begun:
                raise self._too_long()
            self._has_begun = True
            await send(message)

        return send_checked

    def _too_long(self) -> TooLongError:
        return TooLongError(f"more than the {self.length} bytes that were announced")


class Intake:
    """Room in a folder, for bodies that become files in it.

    Args:
        folder: into which they are written as they come.
        most_bytes: what its files and all that is on its way may come to.
    """

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self._folder = folder
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._coming: set[Body] = set()

    @contextmanager
    def room(self, length: int, *, is_stored: bool) -> Iterator[Body]:
        """Room for a body while it comes.

        Args:
            length: its bytes.
            is_stored: whether it becomes a file in the folder.

        Raises:
            FullError: there is none.
        """
        body = Body(length)
        if is_stored:
            with self._lock:
                coming = sum(max(0, other.left) for other in self._coming)
                if folder_bytes(self._folder) + coming + length > self._most_bytes:
                    raise FullError
                self._coming.add(body)
        try:
            yield body
        finally:
            with self._lock:
                self._coming.discard(body)


def folder_bytes(folder: Path) -> int:
    """What the files below a folder take."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(parent) / name).lstat().st_size
            except OSError:
                continue
    return total

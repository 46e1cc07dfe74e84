"""An append-only diary of everything that happened, one JSON object a line, apart from SQLite.

An event holds whole table rows: read in order they give the database again. Several processes may
write, one at a time (`survey.session.survey` sees to it): all go on with the newest file, whoever
began it, so that the order of lines is the order of events. A line cut off by a crash stays the
last of its file.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from survey.study.errors import StoreError

Event = dict[str, Any]


class Journal:
    """Appends events to the newest `folder/<time>-<random>.jsonl`.

    Args:
        folder: made when it is not there.

    Raises:
        StoreError: it cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{folder}: {error.strerror}") from error

    def append(self, events: Iterable[Event]) -> None:
        """Write events and wait until they are on the disk.

        The file is opened by its name each time: another process may have replaced it.

        Raises:
            StoreError: disk full, or the folder is gone; nothing half-written is left behind.
        """
        data = memoryview(b"".join(_line(event) for event in events))
        try:
            with self._newest().open("ab", buffering=0) as file:
                start = file.tell()
                try:
                    while data:  # a disk that fills up takes a part without an error
                        data = data[file.write(data) :]
                    os.fsync(file.fileno())
                except OSError:
                    file.truncate(start)
                    raise
        except OSError as error:
            raise StoreError(f"{self.folder}: {error.strerror}; free disk space") from error

    def replace(self, events: Iterable[Event]) -> None:
        """Put one new file in the place of all: how a person's lines are erased.

        Raises:
            StoreError: it cannot be written; the old files are as they were.
        """
        old = list(self.folder.glob("*.jsonl"))
        target = self.folder / _new_name()
        temporary = self.folder / "next.new"  # one name: what a crash leaves behind does not stay
        try:
            with temporary.open("wb") as file:
                file.writelines(_line(event) for event in events)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, target)
            for path in old:
                path.unlink()
        except OSError as error:
            raise StoreError(f"{self.folder}: {error.strerror}; free disk space") from error

    def _newest(self) -> Path:
        """The file to go on with: the last one, unless a crash cut its last line off."""
        path = max(self.folder.glob("*.jsonl"), default=None)
        if path is None or not _is_whole(path):
            path = self.folder / _new_name()
        return path


def read_journal(folder: Path) -> Iterator[Event]:
    """All events of a folder in the order they were written.

    A last line that a crash cut off is left out: it was never acknowledged.

    Raises:
        StoreError: a line that is not the last of its file is damaged.
    """
    for path in sorted(folder.glob("*.jsonl")):
        lines = path.read_bytes().split(b"\n")
        for index, line in enumerate(lines):
            if not line:
                continue
            try:
                event = json.loads(line)
            except ValueError:
                if index == len(lines) - 1:
                    continue
                raise StoreError(
                    f"{path.name}: line {index + 1} is damaged; restore the file from a backup"
                ) from None
            yield event


def _is_whole(path: Path) -> bool:
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - 1, 0))
        return file.read() in (b"", b"\n")


def _line(event: Event) -> bytes:
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _new_name() -> str:
    now = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%S%f")
    return f"{now}-{secrets.token_hex(4)}.jsonl"

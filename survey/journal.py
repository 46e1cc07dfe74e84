"""An append-only diary of everything that happened, one JSON object a line, apart from SQLite.

Every start of the server begins a file of its own, so that a line cut off by a crash is always the
last of its file. An event holds whole table rows: read in order they give the database again.
"""

from __future__ import annotations

import json
import os
import secrets
import threading
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, BinaryIO

from survey.errors import StoreError

Event = dict[str, Any]


class Journal:
    """Appends events to `folder/<time>-<random>.jsonl`.

    Args:
        folder: made when it is not there.

    Raises:
        StoreError: it cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._file: BinaryIO | None = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{folder}: {error.strerror}") from error

    def append(self, events: Iterable[Event]) -> None:
        """Write events and wait until they are on the disk.

        Raises:
            StoreError: disk full, or the folder is gone; nothing half-written is left behind.
        """
        data = b"".join(_line(event) for event in events)
        with self._lock:
            try:
                file = self._open()
                start = file.tell()
                try:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                except OSError:
                    file.truncate(start)
                    file.seek(start)
                    raise
            except OSError as error:
                raise StoreError(f"{self.folder}: {error.strerror}; free disk space") from error

    def replace(self, events: Iterable[Event]) -> None:
        """Put one new file in the place of all: how a person's lines are erased.

        Raises:
            StoreError: it cannot be written; the old files are as they were.
        """
        with self._lock:
            self._close()
            old = list(self.folder.glob("*.jsonl"))
            target = self.folder / _new_name()
            temporary = target.with_suffix(".new")
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

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._close()

    def _open(self) -> BinaryIO:
        if self._file is None:
            self._file = (self.folder / _new_name()).open("ab", buffering=0)  # type: ignore[assignment]
        assert self._file is not None
        return self._file

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


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


def final_rows(events: Iterable[Event]) -> dict[tuple[str, str], dict[str, Any]]:
    """What the rows that change are in the end, by table and key: equal for equal stories.

    When a session was last seen is no part of it: answers change it without an event.
    """
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for event in events:
        match event["event"]:
            case "study":
                rows["study", event["row"]["name"]] = event["row"]
            case "session":
                for table in ("participant", "session"):
                    rows[table, event[table]["id"]] = dict(event[table])
            case "session_changed":
                rows["session", event["id"]] |= event["changes"]
            case "finished":
                changes = {k: event[k] for k in ("vision", "comment")}
                rows["participant", event["participant"]] |= changes
                rows["session", event["session"]]["finished_at"] = event["finished_at"]
            case "response":
                rows["response", event["trial_id"]] = event["row"]
            case "withdrawal":
                rows["withdrawal", event["participant"]] = {}
    for (table, _), row in rows.items():
        if table == "session":
            row.pop("last_seen_at", None)
    return rows


def _line(event: Event) -> bytes:
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _new_name() -> str:
    now = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%S%f")
    return f"{now}-{secrets.token_hex(4)}.jsonl"

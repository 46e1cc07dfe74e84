"""The record written out beside the database, one JSON object a line, so that either gives the
other again. Events are in the order of their `seq`, whatever a clock says.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from sr.base.files import atomic_file, make_private
from survey.storage.store import GONE, Line, link
from survey.study.errors import RecordsDifferError, StoreError

LINE = re.compile(
    r'\{"seq":([0-9]{1,15}),"sha256":"([0-9a-f]{64}|)","kind":"([A-Za-z]+)","body":(\{.*\})\}'
)


class Place(NamedTuple):
    """Where the file ended when it was last written here."""

    inode: int
    size: int
    last: Line | None


class Journal:
    """Keeps `folder/events.jsonl` complete.

    Args:
        folder: made when it is not there, for its owner only.

    Raises:
        StoreError: it cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "events.jsonl"
        self._place: Place | None = None
        with self._said():
            make_private(folder)

    def read(self) -> tuple[list[Line], int]:
        """The lines that can be read, and how many cannot; a last one that a crash cut off was
        never acknowledged, and counts as neither.

        Raises:
            StoreError: the file cannot be read.
        """
        with self._said():
            data = self.path.read_bytes() if self.path.exists() else b""
        *whole, _ = data.split(b"\n")
        lines = [line for text in whole if (line := _parsed(text))]
        return lines, len(whole) - len(lines)

    def complete(self, lines_after: Callable[[int], Sequence[Line]]) -> bool:
        """Write what the file lacks, and wait until it is on the disk.

        The file is opened by its name each time: another process may have replaced it.

        Args:
            lines_after: the record after an event.

        Returns:
            Whether it went on where the record does; if not, nothing was written.

        Raises:
            StoreError: disk full, or the folder is gone; nothing half-written is left behind.
        """
        place, self._place = self._place, None
        with self._said(), self.path.open("a+b", buffering=0) as file:
            there = os.fstat(file.fileno())
            if place is None or (there.st_ino, there.st_size) != (place.inode, place.size):
                make_private(self.path)
                file.seek(0)
                place = _end_of(file.read())
            last = place.last
            lines = lines_after(last.seq - 1 if last else 0)
            if last and lines[:1] != [last]:
                return False
            data = memoryview(b"".join(map(_text, lines[1:] if last else lines)))
            if place.size < there.st_size:  # a line that a crash cut off
                file.truncate(place.size)
            try:
                while data:  # a disk that fills up takes a part without an error
                    data = data[file.write(data) :]
                os.fsync(file.fileno())
            except OSError:
                file.truncate(place.size)
                raise
            there = os.fstat(file.fileno())
        self._place = Place(there.st_ino, there.st_size, lines[-1] if lines else last)
        return True

    def replace(self, lines: Sequence[Line]) -> None:
        """Write all of it anew: how a person's lines are erased.

        Raises:
            StoreError: it cannot be written; the old file is as it was.
        """
        self._place = None
        with self._said(), atomic_file(self.path, mode=0o600) as file:
            file.writelines(map(_text, lines))

    def check(self) -> None:
        """Whether the next event could be written, as far as can be told without one.

        Raises:
            StoreError: it could not.
        """
        with self._said():
            self.path.open("ab").close()

    @contextmanager
    def _said(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreError(
                f"{self.path}: {error.strerror}; free disk space, or make the folder writable"
            ) from error


def _end_of(data: bytes) -> Place:
    """The last whole line of a file, and where it ends."""
    size = data.rfind(b"\n") + 1
    if not size:
        return Place(0, 0, None)
    last = _parsed(data[data.rfind(b"\n", 0, size - 1) + 1 : size - 1])
    return Place(0, size, last or Line(-1, "", "", ""))


def _text(line: Line) -> bytes:
    text = f'{{"seq":{line.seq},"sha256":"{line.sha256}","kind":"{line.kind}","body":{line.body}}}'
    return text.encode() + b"\n"


def _parsed(text: bytes) -> Line | None:
    match = LINE.fullmatch(text.decode(errors="replace"))
    return match and Line(int(match[1]), match[3], match[4], match[2])


def first_unfit(record: Sequence[Line]) -> int | None:
    """The first event of a database's record whose checksum is wrong, if there is one."""
    previous = ""
    for number, line in enumerate(record, 1):
        if line.seq != number or not _follows(line, previous):
            return number
        previous = line.sha256
    return None


def joined(record: Sequence[Line], told: Sequence[Line]) -> tuple[list[Line], int]:
    """The whole story of a database's record and a journal's lines: one of them may know more.

    Returns:
        Every event, and how many lines of the journal were damaged. An event that only damaged
        lines told is a gap: one that is gone, without a checksum.

    Raises:
        RecordsDifferError: both are whole, and tell different things.
    """
    whole, damaged = list(record), 0
    is_ahead = bool(told) and told[-1].seq > len(record)
    before = Line(0, "", "", "")
    for line in told:
        previous = before.sha256 if before.seq == line.seq - 1 else None
        before = line
        known = record[line.seq - 1] if 0 < line.seq <= len(record) else None
        if known is None:
            gaps = range(len(whole) + 1, line.seq)
            if line.seq <= len(whole) or len(gaps) > len(told):
                damaged += 1
                continue
            if not _follows(line, None if gaps else whole[-1].sha256 if whole else ""):
                damaged += 1
                continue
            whole += [Line(seq, GONE, "{}", "") for seq in gaps]
            whole.append(line)
        elif line == known or (line.sha256 == known.sha256 and known.kind == GONE):
            continue  # the journal is still to lose what was erased
        elif line.sha256 == known.sha256 and line.kind == GONE and is_ahead:
            whole[line.seq - 1] = line  # the database is older than the erasure
        elif line.sha256 != known.sha256 and any(
            link(sha256, line.seq, line.kind, line.body) == line.sha256
            for sha256 in (previous, record[line.seq - 2].sha256 if line.seq > 1 else "")
            if sha256 is not None
        ):
            raise RecordsDifferError(
                f"event {line.seq} is {known.kind} in the database and {line.kind} in the journal"
                + ("" if line.kind != known.kind else ", of other content")
            )
        else:
            damaged += 1
    return whole, damaged


def _follows(line: Line, previous: str | None) -> bool:
    """Whether a line can come after a checksum; None and, later than the first, "" are unknown."""
    if line.kind == GONE or previous is None or (not previous and line.seq > 1):
        return True
    return link(previous, line.seq, line.kind, line.body) == line.sha256

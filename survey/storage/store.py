"""The survey's database: one connection, used by one thread at a time.

Every write is one transaction, committed with synchronous=FULL before it returns. What is deleted
is overwritten with zeros.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from sqlite_utils import Database

from sr.base.files import make_private
from survey.storage.schema import migrations, unknown_migrations
from survey.study.errors import StoreError

Row = dict[str, Any]

BUSY_MS = 5000
PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "temp_store=MEMORY")
# What events come to. Of the other tables "event" is the record itself; "job" and "place" are this
# folder's own and in no copy.
RESULTS = (
    *("study", "stimulus", "participant", "session", "trial", "response", "erasure"),
    *("invitation", "panel"),
)
GONE = "Gone"  # the kind of an event whose person was erased: no body, and its old checksum


class Line(NamedTuple):
    """One event as it is written down; see `survey.storage.events`."""

    seq: int  # 1, 2, 3, ...
    kind: str
    body: str  # a JSON object
    sha256: str  # of the one before and this; "" where both database and journal lost it


def link(previous: str, seq: int, kind: str, body: str) -> str:
    """The sha256 that an event carries, from that of the one before ("" for the first)."""
    return hashlib.sha256(f"{previous} {seq} {kind} {body}".encode()).hexdigest()


class Store:
    """One connection to `survey.db`, used by one thread at a time.

    Args:
        path: the database; made when it is not there, for its owner only. None is one in memory.

    Raises:
        StoreError: not a database, damaged, read-only, or written by a newer version.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path or Path(":memory:")
        self._lock = threading.RLock()
        with self.guard():
            if path is not None:
                make_private(path.parent)
                path.touch(0o600)
                make_private(path)  # the log beside it gets the same permissions
            connection = sqlite3.connect(self.path, check_same_thread=False, timeout=BUSY_MS / 1000)
            self.db = Database(connection)
            self._prepare()

    def _prepare(self) -> None:
        self.db.conn.create_function("link", 4, link, deterministic=True)
        for pragma in PRAGMAS if self.path.name != ":memory:" else ("journal_mode=OFF",):
            self.db.conn.execute(f"PRAGMA {pragma}").fetchall()
        result = self.db.conn.execute("PRAGMA quick_check").fetchone()
        if result != ("ok",):
            raise sqlite3.DatabaseError(str(result[0]))
        if newer := unknown_migrations(self.db):
            raise StoreError(
                f"{self.path.name} was written by a newer version of Nitidez ({newer[0]}); update "
                "the app, or set NITIDEZ_DATA to another folder"
            )
        migrations.apply(self.db)
        self.db.conn.execute("PRAGMA foreign_keys=ON").fetchall()
        self.db.conn.execute("BEGIN IMMEDIATE")  # fails here when the file is read-only
        self.db.conn.execute("ROLLBACK")

    @contextmanager
    def guard(self) -> Iterator[None]:
        """One thread at a time; SQLite's errors as ours."""
        with self._lock:
            try:
                yield
            except sqlite3.DatabaseError as error:
                raise StoreError(f"{self.path}: {error}; {_advice(error)}") from error
            except OSError as error:
                raise StoreError(
                    f"{self.path}: {error.strerror}; make the folder writable, or set NITIDEZ_DATA"
                ) from error

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction."""
        with self.guard(), self.db.atomic():
            yield self.db.conn

    @contextmanager
    def replaying(self) -> Iterator[sqlite3.Connection]:
        """One transaction in which SQLite does not look at who names a row: a damaged record may
        have lost it, and to look again for every row that is erased would take minutes.
        """
        with self.guard():
            self.db.conn.execute("PRAGMA foreign_keys=OFF").fetchall()
            try:
                with self.db.atomic():
                    yield self.db.conn
            finally:
                self.db.conn.execute("PRAGMA foreign_keys=ON").fetchall()

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """What a query gives."""
        with self.guard():
            return fetched(self.db.conn, sql, values)

    def row(self, sql: str, values: Sequence[Any] = ()) -> Row | None:
        """The first row of a query, if there is one."""
        return next(iter(self.rows(sql, values)), None)

    def number(self, sql: str, values: Sequence[Any] = ()) -> int:
        """The one number that a query gives."""
        ((number,),) = (row.values() for row in self.rows(sql, values))
        return int(number)

    def lines(self, after: int = 0) -> list[Line]:
        """The record after an event, in order."""
        sql = "SELECT seq, kind, body, sha256 FROM event WHERE seq > ? ORDER BY seq"
        with self.guard():
            return [Line(*row) for row in self.db.conn.execute(sql, [after])]

    def compact(self) -> None:
        """Let what was deleted leave the file and the log beside it.

        Raises:
            StoreError: another program is reading it, so that the log has to stay.
        """
        with self.guard():
            self.db.conn.execute("VACUUM")
            is_busy, *_ = self.db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if is_busy:
                raise sqlite3.OperationalError("the write-ahead log is locked by a reader")

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self.db.close()

    def snapshot(self, path: Path) -> None:
        """Write a consistent copy while others go on, without what is this folder's own.

        Raises:
            StoreError: it cannot be written.
        """
        with self.guard():
            path.touch(0o600)
            copy = sqlite3.connect(path)
            try:
                self.db.conn.backup(copy)
                copy.execute("PRAGMA journal_mode=DELETE")
                copy.execute("PRAGMA secure_delete=ON")
                with copy:
                    copy.execute("DELETE FROM job")
                    copy.execute("DELETE FROM place")
            finally:
                copy.close()


def fetched(db: sqlite3.Connection, sql: str, values: Sequence[Any] = ()) -> list[Row]:
    """What a query gives, within a transaction of the caller's."""
    found = db.execute(sql, values)
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found]


def insert(db: sqlite3.Connection, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add rows with the same columns in one order; those they lack get the table's defaults."""
    if rows:
        columns = ", ".join(rows[0])
        marks = ", ".join("?" * len(rows[0]))
        values = [tuple(row.values()) for row in rows]
        db.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", values)


def update(
    db: sqlite3.Connection, table: str, key: Mapping[str, Any], changes: Mapping[str, Any]
) -> None:
    """Set columns of the row that a key names."""
    ((name, value),) = key.items()
    columns = ", ".join(f"{column} = ?" for column in changes)
    db.execute(f"UPDATE {table} SET {columns} WHERE {name} = ?", [*changes.values(), value])


def _advice(error: sqlite3.DatabaseError) -> str:
    text = str(error)
    if "readonly" in text or "unable to open" in text:
        return "make the file and its folder writable, or set NITIDEZ_DATA to another folder"
    if "full" in text:
        return "free disk space; the answer was not stored and will be sent again"
    if "locked" in text:
        return "another program is writing to it; close that program"
    return (
        "put a backup in its place, or make it again from the journal with python -m survey mend "
        "--keep journal"
    )

"""The survey's database: one connection, used by one thread at a time.

Every write is one transaction, committed with synchronous=FULL before it returns.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from survey.storage.schema import migrations, unknown_migrations
from survey.study.errors import StoreError

Row = dict[str, Any]

BUSY_MS = 5000


class Store:
    """One connection to `survey.db`, used by one thread at a time.

    Args:
        path: the database; made when it is not there.

    Raises:
        StoreError: not a database, damaged, read-only, or written by a newer version.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        with self.guard():
            path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(path, check_same_thread=False, timeout=BUSY_MS / 1000)
            self.db = Database(connection)
            self._prepare()

    def _prepare(self) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            self.db.conn.execute(f"PRAGMA {pragma}").fetchall()
        self.db.conn.execute("PRAGMA wal_autocheckpoint=1000").fetchall()
        result = self.db.conn.execute("PRAGMA quick_check").fetchone()
        if result != ("ok",):
            raise sqlite3.DatabaseError(str(result[0]))
        if newer := unknown_migrations(self.db):
            raise StoreError(
                f"{self.path.name} was written by a newer version of Nitidez ({newer[0]}); update "
                "the app, or set NITIDEZ_DATA to another folder"
            )
        migrations.apply(self.db)
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
    def writing(self) -> Iterator[Database]:
        """One transaction."""
        with self.guard(), self.db.atomic():
            yield self.db

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """What a query gives."""
        with self.guard():
            return list(self.db.query(sql, list(values)))

    def row(self, sql: str, values: Sequence[Any] = ()) -> Row | None:
        """The first row of a query, if there is one."""
        return next(iter(self.rows(sql, values)), None)

    def compact(self) -> None:
        """Let what was deleted leave the file, too."""
        with self.guard():
            self.db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            self.db.conn.execute("VACUUM")

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self.db.close()

    def snapshot(self, path: Path) -> None:
        """Write a consistent copy while others go on.

        Raises:
            StoreError: it cannot be written.
        """
        with self.guard():
            copy = sqlite3.connect(path)
            try:
                self.db.conn.backup(copy)
                copy.execute("PRAGMA journal_mode=DELETE")
            finally:
                copy.close()


def check_database(path: Path) -> None:
    """Compare a database file with its own checks.

    Raises:
        StoreError: not a database, or damaged.
    """
    try:
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            result = connection.execute("PRAGMA integrity_check").fetchone()
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        raise StoreError(f"{path.name}: {error}") from error
    if result != ("ok",):
        raise StoreError(f"{path.name}: {result[0]}")


def _advice(error: sqlite3.DatabaseError) -> str:
    text = str(error)
    if "readonly" in text or "unable to open" in text:
        return "make the file and its folder writable, or set NITIDEZ_DATA to another folder"
    if "full" in text:
        return "free disk space; the answer was not stored and will be sent again"
    if "locked" in text:
        return "another program is writing to it; close that program"
    return (
        "put a backup in its place, or move it away and run python -m survey replay, which makes "
        "it again from the journal"
    )

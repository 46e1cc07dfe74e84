"""What can happen to a survey: one class an event, with what it does to the tables.

An event is written down as its kind, the name of its class, and its body, its fields as JSON. It
happens once, live, and again whenever the record is replayed; `apply` is the only way.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from survey.storage.journal import first_unfit
from survey.storage.store import RESULTS, Line, Row, Store, insert, update
from survey.study.errors import StoreError

APPEND = (
    "INSERT INTO event (seq, kind, body, sha256) SELECT coalesce(max(seq), 0) + 1, ?1, ?2, "
    "link(coalesce(sha256, ''), coalesce(max(seq), 0) + 1, ?1, ?2) FROM event "
    "RETURNING seq, kind, body, sha256"
)


@dataclass(frozen=True)
class StudyRegistered:
    """A study is rated from now on; one of its name that nobody had begun goes, with the simulated
    raters who rehearsed it.
    """

    study: Row
    versions: list[Row]

    def apply(self, db: sqlite3.Connection) -> None:
        name = self.study["name"]
        people = "SELECT id FROM participant WHERE study = ? AND simulated"
        for (person,) in db.execute(people, [name]).fetchall():
            delete_person(db, person)
        db.execute("DELETE FROM stimulus WHERE study = ?", [name])
        db.execute("DELETE FROM study WHERE name = ?", [name])
        insert(db, "study", [self.study])
        insert(db, "stimulus", self.versions)


@dataclass(frozen=True)
class StudyChanged:
    """The owner opened or closed a study or its results."""

    name: str
    changes: Row

    def apply(self, db: sqlite3.Connection) -> None:
        update(db, "study", {"name": self.name}, self.changes)


@dataclass(frozen=True)
class SessionStarted:
    """A person consented and got a schedule."""

    person: str  # of all that is about one person: the participant's id
    participant: Row
    session: Row
    trials: list[Row]

    def apply(self, db: sqlite3.Connection) -> None:
        Carried(self.person, self.participant, [self.session], self.trials, []).apply(db)


@dataclass(frozen=True)
class InvitationsMade:
    """From now on a study takes those who hold one of these, one person each."""

    study: str
    hashes: list[str]

    def apply(self, db: sqlite3.Connection) -> None:
        insert(db, "invitation", [{"code_hmac": h, "study": self.study} for h in self.hashes])


@dataclass(frozen=True)
class InvitationUsed:
    """Somebody came by it; whose it was is not told, so that it stays used when they leave."""

    code_hmac: str

    def apply(self, db: sqlite3.Connection) -> None:
        update(db, "invitation", {"code_hmac": self.code_hmac}, {"used": 1})


@dataclass(frozen=True)
class PanelTold:
    """What a panel calls the person it has sent."""

    person: str
    id: str

    def apply(self, db: sqlite3.Connection) -> None:
        insert(db, "panel", [{"participant": self.person, "id": self.id}])


@dataclass(frozen=True)
class SessionChanged:
    """A person told the display, or went on after the break."""

    person: str
    session: str
    changes: Row

    def apply(self, db: sqlite3.Connection) -> None:
        update(db, "session", {"id": self.session}, self.changes)


@dataclass(frozen=True)
class Answered:
    """A first answer, with all its conditions."""

    person: str
    session: str
    response: Row

    def apply(self, db: sqlite3.Connection) -> None:
        insert(db, "response", [self.response])
        seen = {"last_seen_at": self.response["created_at"]}
        update(db, "session", {"id": self.session}, seen)


@dataclass(frozen=True)
class AnswerChanged:
    """An answer was taken back, or another one given in its place."""

    person: str
    trial: str
    changes: Row

    def apply(self, db: sqlite3.Connection) -> None:
        update(db, "response", {"trial_id": self.trial}, self.changes)


@dataclass(frozen=True)
class Finished:
    """A person came to the end, and told something there."""

    person: str
    session: str
    at: str
    told: Row  # columns of the participant

    def apply(self, db: sqlite3.Connection) -> None:
        update(db, "session", {"id": self.session}, {"finished_at": self.at})
        update(db, "participant", {"id": self.person}, self.told)


@dataclass(frozen=True)
class Carried:
    """All there is of one person at once: from a folder of before, or made anonymous."""

    person: str
    participant: Row
    sessions: list[Row]
    trials: list[Row]
    responses: list[Row]

    def apply(self, db: sqlite3.Connection) -> None:
        insert(db, "participant", [self.participant])
        insert(db, "session", self.sessions)
        insert(db, "trial", self.trials)
        insert(db, "response", self.responses)


@dataclass(frozen=True)
class Erased:
    """Somebody was erased or made anonymous: all that is kept of it."""

    kind: Literal["withdrawal", "anonymous"]
    day: str

    def apply(self, db: sqlite3.Connection) -> None:
        insert(db, "erasure", [{"kind": self.kind, "day": self.day}])


@dataclass(frozen=True)
class Gone:
    """An event about somebody who was erased since."""

    def apply(self, db: sqlite3.Connection) -> None:
        """Nothing."""


Event = (
    StudyRegistered | StudyChanged | InvitationsMade | InvitationUsed | SessionStarted | PanelTold
    | SessionChanged | Answered | AnswerChanged | Finished | Carried | Erased | Gone
)  # fmt: skip
KINDS: dict[str, type[Event]] = {kind.__name__: kind for kind in Event.__args__}


def append(db: sqlite3.Connection, event: Event) -> Line:
    """Write an event down and let it happen, within a transaction of the caller's."""
    line = write(db, event)
    event.apply(db)
    return line


def write(db: sqlite3.Connection, event: Event) -> Line:
    """Write down an event that the tables show already."""
    body = json.dumps(vars(event), ensure_ascii=False, separators=(",", ":"))
    return Line(*db.execute(APPEND, [type(event).__name__, body]).fetchone())


def read(line: Line) -> Event:
    """The event of a line.

    Raises:
        StoreError: a newer version wrote it.
    """
    try:
        return KINDS[line.kind](**json.loads(line.body))
    except (KeyError, TypeError, ValueError):
        raise StoreError(
            f"event {line.seq}, {line.kind!r:.40}, is not known here: update the app, or set "
            "NITIDEZ_DATA to another folder"
        ) from None


def retell(store: Store, lines: Iterable[Line]) -> None:
    """Put another record into a database, and the tables it comes to.

    Raises:
        StoreError: a newer version wrote an event, or it cannot be written.
    """
    with store.replaying() as db:
        for table in ("event", *reversed(RESULTS)):
            db.execute(f"DELETE FROM {table}")
        for line in lines:
            db.execute("INSERT INTO event VALUES (?, ?, ?, ?)", line)
            read(line).apply(db)


def delete_person(db: sqlite3.Connection, person: str) -> None:
    """Delete the rows of a participant in every table."""
    theirs = "session IN (SELECT id FROM session WHERE participant = ?)"
    for statement in (
        f"DELETE FROM response WHERE trial_id IN (SELECT id FROM trial WHERE {theirs})",
        f"UPDATE trial SET repeat_of = NULL WHERE {theirs}",
        f"DELETE FROM trial WHERE {theirs}",
        "DELETE FROM panel WHERE participant = ?",
        "DELETE FROM session WHERE participant = ?",
        "DELETE FROM participant WHERE id = ?",
    ):
        db.execute(statement, [person])


def check_copy(path: Path) -> None:
    """Compare a database file with its own checks, and with what its events come to.

    Raises:
        StoreError: not a database, damaged, or its events give other tables.
    """
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            (found,) = db.execute("PRAGMA integrity_check").fetchone()
            if found == "ok":  # one of before the record has no events
                found = differences(db) if columns_of(db, "event") else ""
    except sqlite3.DatabaseError as error:
        found = str(error)
    if found:
        raise StoreError(f"{path.name}: {found}")


def differences(db: sqlite3.Connection) -> str:
    """How the tables of a database differ from what its events come to; "" if they do not.

    Raises:
        StoreError: a newer version wrote an event.
    """
    lines = [Line(*row) for row in db.execute("SELECT * FROM event ORDER BY seq")]
    if (seq := first_unfit(lines)) is not None:
        return f"event {seq} of the database does not fit its checksum"
    with closing(Store(None)) as other:
        retell(other, lines)
        for table in RESULTS:
            if not (columns := columns_of(db, table)):
                continue  # a copy of before there was such a table
            ours, told = (
                set(place.execute(f"SELECT {columns} FROM {table}"))
                for place in (db, other.db.conn)
            )
            if ours != told:
                return (
                    f"table {table} of the database has {len(ours - told)} rows that its events do "
                    f"not give, and lacks {len(told - ours)}"
                )
    return ""


def columns_of(db: sqlite3.Connection, table: str) -> str:
    """The names of a table's columns; "" where there is no such table."""
    return ", ".join(row[1] for row in db.execute(f"PRAGMA table_info({table})"))

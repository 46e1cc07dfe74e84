"""Erasing people, and cutting what could point to one: in the tables and in the record.

Both are jobs, written down in the transaction that changes the database, and repeated by
`Record.clean` until journal, log, free pages, copies and backups hold nothing either.
"""

from __future__ import annotations

import json
import math
import secrets
import shutil
import sqlite3
import tempfile
from collections.abc import Sequence
from pathlib import Path

from sr.base.files import remove_leftovers
from survey.storage.events import Carried, Gone, append, delete_person
from survey.storage.store import Row, Store, fetched
from survey.study.display import pixels_per_degree

COPIES = "copies"  # folder of half-made backups, in the data folder
LEFT_BY_OLDER = "nitidez-backup-*"  # their half-made backups, among the system's temporary files


def forget(db: sqlite3.Connection, people: Sequence[str]) -> None:
    """Delete people's rows; events keep their place and checksum, and lose what they tell."""
    for person in people:
        delete_person(db, person)
    db.execute(
        "UPDATE event SET kind = ?, body = '{}' "
        "WHERE json_extract(body, '$.person') IN (SELECT value FROM json_each(?))",
        [Gone.__name__, json.dumps(people)],
    )


def anonymise(db: sqlite3.Connection, people: Sequence[str], day: str) -> None:
    """Put rows in people's place that point to nobody.

    Withdrawal code, browser, eyesight, comment, display and the pictures' addresses go; every id is
    another one. Density and distance are rounded to 10 ppi and 5 cm, windows to 100 pixels, times
    to the day; pixels per degree are computed again from what is rounded.
    """
    told = [person_as_told(db, person) for person in people]
    forget(db, people)
    for event in told:
        append(db, _anonymous(event, day))


def _anonymous(event: Carried, day: str) -> Carried:
    ids: dict[str, str] = {}

    def other(name: str) -> str:
        return ids.setdefault(name, secrets.token_hex(12))

    return Carried(
        person=other(event.person),
        participant=event.participant
        | {"id": other(event.person), "code_hmac": None, "browser": "", "vision": "", "comment": ""}
        | {"anonymised_at": event.participant["anonymised_at"] or day}
        | _days(event.participant, "consented_at"),
        sessions=[
            row
            | {"id": other(row["id"]), "participant": other(event.person), "display": None}
            | {"token_sha256": secrets.token_hex(32)}
            | _days(row, "started_at", "last_seen_at", "finished_at")
            for row in event.sessions
        ],
        trials=[
            row
            | {"id": other(row["id"]), "session": other(row["session"])}
            | {"repeat_of": row["repeat_of"] and other(row["repeat_of"])}
            | {"left_token": None, "right_token": None}
            for row in event.trials
        ],
        responses=[
            row
            | {"trial_id": other(row["trial_id"])}
            | _rounded(row)
            | _days(row, "created_at", "changed_at")
            for row in event.responses
        ],
    )


def _days(row: Row, *columns: str) -> Row:
    return {column: row[column] and row[column][:10] for column in columns}


def _rounded(row: Row) -> Row:
    ppi, distance_cm = _to(10, row["ppi"]), _to(5, row["distance_cm"])
    windows = ("viewport_width", "viewport_height", "screen_width", "screen_height")
    return {
        "ppi": ppi,
        "distance_cm": distance_cm,
        "ppd": pixels_per_degree(ppi, distance_cm) if row["ppd"] and ppi and distance_cm else None,
        "dpr": _to(0.25, row["dpr"]),
        "visual_scale": round(row["visual_scale"], 1),
        **{column: int(_to(100, row[column]) or 0) for column in windows},
    }


def _to(step: float, value: float | None) -> float | None:
    return None if value is None else math.floor(value / step + 0.5) * step


def person_as_told(db: sqlite3.Connection, person: str) -> Carried:
    """Everything the tables hold of a person's answers, as one event (not a panel's id)."""
    of_session = "session IN (SELECT id FROM session WHERE participant = ?)"
    of_trial = f"trial_id IN (SELECT id FROM trial WHERE {of_session})"
    (participant,), *others = (
        fetched(db, f"SELECT * FROM {what}", [person])
        for what in (
            "participant WHERE id = ?",
            "session WHERE participant = ? ORDER BY rowid",
            f"trial WHERE {of_session} ORDER BY session, seq",
            f"response WHERE {of_trial} ORDER BY rowid",
        )
    )
    return Carried(person, participant, *others)


def erasures(store: Store) -> int:
    """How many people have been erased or made anonymous; it only grows."""
    return store.number("SELECT count(*) FROM erasure")


def remove_copies(folder: Path) -> None:
    """Delete what may hold somebody beside database and journal: what was put aside, half-made
    backups, and what killed processes left of any file.

    Raises:
        OSError: something cannot be deleted.
    """
    for path in (folder / "aside", folder / COPIES):
        if path.exists():
            shutil.rmtree(path)
    for path in Path(tempfile.gettempdir()).glob(LEFT_BY_OLDER):
        shutil.rmtree(path, ignore_errors=True)
    for path in (folder / "survey.db", folder / "journal" / "events.jsonl", folder / "secret"):
        remove_leftovers(path)


def is_nobody_in(folder: Path) -> bool:
    """Whether database and journal of a data folder hold no real participant and nobody who has
    left, so that they can go without a loss. What cannot be read may hold somebody.
    """
    database = folder / "survey.db"
    if database.exists() and not _is_nobody_in_database(database):
        return False
    somebody = (b'"simulated":0', b"withdrawal", b'"Erased"', b'"Gone"', b'"InvitationsMade"')
    for path in folder.glob("journal/*.jsonl"):
        *lines, _ = path.read_bytes().split(b"\n")
        if any(word in line or not line.endswith(b"}") for line in lines for word in somebody):
            return False
    return True


def _is_nobody_in_database(path: Path) -> bool:
    connection = sqlite3.connect(path)
    try:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        somebody = {
            "participant": "SELECT 1 FROM participant WHERE NOT simulated",
            "erasure": "SELECT 1 FROM erasure",
            "invitation": "SELECT 1 FROM invitation",  # handed out, to somebody
            "withdrawal": "SELECT 1 FROM withdrawal",  # of before
        }
        found = (connection.execute(sql) for table, sql in somebody.items() if table in tables)
        return not any(rows.fetchone() for rows in found)
    except sqlite3.DatabaseError:
        return False
    finally:
        connection.close()

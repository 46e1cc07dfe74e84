"""Data folders of before the record: tables without events, journals of whole rows.

What a lost or older database lacks is taken from those journals, as far as their lines can be
read. Then every person becomes one event, and the journals are put aside.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from survey.storage import erasure
from survey.storage.events import (
    Erased,
    InvitationsMade,
    InvitationUsed,
    PanelTold,
    StudyRegistered,
    delete_person,
    write,
)
from survey.storage.store import RESULTS, Row, Store, fetched


def journals(folder: Path) -> list[Path]:
    """The journals of before in a data folder, in the order they were begun."""
    return sorted((folder / "journal").glob("[0-9]*-*.jsonl"))


def is_of_before(store: Store, folder: Path) -> bool:
    """Whether there is something to migrate."""
    if store.row("SELECT 1 FROM event LIMIT 1"):
        return False
    tables = (f"SELECT 1 FROM {table} LIMIT 1" for table in RESULTS)
    return bool(journals(folder)) or any(store.row(sql) for sql in tables)


def migrate(store: Store, folder: Path) -> None:
    """Bring a database up to date, all or nothing."""
    rows, left = _told(journals(folder))
    known = {row["trial_id"] for row in store.rows("SELECT trial_id FROM response")}
    erased = store.number("SELECT count(*) FROM erasure WHERE kind = 'withdrawal'")
    with store.replaying() as db:
        if len(left) > erased or {key for table, key in rows if table == "response"} - known:
            for (table, _), row in rows.items():
                marks = ", ".join("?" * len(row))
                sql = f"INSERT OR REPLACE INTO {table} ({', '.join(row)}) VALUES ({marks})"
                db.execute(sql, list(row.values()))
            for day in list(left.values())[erased:]:
                Erased("withdrawal", day).apply(db)
            for person in left:
                delete_person(db, person)
        tell(db)


def tell(db: sqlite3.Connection) -> None:
    """Write the events down that give these tables, in the place of all others."""
    db.execute("DELETE FROM event")
    for study in fetched(db, "SELECT * FROM study"):
        versions = fetched(db, "SELECT * FROM stimulus WHERE study = ?", [study["name"]])
        write(db, StudyRegistered(study, versions))
    for study in fetched(db, "SELECT DISTINCT study FROM invitation"):
        made = fetched(db, "SELECT code_hmac FROM invitation WHERE study = ?", [study["study"]])
        write(db, InvitationsMade(study["study"], [row["code_hmac"] for row in made]))
    for row in fetched(db, "SELECT code_hmac FROM invitation WHERE used"):
        write(db, InvitationUsed(**row))
    for erased in fetched(db, "SELECT kind, day FROM erasure ORDER BY id"):
        write(db, Erased(**erased))
    for person in fetched(db, "SELECT id, anonymised_at FROM participant ORDER BY rowid"):
        if person["anonymised_at"]:  # of before ids were replaced, too
            erasure.anonymise(db, [person["id"]], person["anonymised_at"])
        else:
            write(db, erasure.person_as_told(db, person["id"]))
    for panel in fetched(db, "SELECT participant AS person, id FROM panel"):
        write(db, PanelTold(**panel))


def _told(paths: Sequence[Path]) -> tuple[dict[tuple[str, str], Row], dict[str, str]]:
    """The rows that journals come to in the end, by table and key, in an order in which they can be
    written; and who has withdrawn, with the day.
    """
    tables: dict[str, dict[str, Row]] = {
        name: {} for name in ("study", "stimulus", "participant", "session", "trial", "response")
    }
    changes: dict[tuple[str, str], Row] = defaultdict(dict)  # of people; a clock may mix the order
    left: dict[str, str] = {}
    for event in _events(paths):
        match event["event"]:
            case "study":
                tables["study"][event["row"]["name"]] = event["row"]
            case "stimuli":
                tables["stimulus"] |= {row["id"]: row for row in event["rows"]}
            case "session":
                tokens = {row["stimulus"]: row["token"] for row in event["pictures"]}
                for table in ("participant", "session"):
                    tables[table][event[table]["id"]] = event[table]
                tables["trial"] |= {
                    row["id"]: row
                    | {
                        "left_token": tokens.get(row["left_id"]),
                        "right_token": tokens.get(row["right_id"]),
                    }
                    for row in event["trials"]
                }
            case "session_changed":
                changes["session", event["id"]] |= event["changes"]
            case "finished":
                changes["session", event["session"]]["finished_at"] = event["finished_at"]
                changes["participant", event["participant"]] |= {
                    name: event[name] for name in ("vision", "comment")
                }
            case "response":
                tables["response"][event["trial_id"]] = event["row"]
            case "withdrawal":
                left[event["participant"]] = event["withdrawn_at"][:10]
    for (table, key), change in changes.items():
        if key in tables[table]:
            tables[table][key] = tables[table][key] | change
    trials = tables["trial"].keys()
    tables["response"] = {key: row for key, row in tables["response"].items() if key in trials}
    rows = {(table, key): row for table in tables for key, row in tables[table].items()}
    return rows, left


def _events(paths: Sequence[Path]) -> Iterator[Any]:
    for path in paths:
        for line in path.read_bytes().split(b"\n"):
            try:
                event = json.loads(line)
            except ValueError:  # cut off, or damaged
                continue
            if isinstance(event, dict) and "event" in event:
                yield event

"""Database and journal tell one story: what each says in the end, and either from the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from survey.storage.erasure import erase
from survey.storage.journal import Event, Journal, read_journal
from survey.storage.store import Store


def agree(store: Store, journal: Journal) -> None:
    """Make both tell the same story, whichever knows more.

    Raises:
        StoreError: one of them cannot be read or written.
    """
    written = final_rows(read_journal(journal.folder))
    stored = final_rows(events(store))
    if {key for key in written if key[0] in ("response", "withdrawal")} - stored.keys():
        apply(store, read_journal(journal.folder))
        stored = final_rows(events(store))
    if written != stored:
        journal.replace(events(store))


def events(store: Store) -> Iterator[Event]:
    """Journal events that give this database again."""
    with store.guard():
        for row in store.rows("SELECT * FROM study"):
            yield {"event": "study", "row": row}
        yield {"event": "stimuli", "rows": store.rows("SELECT * FROM stimulus")}
        for participant in store.rows("SELECT * FROM participant ORDER BY rowid"):
            for session in store.rows(
                "SELECT * FROM session WHERE participant = ?", [participant["id"]]
            ):
                key = [session["id"]]
                yield {
                    "event": "session",
                    "participant": participant,
                    "session": session,
                    "trials": store.rows("SELECT * FROM trial WHERE session = ? ORDER BY seq", key),
                    "pictures": store.rows("SELECT * FROM picture WHERE session = ?", key),
                }
        for row in store.rows("SELECT * FROM response ORDER BY rowid"):
            yield {"event": "response", "trial_id": row["trial_id"], "row": row}
        for row in store.rows("SELECT * FROM withdrawal"):
            yield {"event": "withdrawal", **row}


def apply(store: Store, events: Iterable[Event]) -> int:
    """Replay a journal: write what is missing, and what is newer. Safe to repeat.

    Returns:
        How many events were read.

    Raises:
        StoreError: an event does not fit the tables.
    """
    count = 0
    gone = {r["participant"] for r in store.rows("SELECT participant FROM withdrawal")}
    lost: set[str] = set()  # trials of participants who withdrew
    with store.writing() as db:
        for event in events:
            count += 1
            match event.get("event"):
                case "study":
                    db.table("study").upsert(event["row"], pk="name")
                case "stimuli":
                    db.table("stimulus").upsert_all(event["rows"], pk="id")
                case "session":
                    if event["participant"]["id"] in gone:
                        lost.update(trial["id"] for trial in event["trials"])
                        continue
                    db.table("participant").upsert(event["participant"], pk="id")
                    db.table("session").upsert(event["session"], pk="id")
                    db.table("trial").upsert_all(event["trials"], pk="id")
                    db.table("picture").upsert_all(event["pictures"], pk="token")
                case "session_changed":
                    if store.rows("SELECT 1 FROM session WHERE id = ?", [event["id"]]):
                        db.table("session").update(event["id"], event["changes"])
                case "finished":
                    if store.rows("SELECT 1 FROM session WHERE id = ?", [event["session"]]):
                        db.table("session").update(
                            event["session"], {"finished_at": event["finished_at"]}
                        )
                        db.table("participant").update(
                            event["participant"],
                            {"vision": event["vision"], "comment": event["comment"]},
                        )
                case "response":
                    if event["trial_id"] not in lost:
                        db.table("response").upsert(event["row"], pk="trial_id")
                case "withdrawal":
                    gone.add(event["participant"])
                    trials = store.rows(
                        "SELECT t.id FROM trial t JOIN session s ON s.id = t.session "
                        "WHERE s.participant = ?",
                        [event["participant"]],
                    )
                    lost.update(row["id"] for row in trials)
                    db.table("withdrawal").insert(
                        {k: event[k] for k in ("participant", "withdrawn_at")}, ignore=True
                    )
    for participant in gone:
        if store.rows("SELECT 1 FROM participant WHERE id = ?", [participant]):
            erase(store, participant, "")
    return count


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

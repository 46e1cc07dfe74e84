"""Erasing people, and cutting what could point to one."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlite_utils import Database

from survey.storage.journal import read_journal
from survey.storage.store import Store
from survey.study.display import pixels_per_degree
from survey.study.errors import StoreError


def withdraw(store: Store, code_hmac: str, now: str) -> str | None:
    """Erase a person's rows everywhere; the participant's id, or None for an unknown code."""
    rows = store.rows("SELECT id FROM participant WHERE code_hmac = ?", [code_hmac])
    if not rows:
        return None
    participant: str = rows[0]["id"]
    erase(store, participant, now)
    return participant


def erase(store: Store, participant: str, now: str) -> None:
    """Delete a participant with everything, and note that there was a withdrawal."""
    with store.writing() as db:
        db.table("withdrawal").insert(
            {"participant": participant, "withdrawn_at": now}, ignore=True
        )
        delete_participant(db, participant)
    store.compact()


def anonymise(store: Store, before: str, now: str) -> int:
    """Cut what could point to a person from everybody who consented before a moment.

    The withdrawal code's hash, the browser, eyesight and comment go; density and distance are
    rounded to 10 ppi and 5 cm, the window to 100 pixels, times to the day. Pixels per degree
    are computed again from what is rounded, so that they tell no more.

    Returns:
        How many participants were changed.
    """
    old = "participant WHERE consented_at < ? AND anonymised_at IS NULL"
    trials = (
        "trial_id IN (SELECT t.id FROM trial t JOIN session s ON s.id = t.session "
        f"WHERE s.participant IN (SELECT id FROM {old}))"
    )
    ppi, distance = "round(ppi / 10) * 10", "round(distance_cm / 5) * 5"
    with store.writing() as db:
        db.conn.create_function("pixels_per_degree", 2, pixels_per_degree)
        count: int = store.rows(f"SELECT count(*) AS n FROM {old}", [before])[0]["n"]
        db.execute(
            f"UPDATE response SET ppi = {ppi}, distance_cm = {distance}, "
            f"ppd = iif(ppd IS NULL, NULL, pixels_per_degree({ppi}, {distance})), "
            "viewport_width = (viewport_width + 50) / 100 * 100, "
            "viewport_height = (viewport_height + 50) / 100 * 100, "
            "screen_width = (screen_width + 50) / 100 * 100, "
            "screen_height = (screen_height + 50) / 100 * 100, "
            "dpr = round(dpr * 4) / 4, visual_scale = round(visual_scale, 1), "
            "created_at = substr(created_at, 1, 10), "
            f"changed_at = substr(changed_at, 1, 10) WHERE {trials}",
            [before],
        )
        db.execute(
            "UPDATE session SET display = NULL, started_at = substr(started_at, 1, 10), "
            "last_seen_at = substr(last_seen_at, 1, 10), "
            "finished_at = substr(finished_at, 1, 10), token_sha256 = id "
            f"WHERE participant IN (SELECT id FROM {old})",
            [before],
        )
        db.execute(
            "UPDATE participant SET code_hmac = NULL, browser = '', vision = '', comment = '', "
            "consented_at = substr(consented_at, 1, 10), anonymised_at = ? "
            "WHERE consented_at < ? AND anonymised_at IS NULL",
            [now, before],
        )
    return count


def erasures(store: Store) -> int:
    """How many people have been erased or made anonymous; it only grows."""
    counted: int = store.rows(
        "SELECT (SELECT count(*) FROM withdrawal) + "
        "(SELECT count(*) FROM participant WHERE anonymised_at IS NOT NULL) AS n"
    )[0]["n"]
    return counted


def delete_participant(db: Database, participant: str) -> None:
    """Delete a participant's rows in every table."""
    of_session = "(SELECT id FROM session WHERE participant = ?)"
    of_trial = f"(SELECT id FROM trial WHERE session IN {of_session})"
    for statement in (
        f"DELETE FROM response WHERE trial_id IN {of_trial}",
        f"DELETE FROM picture WHERE session IN {of_session}",
        f"UPDATE trial SET repeat_of = NULL WHERE session IN {of_session}",
        f"DELETE FROM trial WHERE session IN {of_session}",
        "DELETE FROM session WHERE participant = ?",
        "DELETE FROM participant WHERE id = ?",
    ):
        db.execute(statement, [participant])


def is_nobody_in(folder: Path) -> bool:
    """Whether database and journal of a data folder hold no real participant and no withdrawal, so
    that they can go without a loss. What cannot be read may hold somebody.
    """
    database = folder / "survey.db"
    if database.exists() and not _is_nobody_in_database(database):
        return False
    try:
        return not any(
            event["event"] == "withdrawal"
            or (event["event"] == "session" and not event["participant"]["simulated"])
            for event in read_journal(folder / "journal")
        )
    except StoreError:
        return False


def _is_nobody_in_database(path: Path) -> bool:
    connection = sqlite3.connect(path)
    try:
        tables = "SELECT count(*) FROM sqlite_master WHERE name = 'participant'"
        if connection.execute(tables).fetchone() == (0,):
            return True
        somebody = (
            "SELECT EXISTS (SELECT 1 FROM participant WHERE NOT simulated) "
            "OR EXISTS (SELECT 1 FROM withdrawal)"
        )
        return bool(connection.execute(somebody).fetchone() == (0,))
    except sqlite3.DatabaseError:
        return False
    finally:
        connection.close()

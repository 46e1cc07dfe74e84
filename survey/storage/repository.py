"""The rows of studies, sessions, trials and answers: read and written one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from survey.storage.erasure import delete_participant
from survey.storage.store import Row, Store
from survey.study.errors import StudyError, UnknownTokenError
from survey.study.study import Study

# Studies


def register(store: Store, study: Study) -> bool:
    """Write a study and its versions, unless they are there; whether it did.

    One that was prepared again takes the place of the one before, if nobody has begun that;
    simulated raters who have leave with it.

    Raises:
        StudyError: somebody has.
    """
    versions = [
        {
            "id": version.id,
            "study": study.name,
            "image": image.id,
            "method": version.method,
            "sha256": version.sha256,
        }
        for image in study.images
        for version in image.versions.values()
    ]
    row = {
        "name": study.name,
        "protocol_sha256": study.protocol.sha256,
        "state": "open",
        "created_at": study.created_at,
    }
    with store.writing() as db:
        known = study_row(store, study.name)
        stored = store.rows("SELECT * FROM stimulus WHERE study = ?", [study.name])
        if (
            known is not None
            and known["protocol_sha256"] == study.protocol.sha256
            and {v["id"]: v for v in stored} == {v["id"]: v for v in versions}
        ):
            return False
        if known is not None:
            _check_nobody_began(store, known, study)
            simulated = store.rows("SELECT id FROM participant WHERE study = ?", [study.name])
            for rater in simulated:
                delete_participant(db, rater["id"])
            db.execute("DELETE FROM stimulus WHERE study = ?", [study.name])
            db.execute("DELETE FROM study WHERE name = ?", [study.name])
        db.table("study").insert(row)
        db.table("stimulus").insert_all(versions)
    return True


def _check_nobody_began(store: Store, known: Row, study: Study) -> None:
    began = "SELECT count(*) AS n FROM participant WHERE study = ? AND NOT simulated"
    raters = store.rows(began, [study.name])[0]["n"]
    if raters:
        raise StudyError(
            f"study {study.name!r}: raters have begun the one prepared at "
            f"{known['created_at']} ({raters} so far), and its folder holds one prepared at "
            f"{study.created_at}; put the first back from a backup, or prepare the new one "
            "under another --study NAME"
        )


def study_row(store: Store, name: str) -> Row | None:
    """The row of a study."""
    return store.row("SELECT * FROM study WHERE name = ?", [name])


def change_study(store: Store, name: str, **changes: Any) -> None:
    """Set columns of a study."""
    with store.writing() as db:
        db.table("study").update(name, changes)


# Sessions


def add_session(
    store: Store, participant: Row, session: Row, trials: Sequence[Row], pictures: Sequence[Row]
) -> None:
    """Write a participant with the whole schedule."""
    with store.writing() as db:
        db.table("participant").insert(participant)
        db.table("session").insert(session)
        db.table("trial").insert_all(trials)
        db.table("picture").insert_all(pictures)


def session(store: Store, token_sha256: str) -> Row:
    """Session, participant and the state of the study of a token.

    Raises:
        UnknownTokenError: no such session.
    """
    row = store.row(
        "SELECT s.*, p.study, p.simulated, p.language, p.vision, p.comment, "
        "y.state AS study_state, y.results_open FROM session s "
        "JOIN participant p ON p.id = s.participant JOIN study y ON y.name = p.study "
        "WHERE s.token_sha256 = ?",
        [token_sha256],
    )
    if row is None:
        raise UnknownTokenError("this session is not known here; start again")
    return row


def change_session(store: Store, session: str, **changes: Any) -> None:
    """Set columns of a session."""
    with store.writing() as db:
        db.table("session").update(session, changes)


def finish_session(store: Store, session: Row, finished_at: str, vision: str, comment: str) -> None:
    """Mark a session as finished, with what the rater said at the end."""
    with store.writing() as db:
        db.table("session").update(session["id"], {"finished_at": finished_at})
        db.table("participant").update(
            session["participant"], {"vision": vision, "comment": comment}
        )


def open_trials(store: Store, session: str, limit: int = 2) -> list[Row]:
    """The trials that are to be answered next, in order; the first is the open one."""
    return store.rows(
        "SELECT t.* FROM trial t LEFT JOIN response a ON a.trial_id = t.id "
        "WHERE t.session = ? AND (a.trial_id IS NULL OR a.reopened) ORDER BY t.seq LIMIT ?",
        [session, limit],
    )


def last_answered(store: Store, session: str) -> Row | None:
    """The answered trial with the highest place, with `undone` and `reopened`."""
    return store.row(
        "SELECT t.*, a.undone, a.reopened FROM trial t JOIN response a ON a.trial_id = t.id "
        "WHERE t.session = ? ORDER BY t.seq DESC LIMIT 1",
        [session],
    )


def trial_counts(store: Store, session: str) -> tuple[int, int]:
    """Answered trials and all trials of a session."""
    row = store.rows(
        "SELECT count(*) AS total, sum(a.trial_id IS NOT NULL AND NOT a.reopened) AS done "
        "FROM trial t LEFT JOIN response a ON a.trial_id = t.id WHERE t.session = ?",
        [session],
    )[0]
    return row["done"] or 0, row["total"]


def trial(store: Store, trial: str) -> Row | None:
    """The row of a trial."""
    return store.row("SELECT * FROM trial WHERE id = ?", [trial])


def pictures(store: Store, session: str) -> dict[str, str]:
    """Picture token of each version a session shows."""
    rows = store.rows("SELECT stimulus, token FROM picture WHERE session = ?", [session])
    return {row["stimulus"]: row["token"] for row in rows}


def picture(store: Store, token: str) -> tuple[str, str]:
    """Study and version of a picture token.

    Raises:
        UnknownTokenError: no such picture.
    """
    row = store.row(
        "SELECT m.study, m.id FROM picture x JOIN stimulus m ON m.id = x.stimulus "
        "WHERE x.token = ?",
        [token],
    )
    if row is None:
        raise UnknownTokenError("no such picture; reload the page")
    return row["study"], row["id"]


# Answers


def response(store: Store, trial: str) -> Row | None:
    """The row of a response."""
    return store.row("SELECT * FROM response WHERE trial_id = ?", [trial])


def add_response(store: Store, row: Row, session: str) -> None:
    """Write a first answer."""
    with store.writing() as db:
        db.table("response").insert(row)
        db.table("session").update(session, {"last_seen_at": row["created_at"]})


def change_response(store: Store, trial: str, **changes: Any) -> None:
    """Set columns of a response: an undo, or the answer after it."""
    with store.writing() as db:
        db.table("response").update(trial, changes)

"""What is read of studies and sessions, and how a study is registered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from survey.storage.events import StudyChanged, StudyRegistered
from survey.storage.record import Record
from survey.storage.schema import KIND
from survey.storage.store import Row, Store
from survey.study.errors import StudyError, UnknownTokenError
from survey.study.study import Study


def register(record: Record, study: Study) -> None:
    """Write a study and its versions, unless they are there; within `alone`.

    One that was prepared again takes the place of the one before, if nobody has begun that;
    simulated raters who have leave with it.

    Raises:
        StudyError: somebody has.
    """
    store = record.store
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
    known = study_row(store, study.name)
    stored = store.rows("SELECT * FROM stimulus WHERE study = ?", [study.name])
    if (
        known is not None
        and known["protocol_sha256"] == study.protocol.sha256
        and {v["id"]: v for v in stored} == {v["id"]: v for v in versions}
    ):
        return
    began = "SELECT count(*) FROM participant WHERE study = ? AND NOT simulated"
    raters = store.number(began, [study.name])
    if known is not None and raters:
        raise StudyError(
            f"study {study.name!r}: raters have begun the one prepared at "
            f"{known['created_at']} ({raters} so far), and its folder holds one prepared at "
            f"{study.created_at}; put the first back from a backup, or prepare the new one "
            "under another --study NAME"
        )
    row = {
        "name": study.name,
        "protocol_sha256": study.protocol.sha256,
        "state": "open",
        "created_at": study.created_at,
    }
    if known:  # what its owner chose for this name
        row |= {column: known[column] for column in ("completion_url", "opened_at")}
    record.append(StudyRegistered(row, versions))


def change_study(record: Record, name: str, **columns: Any) -> None:
    """Set columns of a study.

    Raises:
        StudyError: it is not one of the record's, as nobody could take part in it yet.
    """
    with record.alone():
        if study_row(record.store, name) is None:
            raise StudyError(f"study {name!r} was never opened; open it first")
        record.append(StudyChanged(name, columns))


def study_row(store: Store, name: str) -> Row | None:
    """The row of a study."""
    return store.row("SELECT * FROM study WHERE name = ?", [name])


def opened_last(store: Store) -> str | None:
    """The study that raters were last given by the owner's choice."""
    sql = "SELECT name FROM study WHERE opened_at IS NOT NULL ORDER BY opened_at DESC LIMIT 1"
    row = store.row(sql)
    return None if row is None else str(row["name"])


@dataclass(frozen=True)
class View:
    """All that one request needs of a session: read once, kept up by whoever changes it."""

    session: Row  # with columns of its participant, study and panel, see `view`
    trials: list[Row]  # in order, with image, methods, and the answer's main columns

    @property
    def id(self) -> str:
        """The session's."""
        return str(self.session["id"])

    @property
    def person(self) -> str:
        """The participant's id."""
        return str(self.session["participant"])

    @property
    def opened(self) -> list[Row]:
        """The trials that are to be answered, in order; the first is the open one."""
        return [trial for trial in self.trials if not is_answered(trial)]

    @property
    def answered(self) -> list[Row]:
        """The trials that have an answer, in order."""
        return [trial for trial in self.trials if is_answered(trial)]

    @property
    def last_answered(self) -> Row | None:
        """The trial with the highest place that has ever been answered."""
        return next((t for t in reversed(self.trials) if t["reopened"] is not None), None)

    def trial(self, name: str) -> Row | None:
        """One of this session's trials."""
        return next((trial for trial in self.trials if trial["id"] == name), None)


def is_answered(trial: Row) -> bool:
    """Whether a trial of a view has an answer that stands."""
    return trial["reopened"] == 0


def view(store: Store, token_sha256: str) -> View:
    """The session of a token.

    Raises:
        UnknownTokenError: no such session.
    """
    session = store.row(
        "SELECT s.*, p.study, p.simulated, p.language, y.state AS study_state, y.results_open, "
        "y.completion_url, n.id AS panel_id FROM session s JOIN participant p "
        "ON p.id = s.participant JOIN study y ON y.name = p.study "
        "LEFT JOIN panel n ON n.participant = p.id WHERE s.token_sha256 = ?",
        [token_sha256],
    )
    if session is None:
        raise UnknownTokenError("this session is not known here; start again")
    trials = store.rows(
        f"SELECT t.*, {KIND} AS kind, l.image, l.method AS left_method, r.method AS right_method, "
        "a.score, a.choice, a.reopened, a.undone FROM trial t "
        "JOIN stimulus l ON l.id = t.left_id LEFT JOIN stimulus r ON r.id = t.right_id "
        "LEFT JOIN response a ON a.trial_id = t.id WHERE t.session = ? ORDER BY t.seq",
        [session["id"]],
    )
    return View(session, trials)


def picture(store: Store, token: str) -> tuple[str, str]:
    """Study and version of a picture's address.

    Raises:
        UnknownTokenError: no such picture.
    """
    row = store.row(
        "SELECT m.study, m.id FROM trial t JOIN stimulus m "
        "ON m.id = iif(t.left_token = ?1, t.left_id, t.right_id) "
        "WHERE t.left_token = ?1 OR t.right_token = ?1",
        [token],
    )
    if row is None:
        raise UnknownTokenError("no such picture; reload the page")
    return row["study"], row["id"]

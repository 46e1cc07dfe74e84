"""The survey's database: the only file of the project that touches SQLite.

Every write is one transaction, committed with synchronous=FULL before it returns.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlite_utils import Database

from survey.storage.journal import Event, read_journal
from survey.storage.schema import migrations
from survey.study.display import pixels_per_degree
from survey.study.errors import StoreError, StudyError, UnknownTokenError
from survey.study.schedule import Coverage, is_right
from survey.study.study import Study

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]

BUSY_MS = 5000
# Tables in the order in which rows refer to each other.
TABLES = ("study", "stimulus", "participant", "session", "trial", "picture", "response")

RESPONSES = """
SELECT
    p.study, p.id AS participant, s.id AS session, t.id AS trial_id, t.seq, t.block, t.kind,
    CASE WHEN t.target_ppd IS NULL THEN t.role ELSE 'angle' END AS role, t.repeat_of,
    l.image, l.method AS left_method, r.method AS right_method, a.score, a.choice,
    a.original_score, a.original_choice, t.expected, a.rt_ms, a.ready_ms, a.switches, a.flicker_ms,
    a.focus_lost, a.ppi, a.ppi_method, a.distance_cm, a.distance_method, a.ppd, a.dpr,
    a.visual_scale, a.screen_width, a.screen_height, a.viewport_width, a.viewport_height,
    a.orientation, a.pixel_check, a.clipped, a.magnification, p.language, p.simulated, a.flags,
    a.created_at, y.protocol_sha256, p.vision, p.comment
FROM response a
JOIN trial t ON t.id = a.trial_id
JOIN session s ON s.id = t.session
JOIN participant p ON p.id = s.participant
JOIN study y ON y.name = p.study
JOIN stimulus l ON l.id = t.left_id
LEFT JOIN stimulus r ON r.id = t.right_id
WHERE p.study = ? AND p.simulated <= ?
ORDER BY p.consented_at, s.id, t.seq
"""


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
        with self._guard():
            path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(path, check_same_thread=False, timeout=BUSY_MS / 1000)
            self._db = Database(connection)
            self._prepare()

    def _prepare(self) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            self._db.conn.execute(f"PRAGMA {pragma}").fetchall()
        self._db.conn.execute("PRAGMA wal_autocheckpoint=1000").fetchall()
        result = self._db.conn.execute("PRAGMA quick_check").fetchone()
        if result != ("ok",):
            raise sqlite3.DatabaseError(str(result[0]))
        known = {migration.name for migration in migrations._migrations}
        newer = [m.name for m in migrations.applied(self._db) if m.name not in known]
        if newer:
            raise StoreError(
                f"{self.path.name} was written by a newer version of Nitidez ({newer[0]}); update "
                "the app, or set NITIDEZ_DATA to another folder"
            )
        migrations.apply(self._db)
        self._db.conn.execute("BEGIN IMMEDIATE")  # fails here when the file is read-only
        self._db.conn.execute("ROLLBACK")

    @contextmanager
    def _guard(self) -> Iterator[None]:
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
    def _writing(self) -> Iterator[Database]:
        with self._guard(), self._db.atomic():
            yield self._db

    def _rows(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        with self._guard():
            return list(self._db.query(sql, list(values)))

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._db.close()

    # Studies

    def register(self, study: Study) -> bool:
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
        with self._writing() as db:
            known = self.study(study.name)
            stored = self._rows("SELECT * FROM stimulus WHERE study = ?", [study.name])
            if (
                known is not None
                and known["protocol_sha256"] == study.protocol.sha256
                and {v["id"]: v for v in stored} == {v["id"]: v for v in versions}
            ):
                return False
            if known is not None:
                self._check_nobody_began(known, study)
                simulated = self._rows("SELECT id FROM participant WHERE study = ?", [study.name])
                for rater in simulated:
                    _delete_participant(db, rater["id"])
                db.execute("DELETE FROM stimulus WHERE study = ?", [study.name])
                db.execute("DELETE FROM study WHERE name = ?", [study.name])
            db.table("study").insert(row)
            db.table("stimulus").insert_all(versions)
        return True

    def _check_nobody_began(self, known: Row, study: Study) -> None:
        began = "SELECT count(*) AS n FROM participant WHERE study = ? AND NOT simulated"
        raters = self._rows(began, [study.name])[0]["n"]
        if raters:
            raise StudyError(
                f"study {study.name!r}: raters have begun the one prepared at "
                f"{known['created_at']} ({raters} so far), and its folder holds one prepared at "
                f"{study.created_at}; put the first back from a backup, or prepare the new one "
                "under another --study NAME"
            )

    def study(self, name: str) -> Row | None:
        """The row of a study."""
        return next(iter(self._rows("SELECT * FROM study WHERE name = ?", [name])), None)

    def change_study(self, name: str, **changes: Any) -> None:
        """Set columns of a study."""
        with self._writing() as db:
            db.table("study").update(name, changes)

    # Sessions

    def add_session(
        self, participant: Row, session: Row, trials: Sequence[Row], pictures: Sequence[Row]
    ) -> None:
        """Write a participant with the whole schedule."""
        with self._writing() as db:
            db.table("participant").insert(participant)
            db.table("session").insert(session)
            db.table("trial").insert_all(trials)
            db.table("picture").insert_all(pictures)

    def session(self, token_sha256: str) -> Row:
        """Session and participant of a token.

        Raises:
            UnknownTokenError: no such session.
        """
        rows = self._rows(
            "SELECT s.*, p.study, p.simulated, p.language, p.vision, p.comment FROM session s "
            "JOIN participant p ON p.id = s.participant WHERE s.token_sha256 = ?",
            [token_sha256],
        )
        if not rows:
            raise UnknownTokenError("this session is not known here; start again")
        return rows[0]

    def change_session(self, session: str, **changes: Any) -> None:
        """Set columns of a session."""
        with self._writing() as db:
            db.table("session").update(session, changes)

    def finish_session(self, session: Row, finished_at: str, vision: str, comment: str) -> None:
        """Mark a session as finished, with what the rater said at the end."""
        with self._writing() as db:
            db.table("session").update(session["id"], {"finished_at": finished_at})
            db.table("participant").update(
                session["participant"], {"vision": vision, "comment": comment}
            )

    def open_trials(self, session: str, limit: int = 2) -> list[Row]:
        """The trials that are to be answered next, in order; the first is the open one."""
        return self._rows(
            "SELECT t.* FROM trial t LEFT JOIN response a ON a.trial_id = t.id "
            "WHERE t.session = ? AND (a.trial_id IS NULL OR a.reopened) ORDER BY t.seq LIMIT ?",
            [session, limit],
        )

    def last_answered(self, session: str) -> Row | None:
        """The answered trial with the highest place, with `undone` and `reopened`."""
        rows = self._rows(
            "SELECT t.*, a.undone, a.reopened FROM trial t JOIN response a ON a.trial_id = t.id "
            "WHERE t.session = ? ORDER BY t.seq DESC LIMIT 1",
            [session],
        )
        return rows[0] if rows else None

    def trial_counts(self, session: str) -> tuple[int, int]:
        """Answered trials and all trials of a session."""
        row = self._rows(
            "SELECT count(*) AS total, sum(a.trial_id IS NOT NULL AND NOT a.reopened) AS done "
            "FROM trial t LEFT JOIN response a ON a.trial_id = t.id WHERE t.session = ?",
            [session],
        )[0]
        return row["done"] or 0, row["total"]

    def trial(self, trial: str) -> Row | None:
        """The row of a trial."""
        return next(iter(self._rows("SELECT * FROM trial WHERE id = ?", [trial])), None)

    def pictures(self, session: str) -> dict[str, str]:
        """Picture token of each version a session shows."""
        rows = self._rows("SELECT stimulus, token FROM picture WHERE session = ?", [session])
        return {row["stimulus"]: row["token"] for row in rows}

    def picture(self, token: str) -> tuple[str, str]:
        """Study and version of a picture token.

        Raises:
            UnknownTokenError: no such picture.
        """
        rows = self._rows(
            "SELECT m.study, m.id FROM picture x JOIN stimulus m ON m.id = x.stimulus "
            "WHERE x.token = ?",
            [token],
        )
        if not rows:
            raise UnknownTokenError("no such picture; reload the page")
        return rows[0]["study"], rows[0]["id"]

    # Responses

    def response(self, trial: str) -> Row | None:
        """The row of a response."""
        return next(iter(self._rows("SELECT * FROM response WHERE trial_id = ?", [trial])), None)

    def add_response(self, row: Row, session: str) -> None:
        """Write a first answer."""
        with self._writing() as db:
            db.table("response").insert(row)
            db.table("session").update(session, {"last_seen_at": row["created_at"]})

    def change_response(self, trial: str, **changes: Any) -> None:
        """Set columns of a response: an undo, or the answer after it."""
        with self._writing() as db:
            db.table("response").update(trial, changes)

    def coverage(self, study: str, *, simulated: bool, active_since: str) -> Coverage:
        """What raters have answered, and what those who are at it now will answer.

        Args:
            simulated: count simulated raters, or real ones.
            active_since: ISO 8601; unanswered trials of sessions seen since then are reserved.
        """
        rows = self._rows(
            "SELECT t.kind, t.role, t.block, t.expected, t.target_ppd, l.image, "
            "l.id AS left_version, l.method AS left_method, r.method AS right_method, "
            "count(*) AS n "
            "FROM trial t JOIN session s ON s.id = t.session "
            "JOIN participant p ON p.id = s.participant "
            "JOIN stimulus l ON l.id = t.left_id LEFT JOIN stimulus r ON r.id = t.right_id "
            "LEFT JOIN response a ON a.trial_id = t.id "
            "WHERE p.study = ? AND p.simulated = ? AND "
            "(a.trial_id IS NOT NULL OR (s.finished_at IS NULL AND s.last_seen_at >= ?)) "
            "GROUP BY t.kind, t.role, t.block, t.expected, t.target_ppd, t.left_id, t.right_id",
            [study, int(simulated), active_since],
        )
        result = Coverage()
        golden: Counter[str] = Counter()
        for row in rows:
            n = row["n"]
            if row["target_ppd"] is not None:
                left, right = row["left_method"], row["right_method"]
                result.angle_first[row["image"], left, right] += n
                result.angle_second[row["image"], right, left] += n
            elif row["role"] == "main":
                result.images[row["image"]] += n
                if row["kind"] == "rating":
                    result.versions[row["left_version"]] += n
                else:
                    left, right = row["left_method"], row["right_method"]
                    result.left_first[row["image"], left, right] += n
                    result.left_second[row["image"], right, left] += n
            elif row["role"] == "golden" and row["kind"] == "pair":
                golden[row["expected"]] += n
            elif row["role"] == "instructed":
                result.instructed[row["block"]] += n
        blocks = self._rows(
            "SELECT s.first_block, count(*) AS n FROM session s "
            "JOIN participant p ON p.id = s.participant WHERE p.study = ? AND p.simulated = ? AND "
            "(s.finished_at IS NOT NULL OR s.last_seen_at >= ?) GROUP BY s.first_block",
            [study, int(simulated), active_since],
        )
        return Coverage(
            result.images,
            result.versions,
            result.left_first,
            result.left_second,
            result.angle_first,
            result.angle_second,
            golden["left"],
            golden["right"],
            Counter({row["first_block"]: row["n"] for row in blocks}),
            result.instructed,
        )

    def counts(self, study: str) -> Row:
        """How far a study is: raters started and finished, responses; simulated ones apart."""
        rows = self._rows(
            "SELECT p.simulated, count(DISTINCT p.id) AS started, "
            "count(DISTINCT CASE WHEN s.finished_at IS NOT NULL THEN p.id END) AS finished, "
            "count(a.trial_id) AS responses "
            "FROM participant p JOIN session s ON s.participant = p.id "
            "JOIN trial t ON t.session = s.id LEFT JOIN response a ON a.trial_id = t.id "
            "WHERE p.study = ? GROUP BY p.simulated",
            [study],
        )
        empty = {"started": 0, "finished": 0, "responses": 0}
        found = {bool(row.pop("simulated")): row for row in rows}
        withdrawn = self._rows("SELECT count(*) AS n FROM withdrawal")[0]["n"]
        return {
            **found.get(False, empty),
            "simulated": found.get(True, empty),
            "withdrawn": withdrawn,
        }

    def stamp(self, study: str) -> str:
        """A text that changes with every answer to a study, and with every one that goes."""
        row = self._rows(
            "SELECT count(*) AS n, sum(a.undone) AS undone, max(a.created_at) AS made, "
            "max(a.changed_at) AS changed FROM response a JOIN trial t ON t.id = a.trial_id "
            "JOIN session s ON s.id = t.session JOIN participant p ON p.id = s.participant "
            "WHERE p.study = ?",
            [study],
        )[0]
        return " ".join(str(value) for value in row.values())

    def answers_of(self, session: str) -> list[Row]:
        """A session's answered main trials with images and methods, for its own rater's eyes."""
        return self._rows(
            "SELECT t.kind, l.image, l.method AS left_method, r.method AS right_method, "
            "a.score, a.choice FROM trial t JOIN response a ON a.trial_id = t.id "
            "JOIN stimulus l ON l.id = t.left_id LEFT JOIN stimulus r ON r.id = t.right_id "
            "WHERE t.session = ? AND t.role = 'main' AND t.target_ppd IS NULL ORDER BY t.seq",
            [session],
        )

    def responses(self, study: str, include_simulated: bool = False) -> pd.DataFrame:
        """One row a response, with all conditions; see docs/survey.md for the columns."""
        import pandas as pd

        rows = self._rows(RESPONSES, [study, int(include_simulated)])
        frame = pd.DataFrame([_analysed(row) for row in rows], columns=list(RESPONSE_TYPES))
        return frame.astype(RESPONSE_TYPES)

    # Erasure

    def withdraw(self, code_hmac: str, now: str) -> str | None:
        """Erase a person's rows everywhere; the participant's id, or None for an unknown code."""
        rows = self._rows("SELECT id FROM participant WHERE code_hmac = ?", [code_hmac])
        if not rows:
            return None
        participant: str = rows[0]["id"]
        self.erase(participant, now)
        return participant

    def erase(self, participant: str, now: str) -> None:
        """Delete a participant with everything, and note that there was a withdrawal."""
        with self._writing() as db:
            db.table("withdrawal").insert(
                {"participant": participant, "withdrawn_at": now}, ignore=True
            )
            _delete_participant(db, participant)
        with self._guard():  # what was deleted leaves the file, too
            self._db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            self._db.conn.execute("VACUUM")

    def anonymise(self, before: str, now: str) -> int:
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
        with self._writing() as db:
            db.conn.create_function("pixels_per_degree", 2, pixels_per_degree)
            count: int = self._rows(f"SELECT count(*) AS n FROM {old}", [before])[0]["n"]
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

    def erasures(self) -> int:
        """How many people have been erased or made anonymous; it only grows."""
        counted: int = self._rows(
            "SELECT (SELECT count(*) FROM withdrawal) + "
            "(SELECT count(*) FROM participant WHERE anonymised_at IS NOT NULL) AS n"
        )[0]["n"]
        return counted

    # Journal and copies

    def events(self) -> Iterator[Event]:
        """Journal events that give this database again."""
        with self._guard():
            for row in self._rows("SELECT * FROM study"):
                yield {"event": "study", "row": row}
            yield {"event": "stimuli", "rows": self._rows("SELECT * FROM stimulus")}
            for participant in self._rows("SELECT * FROM participant ORDER BY rowid"):
                for session in self._rows(
                    "SELECT * FROM session WHERE participant = ?", [participant["id"]]
                ):
                    key = [session["id"]]
                    yield {
                        "event": "session",
                        "participant": participant,
                        "session": session,
                        "trials": self._rows(
                            "SELECT * FROM trial WHERE session = ? ORDER BY seq", key
                        ),
                        "pictures": self._rows("SELECT * FROM picture WHERE session = ?", key),
                    }
            for row in self._rows("SELECT * FROM response ORDER BY rowid"):
                yield {"event": "response", "trial_id": row["trial_id"], "row": row}
            for row in self._rows("SELECT * FROM withdrawal"):
                yield {"event": "withdrawal", **row}

    def apply(self, events: Iterable[Event]) -> int:
        """Replay a journal: write what is missing, and what is newer. Safe to repeat.

        Returns:
            How many events were read.

        Raises:
            StoreError: an event does not fit the tables.
        """
        count = 0
        gone = {r["participant"] for r in self._rows("SELECT participant FROM withdrawal")}
        lost: set[str] = set()  # trials of participants who withdrew
        with self._writing() as db:
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
                        if self._rows("SELECT 1 FROM session WHERE id = ?", [event["id"]]):
                            db.table("session").update(event["id"], event["changes"])
                    case "finished":
                        if self._rows("SELECT 1 FROM session WHERE id = ?", [event["session"]]):
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
                        trials = self._rows(
                            "SELECT t.id FROM trial t JOIN session s ON s.id = t.session "
                            "WHERE s.participant = ?",
                            [event["participant"]],
                        )
                        lost.update(row["id"] for row in trials)
                        db.table("withdrawal").insert(
                            {k: event[k] for k in ("participant", "withdrawn_at")}, ignore=True
                        )
        for participant in gone:
            if self._rows("SELECT 1 FROM participant WHERE id = ?", [participant]):
                self.erase(participant, "")
        return count

    def response_ids(self) -> set[str]:
        """All trials that have a response."""
        return {row["trial_id"] for row in self._rows("SELECT trial_id FROM response")}

    def snapshot(self, path: Path) -> None:
        """Write a consistent copy while others go on.

        Raises:
            StoreError: it cannot be written.
        """
        with self._guard():
            copy = sqlite3.connect(path)
            try:
                self._db.conn.backup(copy)
                copy.execute("PRAGMA journal_mode=DELETE")
            finally:
                copy.close()


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


def _delete_participant(db: Database, participant: str) -> None:
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


def _analysed(row: Row) -> Row:
    """One row of RESPONSES as the columns that are documented."""
    kind = row["kind"]
    left, right = row.pop("left_method"), row.pop("right_method")
    choice = row["choice"]
    row["method"] = left if kind == "rating" else None
    row["method_left"] = left if kind == "pair" else None
    row["method_right"] = right
    row["preferred"] = {"left": left, "right": right, "tie": "tie", None: None}[choice]
    answer = row["score"] if kind == "rating" else choice
    row["correct"] = is_right(row["expected"], answer)
    row["flags"] = ";".join(json.loads(row["flags"]))
    return row


RESPONSE_TYPES: Mapping[str, str] = {
    **dict.fromkeys(("study", "participant", "session", "trial_id"), "object"),
    "seq": "int64",
    **dict.fromkeys(("block", "kind", "role", "repeat_of", "image"), "object"),
    **dict.fromkeys(("method", "method_left", "method_right"), "object"),
    "score": "Int64",
    **dict.fromkeys(("choice", "preferred"), "object"),
    "original_score": "Int64",
    **dict.fromkeys(("original_choice", "expected"), "object"),
    "correct": "boolean",
    **dict.fromkeys(("rt_ms", "ready_ms"), "float64"),
    "switches": "int64",
    "flicker_ms": "float64",
    "focus_lost": "int64",
    "ppi": "float64",
    "ppi_method": "object",
    "distance_cm": "float64",
    "distance_method": "object",
    **dict.fromkeys(("ppd", "dpr", "visual_scale"), "float64"),
    **dict.fromkeys(
        ("screen_width", "screen_height", "viewport_width", "viewport_height"), "int64"
    ),
    **dict.fromkeys(("orientation", "pixel_check"), "object"),
    "clipped": "float64",
    "magnification": "int64",
    "language": "object",
    "simulated": "bool",
    **dict.fromkeys(("flags", "created_at", "protocol_sha256", "vision", "comment"), "object"),
}

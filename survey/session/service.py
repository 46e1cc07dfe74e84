"""The whole survey without a network: what a rater does, in order, and what it leaves behind.

An answer is acknowledged when its transaction is committed and its journal line is on the disk.
Both happen under one lock, which every process at the data folder takes in turn: the app, a second
one, each command of `python -m survey`. Nothing can land between the two, nor while they are
compared or the journal is replaced.
"""

from __future__ import annotations

import json
import logging
import re
import secrets
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from filelock import FileLock

from survey.preparation.default_study import default_sources
from survey.session.answers import Answer, flags_of, read_answer
from survey.session.consent import consent_version
from survey.session.reveal import reveal
from survey.storage.codes import (
    code_hmac,
    picture_token,
    read_secret,
    token_and_code,
    token_sha256,
)
from survey.storage.journal import Event, Journal, final_rows, read_journal
from survey.storage.store import Row, Store
from survey.study.display import Display
from survey.study.errors import (
    ConsentError,
    InvalidAnswerError,
    StaleTrialError,
    StoreError,
    StudyClosedError,
    StudyError,
    StudyNotReadyError,
    SurveyError,
    UnknownCodeError,
    UnknownTokenError,
)
from survey.study.schedule import PlannedTrial, build_schedule, is_right
from survey.study.study import Source, Study, check_name, load_study, prepare_study

logger = logging.getLogger(__name__)

DEFAULT_STUDY = "default"
LANGUAGES = ("en", "pt-BR")
VISION = ("", "normal", "corrected", "impaired")
LONGEST_COMMENT = 2000
RESERVED = timedelta(minutes=90)  # unanswered trials of a session count as taken so long
MINUTES = 14


def utc_now() -> datetime:
    """The present moment."""
    return datetime.now(timezone.utc)


def stamp(moment: datetime) -> str:
    """UTC, ISO 8601, milliseconds."""
    return moment.astimezone(timezone.utc).isoformat(timespec="milliseconds")


class Survey:
    """One study in one data folder. Every method may be called from any thread.

    A survey that cannot work (database damaged, study changed on disk) is made all the same: its
    `status` says what is wrong and every other method raises it, so that the rest of the app runs.

    Args:
        data_folder: database, journal, secret, studies.
        study: name of the study raters get.
        clock: the present moment, for tests.
        problem: a reason not to run at all; nothing on disk is touched then.
    """

    def __init__(
        self,
        data_folder: Path,
        *,
        study: str = DEFAULT_STUDY,
        clock: Callable[[], datetime] = utc_now,
        problem: SurveyError | None = None,
    ) -> None:
        self.data_folder = data_folder
        self.study_name = check_name(study)
        self.on_erased: Callable[[], None] | None = None  # told after an erasure, for backups
        self._clock = clock
        self._lock = threading.Lock()
        self._file_lock = FileLock(data_folder / "lock", poll_interval=0.01)
        self._problem = problem
        self._progress: float | None = None  # of the preparation; None when there is none
        self._database: Store | None = None
        self._study: Study | None = None
        self._pictures: dict[str, Path] = {}
        if problem is not None:
            return
        try:
            self._secret = read_secret(data_folder / "secret")
            with self.alone():
                self._database = Store(data_folder / "survey.db")
                self.journal = Journal(data_folder / "journal")
                self._agree()
            self._load()
        except SurveyError as error:
            logger.error("the survey cannot run: %s", error)
            self._problem = error

    @contextmanager
    def alone(self) -> Iterator[None]:
        """One change at a time at this data folder, of all threads of all processes.

        Raises:
            StoreError: the folder cannot be locked.
        """
        with self._lock, ExitStack() as stack:
            try:
                stack.enter_context(self._file_lock)
            except OSError as error:
                raise StoreError(
                    f"{self.data_folder / 'lock'}: {error.strerror}; make the folder writable, or "
                    "set NITIDEZ_DATA to one on a local disk"
                ) from error
            yield

    # Set-up

    @property
    def study_folder(self) -> Path:
        """Where the study lies."""
        return self.data_folder / "studies" / self.study_name

    @property
    def store(self) -> Store:
        """The database.

        Raises:
            SurveyError: there is none, because the survey cannot run.
        """
        if self._database is None:
            assert self._problem is not None
            raise self._problem
        return self._database

    @property
    def study(self) -> Study:
        """The study.

        Raises:
            SurveyError: it cannot be used, or is not ready yet.
        """
        if self._problem is not None:
            raise self._problem
        if self._study is None:
            raise StudyNotReadyError(
                f"study {self.study_name!r} is being prepared; come back in a minute"
            )
        return self._study

    def _load(self) -> None:
        if not self.study_folder.exists() and self.study_name == DEFAULT_STUDY:
            return  # prepare() makes it
        study = load_study(self.study_folder)
        with self.alone():
            if self.store.register(study):
                self.journal.replace(self.store.events())  # versions of before leave it, too
        self._study = study

    def _agree(self) -> None:
        """Make database and journal tell the same story, whichever knows more."""
        written = final_rows(read_journal(self.journal.folder))
        stored = final_rows(self.store.events())
        if {key for key in written if key[0] in ("response", "withdrawal")} - stored.keys():
            self.store.apply(read_journal(self.journal.folder))
            stored = final_rows(self.store.events())
        if written != stored:
            self.journal.replace(self.store.events())

    def prepare(self, *, sources: Callable[[], list[Source]] = default_sources) -> None:
        """Make the default study when it is not there yet; returns when it is."""
        if self._problem is not None or self._study is not None:
            return
        with self._lock:
            if self._progress is not None:
                return
            self._progress = 0.0
        try:
            prepare_study(
                sources(),
                self.study_folder,
                progress=self._set_progress,
                now=stamp(self._clock()),
            )
            self._load()
        except SurveyError as error:
            self._problem = error
        except Exception as error:
            logger.exception("the study could not be prepared")
            self._problem = StudyError(f"the study could not be prepared: {error}")
        finally:
            self._progress = None

    def prepare_in_background(self) -> None:
        """`prepare`, in a thread."""
        threading.Thread(target=self.prepare, name="survey-prepare", daemon=True).start()

    def _set_progress(self, share: float) -> None:
        self._progress = share

    def close(self) -> None:
        """Close the database."""
        if self._problem is None:
            self.store.close()

    @property
    def is_broken(self) -> bool:
        """Whether something keeps it from running at all; `status` says what."""
        return self._problem is not None

    def suspend(self, problem: SurveyError) -> None:
        """Stop taking answers for a reason that the page shows."""
        self._problem = problem

    # What anybody may ask

    def status(self) -> dict[str, Any]:
        """What the page needs to know before anybody starts."""
        answer: dict[str, Any] = {
            "study": self.study_name,
            "state": "open",
            "progress": 1.0,
            "problem": None,
            "raters": 0,
            "minutes": MINUTES,
            "consent_version": consent_version(),
            "results_open": False,
        }
        if self._problem is not None:
            problem = {"key": self._problem.key, "detail": self._without_paths(self._problem)}
            return answer | {"state": "broken", "problem": problem}
        if self._study is None:
            return answer | {"state": "preparing", "progress": self._progress or 0.0}
        try:
            row = self.store.study(self.study_name)
            counts = self.store.counts(self.study_name)
        except SurveyError as error:
            problem = {"key": error.key, "detail": self._without_paths(error)}
            return answer | {"state": "broken", "problem": problem}
        assert row is not None
        return answer | {
            "state": row["state"],
            "raters": counts["finished"],
            "results_open": bool(row["results_open"]),
        }

    def _without_paths(self, error: SurveyError) -> str:
        return str(error).replace(f"{self.data_folder}/", "").replace(str(self.data_folder), "")

    # A rater's way

    def start(
        self,
        *,
        language: str,
        consent_version: str,
        adult: bool,
        request: str = "",
        user_agent: str = "",
        simulated: bool = False,
        seed: int | None = None,
    ) -> dict[str, Any]:
        """Begin: a token for the browser, a code for the person, and the first state.

        Args:
            request: 32 random hexadecimal digits of the caller's; the same again, as after a lost
                answer, is the same session.

        Raises:
            ConsentError: no consent to the present text, or under 18.
            StudyClosedError: the study takes nobody.
            SurveyError: the survey cannot run.
        """
        study = self.study
        if adult is not True:
            raise ConsentError("taking part needs an age of 18 or more")
        if consent_version != self.status()["consent_version"]:
            raise ConsentError("the consent text has changed meanwhile; reload the page, read it")
        if language not in LANGUAGES:
            raise InvalidAnswerError(f"language is {language!r:.20}; needed en or pt-BR")
        request = request or secrets.token_hex(16)
        if not re.fullmatch("[0-9a-f]{32}", request):
            raise InvalidAnswerError(f"request is {request!r:.40}; needed 32 hexadecimal digits")
        token, code = token_and_code(self._secret, request)
        with self.alone():
            self._check_open()
            now = self._clock()
            try:
                session = self.store.session(token_sha256(token))
                return {"token": token, "code": code, "state": self._state(session)}
            except UnknownTokenError:
                pass
            coverage = self.store.coverage(
                study.name, simulated=simulated, active_since=stamp(now - RESERVED)
            )
            plan = build_schedule(
                study, coverage, seed=secrets.randbits(63) if seed is None else seed
            )
            participant = {
                "id": secrets.token_hex(8),
                "study": study.name,
                "code_hmac": code_hmac(self._secret, code),
                "consent_version": consent_version,
                "consented_at": stamp(now),
                "language": language,
                "browser": browser_family(user_agent),
                "simulated": int(simulated),
                "vision": "",
                "comment": "",
                "anonymised_at": None,
            }
            session = {
                "id": secrets.token_hex(8),
                "participant": participant["id"],
                "token_sha256": token_sha256(token),
                "first_block": next(t.block for t in plan if t.block != "practice"),
                "display": None,
                "break_taken": 0,
                "started_at": stamp(now),
                "last_seen_at": stamp(now),
                "finished_at": None,
            }
            trials, pictures = self._rows_of(plan, session["id"])
            self.store.add_session(participant, session, trials, pictures)
            event = {
                "event": "session",
                "participant": participant,
                "session": session,
                "trials": trials,
                "pictures": pictures,
            }
            self._write([event])
            return {"token": token, "code": code, "state": self._state(participant | session)}

    def _rows_of(self, plan: list[PlannedTrial], session: str) -> tuple[list[Row], list[Row]]:
        protocol = self.study.protocol
        ids = [secrets.token_hex(12) for _ in plan]
        trials = [
            {
                "id": ids[index],
                "session": session,
                "seq": index,
                "block": trial.block,
                "kind": trial.kind,
                "role": "main" if trial.role == "angle" else trial.role,
                "left_id": trial.left,
                "right_id": trial.right,
                "expected": trial.expected,
                "repeat_of": None if trial.repeat_of is None else ids[trial.repeat_of],
                "target_ppd": protocol.angle_ppd if trial.role == "angle" else None,
            }
            for index, trial in enumerate(plan)
        ]
        versions = dict.fromkeys(v for t in plan for v in (t.left, t.right) if v is not None)
        pictures = [
            {
                "token": picture_token(self._secret, session, version),
                "session": session,
                "stimulus": version,
            }
            for version in versions
        ]
        return trials, pictures

    def state(self, token: str) -> dict[str, Any]:
        """Where a rater is: the phase, the open trial and the one after it, progress.

        Raises:
            UnknownTokenError: no such session.
        """
        self._check_usable()
        return self._state(self.store.session(token_sha256(token)))

    def set_display(self, token: str, display: Mapping[str, Any]) -> dict[str, Any]:
        """Note what the rater's screen is; may be done again at any time.

        Raises:
            InvalidAnswerError: an impossible value.
        """
        self._check_usable()
        checked = Display.from_answer(display)
        return self._change(token, display=json.dumps(asdict(checked)))

    def resume(self, token: str) -> dict[str, Any]:
        """Go on after the break."""
        self._check_usable()
        return self._change(token, break_taken=1)

    def _change(self, token: str, **changes: Any) -> dict[str, Any]:
        with self.alone():
            session = self.store.session(token_sha256(token))
            changes["last_seen_at"] = stamp(self._clock())
            self.store.change_session(session["id"], **changes)
            event = {"event": "session_changed", "id": session["id"], "changes": changes}
            self._write([event])
            return self._state(session | changes)

    def answer(self, token: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Take one answer; returns when it is on the disk.

        The same answer to the same trial is acknowledged again, and stored once.

        Returns:
            `saved`, how many answers of this session are stored; `state`; `feedback`, "right" or
            "wrong" in practice, else None.

        Raises:
            InvalidAnswerError: what was sent cannot be.
            StaleTrialError: not the open trial, or it was answered otherwise.
            StudyClosedError: the study takes no more answers.
            StoreError: it could not be stored; send it again.
        """
        self._check_usable()
        answer = read_answer(values)
        with self.alone():
            session = self.store.session(token_sha256(token))
            self._check_open()
            trial = self.store.trial(answer.trial_id)
            if trial is None or trial["session"] != session["id"]:
                raise StaleTrialError("this trial is not one of this session")
            if (answer.choice is None) != (trial["kind"] == "rating"):
                raise InvalidAnswerError(f"this trial needs a {trial['kind']}")
            stored = self.store.response(trial["id"])
            if stored is not None and not stored["reopened"]:
                if answer.value not in (stored["score"], stored["choice"]):
                    raise StaleTrialError("this trial has another answer; undo changes an answer")
            else:
                self._store(answer, session, trial, stored)
                stored = self.store.response(trial["id"])
            assert stored is not None
            # Again after a retry, too: the line may be what failed. A replay reads it as one.
            self._write([{"event": "response", "trial_id": trial["id"], "row": stored}])
            state = self._state(session)
            right = is_right(trial["expected"], answer.value)
            practised = trial["role"] == "practice" and right is not None
            return {
                "saved": state["progress"]["done"],
                "state": state,
                "feedback": ("right" if right else "wrong") if practised else None,
            }

    def _store(self, answer: Answer, session: Row, trial: Row, stored: Row | None) -> None:
        opened = self.store.open_trials(session["id"], 1)
        if session["display"] is None or not opened or opened[0]["id"] != trial["id"]:
            raise StaleTrialError("this trial is not open now")
        now = stamp(self._clock())
        if stored is not None:
            self.store.change_response(
                trial["id"],
                score=answer.score,
                choice=answer.choice,
                reopened=0,
                changed_at=now,
            )
            return
        display = Display(**json.loads(session["display"]))
        flags = flags_of(answer, trial, display, self.study.protocol)
        row = {
            "trial_id": trial["id"],
            "score": answer.score,
            "choice": answer.choice,
            "original_score": answer.score,
            "original_choice": answer.choice,
            "reopened": 0,
            "undone": 0,
            **answer.times,
            **answer.counts,
            "ppi": display.ppi,
            "ppi_method": display.ppi_method,
            "distance_cm": display.distance_cm,
            "distance_method": display.distance_method,
            "ppd": display.ppd,
            **answer.conditions,
            "magnification": self._magnification(trial, display),
            "flags": json.dumps(flags),
            "created_at": now,
            "changed_at": None,
        }
        self.store.add_response(row, session["id"])

    def undo(self, token: str) -> dict[str, Any]:
        """Open the last answered trial again, once; its first answer stays on record.

        Raises:
            StaleTrialError: there is nothing that can be undone.
        """
        self._check_usable()
        with self.alone():
            session = self.store.session(token_sha256(token))
            self._check_open()
            last = self._undoable(session)
            if last is None:
                raise StaleTrialError("there is no answer that can be changed now")
            self.store.change_response(last["id"], reopened=1, undone=1)
            row = self.store.response(last["id"])
            self._write([{"event": "response", "trial_id": last["id"], "row": row}])
            return self._state(session)

    def _undoable(self, session: Row) -> Row | None:
        last = self.store.last_answered(session["id"])
        if last is None or last["undone"] or last["block"] == "practice" or session["finished_at"]:
            return None
        opened = self.store.open_trials(session["id"], 1)
        if opened and opened[0]["block"] != last["block"]:
            return None
        return last

    def finish(self, token: str, *, comment: str = "", vision: str = "") -> dict[str, Any]:
        """End the session; the state that comes back reveals what was chosen.

        Raises:
            InvalidAnswerError: comment too long, or an unknown word for the eyes.
            StaleTrialError: trials are open.
        """
        self._check_usable()
        if not isinstance(comment, str) or len(comment) > LONGEST_COMMENT:
            raise InvalidAnswerError(
                f"comment: needed text of at most {LONGEST_COMMENT} characters"
            )
        if vision not in VISION:
            raise InvalidAnswerError(f"vision is {vision!r:.20}; needed one of {VISION}")
        with self.alone():
            session = self.store.session(token_sha256(token))
            if self.store.open_trials(session["id"], 1):
                raise StaleTrialError("there are trials left")
            if session["finished_at"] is None:
                now = stamp(self._clock())
                self.store.finish_session(session, now, vision, comment)
                session |= {"finished_at": now, "vision": vision, "comment": comment}
            event = {
                "event": "finished",
                "session": session["id"],
                "participant": session["participant"],
                **{name: session[name] for name in ("finished_at", "vision", "comment")},
            }
            self._write([event])  # again after a retry, too
            return self._state(session)

    def image(self, token: str) -> Path:
        """The file of a picture token.

        Raises:
            UnknownTokenError: no such picture.
        """
        self._check_usable()
        path = self._pictures.get(token)
        if path is None:
            name, version = self.store.picture(token)
            study = (
                self.study
                if name == self.study_name
                else load_study(self.data_folder / "studies" / check_name(name), check_images=False)
            )
            path = study.path(version)
            if len(self._pictures) > 20_000:
                self._pictures.clear()
            self._pictures[token] = path
        return path

    def withdraw(self, code: str) -> None:
        """Erase everything of the person with this code: database, journal; backups follow.

        Raises:
            UnknownCodeError: nobody has it.
            SurveyError: there is no database; whether the study can be used does not matter.
        """
        store = self.store
        with self.alone():
            now = stamp(self._clock())
            if store.withdraw(code_hmac(self._secret, code), now) is None:
                raise UnknownCodeError("nobody has this code; check it, or everything is erased")
            self.journal.replace(self.store.events())
            self._pictures.clear()
        self._erased()

    # The owner's

    def set_open(self, is_open: bool) -> None:
        """Open or close the study."""
        self._change_study(state="open" if is_open else "closed")

    def set_results_open(self, is_open: bool) -> None:
        """Show the class's results to everybody, or to the owner only."""
        self._change_study(results_open=int(is_open))

    def _change_study(self, **changes: Any) -> None:
        self._check_usable()
        with self.alone():
            self.store.change_study(self.study.name, **changes)
            row = self.store.study(self.study.name)
            self._write([{"event": "study", "row": row}])

    def anonymise(self, older_than_days: int) -> int:
        """Cut what could point to a person from those who began so long ago; how many.

        Raises:
            SurveyError: there is no database; whether the study can be used does not matter.
        """
        store = self.store
        with self.alone():
            now = self._clock()
            before = stamp(now - timedelta(days=older_than_days))
            count = store.anonymise(before, stamp(now))
            if count:
                self.journal.replace(self.store.events())
        if count:
            self._erased()
        return count

    def snapshot(self, folder: Path) -> int:
        """Copy database and journal into a folder, as of one moment; how many people have been
        erased or made anonymous until then.

        Raises:
            SurveyError, OSError: they cannot be read or written.
        """
        with self.alone():
            self.store.snapshot(folder / "survey.db")
            shutil.copytree(
                self.journal.folder, folder / "journal", ignore=shutil.ignore_patterns("*.new")
            )
            return self.store.erasures()

    def _erased(self) -> None:
        if self.on_erased is not None:
            self.on_erased()

    # Inside

    def _check_usable(self) -> None:
        if self._problem is not None:
            raise self._problem

    def _check_open(self) -> None:
        row = self.store.study(self.study.name)
        if row is None or row["state"] != "open":
            raise StudyClosedError("this study is closed; thank you all the same")

    def _write(self, events: list[Event]) -> None:
        self.journal.append(events)

    def _state(self, session: Row) -> dict[str, Any]:
        opened = self.store.open_trials(session["id"], 2)
        done, total = self.store.trial_counts(session["id"])
        phase = self._phase(session, opened)
        state: dict[str, Any] = {
            "phase": phase,
            "progress": {"done": done, "total": total},
            "trial": None,
            "next": None,
            "can_undo": phase in ("rating", "pair") and self._undoable(session) is not None,
            "display": json.loads(session["display"]) if session["display"] else None,
        }
        if phase in ("practice", "rating", "pair", "break", "display"):
            tokens = self.store.pictures(session["id"])
            told = state["display"]
            display = None if told is None else Display(**told)
            described = [self._trial(trial, tokens, display) for trial in opened]
            if phase in ("practice", "rating", "pair"):
                state["trial"] = described[0]
                state["next"] = described[1] if len(described) > 1 else None
            else:
                state["next"] = described[0] if described else None
        if phase == "end":
            study = self.study
            state["reveal"] = reveal(study, self.store.answers_of(session["id"]))
            state["results_open"] = self.status()["results_open"]
        return state

    def _phase(self, session: Row, opened: list[Row]) -> str:
        if session["finished_at"]:
            return "end"
        row = self.store.study(self.study.name)
        if row is None or row["state"] != "open":
            return "closed"
        if session["display"] is None:
            return "display"
        if not opened:
            return "comment"
        block: str = opened[0]["block"]
        second = block not in ("practice", session["first_block"])
        return "break" if second and not session["break_taken"] else block

    def _magnification(self, trial: Row, display: Display | None) -> int:
        if trial["target_ppd"] is None or display is None:
            return 1
        protocol = self.study.protocol
        return display.magnification(trial["target_ppd"], protocol.width, protocol.height)

    def _trial(self, trial: Row, tokens: dict[str, str], display: Display | None) -> dict[str, Any]:
        """What the browser is told of a trial: nothing that says which version is which."""
        protocol = self.study.protocol
        ids = [trial["left_id"], trial["right_id"]]
        return {
            "id": trial["id"],
            "kind": trial["kind"],
            "block": trial["block"],
            "images": [tokens[version] for version in ids if version is not None],
            "width": protocol.width,
            "height": protocol.height,
            "magnification": self._magnification(trial, display),
            "instructed": trial["expected"] if trial["role"] == "instructed" else None,
        }


def browser_family(user_agent: str) -> str:
    """Browser and system by family, such as "Firefox on Linux"; versions are not kept."""
    browsers = {"Edg": "Edge", "OPR": "Opera", "Firefox": "Firefox", "Chrome": "Chrome"}
    browsers |= {"CriOS": "Chrome", "FxiOS": "Firefox", "Safari": "Safari"}
    systems = {"Android": "Android", "iPhone": "iOS", "iPad": "iOS", "Windows": "Windows"}
    systems |= {"Mac OS": "macOS", "CrOS": "ChromeOS", "Linux": "Linux"}
    browser = next((name for part, name in browsers.items() if part in user_agent), "other")
    system = next((name for part, name in systems.items() if part in user_agent), "other")
    return f"{browser} on {system}"

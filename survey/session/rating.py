"""A rater's way after the start: each function is one request of the rater's page.

What is the same again, as after a lost answer, is acknowledged again and stored once. The session's
token says whose request it is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from survey.session.answers import Answer, flags_of, read_answer
from survey.session.state import check_open, magnification, state_of, undoable
from survey.session.survey import Survey
from survey.storage import erasure, repository
from survey.storage.codes import code_hmac, token_sha256
from survey.storage.store import Row
from survey.study.display import Display
from survey.study.errors import InvalidAnswerError, StaleTrialError, UnknownCodeError
from survey.study.moments import stamp
from survey.study.protocol import Protocol
from survey.study.schedule import is_right
from survey.study.study import check_name, load_study

VISION = ("", "normal", "corrected", "impaired")
LONGEST_COMMENT = 2000
MOST_PICTURES = 20_000  # whose files are remembered


def state(survey: Survey, token: str) -> dict[str, Any]:
    """Where a rater is: the phase, the open trial and the one after it, progress.

    Raises:
        UnknownTokenError: no such session.
    """
    return state_of(survey, repository.session(survey.store, token_sha256(token)))


def set_display(survey: Survey, token: str, display: Mapping[str, Any]) -> dict[str, Any]:
    """Note what the rater's screen is; may be done again at any time.

    Raises:
        InvalidAnswerError: an impossible value.
    """
    checked = Display.from_answer(display)
    return _change(survey, token, display=json.dumps(asdict(checked)))


def resume(survey: Survey, token: str) -> dict[str, Any]:
    """Go on after the break."""
    return _change(survey, token, break_taken=1)


def _change(survey: Survey, token: str, **changes: Any) -> dict[str, Any]:
    store = survey.store
    with survey.alone():
        session = repository.session(store, token_sha256(token))
        changes["last_seen_at"] = stamp(survey.clock())
        repository.change_session(store, session["id"], **changes)
        event = {"event": "session_changed", "id": session["id"], "changes": changes}
        survey.journal.append([event])
        return state_of(survey, session | changes)


def answer(survey: Survey, token: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Take one answer; returns when it is on the disk.

    Returns:
        `saved`, how many answers of this session are stored; `state`; `feedback`, "right" or
        "wrong" in practice, else None.

    Raises:
        InvalidAnswerError: what was sent cannot be.
        StaleTrialError: not the open trial, or it was answered otherwise.
        StudyClosedError: the study takes no more answers.
        StoreError: it could not be stored; send it again.
    """
    store, protocol = survey.store, survey.study.protocol
    given = read_answer(values)
    with survey.alone():
        session = repository.session(store, token_sha256(token))
        check_open({"state": session["study_state"]})
        trial = repository.trial(store, given.trial_id)
        if trial is None or trial["session"] != session["id"]:
            raise StaleTrialError("this trial is not one of this session")
        if (given.choice is None) != (trial["kind"] == "rating"):
            raise InvalidAnswerError(f"this trial needs a {trial['kind']}")
        stored = repository.response(store, trial["id"])
        if stored is not None and not stored["reopened"]:
            if given.value not in (stored["score"], stored["choice"]):
                raise StaleTrialError("this trial has another answer; undo changes an answer")
        else:
            opened = repository.open_trials(store, session["id"], 1)
            if session["display"] is None or not opened or opened[0]["id"] != trial["id"]:
                raise StaleTrialError("this trial is not open now")
            now = stamp(survey.clock())
            if stored is None:
                row = response_row(given, session, trial, protocol, now)
                repository.add_response(store, row, session["id"])
            else:
                again = {"score": given.score, "choice": given.choice, "changed_at": now}
                repository.change_response(store, trial["id"], reopened=0, **again)
            stored = repository.response(store, trial["id"])
        # Again after a retry, too: the line may be what failed. A replay reads it as one.
        survey.journal.append([{"event": "response", "trial_id": trial["id"], "row": stored}])
        state = state_of(survey, session)
        right = is_right(trial["expected"], given.value)
        practised = trial["role"] == "practice" and right is not None
        return {
            "saved": state["progress"]["done"],
            "state": state,
            "feedback": ("right" if right else "wrong") if practised else None,
        }


def response_row(given: Answer, session: Row, trial: Row, protocol: Protocol, now: str) -> Row:
    """A first answer with all its conditions."""
    display = Display(**json.loads(session["display"]))
    return {
        "trial_id": trial["id"],
        "score": given.score,
        "choice": given.choice,
        "original_score": given.score,
        "original_choice": given.choice,
        "reopened": 0,
        "undone": 0,
        **given.times,
        **given.counts,
        "ppi": display.ppi,
        "ppi_method": display.ppi_method,
        "distance_cm": display.distance_cm,
        "distance_method": display.distance_method,
        "ppd": display.ppd,
        **given.conditions,
        "magnification": magnification(trial, display, protocol),
        "flags": json.dumps(flags_of(given, trial, display, protocol)),
        "created_at": now,
        "changed_at": None,
    }


def undo(survey: Survey, token: str) -> dict[str, Any]:
    """Open the last answered trial again, once; its first answer stays on record.

    Raises:
        StaleTrialError: there is nothing that can be undone.
    """
    store = survey.store
    with survey.alone():
        session = repository.session(store, token_sha256(token))
        check_open({"state": session["study_state"]})
        last = undoable(survey, session, repository.open_trials(store, session["id"], 1))
        if last is None:
            raise StaleTrialError("there is no answer that can be changed now")
        repository.change_response(store, last["id"], reopened=1, undone=1)
        row = repository.response(store, last["id"])
        survey.journal.append([{"event": "response", "trial_id": last["id"], "row": row}])
        return state_of(survey, session)


def finish(survey: Survey, token: str, *, comment: str = "", vision: str = "") -> dict[str, Any]:
    """End the session; the state that comes back reveals what was chosen.

    Raises:
        InvalidAnswerError: comment too long, or an unknown word for the eyes.
        StaleTrialError: trials are open.
    """
    store = survey.store
    if not isinstance(comment, str) or len(comment) > LONGEST_COMMENT:
        raise InvalidAnswerError(f"comment: needed text of at most {LONGEST_COMMENT} characters")
    if vision not in VISION:
        raise InvalidAnswerError(f"vision is {vision!r:.20}; needed one of {VISION}")
    with survey.alone():
        session = repository.session(store, token_sha256(token))
        if repository.open_trials(store, session["id"], 1):
            raise StaleTrialError("there are trials left")
        if session["finished_at"] is None:
            now = stamp(survey.clock())
            repository.finish_session(store, session, now, vision, comment)
            session |= {"finished_at": now, "vision": vision, "comment": comment}
        event = {
            "event": "finished",
            "session": session["id"],
            "participant": session["participant"],
            **{name: session[name] for name in ("finished_at", "vision", "comment")},
        }
        survey.journal.append([event])  # again after a retry, too
        return state_of(survey, session)


def image(survey: Survey, token: str) -> Path:
    """The file of a picture token.

    Raises:
        UnknownTokenError: no such picture.
    """
    store = survey.store
    path = survey.pictures.get(token)
    if path is None:
        name, version = repository.picture(store, token)
        study = (
            survey.study
            if name == survey.study_name
            else load_study(survey.data_folder / "studies" / check_name(name), check_images=False)
        )
        path = study.path(version)
        if len(survey.pictures) > MOST_PICTURES:
            survey.pictures.clear()
        survey.pictures[token] = path
    return path


def withdraw(survey: Survey, code: str) -> None:
    """Erase everything of the person with this code: database, journal; backups follow.

    Raises:
        UnknownCodeError: nobody has it.
        SurveyError: there is no database; whether the study can be used does not matter.
    """
    store = survey.database
    with survey.alone():
        now = stamp(survey.clock())
        if erasure.withdraw(store, code_hmac(survey.secret, code), now) is None:
            raise UnknownCodeError("nobody has this code; check it, or everything is erased")
        survey.rewrite_journal()
        survey.pictures.clear()
    survey.on_erased()

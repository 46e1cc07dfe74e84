"""A rater's way after the start: each function is one request of the rater's page.

What is the same again, as after a lost answer, is acknowledged again and stored once. The session's
token says whose request it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from survey.session.answers import Answer, flags_of, read_answer
from survey.session.state import breaks_due, check_open, magnification, state_of, undoable
from survey.session.survey import Survey
from survey.storage import repository
from survey.storage.codes import code_hmac, token_sha256
from survey.storage.events import AnswerChanged, Answered, Finished, SessionChanged
from survey.storage.repository import View
from survey.storage.store import Row
from survey.study.display import Display
from survey.study.errors import (
    InvalidAnswerError,
    StaleTrialError,
    UnknownCodeError,
    UnknownTokenError,
)
from survey.study.moments import stamp
from survey.study.protocol import Protocol, is_right

VISION = ("", "normal", "corrected", "impaired")
LONGEST_COMMENT = 2000
TOLD_OF_DISPLAY = ("ppi", "ppi_method", "distance_cm", "distance_method", "ppd")


def state(survey: Survey, token: str) -> dict[str, Any]:
    """Where a rater is: the phase, the open trial and the one after it, progress.

    Raises:
        UnknownTokenError: no such session.
    """
    return state_of(survey, repository.view(survey.store, token_sha256(token)))


def set_display(survey: Survey, token: str, display: Mapping[str, Any]) -> dict[str, Any]:
    """Note what the rater's screen is; may be done again at any time.

    Raises:
        InvalidAnswerError: an impossible value.
    """
    checked = Display.from_answer(display)
    return _change(survey, token, lambda view: {"display": json.dumps(asdict(checked))})


def resume(survey: Survey, token: str) -> dict[str, Any]:
    """Go on after a break."""
    return _change(survey, token, lambda view: {"break_taken": breaks_due(view)})


def _change(survey: Survey, token: str, told: Callable[[View], Row]) -> dict[str, Any]:
    with survey.record.alone():
        view = repository.view(survey.store, token_sha256(token))
        changes = told(view) | {"last_seen_at": stamp(survey.clock())}
        survey.record.append(SessionChanged(view.person, view.id, changes))
        view.session.update(changes)
    return state_of(survey, view)


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
    given = read_answer(values)
    with survey.record.alone():
        view = repository.view(survey.store, token_sha256(token))
        protocol = survey.of(view.session["study"]).study.protocol
        check_open(view.session["study_state"])
        trial = view.trial(given.trial_id)
        if trial is None:
            raise StaleTrialError("this trial is not one of this session")
        if (given.choice is None) == (trial["kind"] == "pair"):
            raise InvalidAnswerError(f"this trial needs a {trial['kind']}")
        if repository.is_answered(trial):
            if given.value not in (trial["score"], trial["choice"]):
                raise StaleTrialError("this trial has another answer; undo changes an answer")
            survey.record.append()  # its line may be what failed
        elif view.session["display"] is None or view.opened[0] is not trial:
            raise StaleTrialError("this trial is not open now")
        else:
            now, value = stamp(survey.clock()), {"score": given.score, "choice": given.choice}
            if trial["reopened"] is None:
                row = response_row(given, view.session, trial, protocol, now)
                survey.record.append(Answered(view.person, view.id, row))
            else:
                again = {"reopened": 0, **value, "changed_at": now}
                survey.record.append(AnswerChanged(view.person, trial["id"], again))
            trial.update(value, reopened=0, undone=trial["undone"] or 0)
    state = state_of(survey, view)
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
        **given.times,
        **given.counts,
        **{name: getattr(display, name) for name in TOLD_OF_DISPLAY},
        **given.conditions,
        "magnification": magnification(trial, display, protocol),
        "flags": json.dumps(flags_of(given, trial, display, protocol)),
        "created_at": now,
    }


def undo(survey: Survey, token: str) -> dict[str, Any]:
    """Open the last answered trial again, once; its first answer stays on record.

    Raises:
        StaleTrialError: there is nothing that can be undone.
    """
    with survey.record.alone():
        view = repository.view(survey.store, token_sha256(token))
        check_open(view.session["study_state"])
        last = undoable(view)
        if last is None:
            raise StaleTrialError("there is no answer that can be changed now")
        changes = {"reopened": 1, "undone": 1}
        survey.record.append(AnswerChanged(view.person, last["id"], changes))
        last.update(changes)
    return state_of(survey, view)


def finish(survey: Survey, token: str, *, comment: str = "", vision: str = "") -> dict[str, Any]:
    """End the session; the state that comes back reveals what was chosen.

    Raises:
        InvalidAnswerError: comment too long, or an unknown word for the eyes.
        StaleTrialError: trials are open.
    """
    if not isinstance(comment, str) or len(comment) > LONGEST_COMMENT:
        raise InvalidAnswerError(f"comment: needed text of at most {LONGEST_COMMENT} characters")
    if vision not in VISION:
        raise InvalidAnswerError(f"vision is {vision!r:.20}; needed one of {VISION}")
    with survey.record.alone():
        view = repository.view(survey.store, token_sha256(token))
        if view.opened:
            raise StaleTrialError("there are trials left")
        if view.session["finished_at"] is None:
            now, told = stamp(survey.clock()), {"vision": vision, "comment": comment}
            survey.record.append(Finished(view.person, view.id, now, told))
            view.session["finished_at"] = now
        else:
            survey.record.append()  # its line may be what failed
    return state_of(survey, view)


def image(survey: Survey, token: str) -> Path:
    """The file of a picture token.

    Raises:
        UnknownTokenError: no such picture.
        SurveyError: its study cannot be used.
    """
    name, version = repository.picture(survey.store, token)
    return survey.of(name).study.path(version)


def withdraw(survey: Survey, code: str, *, token: str = "") -> bool:
    """Erase everything of the person with this code; once it is begun, again is the same.

    Args:
        token: of the session whose person leaves, where no code is given.

    Returns:
        Whether nothing is left anywhere. If not, the rest is cleaned by and by: backups, and
        what could not be written just now.

    Raises:
        UnknownCodeError: nobody has it, or everything is erased.
        UnknownTokenError: the same of a session.
        SurveyError: there is no database; whether the study can be used does not matter.
    """
    record, proof = survey.record, code_hmac(survey.secret, code or token, "receipt")
    with record.alone():
        if code:
            own = "SELECT id FROM participant WHERE code_hmac = ?", code_hmac(survey.secret, code)
        else:
            own = (
                "SELECT participant AS id FROM session WHERE token_sha256 = ?",
                token_sha256(token),
            )
        person = record.store.row(own[0], [own[1]])
        if person is not None:
            record.erase(person["id"], proof, stamp(survey.clock())[:10])
        elif proof not in record.jobs() and not code:
            raise UnknownTokenError("this session is not known here; everything of it is erased")
        elif proof not in record.jobs():
            raise UnknownCodeError("nobody has this code; check it, or everything is erased")
        record.clean()
        is_done = proof not in record.jobs()
    survey.on_erased()
    return is_done

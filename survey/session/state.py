"""Where a rater is, as the browser is told: nothing in it says which version is which."""

from __future__ import annotations

import json
from typing import Any

from survey.session.reveal import reveal
from survey.session.survey import Survey
from survey.storage import repository
from survey.storage.responses import answers_of
from survey.storage.store import Row
from survey.study.display import Display
from survey.study.errors import StudyClosedError
from survey.study.protocol import Protocol


def check_open(study: Row | None) -> None:
    """Whether a study takes answers.

    Args:
        study: its row.

    Raises:
        StudyClosedError: it does not.
    """
    if study is None or study["state"] != "open":
        raise StudyClosedError("this study is closed; thank you all the same")


def state_of(survey: Survey, session: Row) -> dict[str, Any]:
    """The phase, the open trial and the one after it, progress.

    Args:
        session: of `repository.session`.
    """
    store = survey.store
    opened = repository.open_trials(store, session["id"], 2)
    done, total = repository.trial_counts(store, session["id"])
    phase = phase_of(session, opened)
    told = json.loads(session["display"]) if session["display"] else None
    is_judging = phase in ("practice", "rating", "pair")
    state: dict[str, Any] = {
        "phase": phase,
        "progress": {"done": done, "total": total},
        "trial": None,
        "next": None,
        "can_undo": phase in ("rating", "pair") and undoable(survey, session, opened) is not None,
        "display": told,
    }
    if is_judging or phase in ("break", "display"):
        tokens = repository.pictures(store, session["id"])
        display = None if told is None else Display(**told)
        shown = [_told(trial, tokens, display, survey.study.protocol) for trial in opened]
        if is_judging:
            state["trial"] = shown.pop(0)
        state["next"] = shown[0] if shown else None
    if phase == "end":
        state["reveal"] = reveal(survey.study, answers_of(store, session["id"]))
        state["results_open"] = bool(session["results_open"])
    return state


def phase_of(session: Row, opened: list[Row]) -> str:
    """What comes next: a block, "display", "break", "comment", "end" or "closed"."""
    if session["finished_at"]:
        return "end"
    if session["study_state"] != "open":
        return "closed"
    if session["display"] is None:
        return "display"
    if not opened:
        return "comment"
    block: str = opened[0]["block"]
    second = block not in ("practice", session["first_block"])
    return "break" if second and not session["break_taken"] else block


def undoable(survey: Survey, session: Row, opened: list[Row]) -> Row | None:
    """The trial whose answer may be changed now, if there is one.

    Args:
        opened: the open trials, as far as they have been read.
    """
    last = repository.last_answered(survey.store, session["id"])
    if last is None or last["undone"] or last["block"] == "practice" or session["finished_at"]:
        return None
    return None if opened and opened[0]["block"] != last["block"] else last


def magnification(trial: Row, display: Display | None, protocol: Protocol) -> int:
    """By how much a trial's pictures are magnified on a display."""
    if trial["target_ppd"] is None or display is None:
        return 1
    return display.magnification(trial["target_ppd"], protocol.width, protocol.height)


def _told(
    trial: Row, tokens: dict[str, str], display: Display | None, protocol: Protocol
) -> dict[str, Any]:
    ids = [trial["left_id"], trial["right_id"]]
    return {
        "id": trial["id"],
        "kind": trial["kind"],
        "block": trial["block"],
        "images": [tokens[version] for version in ids if version is not None],
        "width": protocol.width,
        "height": protocol.height,
        "magnification": magnification(trial, display, protocol),
        "instructed": trial["expected"] if trial["role"] == "instructed" else None,
    }

"""Where a rater is, as the browser is told: nothing in it says which version is which."""

from __future__ import annotations

import json
from typing import Any

from survey.session.reveal import reveal
from survey.session.survey import Survey
from survey.storage.repository import View
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


def state_of(survey: Survey, view: View) -> dict[str, Any]:
    """The phase, the open trial and the one after it, progress."""
    session, opened = view.session, view.opened
    phase = phase_of(view)
    told = json.loads(session["display"]) if session["display"] else None
    is_judging = phase in ("practice", "rating", "pair")
    state: dict[str, Any] = {
        "phase": phase,
        "progress": {"done": len(view.answered), "total": len(view.trials)},
        "trial": None,
        "next": None,
        "can_undo": phase in ("rating", "pair") and undoable(view) is not None,
        "display": told,
    }
    if is_judging or phase in ("break", "display"):
        display = None if told is None else Display(**told)
        shown = [_told(trial, display, survey.study.protocol) for trial in opened[:2]]
        if is_judging:
            state["trial"] = shown.pop(0)
        state["next"] = shown[0] if shown else None
    if phase == "end":
        own = [t for t in view.answered if t["role"] == "main" and t["target_ppd"] is None]
        state["reveal"] = reveal(survey.study, own)
        state["results_open"] = bool(session["results_open"])
    return state


def phase_of(view: View) -> str:
    """What comes next: a block, "display", "break", "comment", "end" or "closed"."""
    session = view.session
    if session["finished_at"]:
        return "end"
    if session["study_state"] != "open":
        return "closed"
    if session["display"] is None:
        return "display"
    if not view.opened:
        return "comment"
    block: str = view.opened[0]["block"]
    second = block not in ("practice", session["first_block"])
    return "break" if second and not session["break_taken"] else block


def undoable(view: View) -> Row | None:
    """The trial whose answer may be changed now, if there is one."""
    last, opened = view.last_answered, view.opened
    if last is None or last["undone"] or last["block"] == "practice" or view.session["finished_at"]:
        return None
    return None if opened and opened[0]["block"] != last["block"] else last


def magnification(trial: Row, display: Display | None, protocol: Protocol) -> int:
    """By how much a trial's pictures are magnified on a display."""
    if trial["target_ppd"] is None or display is None:
        return 1
    return display.magnification(trial["target_ppd"], protocol.width, protocol.height)


def _told(trial: Row, display: Display | None, protocol: Protocol) -> dict[str, Any]:
    tokens = [trial["left_token"], trial["right_token"]]
    return {
        "id": trial["id"],
        "kind": trial["kind"],
        "block": trial["block"],
        "images": [token for token in tokens if token is not None],
        "width": protocol.width,
        "height": protocol.height,
        "magnification": magnification(trial, display, protocol),
        "instructed": trial["expected"] if trial["role"] == "instructed" else None,
    }

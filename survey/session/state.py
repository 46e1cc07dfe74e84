"""Where a rater is, as the browser is told: nothing in it says which version is which."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from survey.session.invitations import way_back
from survey.session.reveal import reveal
from survey.session.survey import Survey
from survey.storage.repository import View
from survey.storage.store import Row
from survey.study.display import Display
from survey.study.errors import StudyClosedError
from survey.study.protocol import Protocol

LONGEST_STRETCH = 30  # trials until a break is offered, at most


def check_open(state: str | None) -> None:
    """Whether a study of this state takes answers.

    Raises:
        StudyClosedError: it does not.
    """
    if state != "open":
        raise StudyClosedError("this study is closed; thank you all the same")


def state_of(survey: Survey, view: View) -> dict[str, Any]:
    """The phase, the open trial and the one after it, progress."""
    session, opened = view.session, view.opened
    served, survey = survey, survey.of(session["study"])  # whatever raters get by now
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
        "kinds": list(survey.study.protocol.kinds),
    }
    if is_judging or phase in ("break", "display"):
        display = None if told is None else Display(**told)
        shown = [_told(trial, display, survey.study.protocol) for trial in opened[:2]]
        if is_judging:
            state["trial"] = shown.pop(0)
        state["next"] = shown[0] if shown else None
    if phase in ("closed", "end"):
        is_other = served.study_name != session["study"]
        state["is_other_open"] = is_other and served.status()["state"] == "open"
    if phase == "end":
        state["reveal"] = reveal(survey.study, view.answered)
        state["results_open"] = bool(session["results_open"])
        state["way_back"] = way_back(session)
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
    return "break" if breaks_due(view) > session["break_taken"] else view.opened[0]["block"]


def break_places(blocks: Sequence[str]) -> list[int]:
    """Before which trials a break is offered: at each new part, and evenly within a long one.

    Args:
        blocks: of all trials, in order. Practice is of the same stretch as what follows.
    """
    parts = [(block, len(list(trials))) for block, trials in groupby(blocks)]
    if len(parts) > 1 and parts[0][0] == "practice":
        parts[:2] = [(parts[1][0], parts[0][1] + parts[1][1])]
    places, begin = [], 0
    for _, count in parts:
        stretches = math.ceil(count / LONGEST_STRETCH)
        places += [begin + round(count * k / stretches) for k in range(stretches)]
        begin += count
    return places[1:]


def breaks_due(view: View) -> int:
    """How many breaks there have been by now, taken or to be taken."""
    at = view.opened[0]["seq"] if view.opened else len(view.trials)
    return sum(place <= at for place in break_places([t["block"] for t in view.trials]))


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

"""The start of a session: consent, the schedule, and the rows both become."""

from __future__ import annotations

import re
import secrets
from datetime import timedelta
from typing import Any

from survey.session.consent import consent_version as present_version
from survey.session.invitations import admit, check_panel, told_by_panel
from survey.session.state import check_open, state_of
from survey.session.survey import Survey
from survey.storage import repository
from survey.storage.codes import code_hmac, token_and_code, token_sha256
from survey.storage.events import SessionStarted
from survey.storage.responses import coverage
from survey.storage.store import Row
from survey.study.errors import ConsentError, InvalidAnswerError, UnknownTokenError
from survey.study.moments import stamp
from survey.study.schedule import PlannedTrial, build_schedule

LANGUAGES = ("en", "pt-BR")
RESERVED = timedelta(minutes=90)  # unanswered trials of a session count as taken so long


def start(
    survey: Survey,
    *,
    language: str,
    consent_version: str,
    adult: bool,
    request: str = "",
    invitation: str = "",
    panel: str = "",
    user_agent: str = "",
    simulated: bool = False,
    seed: int | None = None,
) -> dict[str, Any]:
    """Begin: a token for the browser, a code for the person, and the first state.

    Args:
        request: 32 random hexadecimal digits of the caller's; the same again, as after a lost
            answer, is the same session.
        invitation: as it stands on its paper, for a study that takes the invited alone.
        panel: what the panel that has sent the person calls them.

    Raises:
        ConsentError: no consent to the present text, or under 18.
        InvitationError: none where one is needed, or not one that is good here.
        StudyClosedError: the study takes nobody.
        SurveyError: the survey cannot run.
    """
    study, store = survey.study, survey.store
    if adult is not True:
        raise ConsentError("taking part needs an age of 18 or more")
    if consent_version != present_version():
        raise ConsentError("the consent text has changed meanwhile; reload the page, read it")
    if language not in LANGUAGES:
        raise InvalidAnswerError(f"language is {language!r:.20}; needed en or pt-BR")
    request = request or secrets.token_hex(16)
    if not re.fullmatch("[0-9a-f]{32}", request):
        raise InvalidAnswerError(f"request is {request!r:.40}; needed 32 hexadecimal digits")
    check_panel(panel)
    token, code = token_and_code(survey.secret, request)
    with survey.record.alone():
        check_open((repository.study_row(store, study.name) or {}).get("state"))
        now = survey.clock()
        try:
            known = repository.view(store, token_sha256(token))
        except UnknownTokenError:
            pass
        else:
            survey.record.append()  # its line may be what failed
            return {"token": token, "code": code, "state": state_of(survey, known)}
        invited = [] if simulated else admit(survey, invitation)
        earlier = coverage(
            store, study.name, simulated=simulated, active_since=stamp(now - RESERVED)
        )
        plan = build_schedule(study, earlier, seed=secrets.randbits(63) if seed is None else seed)
        participant: Row = {
            "id": secrets.token_hex(8),
            "study": study.name,
            "code_hmac": code_hmac(survey.secret, code),
            "consent_version": consent_version,
            "consented_at": stamp(now),
            "language": language,
            "browser": browser_family(user_agent),
            "simulated": int(simulated),
        }
        session: Row = {
            "id": secrets.token_hex(8),
            "participant": participant["id"],
            "token_sha256": token_sha256(token),
            "first_block": next(t.block for t in plan if t.block != "practice"),
            "started_at": stamp(now),
            "last_seen_at": stamp(now),
        }
        trials = trial_rows(plan, session["id"], survey.study.protocol.angle_ppd)
        survey.record.append(
            *invited,
            SessionStarted(participant["id"], participant, session, trials),
            *told_by_panel(survey, participant["id"], panel),
        )
        begun = repository.view(store, session["token_sha256"])
    return {"token": token, "code": code, "state": state_of(survey, begun)}


def trial_rows(plan: list[PlannedTrial], session: str, angle_ppd: float) -> list[Row]:
    """A schedule's trials, each with a random id, and every picture under an address of its own:
    neither an address nor a browser's cache tells that two trials show the same version.
    """
    ids = [secrets.token_hex(12) for _ in plan]
    return [
        {
            "id": ids[index],
            "session": session,
            "seq": index,
            "block": trial.block,
            "kind": "pair" if trial.kind == "pair" else "rating",  # see `storage.schema.KIND`
            "role": "main" if trial.role == "angle" else trial.role,
            "left_id": trial.left,
            "right_id": trial.right,
            "expected": trial.expected,
            "repeat_of": None if trial.repeat_of is None else ids[trial.repeat_of],
            "left_token": secrets.token_hex(16),
            "right_token": None if trial.right is None else secrets.token_hex(16),
            "target_ppd": angle_ppd if trial.role == "angle" else None,
        }
        for index, trial in enumerate(plan)
    ]


def browser_family(user_agent: str) -> str:
    """Browser and system by family, such as "Firefox on Linux"; versions are not kept."""
    browsers = {"Edg": "Edge", "OPR": "Opera", "Firefox": "Firefox", "Chrome": "Chrome"}
    browsers |= {"CriOS": "Chrome", "FxiOS": "Firefox", "Safari": "Safari"}
    systems = {"Android": "Android", "iPhone": "iOS", "iPad": "iOS", "Windows": "Windows"}
    systems |= {"Mac OS": "macOS", "CrOS": "ChromeOS", "Linux": "Linux"}
    browser = next((name for part, name in browsers.items() if part in user_agent), "other")
    system = next((name for part, name in systems.items() if part in user_agent), "other")
    return f"{browser} on {system}"

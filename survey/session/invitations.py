"""Who may come, where it is not everybody with the link; and the way back to a panel.

A study for which invitations were made takes whoever holds one, one person each. An invitation is
kept as a hash, and is used up by an event that names nobody: it stays used when its person leaves.
What a panel calls the people it sends is kept apart from their answers, and leaves with them.
"""

from __future__ import annotations

import re
import secrets
from urllib.parse import urlsplit

from survey.session.survey import Survey
from survey.storage import repository
from survey.storage.codes import code_hmac, code_of
from survey.storage.events import Event, InvitationsMade, InvitationUsed, PanelTold
from survey.storage.responses import invitations
from survey.storage.store import Row
from survey.study.errors import InvitationError, PanelError, StudyError

MOST_INVITATIONS = 2000  # at a time
PANEL_ID = re.compile("[A-Za-z0-9_-]{1,64}")
ID_MARK = "{id}"  # in a completion address: what the panel calls the person
LONGEST_URL = 1000


def invite(survey: Survey, count: int) -> list[str]:
    """Make invitations; from now on the study takes only who holds one.

    Raises:
        StudyError: too few, or too many at a time.
    """
    if not 1 <= count <= MOST_INVITATIONS:
        raise StudyError(f"{count} invitations; needed 1 to {MOST_INVITATIONS} at a time")
    codes = [code_of(secrets.randbits(64)) for _ in range(count)]
    hashes = [code_hmac(survey.secret, code, "invitation") for code in codes]
    with survey.record.alone():
        survey.record.append(InvitationsMade(survey.study.name, hashes))
    return codes


def admit(survey: Survey, invitation: str) -> list[Event]:
    """What happens to an invitation when its holder begins; within `alone`.

    Raises:
        InvitationError: there is none where one is needed, or it is not one that is good here.
    """
    study, digest = survey.study.name, code_hmac(survey.secret, invitation, "invitation")
    if not invitation:
        if invitations(survey.store, study)["made"]:
            text = "this study takes those who were invited; use the link of your invitation"
            raise InvitationError("needed", text)
        return []
    row = survey.store.row("SELECT study, used FROM invitation WHERE code_hmac = ?", [digest])
    if row is None:
        raise InvitationError("unknown", "nobody has this invitation; compare it with the paper")
    if row["study"] != study:
        raise InvitationError("elsewhere", "this invitation is for another study")
    if row["used"]:
        raise InvitationError("used", "this invitation was used before; it is for one person")
    return [InvitationUsed(digest)]


def set_completion(survey: Survey, url: str) -> None:
    """Say where those whom a panel sends go back to when they have finished; "" for nowhere.

    Args:
        url: https; `{id}` in it becomes what the panel calls the person.

    Raises:
        StudyError: not such an address.
    """
    try:
        parts = urlsplit(url)
        is_good = parts.scheme == "https" and parts.hostname and parts.username is None
    except ValueError:
        is_good = False
    if url and (not is_good or len(url) > LONGEST_URL or not re.fullmatch("[!-~]+", url)):
        raise StudyError(
            f"--completion-url {url!r:.200}; needed https://..., as the panel gives it, with "
            "{id} where its id for the person belongs"
        )
    repository.change_study(survey.record, survey.study.name, completion_url=url)


def check_panel(panel: str) -> None:
    """Whether this can be what a panel calls a person; "" for whom no panel has sent.

    Raises:
        PanelError: it cannot.
    """
    if panel and not PANEL_ID.fullmatch(panel):
        raise PanelError(f"panel is {panel!r:.80}; needed 1 to 64 of A-Z, a-z, 0-9, _ and -")


def told_by_panel(survey: Survey, person: str, panel: str) -> list[Event]:
    """What is kept of it: nothing where nobody is sent back."""
    row = repository.study_row(survey.store, survey.study.name)
    return [PanelTold(person, panel)] if panel and row and row["completion_url"] else []


def way_back(session: Row) -> str | None:
    """The panel's address for a person who has finished; None for whom no panel has sent."""
    url, panel = session["completion_url"], session["panel_id"]
    return str(url).replace(ID_MARK, panel) if url and panel else None

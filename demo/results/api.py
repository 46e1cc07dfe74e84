"""What the results' routes do, without HTTP: who asks, and what the class's answers come to."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from typing import Any, NamedTuple

from demo.results.owner import Owner, SignInError, TooManyAttemptsError
from demo.web.http import Fresh, fields
from demo.web.i18n import LANGUAGES
from survey.reporting.results import Results, ResultsClosedError, margins_of
from survey.session.owner import set_margins, set_results_open
from survey.session.protected import ProtectedSurvey
from survey.session.survey import Survey
from survey.storage.responses import answers_stamp
from survey.studies.shelf import close_study, open_study
from survey.study.errors import InvalidAnswerError, SurveyError

ROUTE = "results"


class NotOwnerError(SurveyError):
    """Only the owner may do this."""

    key = "results_not_owner"
    status = 403


class WrongPasswordError(SurveyError):
    """Not signed in."""

    key = "results_wrong"
    status = 401
    hold_seconds = 0.0  # before it is told


class WaitError(SurveyError):
    """Wrong passwords too fast."""

    key = "results_wait"
    status = 429


class Caller(NamedTuple):
    """Who asks."""

    is_owner: bool
    visitor: str  # whom wrong passwords are counted for
    user_name: str | None  # whom Hugging Face vouches for


class ResultsApi:
    """What the routes do, without HTTP.

    Args:
        get_survey: called within a request; may raise SurveyError.
        owner: who may see all.
    """

    def __init__(self, get_survey: Callable[[], ProtectedSurvey], owner: Owner) -> None:
        self._get_survey = get_survey
        self.owner = owner
        self._told = Fresh(lambda: get_survey().survey.status())
        self._results = Results(lambda: get_survey().survey)
        self._secret = secrets.token_bytes(32)  # of tickets; a restart makes new ones

    def status(self, caller: Caller, study: str = "") -> dict[str, Any]:
        """What the page needs to know; of backups only the owner hears.

        Args:
            study: another one than raters get, for the owner.
        """
        protected = self._get_survey()
        survey = self._survey(caller, study)
        status = survey.status() if caller.is_owner else self._told()
        answer = {
            "state": status["state"],
            "results_open": status["results_open"],
            "raters": status["raters"],
            "is_owner": caller.is_owner,
            "can_see": caller.is_owner or status["results_open"],
            "has_password": self.owner.has_password,
            "has_names": self.owner.has_names,
        }
        if status["problem"]:
            answer["problem"] = status["problem"]["key"]
        if answer["can_see"] and status["state"] in ("prepared", "open", "closed"):
            answer["stamp"] = f"{survey.study_name} {answers_stamp(survey.store)}"
        if caller.is_owner:
            answer["study"] = survey.study_name
            answer["told"] = protected.survey.told()
            answer["margins"] = margins_of(survey)
        if caller.is_owner and (backup := protected.backup_status):
            at = backup.last_success
            answer["backup"] = {
                "place": backup.place,
                "at": at.isoformat() if at else None,
                "problem": backup.problem,
            }
        return answer

    def sign_in(self, caller: Caller, password: str) -> dict[str, Any]:
        """A token for the right password; without one, for the right Hugging Face name.

        Raises:
            WrongPasswordError, WaitError: no token.
        """
        try:
            if password:
                token = self.owner.sign_in(password, visitor=caller.visitor)
            else:
                token = self.owner.sign_in_as(caller.user_name)
        except TooManyAttemptsError as error:
            raise WaitError(str(error)) from error
        except SignInError as error:
            refused = WrongPasswordError(str(error))
            refused.hold_seconds = error.hold_seconds
            raise refused from error
        return {"token": token}

    def _survey(self, caller: Caller, study: str) -> Survey:
        """The survey of a study, which only the owner names."""
        survey = self._get_survey().survey
        if not study or study == survey.study_name:
            return survey
        self._check_owner(caller)
        return survey.of(study)

    def shown(
        self, caller: Caller, language: str, simulated: bool, study: str = ""
    ) -> dict[str, Any]:
        """The results as HTML, and the versions behind them.

        Raises:
            ResultsClosedError: not the owner, and not opened by the owner.
        """
        survey = self._survey(caller, study)
        if not caller.is_owner and not survey.status()["results_open"]:
            raise ResultsClosedError("the owner has not opened the results yet")
        shown = self._results.shown(
            _language(language), is_public=not caller.is_owner,
            simulated=simulated and caller.is_owner, study=survey.study_name,
        )  # fmt: skip
        images = [
            image
            | {
                "versions": [
                    v | {"url": self._address(survey.study_name, v["id"])}
                    for v in image["versions"]
                ]
            }
            for image in shown.images
        ]
        protocol = survey.study.protocol
        size = {"width": protocol.width, "height": protocol.height}
        stamp = f"{survey.study_name} {shown.stamp}"
        return {"stamp": stamp, "html": shown.html, "images": images, **size}

    def _address(self, study: str, version: str) -> str:
        named = f"{study}.{version}"
        return f"{ROUTE}/image/{named}-{self._sign(named)}"

    def _sign(self, named: str) -> str:
        return hmac.new(self._secret, named.encode(), hashlib.sha256).hexdigest()[:32]

    def image(self, ticket: str) -> bytes:
        """The PNG of a ticket that `shown` gave out.

        Raises:
            NotOwnerError: not such a ticket.
        """
        named, _, signature = ticket.rpartition("-")
        if not hmac.compare_digest(signature.encode(), self._sign(named).encode()):
            raise NotOwnerError("this address was not given out here")
        study, _, version = named.partition(".")
        return self._get_survey().survey.of(study).study.path(version).read_bytes()

    def change(self, caller: Caller, body: dict[str, Any]) -> dict[str, Any]:
        """Open or close a study or its results, set margins; `study` names another than raters get.

        Raises:
            NotOwnerError, InvalidAnswerError, RatingGoesOnError: refused.
        """
        self._check_owner(caller)
        protected = self._get_survey()
        study = str(body.pop("study", "")) or protected.survey.study_name
        match body:
            case {"study_open": True, **rest} if rest in ({}, {"confirmed": True}):
                open_study(protected, study, is_confirmed=bool(rest))
            case {"study_open": False, **rest} if not rest:
                close_study(protected, study)
            case {"results_open": bool(is_open), **rest} if rest in ({}, {"confirmed": True}):
                set_results_open(protected.survey.of(study), is_open, is_confirmed=bool(rest))
            case {"margin": int() | float() as margin, "percent": int() | float() as percent}:
                set_margins(protected.survey.of(study), margin, percent / 100)
            case _:
                needed = "study_open or results_open, true or false, or margin and percent"
                raise InvalidAnswerError(f"got {sorted(body)}; needed {needed}")
        self._told.forget()
        return self.status(caller, study)

    def export(self, caller: Caller, body: dict[str, Any]) -> bytes:
        """The zip.

        Raises:
            NotOwnerError, InvalidAnswerError: refused.
        """
        self._check_owner(caller)
        study = str(body.pop("study", ""))
        asked = fields(body, language=str, public=bool, simulated=bool)
        return self._results.export(
            _language(asked["language"]), is_public=asked["public"],
            simulated=asked["simulated"], study=study,
        )  # fmt: skip

    def _check_owner(self, caller: Caller) -> None:
        if not caller.is_owner:
            raise NotOwnerError("only the owner may do this; sign in first")


def _language(wanted: str) -> Any:
    if wanted not in LANGUAGES:
        raise InvalidAnswerError(f"language is {wanted!r:.20}; needed en or pt-BR")
    return wanted

"""HTTP for the results tab: what the class's answers come to, and what only the owner may do.

Addresses are relative to the page: `results/status`, `results/shown`, ... The owner's token comes
in a header, so that it stands in no address and no log, and no other site can send it.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from demo.hosting.process import give_way
from demo.results.owner import Owner, SignInError, TooManyAttemptsError
from demo.web.http import IMAGE_HEADERS, PRIVATE, Fresh, fields, read_body, refusal
from demo.web.i18n import LANGUAGES
from demo.web.rates import visitor_of
from survey.reporting.results import Results, ResultsClosedError
from survey.session.owner import set_open, set_results_open
from survey.session.protected import ProtectedSurvey
from survey.storage.responses import answers_stamp
from survey.study.errors import InvalidAnswerError, SurveyError

logger = logging.getLogger(__name__)

T = TypeVar("T")

ROUTE = "results"
OWNER_HEADER = "x-owner-token"
LONGEST_TOKEN = 100


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

    def status(self, caller: Caller) -> dict[str, Any]:
        """What the page needs to know; of backups only the owner hears."""
        protected = self._get_survey()
        status = protected.survey.status() if caller.is_owner else self._told()
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
        if answer["can_see"] and status["state"] in ("open", "closed"):
            answer["stamp"] = answers_stamp(protected.survey.store)
        if caller.is_owner:
            answer["told"] = protected.survey.told()
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

    def shown(self, caller: Caller, language: str, simulated: bool) -> dict[str, Any]:
        """The results as HTML, and the versions behind them.

        Raises:
            ResultsClosedError: not the owner, and not opened by the owner.
        """
        survey = self._get_survey().survey
        if not caller.is_owner and not survey.status()["results_open"]:
            raise ResultsClosedError("the owner has not opened the results yet")
        shown = self._results.shown(
            _language(language), is_public=not caller.is_owner,
            simulated=simulated and caller.is_owner,
        )  # fmt: skip
        images = [
            image | {"versions": [v | {"url": self._address(v["id"])} for v in image["versions"]]}
            for image in shown.images
        ]
        protocol = survey.study.protocol
        size = {"width": protocol.width, "height": protocol.height}
        return {"stamp": shown.stamp, "html": shown.html, "images": images, **size}

    def _address(self, version: str) -> str:
        return f"{ROUTE}/image/{version}-{self._sign(version)}"

    def _sign(self, version: str) -> str:
        return hmac.new(self._secret, version.encode(), hashlib.sha256).hexdigest()[:32]

    def image(self, ticket: str) -> bytes:
        """The PNG of a ticket that `shown` gave out.

        Raises:
            NotOwnerError: not such a ticket.
        """
        version, _, signature = ticket.rpartition("-")
        if not hmac.compare_digest(signature.encode(), self._sign(version).encode()):
            raise NotOwnerError("this address was not given out here")
        return self._get_survey().survey.study.path(version).read_bytes()

    def change(self, caller: Caller, body: dict[str, Any]) -> dict[str, Any]:
        """Open or close the study or its results.

        Raises:
            NotOwnerError, InvalidAnswerError, RatingGoesOnError: refused.
        """
        self._check_owner(caller)
        survey = self._get_survey().survey
        match body:
            case {"study_open": bool(is_open), **rest} if not rest:
                set_open(survey, is_open)
            case {"results_open": bool(is_open), **rest} if rest in ({}, {"confirmed": True}):
                set_results_open(survey, is_open, is_confirmed=bool(rest))
            case _:
                raise InvalidAnswerError(
                    f"got {sorted(body)}; needed study_open or results_open, true or false"
                )
        self._told.forget()
        return self.status(caller)

    def export(self, caller: Caller, body: dict[str, Any]) -> bytes:
        """The zip.

        Raises:
            NotOwnerError, InvalidAnswerError: refused.
        """
        self._check_owner(caller)
        asked = fields(body, language=str, public=bool, simulated=bool)
        return self._results.export(
            _language(asked["language"]), is_public=asked["public"], simulated=asked["simulated"]
        )

    def _check_owner(self, caller: Caller) -> None:
        if not caller.is_owner:
            raise NotOwnerError("only the owner may do this; sign in first")


def _language(wanted: str) -> Any:
    if wanted not in LANGUAGES:
        raise InvalidAnswerError(f"language is {wanted!r:.20}; needed en or pt-BR")
    return wanted


def results_routes(api: ResultsApi) -> list[Route]:
    """Every route of the results tab."""
    quick = ThreadPoolExecutor(2, thread_name_prefix="results")
    slow = ThreadPoolExecutor(1, thread_name_prefix="results-analysis", initializer=give_way)

    def caller_of(request: Request) -> Caller:
        token = request.headers.get(OWNER_HEADER, "")[:LONGEST_TOKEN]
        visitor = visitor_of(request.scope.get("client"))
        return Caller(api.owner.is_owner(token), visitor, _user_name(request))

    async def guarded(
        name: str, pool: ThreadPoolExecutor, work: Callable[[], T], reply: Callable[[T], Response]
    ) -> Response:
        try:
            return reply(await asyncio.get_running_loop().run_in_executor(pool, work))
        except WrongPasswordError as error:
            await asyncio.sleep(error.hold_seconds)
            return refusal(error)
        except SurveyError as error:
            return refusal(error)
        except Exception:
            logger.exception("the results' %s failed", name)
            return JSONResponse({"error": {"key": "survey_error"}}, 500, headers=PRIVATE)

    def json_reply(answer: dict[str, Any]) -> Response:
        return JSONResponse(answer, headers=PRIVATE)

    async def serve_status(request: Request) -> Response:
        caller = caller_of(request)
        return await guarded("status", quick, lambda: api.status(caller), json_reply)

    async def serve_shown(request: Request) -> Response:
        caller, asked = caller_of(request), request.query_params
        return await guarded(
            "page",
            slow,
            lambda: api.shown(caller, asked.get("language", ""), asked.get("simulated") == "true"),
            json_reply,
        )

    async def serve_image(request: Request) -> Response:
        ticket = request.path_params["ticket"][:LONGEST_TOKEN]
        return await guarded(
            "picture", quick, lambda: api.image(ticket),
            lambda png: Response(png, media_type="image/png", headers=IMAGE_HEADERS),
        )  # fmt: skip

    def action(
        name: str, call: Callable[[Caller, dict[str, Any]], T], reply: Callable[[T], Response],
        pool: ThreadPoolExecutor = quick,
    ) -> Route:  # fmt: skip
        async def serve(request: Request) -> Response:
            caller = caller_of(request)
            try:
                body = await read_body(request)
            except SurveyError as error:
                return refusal(error)
            return await guarded(name, pool, lambda: call(caller, body), reply)

        return Route(f"/{ROUTE}/{name}", serve, methods=["POST"])

    def sign_in(caller: Caller, body: dict[str, Any]) -> dict[str, Any]:
        return api.sign_in(caller, fields(body, password=str)["password"])

    def zip_reply(content: bytes) -> Response:
        name = 'attachment; filename="nitidez-results.zip"'
        headers = PRIVATE | {"Content-Disposition": name}
        return Response(content, media_type="application/zip", headers=headers)

    return [
        Route(f"/{ROUTE}/status", serve_status, methods=["GET"]),
        Route(f"/{ROUTE}/shown", serve_shown, methods=["GET"]),
        Route(f"/{ROUTE}/image/{{ticket}}", serve_image, methods=["GET"]),
        action("sign-in", sign_in, json_reply),
        action("change", api.change, json_reply),
        action("export", api.export, zip_reply, slow),
    ]


def _user_name(request: Request) -> str | None:
    """Whom Gradio's OAuth session names, if there is one."""
    session = request.scope.get("session")
    info = session.get("oauth_info") if session else None
    user = info.get("userinfo") if isinstance(info, dict) else None
    name = user.get("preferred_username") if isinstance(user, dict) else None
    return name if isinstance(name, str) else None

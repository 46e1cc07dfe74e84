"""HTTP for the survey: plain JSON routes beside Gradio's, each a call of `survey.session`.

Addresses are relative to the page: `survey/status`, `survey/start`, ... and `survey/image/<token>`.
The session's token comes in a header, so that it stands in no address and no log. Work is done in
threads of the survey's own: a rating never waits behind the upscaler.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from demo.web.http import IMAGE_HEADERS, PRIVATE, Fresh, fields, read_body, refusal
from demo.web.i18n import LANGUAGES, label_of
from survey.session import rating
from survey.session.consent import consent_text
from survey.session.start import start
from survey.session.survey import Survey
from survey.study.errors import StaleTrialError, SurveyError

logger = logging.getLogger(__name__)

T = TypeVar("T")

ROUTE = "survey"
TOKEN_HEADER = "x-survey-token"
LONGEST_TOKEN = 64
ANSWER_THREADS = 4
IMAGE_THREADS = 2  # apart, so that a class that loads pictures does not hold up its answers
Call = Callable[[Survey, str, dict[str, Any]], dict[str, Any]]


def start_session(survey: Survey, user_agent: str, body: dict[str, Any]) -> dict[str, Any]:
    """Consent, and a new session."""
    texts = dict.fromkeys(("request", "language", "consent_version", "invitation", "panel"), str)
    chosen = fields(body, adult=bool, **texts)
    return start(survey, user_agent=user_agent, **chosen)


def withdraw(survey: Survey, token: str, body: dict[str, Any]) -> dict[str, Any]:
    """Erase everything of one person, without a code of this session's; whether nothing is left
    anywhere by now.
    """
    return {"withdrawn": rating.withdraw(survey, fields(body, code=str)["code"], token=token)}


ACTIONS: dict[str, Call] = {
    "start": start_session,
    "state": lambda survey, token, body: rating.state(survey, token, **fields(body)),
    "display": rating.set_display,
    "answer": rating.answer,
    "undo": lambda survey, token, body: rating.undo(survey, token, **fields(body)),
    "resume": lambda survey, token, body: rating.resume(survey, token, **fields(body)),
    "finish": lambda survey, token, body: rating.finish(
        survey, token, **fields(body, comment=str, vision=str)
    ),
    "withdraw": withdraw,
}


def survey_routes(get_survey: Callable[[], Survey]) -> list[Route]:
    """Every route of the survey.

    Args:
        get_survey: called within a request, in a thread of the survey's; may raise SurveyError.
    """
    answering = ThreadPoolExecutor(ANSWER_THREADS, thread_name_prefix="survey")
    loading = ThreadPoolExecutor(IMAGE_THREADS, thread_name_prefix="survey-image")

    status = Fresh(lambda: status_of(get_survey))

    async def in_thread(pool: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(pool, work)

    async def serve_status(request: Request) -> Response:
        return JSONResponse(await in_thread(answering, status), headers=PRIVATE)

    async def serve_image(request: Request) -> Response:
        def read() -> bytes:
            return rating.image(
                get_survey(), request.path_params["token"][:LONGEST_TOKEN]
            ).read_bytes()

        try:
            png = await in_thread(loading, read)
        except SurveyError as error:
            return refusal(error)
        except OSError:
            logger.exception("a picture of the survey cannot be read")
            return JSONResponse({"error": {"key": "survey_study"}}, 503, headers=PRIVATE)
        return Response(png, media_type="image/png", headers=IMAGE_HEADERS)

    def action_route(name: str, call: Call) -> Route:
        async def serve(request: Request) -> Response:
            token = request.headers.get(TOKEN_HEADER, "")[:LONGEST_TOKEN]
            caller = request.headers.get("user-agent", "")[:500] if name == "start" else token
            try:
                body = await read_body(request)
                answer = await in_thread(answering, lambda: call(get_survey(), caller, body))
                return JSONResponse(named(answer), headers=PRIVATE)
            except StaleTrialError as stale:
                error: SurveyError = stale
            except SurveyError as other:
                return refusal(other)
            except Exception:
                logger.exception("the survey's %s failed", name)
                return JSONResponse({"error": {"key": "survey_error"}}, 500, headers=PRIVATE)
            try:  # the page goes on from where the session really is
                state = await in_thread(answering, lambda: rating.state(get_survey(), token))
            except SurveyError as gone:
                return refusal(gone)
            return refusal(error, state=named(state))

        return Route(f"/{ROUTE}/{name}", serve, methods=["POST"])

    return [
        Route(f"/{ROUTE}/status", serve_status, methods=["GET"]),
        Route(f"/{ROUTE}/image/{{token}}", serve_image, methods=["GET"]),
        *(action_route(name, call) for name, call in ACTIONS.items()),
    ]


def status_of(get_survey: Callable[[], Survey]) -> dict[str, Any]:
    """What anybody may know, and the consent text in each language. A survey that cannot even be
    opened is a broken one.
    """
    try:
        status = get_survey().status()
    except SurveyError as error:
        problem = {"key": error.key, "detail": str(error)}
        status = {"state": "broken", "problem": problem, "minutes": 0}
    minutes = status["minutes"]
    consent = {language: consent_text(language, minutes=minutes) for language in LANGUAGES}
    return status | {"consent": consent}


def named(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer; where it reveals methods, with their names. The page itself does not know them
    before.
    """
    state = answer.get("state", answer)
    if "reveal" in state:
        labels = state["reveal"]["labels"]
        names = {
            method: labels.get(method) or {each: label_of(each, method) for each in LANGUAGES}
            for choice in state["reveal"]["choices"]
            for method in (choice["left"], choice["right"])
            if method
        }
        state["reveal"] = state["reveal"] | {"names": names}
    return answer

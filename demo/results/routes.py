"""HTTP for the results tab: what the class's answers come to, and what only the owner may do.

Addresses are relative to the page: `results/status`, `results/shown`, ... The owner's token comes
in a header, so that it stands in no address and no log, and no other site can send it.
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

from demo.hosting.process import give_way
from demo.results.api import ROUTE, Caller, ResultsApi, WrongPasswordError
from demo.results.owner import Owner
from demo.web.http import IMAGE_HEADERS, PRIVATE, fields, read_body, refusal
from demo.web.rates import visitor_of
from survey.study.errors import SurveyError

logger = logging.getLogger(__name__)

T = TypeVar("T")

OWNER_HEADER = "x-owner-token"
LONGEST_TOKEN = 120


def caller_of(request: Request, owner: Owner) -> Caller:
    """Who asks: the owner, by the token in a header, or anybody."""
    token = request.headers.get(OWNER_HEADER, "")[:LONGEST_TOKEN]
    visitor = visitor_of(request.scope.get("client"))
    return Caller(owner.is_owner(token), visitor, _user_name(request))


def results_routes(api: ResultsApi) -> list[Route]:
    """Every route of the results tab."""
    quick = ThreadPoolExecutor(2, thread_name_prefix="results")
    slow = ThreadPoolExecutor(1, thread_name_prefix="results-analysis", initializer=give_way)

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

    def study_in(request: Request) -> str:
        return request.query_params.get("study", "")

    def json_reply(answer: dict[str, Any]) -> Response:
        return JSONResponse(answer, headers=PRIVATE)

    async def serve_status(request: Request) -> Response:
        caller = caller_of(request, api.owner)
        return await guarded(
            "status", quick, lambda: api.status(caller, study_in(request)), json_reply
        )

    async def serve_shown(request: Request) -> Response:
        caller, asked = caller_of(request, api.owner), request.query_params
        return await guarded(
            "page",
            slow,
            lambda: api.shown(
                caller,
                asked.get("language", ""),
                asked.get("simulated") == "true",
                study_in(request),
            ),
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
            caller = caller_of(request, api.owner)
            try:
                body = await read_body(request)
            except SurveyError as error:
                return refusal(error)
            return await guarded(name, pool, lambda: call(caller, body), reply)

        return Route(f"/{ROUTE}/{name}", serve, methods=["POST"])

    def sign_in(caller: Caller, body: dict[str, Any]) -> dict[str, Any]:
        return api.sign_in(caller, fields(body, password=str)["password"])

    def zip_reply(content: bytes) -> Response:
        headers = PRIVATE | {"Content-Disposition": 'attachment; filename="nitidez-results.zip"'}
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

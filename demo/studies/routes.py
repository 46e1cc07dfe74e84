"""HTTP for the owner's studies: `studies/list`, `plan`, `prepare`, `cancel` and `change`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from demo.hosting.process import give_way
from demo.results.api import Caller
from demo.results.owner import Owner
from demo.results.routes import caller_of
from demo.studies.api import StudiesApi, check_owner, error_of
from demo.web.http import PRIVATE, read_body
from sr.base.errors import SRError
from survey.study.errors import StudyError, SurveyError

logger = logging.getLogger(__name__)

ROUTE = "studies"
LONGEST_BODY = 900_000  # bytes of an order, which names every file


def studies_routes(api: StudiesApi, owner: Owner) -> list[Route]:
    """Every route of the studies."""
    quick = ThreadPoolExecutor(2, thread_name_prefix="studies")
    slow = ThreadPoolExecutor(1, thread_name_prefix="studies-plan", initializer=give_way)

    async def answered(pool: ThreadPoolExecutor, work: Callable[[], dict[str, Any]]) -> Response:
        try:
            answer = await asyncio.get_running_loop().run_in_executor(pool, work)
            return JSONResponse(answer, headers=PRIVATE)
        except (SurveyError, SRError) as error:
            return refused(error)
        except Exception as error:
            logger.exception("the studies' page failed")
            return JSONResponse({"error": error_of(error)}, 500, headers=PRIVATE)

    async def serve_list(request: Request) -> Response:
        caller = caller_of(request, owner)
        return await answered(quick, lambda: api.listed(caller))

    def action(
        name: str,
        call: Callable[[Caller, dict[str, Any]], dict[str, Any]],
        pool: ThreadPoolExecutor = quick,
    ) -> Route:
        async def serve(request: Request) -> Response:
            caller = caller_of(request, owner)
            try:
                check_owner(caller)  # before a stranger's body is taken
                body = await read_body(request, longest=LONGEST_BODY)
            except SurveyError as error:
                return refused(error)
            return await answered(pool, lambda: call(caller, body))

        return Route(f"/{ROUTE}/{name}", serve, methods=["POST"])

    return [
        Route(f"/{ROUTE}/list", serve_list, methods=["GET"]),
        action("plan", api.plan, slow),
        action("prepare", api.prepare),
        action("cancel", api.cancel),
        action("change", api.change, slow),
    ]


def refused(error: SurveyError | SRError) -> Response:
    """An error as the page gets it; a study that cannot be made is the owner's to change."""
    status = 422 if isinstance(error, SRError) or type(error) is StudyError else error.status
    if status >= 500:
        logger.error("refused: %s", error)
    return JSONResponse({"error": error_of(error)}, status, headers=PRIVATE)

"""Comparing one's own pictures over HTTP: JSON in, JSON or a file out.

Addresses are relative to the page: `compare/add`, `measure`, `figure`, `wipe` and `zip`. Pictures
are known by the unguessable names of their files. Work is done by one thread, so that the rest
goes on.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from demo.compare.kept import Named
from demo.compare.pictures import KINDS, LONGEST_NAME, MOST_PICTURES, Compared
from demo.frames.look import number_of
from demo.hosting.process import give_way
from demo.web.http import PRIVATE, PageError, fields, read_body, refusal
from demo.web.i18n import language_of
from sr.microscopy.files.levels import Levels
from sr.microscopy.files.stretch import GREY, LUTS
from survey.study.errors import InvalidAnswerError, SurveyError

logger = logging.getLogger(__name__)

ROUTE = "compare"
MOST_WAITING = 24
MOST_BOXES = 4
MOST_ZOOM = 64
Answer = dict[str, Any] | tuple[bytes, str]


class BusyError(PageError):
    """Too much to do just now."""

    key = "busy"
    status = 503


def add(compared: Compared, body: dict[str, Any]) -> Answer:
    """Take an uploaded file."""
    given = {"can_be_photo": False} | body
    asked = fields(given, path=str, name=str, language=str, can_be_photo=bool)
    language = language_of(asked["language"])
    may_be = asked["can_be_photo"]
    return compared.add(asked["path"], asked["name"], language, can_be_photo=may_be)


def measure(compared: Compared, body: dict[str, Any]) -> Answer:
    """Measure pictures against one; `region` is empty for the whole."""
    asked = fields(body, reference=str, others=list, region=list)
    others = [str(token) for token in asked["others"]]
    _check_count(others)
    return compared.measure(asked["reference"], others, asked["region"] or None)


def figure(compared: Compared, body: dict[str, Any]) -> Answer:
    """The figure of a paper."""
    given = {"lut": GREY} | body
    asked = fields(given, pictures=list, reference=str, boxes=list, kind=str, lut=str)
    _check_lut(asked["lut"])
    if asked["kind"] not in KINDS or len(asked["boxes"]) > MOST_BOXES:
        raise InvalidAnswerError(
            f"needed one of {', '.join(KINDS)}, and at most {MOST_BOXES} boxes"
        )
    if not all(isinstance(box, list) for box in asked["boxes"]):
        raise InvalidAnswerError("a box is left, top, width and height")
    named = _named(asked["pictures"])
    kind = asked["kind"]
    made = compared.figure(named, asked["reference"], asked["boxes"], kind, asked["lut"])
    return made, KINDS[kind]


def wipe(compared: Compared, body: dict[str, Any]) -> Answer:
    """A wipe between two pictures, animated."""
    asked = fields({"lut": GREY} | body, pictures=list, region=list, zoom=int, lut=str)
    _check_lut(asked["lut"])
    pair = _named(asked["pictures"])
    if len(pair) != 2 or not 1 <= asked["zoom"] <= MOST_ZOOM:
        raise InvalidAnswerError(f"needed two pictures, and a zoom of 1 to {MOST_ZOOM}")
    return compared.wipe(pair, asked["region"], asked["zoom"], asked["lut"]), "image/webp"


def pack(compared: Compared, body: dict[str, Any]) -> Answer:
    """All pictures as one zip."""
    return compared.pack(_named(fields(body, pictures=list)["pictures"]))


ACTIONS: dict[str, Callable[[Compared, dict[str, Any]], Answer]] = {
    "add": add,
    "measure": measure,
    "figure": figure,
    "wipe": wipe,
    "zip": pack,
}


def compare_routes(compared: Compared) -> list[Route]:
    """Every route of the comparison."""
    pool = ThreadPoolExecutor(1, "nitidez-compare", give_way)
    places = threading.BoundedSemaphore(MOST_WAITING)

    def action_route(name: str, act: Callable[[Compared, dict[str, Any]], Answer]) -> Route:
        async def serve(request: Request) -> Response:
            try:
                body = await read_body(request)
                if not places.acquire(blocking=False):
                    raise BusyError("too much to do just now; try again in a minute")
                try:
                    work = asyncio.get_running_loop().run_in_executor(pool, act, compared, body)
                    answer = await work
                finally:
                    places.release()
            except (SurveyError, PageError) as error:
                return refusal(error)
            except Exception:
                logger.exception("the comparison's %s failed", name)
                return JSONResponse({"error": {"key": "other"}}, 500, headers=PRIVATE)
            if isinstance(answer, tuple):
                return Response(answer[0], media_type=answer[1], headers=PRIVATE)
            return JSONResponse(answer, headers=PRIVATE)

        return Route(f"/{ROUTE}/{name}", serve, methods=["POST"])

    return [action_route(name, act) for name, act in ACTIONS.items()]


def _named(pictures: list[Any]) -> list[Named]:
    _check_count(pictures)
    named = []
    for one in pictures:
        if not isinstance(one, dict):
            raise InvalidAnswerError("a picture is a token and a name")
        asked = fields({"limits": []} | one, token=str, name=str, limits=list)
        limits = _levels(asked["limits"])
        named.append(Named(asked["token"], asked["name"][:LONGEST_NAME], limits))
    return named


def _levels(limits: list[Any]) -> Levels | None:
    if not limits:
        return None
    low, high = (number_of(value) for value in (*limits, None, None)[:2])
    if len(limits) != 2 or low is None or high is None or low > high:
        raise InvalidAnswerError(f"limits {limits}: needed none, or two counts in order")
    return Levels(low, high)


def _check_lut(lut: str) -> None:
    if lut not in LUTS:
        raise InvalidAnswerError(f"lut {lut!r}; needed one of {', '.join(LUTS)}")


def _check_count(pictures: list[Any]) -> None:
    if not 1 <= len(pictures) <= MOST_PICTURES:
        raise InvalidAnswerError(f"{len(pictures)} pictures; needed 1 to {MOST_PICTURES}")

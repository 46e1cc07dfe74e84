"""JSON routes beside Gradio's: what a body has to be, and how a refusal is told."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from demo.hosting.bodies import BadJsonError, UnstorableTextError, parse_json
from survey.study.errors import InvalidAnswerError, SurveyError

logger = logging.getLogger(__name__)

T = TypeVar("T")

FRESH_SECONDS = 1.0  # in which how a survey stands is told to everybody as it was
LONGEST_BODY = 16 * 1024
PRIVATE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
# No ETag, no date and no compression: they would tell versions apart. no-transform is for proxies.
IMAGE_HEADERS = {
    "Cache-Control": "no-store, no-transform",
    "X-Content-Type-Options": "nosniff",
}


class PageError(Exception):
    """What a page refuses that is not the survey's; `key` is one of that page's texts."""

    key = ""
    status = 422


class BadRequestError(SurveyError):
    """A body that is too long or is not a JSON object."""

    key = "survey_invalid"

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


class UnstorableError(InvalidAnswerError):
    """A text that cannot be stored, however often it is sent."""

    key = "survey_unstorable"


def fields(body: Mapping[str, Any], **types: type) -> dict[str, Any]:
    """The body, if it has exactly these fields of these types.

    Raises:
        InvalidAnswerError: it has not.
    """
    if set(body) != set(types) or not all(isinstance(body[k], t) for k, t in types.items()):
        needed = ", ".join(f"{name} ({kind.__name__})" for name, kind in types.items())
        raise InvalidAnswerError(f"got {sorted(body)}; needed {needed or 'an empty object'}")
    return dict(body)


async def read_body(request: Request, *, longest: int = LONGEST_BODY) -> dict[str, Any]:
    """The JSON object of a request.

    Args:
        longest: bytes that it may have.

    Raises:
        BadRequestError: another type, too long, or not JSON.
    """
    if request.headers.get("content-type", "").split(";")[0].strip() != "application/json":
        raise BadRequestError("needed Content-Type: application/json", 415)
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > longest:
            raise BadRequestError(f"the body is longer than {longest} bytes", 413)
    try:
        values = parse_json(body)
    except UnstorableTextError as error:
        raise UnstorableError(str(error)) from None
    except BadJsonError as error:
        raise BadRequestError(str(error), 422) from None
    if not isinstance(values, dict):
        raise BadRequestError("the body is not a JSON object", 422)
    return values


class Fresh(Generic[T]):
    """What a function gives, asked again only after a while however often it is wanted.

    Args:
        make: gives it; one thread at a time.
        seconds: that it stays.
    """

    def __init__(self, make: Callable[[], T], seconds: float = FRESH_SECONDS) -> None:
        self._make, self._seconds = make, seconds
        self._lock = threading.Lock()
        self._made: tuple[float, T] | None = None

    def __call__(self) -> T:
        with self._lock:
            now = time.monotonic()
            if self._made is None or now >= self._made[0] + self._seconds:
                self._made = (now, self._make())
            return self._made[1]

    def forget(self) -> None:
        """Ask again the next time."""
        with self._lock:
            self._made = None


def refusal(error: SurveyError | PageError, **more: Any) -> Response:
    """An error as the page gets it: which one, and in English what exactly."""
    told = {"key": error.key, "detail": str(error) if error.status < 500 else ""}
    if error.status >= 500:
        logger.error("refused: %s", error)
    return JSONResponse({"error": told, **more}, error.status, headers=PRIVATE)

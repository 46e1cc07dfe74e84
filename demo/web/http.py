"""JSON routes beside Gradio's: what a body has to be, and how a refusal is told."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from survey.study.errors import InvalidAnswerError, SurveyError

logger = logging.getLogger(__name__)

LONGEST_BODY = 16 * 1024
PRIVATE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
# No ETag, no date and no compression: they would tell versions apart. no-transform is for proxies.
IMAGE_HEADERS = {
    "Cache-Control": "private, max-age=86400, immutable, no-transform",
    "X-Content-Type-Options": "nosniff",
}


class BadRequestError(SurveyError):
    """A body that is too long or is not a JSON object."""

    key = "survey_invalid"

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


def fields(body: Mapping[str, Any], **types: type) -> dict[str, Any]:
    """The body, if it has exactly these fields of these types.

    Raises:
        InvalidAnswerError: it has not.
    """
    if set(body) != set(types) or not all(isinstance(body[k], t) for k, t in types.items()):
        needed = ", ".join(f"{name} ({kind.__name__})" for name, kind in types.items())
        raise InvalidAnswerError(f"got {sorted(body)}; needed {needed or 'an empty object'}")
    return dict(body)


async def read_body(request: Request) -> dict[str, Any]:
    """The JSON object of a request.

    Raises:
        BadRequestError: another type, too long, or not JSON.
    """
    if request.headers.get("content-type", "").split(";")[0].strip() != "application/json":
        raise BadRequestError("needed Content-Type: application/json", 415)
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LONGEST_BODY:
            raise BadRequestError(f"the body is longer than {LONGEST_BODY} bytes", 413)
    try:
        values = json.loads(body)
    except (ValueError, RecursionError):
        raise BadRequestError("the body is not JSON", 422) from None
    if not isinstance(values, dict):
        raise BadRequestError("the body is not a JSON object", 422)
    return values


def refusal(error: SurveyError, **more: Any) -> Response:
    """An error as the page gets it: which one, and in English what exactly."""
    told = {"key": error.key, "detail": str(error) if error.status < 500 else ""}
    if error.status >= 500:
        logger.error("the survey refuses: %s", error)
    return JSONResponse({"error": told, **more}, error.status, headers=PRIVATE)

"""What Gradio's routes are asked: what cannot be is refused in words before they see it.

They take JSON by the page's own JavaScript for granted, and break on what a program may send.
"""

from __future__ import annotations

import logging
from collections.abc import Container
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from demo.hosting.bodies import BadJsonError, parse_json
from demo.hosting.refusals import refusal

logger = logging.getLogger(__name__)

API = "/gradio_api/"
OWN = ("/survey/", "/results/", "/compare/")  # which look at what they are asked by themselves
# Gradio's tools for whoever writes an app, and components that this app has none of.
CLOSED = (
    *("/monitoring", "/pwa_icon", "/openapi.json"),
    *(
        API + name
        for name in (
            *("vibe-", "undo-vibe", "dev/", "proxy=", "stream/", "process_recording", "deep_link"),
            *("custom_component", "component_server", "runs", "token"),
        )
    ),
)
NAMED = tuple(
    API + name for name in ("call/v2/", "call/", "run/", "api/")
)  # before a function's name
LONGEST_NAME = 255  # of a part of a path, as on a disk
FIELDS: dict[str, type] = {
    "data": list,
    "fn_index": int,
    "trigger_id": int,
    "session_hash": str,
    "event_id": str,
    "api_name": str,
    "simple_format": bool,
    "batched": bool,
}


class UnknownFunctionError(ValueError):
    """The app has no such function."""


class Understood:
    """Refuses paths and bodies that no route can do anything with (ASGI middleware)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].removeprefix(scope.get("root_path", "")) if "path" in scope else ""
        if scope["type"] != "http" or path.startswith(OWN):
            await self._app(scope, receive, send)
            return
        if path.startswith(CLOSED) or not is_name(path):
            await refusal(404, "invalid", "there is nothing here")(scope, receive, send)
            return
        functions, name = functions_of(scope.get("app")), name_in(path)
        if name not in (None, "predict", *functions.values()):
            text = f"this app has no function {name!r:.100}"
            await refusal(404, "invalid", text)(scope, receive, send)
            return
        is_call = scope["method"] == "POST" and path.startswith(API)
        if is_call and not path.startswith(f"{API}upload"):
            body = await read_all(receive)
            if body is None:  # the client has gone
                return
            try:
                check_call(body, functions)
            except UnknownFunctionError as error:
                await refusal(404, "invalid", str(error))(scope, receive, send)
                return
            except BadJsonError as error:
                await refusal(422, "invalid", str(error))(scope, receive, send)
                return
            receive = again(body, receive)
        await self._or_refused(422 if is_call else 404, scope, receive, send)

    async def _or_refused(self, status: int, scope: Scope, receive: Receive, send: Send) -> None:
        """Where a route of Gradio's breaks on what it was asked, a refusal stands in its place."""
        has_begun = is_broken = False

        async def send_unless_broken(message: Message) -> None:
            nonlocal has_begun, is_broken
            if message["type"] == "http.response.start":
                is_broken = message["status"] == 500
            if not is_broken:
                has_begun = True
                await send(message)

        try:
            await self._app(scope, receive, send_unless_broken)
        except Exception:
            is_broken = True
            logger.warning("%s %r broke", scope["method"], scope["path"][:200], exc_info=True)
        if has_begun and is_broken:  # a stream, which has told the error
            await send({"type": "http.response.body", "body": b""})
        elif is_broken:
            text = "the app cannot do anything with this request"
            await refusal(status, "invalid", text)(scope, receive, send)


def is_name(path: str) -> bool:
    """Whether a path could be one of a file."""
    parts = path.split("/")
    return "\0" not in path and all(len(part.encode()) <= LONGEST_NAME for part in parts)


def functions_of(app: Any) -> dict[int, str | None]:
    """The functions of Gradio's application: by number, their names."""
    blocks = getattr(app, "blocks", None)
    return {number: function.api_name for number, function in blocks.fns.items()} if blocks else {}


def check_call(body: bytes, functions: Container[int]) -> None:
    """Look at a request to Gradio's API.

    Args:
        body: its bytes.
        functions: of `functions_of`.

    Raises:
        UnknownFunctionError: of no such number.
        BadJsonError: not JSON, or fields that are not of their types.
    """
    values = parse_json(body)
    if not isinstance(values, dict):
        raise BadJsonError("the body is not a JSON object")
    for name, kind in FIELDS.items():
        value = values.get(name)
        is_number = isinstance(value, bool) and kind is int
        if value is not None and (is_number or not isinstance(value, kind)):
            raise BadJsonError(f"{name} is {type(value).__name__}; needed {kind.__name__}")
    number = values.get("fn_index")
    if number is not None and number not in functions:
        raise UnknownFunctionError(f"this app has no function of number {number}")


def name_in(path: str) -> str | None:
    """The name of a function in the path of a call, or of the stream that tells of it."""
    prefix = next((prefix for prefix in NAMED if path.startswith(prefix)), None)
    return path.removeprefix(prefix).split("/")[0] if prefix else None


async def read_all(receive: Receive) -> bytes | None:
    """A body; None when the client goes before it is there."""
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


def again(body: bytes, receive: Receive) -> Receive:
    """`receive` of a body that was read already."""
    is_told = False

    async def receive_again() -> Message:
        nonlocal is_told
        if is_told:
            return await receive()
        is_told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again

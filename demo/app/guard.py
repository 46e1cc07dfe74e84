"""What may be asked for at all: sizes, rates and who may ask; and the headers of every answer."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from demo.app.settings import Settings
from demo.web.rates import PAGES_PER_ADDRESS, Rate, TooOftenError
from demo.web.scripts import preload

STARTS_PER_MINUTE = 120  # sessions of the survey that begin, and codes that are tried, per address
EVENTS_PER_MINUTE = 1200  # everything else that is asked of Gradio's queue, per address
LONGEST_BODY = 1_000_000  # bytes of a request that is not an upload
FORM_BYTES = 64_000  # what a form adds to the file it holds


@dataclass(frozen=True)
class Rule:
    """How often an address may ask for paths that end or go on like this."""

    part: str
    rate: Rate


# Gradio asks for its own page before it calls itself started, and gives up after three seconds: a
# server that comes back into the middle of a class must not build the whole page for that.
IS_UP = HTMLResponse()


class Guard:
    """Looks at every request before anything else does (ASGI middleware), and adds headers.

    Refuses requests of other websites, bodies that are too long, addresses that ask too often,
    and uploads while their folder is full.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._is_proxied = settings.is_proxied
        self._uploads = settings.uploads_folder
        self._most_bytes = settings.cache_mb * 1_000_000
        self._longest_upload = settings.max_upload_mb * 1_000_000 + FORM_BYTES
        self._headers = security_headers(settings)
        photos = settings.photos_per_minute * PAGES_PER_ADDRESS
        self._rules = (
            Rule("/gradio_api/upload", Rate(photos)),
            Rule("/survey/start", Rate(STARTS_PER_MINUTE)),
            Rule("/survey/withdraw", Rate(STARTS_PER_MINUTE)),
            Rule("/gradio_api/", Rate(EVENTS_PER_MINUTE)),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if self._is_proxied and (forwarded := headers.get("x-forwarded-for")):
            scope["client"] = (forwarded.split(",")[0].strip(), 0)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                if scope["path"] == "/":
                    answer.setdefault("Link", preload())
                for name, value in self._headers.items():
                    answer.setdefault(name, value)
            await send(message)

        answer = self._refusal(scope, headers) if scope["method"] == "POST" else None
        if scope["method"] == "HEAD" and scope["path"] == "/":
            answer = IS_UP
        await (answer or self._app)(scope, receive, send_with_headers)

    def _refusal(self, scope: Scope, headers: Headers) -> ASGIApp | None:
        path = scope["path"]
        is_survey = path.startswith("/survey/")  # which counts its bytes by itself
        is_upload = path.startswith("/gradio_api/upload")
        if headers.get("sec-fetch-site") == "cross-site":
            return refusal(403, "foreign", "requests of other websites are refused")
        length = headers.get("content-length", "")
        if not is_survey:
            if not length.isdigit():
                return refusal(411, "invalid", "needed a Content-Length")
            if int(length) > (self._longest_upload if is_upload else LONGEST_BODY):
                return refusal(413, "invalid", f"{length} bytes are too many")
        client = scope.get("client")
        for rule in self._rules:
            if path.startswith(rule.part):
                try:
                    rule.rate.take(client[0] if client else "")
                except TooOftenError as error:
                    return refusal(429, "busy", str(error), retry_seconds=error.seconds)
                break
        if is_upload and folder_bytes(self._uploads) + int(length) > self._most_bytes:
            return refusal(503, "busy", "too many uploads just now; try again in a minute")
        return None


def refusal(status: int, key: str, detail: str, *, retry_seconds: float = 60) -> JSONResponse:
    """A refusal as the survey's page understands it; programs read `detail`."""
    body = {"error": {"key": f"survey_{key}", "detail": detail}, "detail": detail}
    headers = {"Cache-Control": "no-store"}
    if status in (429, 503):
        headers["Retry-After"] = str(max(1, round(retry_seconds)))
    return JSONResponse(body, status, headers=headers)


def folder_bytes(folder: Path) -> int:
    """What the files below a folder take."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(parent) / name).lstat().st_size
            except OSError:
                continue
    return total


def security_headers(settings: Settings) -> dict[str, str]:
    """Headers of every answer. Gradio's page needs its inline scripts and their `eval`; nothing
    comes from, or goes to, anywhere else. Only Hugging Face may show a Space in a frame.
    """
    frames = "'self' https://huggingface.co" if settings.is_proxied else "'self'"
    policy = {
        "default-src": "'self'",
        "script-src": "'self' 'unsafe-inline' 'unsafe-eval' blob:",
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "connect-src": "'self' data: blob:",
        "worker-src": "'self' blob:",
        "object-src": "'none'",
        "base-uri": "'self'",
        "form-action": "'self'",
        "frame-ancestors": frames,
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    }

"""What may be asked for at all: sizes, rates and who may ask; and the headers of every answer."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from demo.app.settings import Settings
from demo.hosting.addresses import OwnPagesOnly
from demo.hosting.intake import FullError, Intake, TooLongError
from demo.hosting.refusals import refusal
from demo.hosting.understood import Understood
from demo.web.rates import PAGES_PER_ADDRESS, Rate, TooOftenError, visitor_of
from demo.web.scripts import preload

READS_PER_MINUTE = 3000  # of how the survey and its results stand, per address
STARTS_PER_MINUTE = 120  # sessions of the survey that begin, and codes that are tried, per address
STUDIES_PER_MINUTE = 120  # plans, preparations and other changes of studies, per address
COMPARISONS_PER_MINUTE = 400  # pictures taken, measured or drawn, per address
EVENTS_PER_MINUTE = 1200  # everything else that is asked of Gradio's queue, per address
LONGEST_BODY = 1_000_000  # bytes of a request that is not an upload
FORM_BYTES = 64_000  # what a form adds to the file it holds


@dataclass(frozen=True)
class Rule:
    """How often an address may ask for paths that end or go on like this."""

    part: str
    rate: Rate
    method: str = "POST"


def middleware(settings: Settings) -> list[Middleware]:
    """What every request passes, from the outside in: whose it is, who sent it, how much."""
    places, is_space = settings.places, settings.is_space
    return [
        Middleware(ProxyHeadersMiddleware, trusted_hosts=list(settings.trusted_proxies)),
        Middleware(Headed, settings=settings),
        Middleware(OwnPagesOnly, places=places, any_host=is_space),
        Middleware(Guard, settings=settings),
        Middleware(Understood),
    ]


# Gradio asks for its own page before it calls itself started, and gives up after three seconds: a
# server that comes back into the middle of a class must not build the whole page for that.
IS_UP = HTMLResponse()


class Headed:
    """Adds the headers that every answer has, refusals too (ASGI middleware)."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._headers = security_headers(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                if scope["path"] == "/":
                    answer.setdefault("Link", preload())
                for name, value in self._headers.items():
                    answer.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)


class Guard:
    """Refuses bodies that are too long, addresses that ask too often, and uploads for which the
    folder has no room (ASGI middleware).
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._uploads = Intake(settings.uploads_folder, settings.cache_mb * 1_000_000)
        self._longest_upload = settings.max_upload_mb * 1_000_000 + FORM_BYTES
        photos = settings.photos_per_minute * PAGES_PER_ADDRESS
        reads = Rate(READS_PER_MINUTE)
        self._rules = (
            Rule("/survey/status", reads, "GET"),
            Rule("/results/s", reads, "GET"),  # status and what is shown, not the pictures
            Rule("/gradio_api/upload", Rate(photos)),
            Rule("/compare/", Rate(COMPARISONS_PER_MINUTE)),
            Rule("/studies/list", reads, "GET"),
            Rule("/studies/", Rate(STUDIES_PER_MINUTE)),
            Rule("/survey/start", Rate(STARTS_PER_MINUTE)),
            Rule("/survey/withdraw", Rate(STARTS_PER_MINUTE)),
            Rule("/gradio_api/", Rate(EVENTS_PER_MINUTE)),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if scope["method"] == "HEAD" and path == "/":
            await IS_UP(scope, receive, send)
            return
        # The survey counts its bytes by itself.
        is_counted = scope["method"] == "POST" and not path.startswith("/survey/")
        refused = self._too_long(scope, path) if is_counted else None
        refused = refused or self._too_often(scope, path)
        if refused is not None:
            await refused(scope, receive, send)
        elif is_counted:
            await self._take(scope, path, receive, send)
        else:
            await self._app(scope, receive, send)

    def _too_long(self, scope: Scope, path: str) -> ASGIApp | None:
        length = Headers(scope=scope).get("content-length", "")
        longest = self._longest_upload if is_upload(path) else LONGEST_BODY
        if not (length.isascii() and length.isdigit()):
            return refusal(411, "invalid", "needed a Content-Length")
        if len(length) > 15 or int(length) > longest:
            return refusal(413, "invalid", f"{length[:30]} bytes; at most {longest} are taken")
        return None

    def _too_often(self, scope: Scope, path: str) -> ASGIApp | None:
        for rule in self._rules:
            if scope["method"] == rule.method and path.startswith(rule.part):
                try:
                    rule.rate.take(visitor_of(scope.get("client")))
                except TooOftenError as error:
                    return refusal(429, "busy", str(error), retry_seconds=error.seconds)
                return None
        return None

    async def _take(self, scope: Scope, path: str, receive: Receive, send: Send) -> None:
        """Let a body in, of which room is kept for every byte before the first one comes."""
        length = int(Headers(scope=scope)["content-length"])
        try:
            with self._uploads.room(length, is_stored=is_upload(path)) as body:
                await self._app(scope, body.counted(receive), body.unless_too_long(send))
        except TooLongError as error:
            await refusal(413, "invalid", str(error))(scope, receive, send)
        except FullError:
            text = "too many uploads just now; try again in a minute"
            await refusal(503, "busy", text)(scope, receive, send)


def is_upload(path: str) -> bool:
    """Whether what is sent there becomes a file."""
    return path.startswith("/gradio_api/upload")


def security_headers(settings: Settings) -> dict[str, str]:
    """Headers of every answer. Gradio's page needs its inline scripts and their `eval`; nothing
    comes from, or goes to, anywhere else. Only Hugging Face may show a Space in a frame.
    """
    frames = "'self' https://huggingface.co" if settings.is_space else "'self'"
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
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    }

"""Under which addresses the app is served, and that only its own pages talk to it.

A browser says with a request which page sent it (`Origin`) and what it takes the server for
(`Host`). Another website's page has another origin; a name that somebody has pointed at this
machine (DNS rebinding) is another host. Programs that are no browsers send no origin.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from demo.hosting.refusals import refusal

# Where a Space's own proxies are; whoever else is named behind them is a visitor.
PRIVATE_NETWORKS = (
    *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8"),
    *("::1", "fc00::/7"),
)


def place_of(address: str) -> str:
    """`example.org:8000` of `https://Example.org:8000/path`, or of what is short already.

    Raises:
        ValueError: no host in it.
    """
    parts = urlsplit(address if "://" in address else f"//{address}")
    if not parts.hostname or parts.username is not None:
        raise ValueError(f"{address!r} names no host")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return host if parts.port is None else f"{host}:{parts.port}"


def host_of(place: str) -> str:
    """The host without its port."""
    return (urlsplit(f"//{place}").hostname or "").rstrip(".")


def own_names() -> frozenset[str]:
    """What this machine is called in its own network."""
    name = socket.gethostname().lower()
    return frozenset({"localhost", name, name.partition(".")[0], f"{name.partition('.')[0]}.local"})


class OwnPagesOnly:
    """Refuses what pages of other websites send, and what comes for another host (ASGI).

    Args:
        app: what is served.
        places: hosts with their ports, of `place_of`, that the app is served under besides every
            number of an address and the names of this machine, to which no stranger's name leads.
        any_host: whether a proxy in front lets requests for this app's own hosts through only.
    """

    def __init__(
        self, app: ASGIApp, *, places: Collection[str] = (), any_host: bool = False
    ) -> None:
        self._app = app
        self._places = frozenset(places)
        self._hosts = own_names() | {host_of(place) for place in places}
        self._any_host = any_host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (
            why := self._refused(scope["method"], Headers(scope=scope))
        ):
            await refusal(*why)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _refused(self, method: str, headers: Headers) -> tuple[int, str, str] | None:
        """Status, key and text of a refusal."""
        asked = headers.get("host", "")
        if not self._is_served_at(asked):
            return (
                421,
                "foreign",
                f"this app does not know the address {asked[:200]!r}; whoever runs it can add "
                "it to NITIDEZ_ADDRESSES",
            )
        foreign = (403, "foreign", "requests of other websites are refused")
        origins = headers.getlist("origin")
        if origins and not all(self._is_own(origin, asked) for origin in origins):
            return foreign
        site, mode = headers.get("sec-fetch-site"), headers.get("sec-fetch-mode")
        if site == "cross-site" and method != "GET":
            return foreign
        # A picture or a script of another page names no origin; a link that is followed may.
        if site in ("cross-site", "same-site") and not origins and mode not in (None, "navigate"):
            return foreign
        return None

    def _is_served_at(self, asked: str) -> bool:
        if self._any_host:
            return True
        try:
            host = host_of(place_of(asked))
        except ValueError:
            return False
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return host in self._hosts or host.endswith(".localhost")
        return True  # a page from there was sent from there: nobody can point a number elsewhere

    def _is_own(self, origin: str, asked: str) -> bool:
        try:
            place = place_of(origin)
            return "://" in origin and place in self._places | {place_of(asked)}
        except ValueError:  # "null", too
            return False


@asynccontextmanager
async def no_foreign_readers(app: Any) -> AsyncIterator[None]:
    """Lifespan of the served application, in which Gradio's middleware that lets any website read
    answers (it returns each Origin as allowed) is taken out.
    """
    from gradio.route_utils import CustomCORSMiddleware

    kept = [each for each in app.user_middleware if each.cls is not CustomCORSMiddleware]
    app.user_middleware = kept
    app.middleware_stack = app.build_middleware_stack()
    yield

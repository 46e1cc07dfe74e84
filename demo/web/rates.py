"""How often one visitor may ask, so that nobody is crowded out.

Counts are kept in memory only, by page (Gradio's session) and by address. A whole class may come
from one address, so an address may do what many pages may.
"""

from __future__ import annotations

import contextlib
import ipaddress
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from sr.base.errors import SRError

PAGES_PER_ADDRESS = 10  # an address may do so many times what a page may
MOST_VISITORS = 10_000


class TooOftenError(SRError):
    """A visitor asks too often; `seconds` until the next time."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"too many requests; try again in {seconds:.0f} s")
        self.seconds = seconds


class Rate:
    """How often each visitor may do something: at once up to a minute's worth, then evenly.

    Args:
        per_minute: times.
        clock: seconds, for tests.
    """

    def __init__(self, per_minute: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_minute = per_minute
        self._clock = clock
        self._lock = threading.Lock()
        self._free_at: dict[str, float] = {}  # visitor -> when nothing counts against it any more

    def take(self, visitor: str) -> None:
        """Count one.

        Raises:
            TooOftenError: it is one too many; it does not count.
        """
        step = 60 / self.per_minute
        with self._lock:
            now = self._clock()
            if len(self._free_at) >= MOST_VISITORS:
                self._free_at = {key: at for key, at in self._free_at.items() if at > now}
            free_at = max(now, self._free_at.get(visitor, now)) + step
            if free_at > now + 60 + 1e-6:
                raise TooOftenError(free_at - now - 60)
            self._free_at[visitor] = free_at


def visitor_of(client: Sequence[Any] | None) -> str:
    """Whom requests count for: an address; of version 6 the network, of which everybody has one.

    Args:
        client: address and port, None where there is none.
    """
    host = str(client[0])[:100] if client else ""
    with contextlib.suppress(ValueError):
        if isinstance(ipaddress.ip_address(host), ipaddress.IPv6Address):
            return str(ipaddress.ip_network(f"{host.partition('%')[0]}/64", strict=False))
    return host


class PhotoLimit:
    """How often photos may be sent, by page and by address."""

    def __init__(self, per_minute: int) -> None:
        self._page = Rate(per_minute)
        self._address = Rate(per_minute * PAGES_PER_ADDRESS)

    def take(self, request: Any) -> None:
        """Count a photo of a `gr.Request`.

        Raises:
            TooOftenError: it is one too many.
        """
        if request.session_hash:  # plain HTTP calls have none
            self._page.take(request.session_hash)
        self._address.take(visitor_of((request.client.host,) if request.client else None))

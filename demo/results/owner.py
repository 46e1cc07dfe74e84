"""Who may see results, export and close a study: sign-in by password, link or Hugging Face name.

Nothing of it is kept on disk: a restart signs everybody out.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable

ATTEMPTS, ATTEMPTS_OF_ALL = 5, 50  # wrong words before a wait, of one visitor and of all
WAIT_SECONDS = 15 * 60
TOKEN_SECONDS = 12 * 60 * 60
SHORTEST_PASSWORD = 10


class SignInError(Exception):
    """Not signed in; `key` is the text that says why."""

    key = "owner_wrong"


class TooManyAttemptsError(SignInError):
    """Too many wrong passwords; `seconds` until the next may be tried."""

    key = "owner_wait"

    def __init__(self, seconds: float) -> None:
        super().__init__(f"too many attempts; wait {seconds:.0f} s")
        self.seconds = seconds


class Owner:
    """Signs the owner in and remembers it.

    Args:
        password: from a secret; "" switches it off.
        names: Hugging Face user names that may sign in with OAuth.
        clock: seconds, for tests.

    Raises:
        ValueError: a password shorter than 10 characters.
    """

    def __init__(
        self,
        *,
        password: str = "",
        names: frozenset[str] = frozenset(),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if password and len(password) < SHORTEST_PASSWORD:
            raise ValueError(
                f"the owner's password has {len(password)} characters; needed "
                f"{SHORTEST_PASSWORD} or more"
            )
        self._password = _digest(password) if password else None
        self._names = frozenset(name.casefold() for name in names)
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens: dict[bytes, float] = {}  # digest of a token -> when it ends
        self._wrong: dict[str, deque[float]] = {}
        self._all_wrong: deque[float] = deque()

    @property
    def has_password(self) -> bool:
        """Whether one was set."""
        return self._password is not None

    @property
    def has_names(self) -> bool:
        """Whether somebody may sign in with Hugging Face."""
        return bool(self._names)

    def sign_in(self, password: str, *, visitor: str) -> str:
        """A token for the right password.

        Args:
            password: what was typed; compared in constant time.
            visitor: whom attempts are counted for, such as an address; kept in memory only.

        Raises:
            SignInError: the wrong one, or none is set.
            TooManyAttemptsError: too many wrong ones in the last 15 minutes.
        """
        with self._lock:
            now = self._clock()
            for queue, limit in (
                (self._queue(visitor), ATTEMPTS),
                (self._all_wrong, ATTEMPTS_OF_ALL),
            ):
                while queue and queue[0] <= now - WAIT_SECONDS:
                    queue.popleft()
                if len(queue) >= limit:
                    raise TooManyAttemptsError(queue[0] + WAIT_SECONDS - now)
            right = self._password is not None and hmac.compare_digest(
                _digest(password), self._password
            )
            if not right:
                self._queue(visitor).append(now)
                self._all_wrong.append(now)
                raise SignInError("not the owner's password")
            self._wrong.pop(visitor, None)
            return self._new_token()

    def sign_in_as(self, name: str | None) -> str:
        """A token for a Hugging Face user that OAuth vouches for.

        Raises:
            SignInError: not one of the owners.
        """
        if not name or name.casefold() not in self._names:
            raise SignInError("not one of the owners")
        with self._lock:
            return self._new_token()

    def link_token(self) -> str:
        """A token to print on the terminal of whoever started the server."""
        with self._lock:
            return self._new_token()

    def is_owner(self, token: str | None) -> bool:
        """Whether a token was given out here and has not ended."""
        if not token:
            return False
        with self._lock:
            now = self._clock()
            self._tokens = {key: end for key, end in self._tokens.items() if end > now}
            return _digest(token) in self._tokens

    def _new_token(self) -> str:
        token = secrets.token_urlsafe(32)
        self._tokens[_digest(token)] = self._clock() + TOKEN_SECONDS
        return token

    def _queue(self, visitor: str) -> deque[float]:
        if len(self._wrong) > 10_000:  # the common limit has stopped such an attack long before
            self._wrong.clear()
        return self._wrong.setdefault(visitor, deque())


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()

"""Who may see results, export and close a study: sign-in by password, link or Hugging Face name.

Nothing of it is kept on disk: a restart signs everybody out.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable

FREE_GUESSES = 3  # wrong words of a visitor that are answered at once
LONGEST_HOLD_SECONDS = 8.0  # that the answer to a later one is kept back
MOST_HELD = 8  # such answers of one visitor at a time; with so many under way,
LOOK_SECONDS = 0.5  # one guess of this visitor in so long is looked at
FORGET_SECONDS = 15 * 60
MOST_VISITORS = 10_000
TOKEN_SECONDS = 12 * 60 * 60
SHORTEST_PASSWORD = 10


class SignInError(Exception):
    """Not signed in; whoever guessed is told only after `hold_seconds`."""

    def __init__(self, text: str, hold_seconds: float = 0) -> None:
        super().__init__(text)
        self.hold_seconds = hold_seconds


class TooManyAttemptsError(SignInError):
    """A visitor guesses so fast that this was not looked at; `seconds` until the next may be."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"too many attempts; wait {math.ceil(seconds)} s")
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
        self._wrong: dict[str, deque[tuple[float, float]]] = {}  # when guessed, when answered

    @property
    def has_password(self) -> bool:
        """Whether one was set."""
        return self._password is not None

    @property
    def has_names(self) -> bool:
        """Whether somebody may sign in with Hugging Face."""
        return bool(self._names)

    def sign_in(self, password: str, *, visitor: str) -> str:
        """A token for the right password, at once, however much anybody has guessed.

        The answer to a wrong one is to be kept back, longer with each: 1, 2, 4, 8 seconds.

        Args:
            password: what was typed; compared in constant time.
            visitor: whom guesses are counted for, such as an address; kept in memory only.

        Raises:
            SignInError: the wrong one, or none is set.
            TooManyAttemptsError: this visitor guesses many times at once.
        """
        with self._lock:
            now = self._clock()
            guesses = self._guesses(visitor, now)
            held = sum(until > now for _, until in guesses)
            if held >= MOST_HELD and now < guesses[-1][0] + LOOK_SECONDS:
                raise TooManyAttemptsError(guesses[-1][0] + LOOK_SECONDS - now)
            if self._password is not None and hmac.compare_digest(
                _digest(password), self._password
            ):
                return self._new_token()
            doublings = min(len(guesses) - FREE_GUESSES, 30)
            hold = min(2.0**doublings, LONGEST_HOLD_SECONDS) if doublings >= 0 else 0.0
            guesses.append((now, now + hold))
            raise SignInError("not the owner's password", hold)

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

    def _guesses(self, visitor: str, now: float) -> deque[tuple[float, float]]:
        if len(self._wrong) > MOST_VISITORS:
            recent = {v: g for v, g in self._wrong.items() if g and g[-1][0] > now - FORGET_SECONDS}
            self._wrong = recent if len(recent) <= MOST_VISITORS else {}
        guesses = self._wrong.setdefault(visitor, deque(maxlen=100))
        while guesses and guesses[0][0] <= now - FORGET_SECONDS:
            guesses.popleft()
        return guesses


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()

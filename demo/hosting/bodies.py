"""JSON that strangers send: what can be stored and counted with, and nothing else."""

from __future__ import annotations

import json
import math
from typing import Any

MOST_DIGITS = 16  # a browser's numbers have no more


class BadJsonError(ValueError):
    """Not JSON, or JSON with a number that cannot be."""


class UnstorableTextError(BadJsonError):
    """A text with half of a character or with a zero byte: no file and no table takes it."""


def parse_json(body: bytes) -> Any:
    """The value of a JSON text.

    Raises:
        BadJsonError: not JSON, nested without end, or with a number beyond what browsers have.
        UnstorableTextError: a text in it is none.
    """
    try:
        value = json.loads(
            body.decode(), parse_int=_whole, parse_float=_finite, parse_constant=_finite
        )
        told = json.dumps(value, ensure_ascii=False)
    except BadJsonError:
        raise
    except (ValueError, RecursionError):
        raise BadJsonError("the body is not JSON") from None
    if "\\u0000" in told and "\0" in _texts(value):
        raise UnstorableTextError("a text holds a zero byte, which cannot be stored")
    try:
        told.encode()
    except UnicodeEncodeError:
        raise UnstorableTextError(
            "a text holds half of a character (a lone surrogate), which cannot be stored"
        ) from None
    return value


def _whole(text: str) -> int:
    if len(text.lstrip("-")) > MOST_DIGITS:
        raise BadJsonError(f"a number has {len(text)} digits; needed {MOST_DIGITS} or fewer")
    return int(text)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise BadJsonError(f"{text[:20]} is no number that can be counted with")
    return value


def _texts(value: Any) -> str:
    """Every text in a value, one after the other."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return "".join(f"{key}{_texts(inner)}" for key, inner in value.items())
    return "".join(map(_texts, value)) if isinstance(value, list) else ""

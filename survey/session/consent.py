"""The consent text in each language, and the version a rater agrees to: the hash of all of them."""

from __future__ import annotations

import hashlib
import os
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "text"
FILES = {"en": "consent_en.txt", "pt-BR": "consent_pt_BR.txt"}
NOBODY_NAMED = {
    "en": "the person who sent you the link",
    "pt-BR": "a pessoa que enviou o link a você",
}


@cache
def _text(language: str) -> str:
    return (FOLDER / FILES[language]).read_text(encoding="utf-8").strip()


def consent_text(language: str, *, minutes: int) -> list[str]:
    """The paragraphs a rater reads; whom to ask comes from NITIDEZ_CONTACT.

    Args:
        minutes: that the study takes.
    """
    contact = os.environ.get("NITIDEZ_CONTACT", "").strip() or NOBODY_NAMED[language]
    return (
        _text(language).replace("{contact}", contact).replace("{minutes}", str(minutes)).split("\n")
    )


def consent_version() -> str:
    """Changes whenever a text does."""
    joined = "\n".join(_text(language) for language in sorted(FILES))
    return hashlib.sha256(joined.encode()).hexdigest()[:12]

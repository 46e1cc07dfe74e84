"""The two languages of the page: texts, numbers, durations, and whose language is which."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast

from sr.base.errors import SRError
from sr.models.registry import model_info

Language = Literal["en", "pt-BR"]
LANGUAGES: dict[Language, str] = {"en": "English", "pt-BR": "Português"}
FILES: dict[Language, str] = {"en": "en.json", "pt-BR": "pt_BR.json"}
FOLDER = Path(__file__).parent / "text"


@cache
def texts(language: Language) -> dict[str, str]:
    """Every text of a language by its key."""
    return cast(dict[str, str], json.loads((FOLDER / FILES[language]).read_text(encoding="utf-8")))


@cache
def display_words() -> dict[Language, dict[str, str]]:
    """What displays and their measures are called, by language."""
    words = json.loads((FOLDER / "displays.json").read_text(encoding="utf-8"))
    return cast(dict[Language, dict[str, str]], words)


def say(language: Language, key: str, **values: Any) -> str:
    """One text, with values in the places it names in {braces}."""
    return texts(language)[key].format(**values)


def label_of(language: Language, method: str) -> str:
    """What people call a version: by its text where there is one, else by its model's title."""
    if method in texts(language):
        return texts(language)[method]
    try:
        return model_info(method).title
    except SRError:
        return method


def language_of(wanted: str | None) -> Language:
    """The language of a choice or of an Accept-Language header; English when in doubt.

    "pt-BR,pt;q=0.9,en;q=0.8" and "pt_PT" are Portuguese, "de" and "" are English.
    """
    ranked: list[tuple[float, int, str]] = []
    for index, part in enumerate((wanted or "").split(",")):
        tag, _, quality = part.strip().partition(";q=")
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            weight = 0.0
        ranked.append((-weight, index, tag.lower().replace("_", "-")))
    for weight, _, tag in sorted(ranked):
        if weight and tag.split("-")[0] in ("pt", "en"):
            return "pt-BR" if tag.startswith("pt") else "en"
    return "en"


def number(language: Language, value: float, digits: int = 0) -> str:
    """A number with the language's separators: 1,234.5 or 1.234,5."""
    text = f"{value:,.{digits}f}"
    return text.translate(str.maketrans(",.", ".,")) if language == "pt-BR" else text


def number_short(language: Language, value: float) -> str:
    """A number without digits that say nothing: 4, 0.5."""
    digits = 0 if value == int(value) else 2 if value * 10 % 1 else 1
    return number(language, value, digits)


def duration(language: Language, seconds: float) -> str:
    """A time span as people say it: < 0.1 s, 0.4 s, 12 s, 2 min 05 s; whole seconds stay whole."""
    if seconds < 0.05:
        return f"< {number(language, 0.1, 1)} s"
    if seconds < 9.95:
        return f"{number(language, seconds, 0 if isinstance(seconds, int) else 1)} s"
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"

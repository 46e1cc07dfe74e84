"""The words of reports and figures in both languages, and numbers as each writes them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast

from survey.statistics.estimates.interval import Estimate

Language = Literal["en", "pt-BR"]
# What the study's owner calls methods, by id and language.
Labels = Mapping[str, Mapping[str, str]]
LANGUAGES: dict[Language, str] = {"en": "English", "pt-BR": "Português"}
FILES: dict[Language, str] = {"en": "report_en.json", "pt-BR": "report_pt_BR.json"}
FOLDER = Path(__file__).parents[1] / "text"
UNKNOWN = "–"
NO_BREAK = "\N{NO-BREAK SPACE}"  # a number and its sign stay on one line


@cache
def texts(language: Language) -> dict[str, str]:
    """Every text of a language by its key."""
    return cast(dict[str, str], json.loads((FOLDER / FILES[language]).read_text(encoding="utf-8")))


def say(language: Language, key: str, **values: Any) -> str:
    """One text, with values in the places it names in {braces}."""
    return texts(language)[key].format(**values)


def scaled(language: Language, key: str, scale: str) -> str:
    """The key of a text for a scale of scores, "acr" or "dcr": its own where there is one."""
    own = f"{key}_{scale}"
    return own if own in texts(language) else key


def sentence(language: Language, key: str, **values: Any) -> str:
    """A text that begins with a capital, whatever value it begins with."""
    text = say(language, key, **values)
    return text[:1].upper() + text[1:]


def noun(language: Language, method: str, labels: Labels) -> str:
    """A method as a sentence calls it, with its article where it has one."""
    if method in labels:
        return labels[method][language]
    return texts(language).get(f"noun_{method}", name_of(language, method))


def method_name(language: Language, method: str, labels: Labels) -> str:
    """What a method is called: as the study's owner says, else as we do, else its id."""
    return labels[method][language] if method in labels else name_of(language, method)


def name_of(language: Language, key: str) -> str:
    """The name of a column, check, reason or method of ours; itself where it has none."""
    return texts(language).get(f"name_{key}", key)


def number(language: Language, value: float, digits: int = 2) -> str:
    """A number with the language's decimal mark; a dash for one that is not known."""
    if math.isnan(value):
        return UNKNOWN
    if math.isinf(value):
        return "\N{INFINITY}" if value > 0 else "\N{MINUS SIGN}\N{INFINITY}"
    text = f"{value:.{digits}f}".replace("-", "\N{MINUS SIGN}")
    if float(f"{value:.{digits}f}") == 0:
        text = text.lstrip("\N{MINUS SIGN}")
    return text.replace(".", ",") if language == "pt-BR" else text


def percent(language: Language, share: float) -> str:
    """A share as a percentage without decimals, with one where it is below 10 % or above 90 %."""
    if math.isnan(share):
        return UNKNOWN
    digits = 0 if 0.1 <= share <= 0.9 or share in (0, 1) else 1
    return f"{number(language, 100 * share, digits)}{NO_BREAK}%"


def p_value(language: Language, p: float) -> str:
    """A p as results sections print it."""
    if math.isnan(p):
        return UNKNOWN
    return f"<{NO_BREAK}{number(language, 0.001, 3)}" if p < 0.001 else number(language, p, 3)


def span(language: Language, low: float, high: float, digits: int = 2) -> str:
    """An interval: 3.21 to 3.55; a dash where there is none."""
    if math.isnan(low) or math.isnan(high):
        return UNKNOWN
    low_text, high_text = number(language, low, digits), number(language, high, digits)
    return say(language, "span", low=low_text, high=high_text)


def percent_span(language: Language, low: float, high: float) -> str:
    """An interval of shares as percentages: 55 to 69 %."""
    ends = span(language, 100 * low, 100 * high, 0)
    return ends if ends == UNKNOWN else f"{ends}{NO_BREAK}%"


def estimate(language: Language, found: Estimate, digits: int = 2) -> str:
    """A value with its interval, or the reason why it has none."""
    value = number(language, found.value, digits)
    if found.is_known:
        interval = span(language, found.low, found.high, digits)
        return say(language, "estimate", value=value, span=interval)
    reason = name_of(language, f"reason_{found.reason}")
    return f"{value} ({reason})" if value != UNKNOWN else reason

"""The report as one HTML file, in both languages, that reads like a results section."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from survey.reporting.markup import STYLE, heading, image, paragraphs
from survey.reporting.tables import Tables
from survey.reporting.words import (
    LANGUAGES,
    Language,
    estimate,
    name_of,
    noun,
    number,
    p_value,
    percent,
    percent_span,
    say,
    sentence,
    span,
)
from survey.statistics.questions.paper import NOT
from survey.statistics.questions.significance import ALPHA
from survey.statistics.questions.summary import Analysis


@dataclass(frozen=True)
class Origin:
    """What a report says of where its data come from."""

    study: str
    created_at: str
    protocol_sha256: str
    is_public: bool


def page(
    analysis: Analysis,
    origin: Origin,
    figures: Mapping[Language, Mapping[str, bytes]],
    *,
    first: Language,
) -> bytes:
    """The whole page.

    Args:
        figures: SVG by language and name, shown within the page.
        first: the language it opens in.
    """
    choices = "".join(
        f'<input type="radio" name="language" id="in-{language}"'
        f'{" checked" if language == first else ""}><label for="in-{language}">{name}</label>'
        for language, name in LANGUAGES.items()
    )
    sections = "".join(
        f'<section lang="{language}">{section(analysis, origin, figures[language], language)}'
        "</section>"
        for language in LANGUAGES
    )
    title = escape(say(first, "title", study=origin.study))
    return (
        f'<!doctype html>\n<html lang="{first}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{STYLE}</style></head><body>{choices}{sections}</body>"
        "</html>\n"
    ).encode()


def section(
    analysis: Analysis, origin: Origin, figures: Mapping[str, bytes], language: Language
) -> str:
    tables = Tables(analysis, language)
    parts = [f"<h1>{escape(say(language, 'title', study=origin.study))}</h1>"]
    notes = {
        "simulated": analysis.facts["includes_simulated"],
        "informal": analysis.facts["is_informal"],
        "public": origin.is_public,
    }
    parts += [
        f'<p class="note">{escape(say(language, f"note_{key}"))}</p>'
        for key, is_so in notes.items()
        if is_so
    ]
    parts += [heading(language, "summary"), *paragraphs(summary(analysis, language))]
    contents: list[tuple[str, Sequence[str], Iterable[str]]] = [
        ("scores", ("scores", "histograms"), (tables.mos(), tables.comparisons())),
        ("pairs", ("preferences",), (tables.preferences(), tables.jod())),
        ("paper", (), (tables.claims(), tables.paper())),
        (
            "displays",
            ("displays",),
            (
                tables.slopes(),
                *paragraphs(_crossings(analysis, language)),
                tables.same_angle(),
            ),
        ),
        ("measures", ("measures",), (tables.correlations(),)),
        ("agreement", (), (tables.agreement(),)),
        ("raters", ("consistency",), (tables.subject_model(), tables.raters())),
        ("planning", ("needed",), (tables.planning(),)),
        ("balance", (), (tables.balance(),)),
    ]
    for key, names, blocks in contents:
        parts.append(heading(language, key))
        parts += [
            image(figures[name], say_title(language, name)) for name in names if name in figures
        ]
        shown = [block for block in blocks if block]
        parts += shown or paragraphs([say(language, "empty")])
    parts.append(heading(language, "method"))
    method = {
        "study": origin.study,
        "created": origin.created_at[:10],
        "protocol": origin.protocol_sha256[:12],
        "images": analysis.facts["images"],
    }
    keys = ("method_data", "method_intervals", "method_density", "method_paper")
    parts += paragraphs(say(language, key, **method) for key in keys)
    return "\n".join(parts)


def say_title(language: Language, name: str) -> str:
    """What a picture of a figure is called for those who cannot see it."""
    keys = {
        "scores": "heading_scores", "histograms": "axis_share", "preferences": "heading_pairs",
        "displays": "heading_displays", "measures": "heading_measures",
        "consistency": "heading_raters", "needed": "heading_planning",
    }  # fmt: skip
    return say(language, keys[name])


def summary(analysis: Analysis, language: Language) -> list[str]:
    """The answer in sentences."""
    facts = analysis.facts
    if not facts["ratings"] and not facts["choices"]:
        return [say(language, "empty")]
    seconds = facts["median_seconds"]
    sentences = [
        say(
            language, "summary_counts", raters=facts["counted_raters"], ratings=facts["ratings"],
            choices=facts["choices"], images=facts["images"],
            rating_s=number(language, seconds["rating"], 1),
            pair_s=number(language, seconds["pair"], 1),
        )
    ]  # fmt: skip
    sentences += [_preference(row, language) for row in analysis.preferences.to_dict("records")]
    sentences += [_claim(row, language) for row in analysis.claims.to_dict("records")]
    return sentences


def _preference(row: Mapping[str, Any], language: Language) -> str:
    a, b = (noun(language, row[key]) for key in ("method_a", "method_b"))
    low, high, share = row["ci95_low"], row["ci95_high"], row["preference_a"]
    if math.isnan(low):
        reason = name_of(language, f"reason_{row['reason']}")
        return sentence(language, "summary_preference_unknown", a=a, b=b, reason=reason)
    p = p_value(language, row["p_holm"])
    if not row["p_holm"] < ALPHA:
        return sentence(
            language, "summary_preference_none", a=a, b=b, share=percent(language, share),
            span=percent_span(language, low, high), p=p,
        )  # fmt: skip
    if share < 0.5:
        a, b, share, low, high = b, a, 1 - share, 1 - high, 1 - low
    return sentence(
        language, "summary_preference", winner=a, loser=b, share=percent(language, share),
        span=percent_span(language, low, high), p=p,
    )  # fmt: skip


def _claim(row: Mapping[str, Any], language: Language) -> str:
    better, worse = (noun(language, row[key]) for key in ("better", "worse"))
    low, high, difference = row["ci95_low"], row["ci95_high"], row["difference"]
    if math.isnan(low):
        reason = name_of(language, f"reason_{row['reason']}")
        return sentence(
            language, "summary_claim_unknown", better=better, worse=worse, reason=reason
        )
    if row["verdict"] == NOT:  # said the other way round
        low, high, difference = -high, -low, -difference
    return sentence(
        language, f"summary_claim_{row['verdict']}", better=better, worse=worse,
        difference=number(language, difference), span=span(language, low, high),
        p=p_value(language, row["p_holm"]), paper=number(language, row["paper"]),
    )  # fmt: skip


def _crossings(analysis: Analysis, language: Language) -> list[str]:
    sentences = []
    for key, found in analysis.facts["crossing"].items():
        if found.is_known:
            text = estimate(language, found, 0)
            sentences.append(say(language, f"crossing_{key}", estimate=text))
        else:
            reason = name_of(language, f"reason_{found.reason}")
            by = say(language, f"heading_{'scores' if key == 'scores' else 'pairs'}").lower()
            sentences.append(say(language, "crossing_unknown", by=by, reason=reason))
    return sentences

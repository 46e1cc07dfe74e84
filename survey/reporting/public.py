"""The public edition: tables of groups, none of fewer than `SMALLEST_GROUP` people.

Nobody's own answers are in it, under any name: who knows a few of somebody's answers finds all the
others of that person (with twelve raters, five known answers find nearly everybody). The owner may
put single responses into a file for the public after having read that; there people get numbers in
place of ids, displays become bins, and languages, dates, screens and exact times are left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from survey.statistics.estimates.mos import ALL
from survey.statistics.questions.summary import Analysis
from survey.study.display import ppd_bin

if TYPE_CHECKING:
    import pandas as pd

SMALLEST_GROUP = 5
WHY = (
    "Single responses tell who gave them to whoever knows a few: among 12 raters, 2, 3 and 5 known "
    "answers of a person find the person, and with it every other answer, in 52, 86 and 99 of 100 "
    "cases. Friends and desk neighbours know that much. The tables of groups do not."
)
UNKNOWN_BIN = ppd_bin(None)
TIME_STEP_MS = 100
PUBLIC_FLAGS = ("fast", "slow", "golden_failed", "instructed_failed")
COLUMNS = (
    "study", "rater", "seq", "block", "kind", "role", "repeat_of_seq", "image", "method",
    "method_left", "method_right", "score", "choice", "preferred", "expected", "correct", "rt_ms",
    "ppd_bin", "simulated", "flags", "protocol_sha256",
)  # fmt: skip


def with_numbers(responses: pd.DataFrame) -> pd.DataFrame:
    """The same with participants called rater-001 and on, in the order of their random ids."""
    names = {
        participant: f"rater-{place:03d}"
        for place, participant in enumerate(sorted(set(responses["participant"])), start=1)
    }
    return responses.assign(participant=responses["participant"].map(names).astype(object))


def display_bins(responses: pd.DataFrame) -> dict[str, str]:
    """Each participant's bin of pixels per degree; "unknown" where too few share it."""
    main = responses[responses["role"] == "main"]
    median = main.groupby("participant")["ppd"].median()
    bins = dict.fromkeys(set(responses["participant"]), UNKNOWN_BIN)
    bins |= {str(participant): ppd_bin(float(ppd)) for participant, ppd in median.items()}
    shared = list(bins.values())
    return {
        participant: name if shared.count(name) >= SMALLEST_GROUP else UNKNOWN_BIN
        for participant, name in bins.items()
    }


def public_responses(numbered: pd.DataFrame) -> pd.DataFrame:
    """Responses that may be given to anybody.

    Args:
        numbered: of `with_numbers`.
    """
    bins = display_bins(numbered)
    place = numbered.drop_duplicates("trial_id").set_index("trial_id")["seq"]
    table = numbered.assign(
        rater=numbered["participant"],
        repeat_of_seq=numbered["repeat_of"].map(place).astype("Int64"),
        rt_ms=(numbered["rt_ms"] / TIME_STEP_MS).round() * TIME_STEP_MS,
        ppd_bin=numbered["participant"].map(bins).astype(object),
        flags=numbered["flags"].fillna("").map(_public_flags).astype(object),
    )
    return table.sort_values(["rater", "seq"], kind="stable")[list(COLUMNS)]


def _public_flags(flags: str) -> str:
    return ";".join(flag for flag in flags.split(";") if flag in PUBLIC_FLAGS)


def public_analysis(
    responses: pd.DataFrame, analyse: Callable[[pd.DataFrame], Analysis]
) -> Analysis:
    """What responses say of groups; only that there are some while a main group is too small.

    Args:
        responses: of `read_responses`.
        analyse: makes an analysis of responses.
    """
    analysis = analyse(responses)
    overall = analysis.mos[(analysis.mos["image"] == ALL) & (analysis.mos["ppd_bin"] == ALL)]
    sizes = {analysis.facts["counted_raters"], *overall["raters"], *analysis.preferences["raters"]}
    if any(0 < size < SMALLEST_GROUP for size in sizes):
        nothing = analyse(responses.iloc[:0])
        told = {"is_withheld": True, "includes_simulated": analysis.facts["includes_simulated"]}
        return replace(nothing, facts=nothing.facts | told)
    tables = {name: _groups(table) for name, table in analysis.tables.items()}
    shown = set(zip(tables["mos"]["method"], tables["mos"]["image"], strict=True))

    def of_groups(table: pd.DataFrame) -> pd.DataFrame:
        pairs = zip(table.index, table["method"], table["image"], strict=True)
        return table.loc[[index for index, *pair in pairs if tuple(pair) in shown]]

    tables |= {"raters": analysis.raters.iloc[:0]}
    tables |= {"subject_model": of_groups(analysis.subject_model)}
    return replace(analysis, **tables, versions=of_groups(analysis.versions))


def _groups(table: pd.DataFrame) -> pd.DataFrame:
    """The rows about nobody (which say why) and about enough people."""
    if "raters" not in table:
        return table
    return table[(table["raters"] == 0) | (table["raters"] >= SMALLEST_GROUP)]

"""The public edition of responses: nothing in it points to a person.

People get numbers in place of ids, displays become bins of at least `SMALLEST_GROUP` people, and
languages, dates, screens and exact times are left out.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from survey.statistics.estimates.attention import TOLD
from survey.statistics.estimates.mos import ALL
from survey.statistics.questions.summary import Analysis
from survey.study.display import ppd_bin

if TYPE_CHECKING:
    import pandas as pd

SMALLEST_GROUP = 3
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


def public_analysis(analysis: Analysis, numbered: pd.DataFrame) -> Analysis:
    """An analysis without what is one person's display, eyesight or comment."""
    bins = display_bins(numbered)
    raters = analysis.raters.drop(columns=["ppd", *TOLD])
    raters = raters.assign(
        ppd_bin=raters["participant"].map(bins).astype(object),
        median_rt_ms=(raters["median_rt_ms"].astype(float) / TIME_STEP_MS).round() * TIME_STEP_MS,
    )
    shown = (analysis.mos["ppd_bin"] == ALL) | (analysis.mos["raters"] >= SMALLEST_GROUP)
    angle = analysis.same_angle.copy()
    angle.loc[angle["raters"] < SMALLEST_GROUP, ["image_ppd", "magnified"]] = math.nan
    return replace(analysis, raters=raters, mos=analysis.mos[shown], same_angle=angle)

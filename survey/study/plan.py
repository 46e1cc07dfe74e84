"""What a study will ask of people, before anybody is asked: minutes for each, and how many."""

from __future__ import annotations

import math
from typing import Any

from scipy.stats import norm

from survey.study.protocol import Protocol
from survey.study.schedule import Coverage, build_schedule
from survey.study.study import Study

SECONDS = {
    "rating": 6.0,
    "degradation": 8.0,
    "pair": 7.0,
}  # an answer takes, as a class took on laptops
USUAL_MINUTES = 14  # of a study as it comes
BEFORE_MINUTES = 3.0  # consent, the display, instructions
STRETCHED = (
    "Frames of a microscope: all versions of a frame are shown in grey, linear between the same "
    "two counts (from the lowest percentile 0.1 to the highest percentile 99.9 of its versions), "
    "which study.json names; finished frames are brought to the counts of the wide field first."
)
POWER, LEVEL = 0.8, 0.05
SCORE_SD, METHOD_SD = 0.8, 0.3  # of one score; of how raters differ about a difference of methods
DIFFERENCE, SHARE = 0.5, 0.75  # what is to be found: of mean scores, and of choices


def trials_of(study: Study) -> dict[str, int]:
    """How many trials of each kind a rater gets, practice and all."""
    trials = build_schedule(study, Coverage(), seed=0)
    return {kind: sum(trial.kind == kind for trial in trials) for kind in SECONDS}


def minutes_of(study: Study) -> int:
    """How long a session takes, as far as one can say before."""
    seconds = sum(SECONDS[kind] * count for kind, count in trials_of(study).items())
    return round(BEFORE_MINUTES + seconds / 60)


def raters_for_scores(images: int) -> int:
    """Raters to find two methods' mean scores DIFFERENCE apart on these photographs.

    By the normal approximation, for one comparison with POWER at LEVEL on both sides.

    Args:
        images: each rater sees.
    """
    variance = 2 * SCORE_SD**2 / images + METHOD_SD**2
    return _at_least_three(_quantiles() ** 2 * variance / DIFFERENCE**2)


def raters_for_choices(images: int) -> int:
    """Raters to find that a method is chosen in SHARE of comparisons with another, not in half."""
    variance = SHARE * (1 - SHARE) / images + (METHOD_SD / 4) ** 2
    return _at_least_three(_quantiles() ** 2 * variance / (SHARE - 0.5) ** 2)


def _quantiles() -> float:
    return float(norm.ppf(1 - LEVEL / 2) + norm.ppf(POWER))


def _at_least_three(raters: float) -> int:
    return max(3, math.ceil(raters))


def _rated(protocol: Protocol) -> str:
    return "rated beside the original (DCR)" if protocol.beside_original else "rated"


def plan_of(study: Study) -> dict[str, Any]:
    """What a study asks of people: `photographs` that count, `each` of them that a rater sees,
    `ratings` and `pairs` with practice and repeats, `minutes`, and how many raters find a
    difference in scores, `raters_scores`, and in choices, `raters_choices`; None where not asked.
    """
    protocol, trials = study.protocol, trials_of(study)
    each = min(protocol.images_per_rater, len(study.main))
    return {
        "photographs": len(study.main),
        "each": each,
        "ratings": trials["rating"] + trials["degradation"],
        "pairs": trials["pair"],
        "minutes": minutes_of(study),
        "raters_scores": raters_for_scores(each) if protocol.rated else None,
        "raters_choices": raters_for_choices(each) if protocol.compared else None,
    }


def plan_text(study: Study) -> str:
    """The plan in words, as `prepare` prints it and keeps it as plan.txt."""
    protocol, plan = study.protocol, plan_of(study)
    lines = [
        f"study {study.name!r}: {len(study.main)} photographs, {len(study.images)} with practice",
        f"{_rated(protocol)}: {', '.join(protocol.rated) or 'nothing'}",
        f"compared: {', '.join(f'{a} with {b}' for a, b in protocol.compared) or 'nothing'}",
        f"each rater: {plan['each']} photographs, {plan['ratings']} ratings and {plan['pairs']} "
        f"pairs with practice and repeats, about {plan['minutes']} minutes",
    ]
    if protocol.rated:
        lines.append(
            f"to find a difference of {DIFFERENCE:g} in mean scores on these photographs: about "
            f"{plan['raters_scores']} raters (80 % power, 5 % level, one comparison)"
        )
    if protocol.compared:
        lines.append(
            f"to find that one is chosen in {SHARE:.0%} of comparisons: about "
            f"{plan['raters_choices']} raters"
        )
    lines.append(
        "More photographs, not more raters, tell whether it holds for photographs in general."
    )
    if not protocol.has_original:
        lines.append("Nobody has the originals: nothing is measured against them.")
    if study.is_of_frames:
        lines.append(STRETCHED)
    return "\n".join(lines) + "\n"

"""Proof of the statistics: python -m survey validate simulates studies with a known truth.

Nothing of the statistics is copied here: what is proved is what reports are made with. The results
stand in docs/validity.md.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from survey.simulation.coverage import coverage, crossings
from survey.simulation.generator import COMPARED, Studies, World, simulate_studies
from survey.statistics.estimates import pairs, raters
from survey.statistics.estimates.data import METHOD_ORDER, Pairs
from survey.statistics.questions import density, paper, significance

STANDARD = World(ppd_spread=0.5)
WORLDS = {
    "standard": STANDARD,
    "eight_raters": replace(STANDARD, raters=8),
    "half_of_20_images": replace(STANDARD, images=20, images_per_rater=10, missing=0.05),
    "careless_tenth": replace(STANDARD, careless_share=0.1),
}
# Networks that are nearly alike at the median density, where the slope of one crosses the other.
CROSSED = replace(STANDARD, quality=(1.3, 1.9, 3.3, 3.35, 4.4), density_slope=-0.6, image_sd=0.15)
NULL = replace(STANDARD, quality=(3.0,) * len(METHOD_ORDER), image_sd=0.0)
PROVED = ("mos", "difference", "preference")  # what `interval_coverage` is the mean of
COVERAGE_BOUNDS = (0.93, 0.97)
MOST_FALSE_POSITIVES = 0.05
LEAST_RANKED_LAST = 0.95
MOST_SHIFT = 0.01
LEFT_OF_TEN = 0.6  # an indifferent person with a left bias of 10 % says left so often


def false_positives(studies: Studies) -> dict[str, float]:
    """How often a report finds something where nothing is, by what it finds it with.

    `any_reported` is the share of studies in which it says of any two methods that they differ: a
    verdict on the paper's order (`any_verdict`), or a preference (`any_preference`).
    """
    found: dict[str, list[bool]] = defaultdict(list)
    for s in range(len(studies)):
        ratings, choices = studies.ratings(s), studies.pairs(s)
        table = significance.comparisons(ratings)
        verdicts = paper.claims_table(table)["verdict"]
        is_verdict = bool(verdicts.isin((paper.REPLICATED, paper.NOT)).any())
        is_preference = bool((pairs.adjusted_p(choices) < significance.ALPHA).any())
        found["friedman"].append(significance.friedman(ratings)["p_value"] < significance.ALPHA)
        found["wilcoxon_single"].append(bool(table["p_value"].iloc[0] < significance.ALPHA))
        found["any_comparison"].append(bool(table["is_significant"].any()))
        found["any_verdict"].append(is_verdict)
        found["preference_single"].append(bool(pairs.p_value(choices, 0) < significance.ALPHA))
        found["any_preference"].append(is_preference)
        found["any_reported"].append(is_verdict or is_preference)
        crossings = density.crossings(ratings, choices)
        found["any_crossing"].append(any(crossing.is_known for crossing in crossings.values()))
    return {name: float(np.mean(values)) for name, values in found.items()}


def attention(studies: Studies) -> dict[str, float]:
    """One careless rater among careful ones: how often each method of screening sees it."""
    last, weight, caught, wronged = [], [], [], []
    for s in range(len(studies)):
        scores = studies.scores[s]
        inconsistency = raters.subject_model(scores).inconsistency
        screened = raters.bt500(scores).rejects
        last.append(bool(inconsistency.argmax() == 0))
        weight.append(float(raters.weights(inconsistency)[0]))
        caught.append(bool(screened[0]))
        wronged.append(int(screened[1:].sum()))
    return {
        "raters": studies.world.raters,
        "ranked_last": float(np.mean(last)),
        "mean_weight": float(np.mean(weight)),
        "bt500_rejects_it": float(np.mean(caught)),
        "bt500_rejects_others": float(np.mean(wronged)) / (studies.world.raters - 1),
    }


def left_bias(count: int, seed: int) -> dict[str, float]:
    """By how much a left bias of 10 % moves preferences, the same people with and without it."""
    pull = pull_for(LEFT_OF_TEN, STANDARD)
    fair = simulate_studies(STANDARD, count, seed=seed)
    leaning = simulate_studies(replace(STANDARD, left_pull=pull), count, seed=seed)

    def mean(studies: Studies, share: Callable[[Any, int], float]) -> np.ndarray:
        found = [
            [share(studies.pairs(s), k) for k in range(len(COMPARED))] for s in range(len(studies))
        ]
        return np.mean(found, axis=0)

    def balanced(choices: Pairs, k: int) -> float:
        return pairs.preference(choices, k).value

    def always_left(choices: Pairs, k: int) -> float:
        return float(np.nanmean(np.where(choices.a_left, choices.won, np.nan)[:, :, k]))

    seen = [pairs.left_share(leaning.pairs(s)) for s in range(len(leaning))]
    return {
        "said_left_when_indifferent": LEFT_OF_TEN,
        "left_share_measured": float(np.mean([found.value for found in seen])),
        "largest_shift": _largest(mean(leaning, balanced) - mean(fair, balanced)),
        "largest_shift_if_a_were_always_left": _largest(
            mean(leaning, always_left) - mean(fair, always_left)
        ),
    }


def _largest(shift: np.ndarray) -> float:
    return float(np.abs(shift).max())


def pull_for(left: float, world: World) -> float:
    """The pull at which an indifferent person who decides says left so often."""
    from scipy.optimize import brentq
    from scipy.special import ndtr

    sd = math.sqrt(2 * world.taste_sd**2 + 2 * world.noise**2)

    def excess(pull: float) -> float:
        says_left = ndtr((pull - world.tie_width) / sd)
        says_right = ndtr((-pull - world.tie_width) / sd)
        return float(says_left / (says_left + says_right) - left)

    return float(brentq(excess, 0, 5))


def validate(
    count: int, seed: int, progress: Callable[[str], None] | None = None
) -> dict[str, Any]:
    """Everything; the same count and seed give the same results.

    Args:
        count: studies in each world.
        progress: told what is simulated next.

    Returns:
        `interval_coverage` (method MOS, differences and preferences in the standard world),
        `false_positive_rate` (the share of studies without a difference in which the report names
        one), the details behind both, and `proofs`: name to whether it holds.
    """
    tell = progress or (lambda _: None)
    details: dict[str, Any] = {}
    for name, world in WORLDS.items():
        tell(name)
        details[name] = coverage(simulate_studies(world, count, seed=seed))
    tell("density")
    details["density"] = crossings(simulate_studies(CROSSED, count, seed=seed + 1))
    tell("no difference")
    wrong = false_positives(simulate_studies(NULL, count, seed=seed + 2))
    tell("careless rater")
    careless = [
        attention(
            simulate_studies(replace(STANDARD, raters=n, careless_raters=1), count, seed=seed + 3)
        )
        for n in (12, 24)
    ]
    tell("left bias")
    shift = left_bias(count, seed + 4)
    standard = details["standard"]
    result: dict[str, Any] = {
        "studies": count,
        "seed": seed,
        "interval_coverage": float(np.mean([standard[name]["coverage"] for name in PROVED])),
        "false_positive_rate": wrong["any_reported"],
        "coverage": details,
        "false_positives": wrong,
        "careless_rater": careless,
        "left_bias": shift,
    }
    return result | {"proofs": dict(proofs(result))}


def proofs(result: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    """Whether each promise holds, allowing for three standard errors of the simulation."""
    count = result["studies"]
    low, high = COVERAGE_BOUNDS
    for name in PROVED:
        found = result["coverage"]["standard"][name]["coverage"]
        # All intervals of a study count as one: they share its raters.
        yield f"{name}_coverage", low - slack(low, count) <= found <= high + slack(high, count)
    allowed = MOST_FALSE_POSITIVES + slack(MOST_FALSE_POSITIVES, count)
    yield "false_positives", result["false_positive_rate"] <= allowed
    least = LEAST_RANKED_LAST - slack(LEAST_RANKED_LAST, count)
    yield "careless_last", all(c["ranked_last"] >= least for c in result["careless_rater"])
    yield "left_bias", result["left_bias"]["largest_shift"] <= MOST_SHIFT


def slack(share: float, count: int) -> float:
    """Three standard errors of a share of so many studies; none from 1,000 studies on."""
    return 0.0 if count >= 1000 else 3 * math.sqrt(share * (1 - share) / count)

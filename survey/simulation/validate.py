"""Proof of the statistics: python -m survey validate simulates studies with a known truth.

Nothing of the statistics is copied here: what is proved is what reports are made with. The results
stand in docs/validity.json and, as a page, in docs/validity.md.
"""

from __future__ import annotations

import math
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from survey.simulation.coverage import Found, coverage, crossings
from survey.simulation.generator import CARELESS, Studies, simulate_studies
from survey.simulation.worlds import METHODS, World
from survey.statistics.estimates import attention, pairs, raters
from survey.statistics.estimates.data import Pairs, flat
from survey.statistics.estimates.verdicts import ALIKE, ALPHA, MARGIN
from survey.statistics.questions import density, paper, significance

CHUNK = 25  # studies between two times that results are kept
STANDARD = World(ppd_spread=0.5)
WORLDS = {
    "standard": STANDARD,
    "eight_raters": replace(STANDARD, raters=8),
    "half_of_20_images": replace(STANDARD, images=20, missing=0.05),
    "quarter_of_40_images": replace(STANDARD, images=40),
    "image_spread_60_raters": replace(STANDARD, raters=60, image_sd=0.5),
    "careless_tenth": replace(STANDARD, careless_share=0.1),
    "heavy_tails": replace(STANDARD, tail_degrees=3.0),
    "drift": replace(STANDARD, drift=-0.5),
    "compressed_scale": replace(STANDARD, scale_use=0.6, scale_spread=0.3),
    "ties_by_rater": replace(STANDARD, tie_width=0.5, tie_spread=1.0),
    "leaving_by_severity": replace(STANDARD, leaving=0.25, leaving_severe=1.5),
    "density_spread": replace(STANDARD, density_noise=0.5),
    "divided_opinion": replace(STANDARD, divided_sd=0.8),
    "near_certain_12_raters": replace(STANDARD, raters=12, quality=(1.0, 1.2, 3.6, 3.9, 4.6)),
}
# Networks that are nearly alike at the median density, where the slope of one crosses the other.
CROSSED = replace(STANDARD, quality=(1.3, 1.9, 3.3, 3.35, 4.4), density_slope=-0.6, image_sd=0.15)
DENSITY = {
    "crossed": CROSSED,
    "crossed_divided": replace(CROSSED, divided_sd=0.8),
    "divided_no_slope": replace(STANDARD, divided_sd=0.8),
    "spread_no_slope": replace(
        STANDARD, quality=(3.0,) * len(METHODS), image_sd=0.0, density_noise=0.5
    ),
    "crossed_measured_badly": replace(CROSSED, ppd_error=0.2),
}
NULL = replace(STANDARD, quality=(3.0,) * len(METHODS), image_sd=0.0)
NULLS = {
    "alike": NULL,
    "alike_spread_03": replace(NULL, image_sd=0.3),
    "alike_spread_05_60_raters": replace(NULL, image_sd=0.5, raters=60),
    "alike_8_raters": replace(NULL, image_sd=0.3, raters=8),
}
AT_MARGIN = replace(NULL, image_sd=0.3, quality=(3.0, 3.0, 2.75, 3.0, 3.25))
CLASSES = {
    "agrees": STANDARD,
    "agrees_12": replace(STANDARD, raters=12),
    "disagrees": replace(STANDARD, taste_sd=0.6, noise=0.8),
}
PROVED = ("mos", "difference", "preference", "any_mos", "any_difference", "any_preference")
COVERAGE_BOUNDS = (0.93, 0.97)
MOST_FALSE_POSITIVES = 0.05
LEAST_SEEN = 0.95
MOST_SHIFT = 0.01
LEFT_OF_TEN = 0.6  # an indifferent person with a left bias of 10 % says left so often


def false_positives(studies: Studies) -> Found:
    """Whether a report finds something where nothing is, by what it finds it with.

    `any_reported` is that it says of any two methods that they differ, by ratings
    (`any_comparison`), by the paper's order (`any_verdict`) or by choices (`any_preference`).
    """
    found: Found = defaultdict(list)
    for s in range(len(studies)):
        ratings, choices = studies.ratings(s), studies.pairs(s)
        table = significance.comparisons(ratings, ways=2)
        claims = paper.claims_table(table)["verdict"]
        preferred = pairs.adjusted_p(choices, ways=2) < ALPHA
        alone = table["ci95_low"].gt(0) | table["ci95_high"].lt(0)
        row = {
            "friedman": significance.friedman(ratings)["p_value"] < ALPHA,
            "wilcoxon_single": table["p_value"].iloc[0] < ALPHA,
            "crossed_single": table["p_crossed"].iloc[0] < ALPHA,
            "preference_single": pairs.p_value(choices, 0) < ALPHA,
            "preference_crossed_single": pairs.p_crossed(choices, 0) < ALPHA,
            "any_comparison": table["is_significant"].any(),
            "any_verdict": claims.isin(paper.FOUND).any(),
            "any_preference": preferred.any(),
            "any_reported": table["is_significant"].any() or preferred.any(),
            "any_fixed_interval": alone.any(),
            "any_crossing": any(c.is_known for c in density.crossings(ratings, choices).values()),
        }
        for name, value in row.items():
            found[name].append(float(value))
    return found


def false_alike(studies: Studies) -> Found:
    """Whether two methods that differ by exactly the margin are called alike."""
    a, b = studies.world.methods[-1], studies.world.methods[2]
    found: Found = defaultdict(list)
    for s in range(len(studies)):
        table = significance.comparisons(studies.ratings(s), MARGIN, ways=2)
        row = table[(table["method_a"] == a) & (table["method_b"] == b)].iloc[0]
        found["rate_alike_at_the_margin"].append(float(row["verdict"] == ALIKE))
        found["rate_single_at_the_margin"].append(float(row["p_alike"] < ALPHA))
    return found


def attentive(studies: Studies) -> Found:
    """One careless rater, the first, among honest ones: who sees it, and who is suspected."""
    found: Found = defaultdict(list)
    for s in range(len(studies)):
        ratings, choices, scores = studies.ratings(s), studies.pairs(s), studies.scores[s]
        inconsistency = raters.subject_model(scores).inconsistency
        z = attention.agreement_z(ratings, choices)
        correlation = attention.correlation_with_others(scores)
        seen = attention.suspicions(
            np.array([z[name] for name in ratings.raters]), attention.unsteadiness(correlation)
        )
        seen["unlike_others"] = correlation < attention.LOW_CORRELATION
        variance = np.nanvar(flat(scores), axis=1, ddof=1)
        seen["straight_lining"] = variance < attention.STRAIGHT_LINE_VARIANCE
        seen["any"] = np.any(list(seen.values()), axis=0)
        seen["bt500"] = raters.bt500(scores).rejects
        for name, who in seen.items():
            found[f"hit_{name}"].append(float(who[0]))
            found[f"false_{name}"].append(float(who[1:].mean()))
        found["rate_ranked_last"].append(float(inconsistency.argmax() == 0))
        found["mean_weight"].append(float(raters.weights(inconsistency)[0]))
    return found


def left_bias(studies: Studies) -> Found:
    """By how much a left bias of 10 % moves preferences, from what endless fair people prefer.

    `shift_*` of balanced sides, as reported; `always_*` had a's always been on the left.
    """
    found: Found = defaultdict(list)
    fair = replace(studies, world=replace(studies.world, left_pull=0.0)).preferences
    for s in range(len(studies)):
        choices = studies.pairs(s)
        found["mean_left_share"].append(pairs.left_share(choices).value)
        for k in range(len(choices.compared)):
            found[f"shift_{k}"].append(pairs.preference(choices, k).value - fair[s, k])
            found[f"always_{k}"].append(_always_left(choices, k) - fair[s, k])
    return found


def _always_left(choices: Pairs, k: int) -> float:
    return float(np.nanmean(np.where(choices.a_left, choices.won, np.nan)[:, :, k]))


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


Experiment = tuple[Callable[[Studies], Found], Callable[[], World]]


def _is(world: World) -> Callable[[], World]:
    return lambda: world


EXPERIMENTS: dict[str, Experiment] = {
    **{name: (coverage, _is(world)) for name, world in WORLDS.items()},
    **{f"density_{name}": (crossings, _is(world)) for name, world in DENSITY.items()},
    **{f"null_{name}": (false_positives, _is(world)) for name, world in NULLS.items()},
    "at_margin": (false_alike, _is(AT_MARGIN)),
    **{
        f"careless_{name}_{kind}": (
            attentive,
            _is(replace(world, careless_raters=1, careless_kind=kind)),
        )
        for name, world in CLASSES.items()
        for kind in CARELESS
    },
    "left_bias": (
        left_bias,
        lambda: replace(STANDARD, left_pull=pull_for(LEFT_OF_TEN, STANDARD)),
    ),
}


def chunks(
    count: int, seed: int, before: dict[str, Any] | None = None
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Simulate what `before` lacks, chunk by chunk, all experiments in turn.

    Args:
        count: studies in each world.
        seed: the same count and seed give the same results, in one go or in several.
        before: the results of an earlier run with the same seed, which goes on.

    Yields:
        The experiment, and all results so far: `seed`, and `found` by experiment: `studies`, and
        by name `sum`, `count` and how many had `none`.
    """
    result: dict[str, Any] = before if before is not None else {"seed": seed, "found": {}}
    for first in range(0, count, CHUNK):
        size = min(CHUNK, count - first)
        for name, (experiment, world) in EXPERIMENTS.items():
            known = result["found"].setdefault(name, {"studies": 0, "numbers": {}})
            if known["studies"] > first:
                continue
            own = zlib.crc32(f"{seed} {name} {first}".encode())
            with np.errstate(all="ignore"):
                found = experiment(simulate_studies(world(), size, seed=own))
            for key, values in found.items():
                row = known["numbers"].setdefault(key, {"sum": 0.0, "count": 0, "none": 0})
                told = [value for value in values if not math.isnan(value)]
                row["sum"] = round(row["sum"] + sum(told), 8)
                row["count"] += len(told)
                row["none"] += len(values) - len(told)
            known["studies"] += size
            yield name, result


def share(result: dict[str, Any], experiment: str, name: str) -> float:
    """A number of `chunks`: how often, or how much on average; NaN where there is none."""
    row = result["found"][experiment]["numbers"].get(name)
    return row["sum"] / row["count"] if row and row["count"] else math.nan


def proofs(result: dict[str, Any]) -> dict[str, bool]:
    """Whether each promise holds, allowing for three standard errors of the simulation."""
    found = result["found"]
    count = min(experiment["studies"] for experiment in found.values())
    low, high = COVERAGE_BOUNDS
    promises = {}
    for name in PROVED:
        value = share(result, "standard", name)
        # All intervals of a study count as one: they share its raters.
        inside = low - slack(low, count) <= value <= high + slack(high, count)
        promises[f"{name}_coverage"] = inside
    most = MOST_FALSE_POSITIVES + slack(MOST_FALSE_POSITIVES, count)
    for name in NULLS:
        promises[f"false_positives_{name}"] = share(result, f"null_{name}", "any_reported") <= most
    least = LEAST_SEEN - slack(LEAST_SEEN, count)
    for name in ("agrees", "agrees_12"):
        seen = share(result, f"careless_{name}_random", "hit_any")
        promises[f"careless_seen_{name}"] = seen >= least
    shift = max(abs(share(result, "left_bias", f"shift_{k}")) for k in range(3))
    promises["left_bias"] = shift <= MOST_SHIFT + 0.1 / math.sqrt(count) * (count < 1000)
    return promises


def slack(share: float, count: int) -> float:
    """Three standard errors of a share of so many studies; none from 1,000 studies on."""
    return 0.0 if count >= 1000 else 3 * math.sqrt(share * (1 - share) / count)

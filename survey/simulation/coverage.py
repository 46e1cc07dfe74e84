"""How often intervals hold the truth, in simulated studies."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np

from survey.simulation.generator import COMPARED, DENSE, Studies
from survey.statistics.estimates import mos, pairs
from survey.statistics.estimates.data import METHOD_ORDER
from survey.statistics.estimates.interval import Estimate, mean_of_cells, student
from survey.statistics.questions import density, paper

RESAMPLES = 300


class Tally:
    """How often intervals hold the truth."""

    def __init__(self) -> None:
        self._hits: dict[str, list[bool]] = defaultdict(list)
        self._misses: dict[str, int] = defaultdict(int)

    def add(self, name: str, found: Estimate, truth: float) -> None:
        """Count one interval, or that there was none."""
        if found.is_known:
            self._hits[name].append(bool(found.low <= truth <= found.high))
        else:
            self._misses[name] += 1

    def result(self) -> dict[str, dict[str, float | int]]:
        """`coverage` of `intervals` by name, and how many had `none`."""
        return {
            name: {
                "coverage": float(np.mean(hits)),
                "intervals": len(hits),
                "none": self._misses[name],
            }
            for name, hits in self._hits.items()
        }


def coverage(studies: Studies) -> dict[str, dict[str, float | int]]:
    """How often each kind of interval holds the truth, by name; see docs/validity.md.

    `pooled_*` and `bootstrap_*` are what is not used, for comparison.
    """
    tally = Tally()
    truth, shares = studies.mean_scores, studies.preferences
    jod_truth = _jod(shares, studies)
    rng = np.random.default_rng(0)
    for s in range(len(studies)):
        ratings, choices = studies.ratings(s), studies.pairs(s)
        means = truth[s].mean(axis=0)
        for k, method in enumerate(METHOD_ORDER):
            tally.add("mos", mos.method_mos(ratings, method), means[k])
            tally.add("version_mos", mos.version_mos(ratings, method, "image-00"), truth[s, 0, k])
            tally.add("pooled_mos", _pooled(ratings.of(method)), means[k])
            tally.add("bootstrap_mos", _bootstrap(ratings.of(method), rng), means[k])
            if method != mos.REFERENCE:
                tally.add("dmos", mos.dmos(ratings, method), means[k] - means[-1] + 5)
        for better, worse in paper.CLAIMS:
            gap = means[METHOD_ORDER.index(better)] - means[METHOD_ORDER.index(worse)]
            tally.add("difference", mos.difference(ratings, better, worse), gap)
        for k in range(len(COMPARED)):
            tally.add("preference", pairs.preference(choices, k), shares[s, k])
            low, high = pairs.wilson(*_share_of_answers(choices.won[:, :, k]))
            tally.add("pooled_preference", Estimate(0.5, low, high), shares[s, k])
        for k, score in enumerate(pairs.jod_scale(choices).scores):
            if k:
                tally.add("jod", score, jod_truth[s, k])
    return tally.result()


def _jod(shares: np.ndarray, studies: Studies) -> np.ndarray:
    """(studies, methods) JOD that endless raters would give, with as many answers a pair."""
    methods = studies.pairs(0).methods
    compared = np.array([[methods.index(m) for m in pair] for pair in COMPARED])
    counts = (~np.isnan(studies.won[0])).sum(axis=(0, 1)).astype(float)
    logits = pairs.bradley_terry(shares, counts, compared)
    return np.asarray((logits - logits[:, :1]) / pairs.LOGITS_PER_JOD)


def _pooled(scores: np.ndarray) -> Estimate:
    """Student's t on all answers as if each were another person's."""
    return student(mean_of_cells(scores[~np.isnan(scores)][:, None]))


def _share_of_answers(won: np.ndarray) -> tuple[float, int]:
    given = won[~np.isnan(won)]
    return float(given.mean()), len(given)


def _bootstrap(scores: np.ndarray, rng: np.random.Generator) -> Estimate:
    """Percentiles of resampled raters."""
    own = np.array([row[~np.isnan(row)].mean() for row in scores if not np.isnan(row).all()])
    drawn = own[rng.integers(0, len(own), (RESAMPLES, len(own)))].mean(axis=1)
    low, high = np.percentile(drawn, (2.5, 97.5))
    return Estimate(float(own.mean()), float(low), float(high))


def crossings(studies: Studies) -> dict[str, dict[str, float | int]]:
    """Coverage of the density at which SRGAN is worth as much as SRResNet, and of slopes."""
    tally = Tally()
    at, slope = _true_crossing(studies)
    for s in range(len(studies)):
        found = density.crossings(studies.ratings(s), studies.pairs(s))
        tally.add("crossing_by_scores", found["scores"], at[s])
        for method, low, high in density.slopes(studies.ratings(s))[
            ["method", "ci95_low", "ci95_high"]
        ].itertuples(index=False):
            truth = slope[s] if method == METHOD_ORDER[DENSE] else 0.0
            tally.add("slope", Estimate(truth, low, high), truth)
    return tally.result()


def _true_crossing(studies: Studies) -> tuple[np.ndarray, np.ndarray]:
    """(studies,) density where both networks score alike, and slope of SRGAN's mean score."""
    world = studies.world
    steps = np.linspace(-4, 4, 161) * world.ppd_spread  # of log2, around the median density
    worth = studies.worth.copy()
    curve = []
    for step in steps:
        worth[..., DENSE] = studies.worth[..., DENSE] + world.density_slope * step
        scores = replace(studies, worth=worth.copy()).mean_scores.mean(axis=1)
        curve.append(scores[:, [DENSE, DENSE - 1]])
    srgan, srresnet = np.moveaxis(np.array(curve), 2, 0)
    where = np.array([np.interp(0, -d, steps) for d in (srgan - srresnet).T])
    weight = np.exp(-((steps / world.ppd_spread) ** 2) / 2)
    weight = weight / weight.sum()
    slope = (weight * steps) @ srgan / (weight * steps**2).sum()
    return world.ppd * 2**where, slope

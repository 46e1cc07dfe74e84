"""How often intervals hold the truth, in simulated studies."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from survey.simulation.generator import Studies, simulate_studies
from survey.simulation.worlds import World, expected_choices, expected_scores
from survey.statistics.estimates import jod, mos, pairs
from survey.statistics.estimates.crossed import crossed_student
from survey.statistics.estimates.interval import Estimate, mean_of_cells, student
from survey.statistics.estimates.raters import subject_model
from survey.statistics.estimates.verdicts import ALPHA
from survey.statistics.questions import agreement, density

RESAMPLES = 300
NO_SLOPE = 1e-3  # of scores when the density doubles
Found = dict[str, list[float]]  # one number a study and interval, by name; NaN: no interval


class Tally:
    """Whether intervals hold the truth, 1 or 0."""

    def __init__(self) -> None:
        self.found: Found = defaultdict(list)

    def add(self, name: str, found: Estimate, truth: float) -> None:
        """Count one interval, or that there was none."""
        held = float(found.low <= truth <= found.high) if found.is_known else float("nan")
        self.found[name].append(held)


def steps(world: World) -> Iterator[tuple[int, int]]:
    """Places of each method and the one before it, the better first."""
    for k in range(1, len(world.methods)):
        yield k, k - 1


def coverage(studies: Studies) -> Found:
    """Whether each kind of interval holds the truth, by name; see docs/validity.md.

    Names that begin with `any_` speak of other photographs, too. `pooled_*`, `bootstrap_*` and
    `fixed_*` are what is not used, for comparison. `rmse_*` are squared errors, not shares.
    """
    tally, world = Tally(), studies.world
    quality = np.array(world.quality)
    anywhere = expected_scores(world, quality, image_sd=world.image_sd)
    shares_anywhere = expected_choices(world, quality, image_sd=world.image_sd)
    truth, shares = studies.mean_scores, studies.preferences
    jod_truth, jod_anywhere = _jod(shares, studies), _jod(shares_anywhere[None], studies)[0]
    icc_truth = _icc(studies)
    rng = np.random.default_rng(0)
    for s in range(len(studies)):
        ratings, choices = studies.ratings(s), studies.pairs(s)
        means = truth[s].mean(axis=0)
        for k, method in enumerate(world.methods):
            scores = ratings.of(method)
            tally.add("mos", mos.method_mos(ratings, method), means[k])
            tally.add("any_mos", mos.crossed_mos(ratings, method), anywhere[k])
            tally.add("version_mos", mos.version_mos(ratings, method, "image-00"), truth[s, 0, k])
            tally.add("pooled_mos", _pooled(scores), means[k])
            tally.add("bootstrap_mos", _bootstrap(scores, rng), means[k])
            if method != mos.REFERENCE:
                tally.add("dmos", mos.dmos(ratings, method), means[k] - means[-1] + 5)
        for a, b in steps(world):
            better, worse = world.methods[a], world.methods[b]
            found = mos.difference(ratings, better, worse)
            wide = crossed_student(mos.crossed(ratings, better, worse))
            tally.add("difference", found, means[a] - means[b])
            tally.add("any_difference", wide, anywhere[a] - anywhere[b])
            tally.add("fixed_difference", found, anywhere[a] - anywhere[b])
        for k in range(len(world.compared)):
            tally.add("preference", pairs.preference(choices, k), shares[s, k])
            tally.add("any_preference", pairs.any_preference(choices, k), shares_anywhere[k])
            low, high = pairs.wilson(*_share_of_answers(choices.won[:, :, k]))
            tally.add("pooled_preference", Estimate(0.5, low, high), shares[s, k])
        scale = jod.jod_scale(choices)
        for k in range(1, len(scale.methods)):
            tally.add("jod", scale.scores[k], jod_truth[s, k])
            tally.add("any_jod", scale.crossed[k], jod_anywhere[k])
        tally.add("icc", agreement.intraclass(ratings)["single"], icc_truth[s])
        quality_found = subject_model(ratings.scores).quality
        given = ~np.isnan(ratings.scores)
        plain = np.where(given, ratings.scores, 0).sum(axis=0) / np.maximum(given.sum(axis=0), 1)
        tally.found["rmse_subject_model"].append(_squared(quality_found, truth[s]))
        tally.found["rmse_mean"].append(_squared(plain, truth[s]))
    return tally.found


def _squared(found: np.ndarray, truth: np.ndarray) -> float:
    return float(np.nanmean((found - truth) ** 2))


def _jod(shares: np.ndarray, studies: Studies) -> np.ndarray:
    """(studies, methods) JOD that endless raters would give, with as many answers a pair."""
    choices = studies.pairs(0)
    methods = choices.methods
    compared = np.array([[methods.index(m) for m in pair] for pair in choices.compared])
    counts = (~np.isnan(studies.won[0])).sum(axis=(0, 1)).astype(float)
    logits = jod.bradley_terry(shares, counts, compared)
    return np.asarray((logits - logits[:, :1]) / jod.LOGITS_PER_JOD)


def _icc(studies: Studies) -> np.ndarray:
    """(studies,) the ICC(A,1) of many raters of the same world, rating the same versions."""
    world = replace(studies.world, raters=400, missing=0.0, leaving=0.0, images_per_rater=10**6)
    result = []
    for s in range(len(studies)):
        many = simulate_studies(world, 1, seed=s, worth=studies.worth[s : s + 1])
        result.append(agreement.intraclass(many.ratings(0))["single"].value)
    return np.array(result)


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


def crossings(studies: Studies) -> Found:
    """Coverage of the density at which two networks are worth the same, and of slopes.

    `rate_false_slope` is 1 where any slope that is none is called one, after correction.
    """
    tally, world = Tally(), studies.world
    at, slope = _true_crossing(studies)
    for s in range(len(studies)):
        ratings = studies.ratings(s)
        found = density.crossings(ratings, studies.pairs(s))
        tally.add("crossing_by_scores", found["scores"], at[s])
        table = density.slopes(ratings)
        is_false = False
        for k, row in enumerate(table.itertuples()):
            kind = "slope_of_dense" if k == world.dense else "slope_of_others"
            low, high = float(row.ci95_low), float(row.ci95_high)
            tally.add(kind, Estimate(0.0, low, high), slope[s, k])
            is_false |= bool(row.p_holm < ALPHA) and abs(slope[s, k]) < NO_SLOPE
        tally.found["rate_false_slope"].append(float(is_false))
    return tally.found


def _true_crossing(studies: Studies) -> tuple[np.ndarray, np.ndarray]:
    """Density where both networks score alike, (studies,); slopes, (studies, methods)."""
    world = studies.world
    ends = np.linspace(-3, 3, 21) * max(world.ppd_spread, 1e-6)  # of log2, around the median
    one = replace(world, ppd_spread=0.0)
    curve = []
    for step in ends:
        noisier = replace(one, noise=world.noise * 2 ** (world.density_noise * step))
        worth = studies.worth.copy()
        worth[..., world.dense] += world.density_slope * step
        curve.append(expected_scores(noisier, worth).mean(axis=1))
    scores = np.array(curve)  # (densities, studies, methods)
    gap = (scores[..., world.dense] - scores[..., world.dense - 1]).T
    where = np.array([np.interp(0, np.sign(d[-1] - d[0]) * d, ends) for d in gap])
    weight = np.exp(-((ends / max(world.ppd_spread, 1e-6)) ** 2) / 2)
    weight = weight / weight.sum()
    slope = np.tensordot(weight * ends, scores, 1) / (weight * ends**2).sum()
    return world.ppd * 2**where, slope

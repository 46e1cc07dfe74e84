"""Tests on ranks, and the correction for many of them."""

from __future__ import annotations

import math

import numpy as np

DIGITS = 10  # differences are rounded so that equal ones are equal
FEW = 13  # differences up to which scipy goes through every way to give them signs


def signed_rank(step: np.ndarray) -> float:
    """p of Wilcoxon's two-sided signed-rank test, one difference a rater; 1 where none moved."""
    step = np.round(step, DIGITS)
    if not len(step):
        return math.nan
    moved = step[step != 0]
    if not len(moved):
        return 1.0
    from scipy.stats import rankdata, wilcoxon

    if len(moved) > FEW:
        return float(wilcoxon(step).pvalue)
    return _exact_p(rankdata(np.abs(moved)), moved > 0)


def _exact_p(rank: np.ndarray, is_positive: np.ndarray) -> float:
    """scipy's p with ties, by counting how often each sum of ranks comes, not each way to it."""
    doubled = np.rint(2 * rank).astype(int)  # ranks of ties are halves
    ways = np.ones(1)
    for size in doubled:
        more = np.zeros(len(ways) + size)
        more[: len(ways)] += ways
        more[size:] += ways
        ways = more
    found = int(doubled[is_positive].sum())
    smaller = min(ways[: found + 1].sum(), ways[found:].sum())
    return min(1.0, 2 * float(smaller / ways.sum()))


def rank_biserial(step: np.ndarray) -> float:
    """The effect size of `signed_rank`: -1 all fell, 1 all rose; 0 where none moved."""
    step = np.round(step, DIGITS)
    moved = step[step != 0]
    if not len(moved):
        return 0.0 if len(step) else math.nan
    from scipy.stats import rankdata

    rank = rankdata(np.abs(moved))
    return float((rank * np.sign(moved)).sum() / rank.sum())


def holm(p_values: np.ndarray) -> np.ndarray:
    """Holm's step-down correction; NaN stays NaN and does not count.

    statsmodels has it too, and collects the whole memory's garbage at each call: 0.1 s.
    """
    result = np.full(len(p_values), np.nan)
    order = np.argsort(p_values)[: int((~np.isnan(p_values)).sum())]
    factors = np.arange(len(order), 0, -1)
    result[order] = np.minimum(1.0, np.maximum.accumulate(p_values[order] * factors))
    return result


def over_ways(p_values: np.ndarray, ways: int) -> np.ndarray:
    """Bonferroni's correction for having asked in several ways."""
    return np.asarray(np.minimum(1.0, p_values * ways))

"""Tests on ranks, and the correction for many of them."""

from __future__ import annotations

import math

import numpy as np

DIGITS = 10  # differences are rounded so that equal ones are equal


def signed_rank(step: np.ndarray) -> float:
    """p of Wilcoxon's two-sided signed-rank test, one difference a rater; 1 where none moved."""
    step = np.round(step, DIGITS)
    if not len(step):
        return math.nan
    if not step.any():
        return 1.0
    from scipy.stats import wilcoxon

    return float(wilcoxon(step).pvalue)


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
    """Holm's step-down correction; NaN stays NaN and does not count."""
    result = np.full(len(p_values), np.nan)
    known = np.flatnonzero(~np.isnan(p_values))
    if len(known):
        from statsmodels.stats.multitest import multipletests

        result[known] = multipletests(p_values[known], method="holm")[1]
    return result

"""How far people agree: with each other, and with themselves.

Sources: Krippendorff 2018 (alpha), Shrout and Fleiss 1979 and McGraw and Wong 1996 (ICC).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from survey.statistics.estimates.data import Ratings, flat
from survey.statistics.estimates.interval import (
    CONSTANT,
    NO_DATA,
    ONE_RATER,
    Estimate,
    Jackknife,
    quantile_t,
)

if TYPE_CHECKING:
    import pandas as pd

INCOMPLETE = "incomplete"


def krippendorff_alpha(ratings: Ratings) -> Estimate:
    """Krippendorff's alpha for ordinal scores: 1 is agreement, 0 is chance.

    The interval is the jackknife's over raters on Fisher's z. A bootstrap would draw a rater
    twice, who then agrees with himself, and push alpha upwards.
    """
    table = flat(ratings.scores)
    table = table[~np.isnan(table).all(axis=1)]
    raters, n = len(table), int((~np.isnan(table)).sum())
    if raters < 2:
        return Estimate(math.nan, n=n, raters=raters, reason=ONE_RATER if raters else NO_DATA)
    value = _alpha(table)
    without = np.array([_alpha(np.delete(table, rater, axis=0)) for rater in range(raters)])
    if math.isnan(value):
        return Estimate(math.nan, n=n, raters=raters, reason=CONSTANT)
    if raters < 3 or np.isnan(without).any() or max(value, without.max()) >= 1:
        return Estimate(value, n=n, raters=raters, reason="too_few_raters")
    bent = Jackknife(math.atanh(value), np.arctanh(without), np.ones(raters, bool), n)
    half = quantile_t(raters - 1) * bent.se
    return Estimate(
        value, math.tanh(bent.value - half), math.tanh(bent.value + half), n, raters, bent.se
    )


def _alpha(table: np.ndarray) -> float:
    """(raters, versions) scores 1 to 5; NaN when nothing varies or no version has two scores."""
    import pandas as pd
    from evalica import alpha

    shared = (~np.isnan(table)).sum(axis=0) > 1
    table = table[:, shared]
    given = table[~np.isnan(table)]
    if not len(given) or given.min() == given.max():
        return math.nan
    return float(alpha(pd.DataFrame(table), distance="ordinal").alpha)


def intraclass(ratings: Ratings) -> dict[str, Estimate]:
    """ICC(A,1), of one rater's scores, and ICC(A,k), of the mean of all: absolute agreement.

    Two-way random effects on the versions that every rater has rated.

    Source: McGraw and Wong 1996, tables 4 and 7.
    """
    table = flat(ratings.scores)
    table = table[:, ~np.isnan(table).any(axis=0)] if len(table) else table
    k, n = table.shape  # raters, versions
    if k < 2 or n < 2:
        problem = NO_DATA if k == 0 else ONE_RATER if k < 2 else INCOMPLETE
        empty = Estimate(math.nan, n=table.size, raters=k, reason=problem)
        return {"single": empty, "average": empty}
    total = float(table.var() * table.size)
    between_versions = float(k * table.mean(axis=0).var() * n)
    between_raters = float(n * table.mean(axis=1).var() * k)
    msr = between_versions / (n - 1)
    msc = between_raters / (k - 1)
    mse = max(0.0, total - between_versions - between_raters) / ((n - 1) * (k - 1))
    if total < 1e-12 or mse < 1e-12:
        empty = Estimate(math.nan, n=table.size, raters=k, reason=CONSTANT)
        return {"single": empty, "average": empty}
    single = (msr - mse) / (msr + (k - 1) * mse + k * (msc - mse) / n)
    average = (msr - mse) / (msr + (msc - mse) / n)
    low, high = _mcgraw_wong(single, msr, msc, mse, n, k)

    def spearman_brown(value: float) -> float:
        return value * k / (1 + value * (k - 1))

    return {
        "single": Estimate(single, low, high, table.size, k),
        "average": Estimate(average, spearman_brown(low), spearman_brown(high), table.size, k),
    }


def _mcgraw_wong(
    icc: float, msr: float, msc: float, mse: float, n: int, k: int
) -> tuple[float, float]:
    from scipy.stats import f

    a = k * icc / (n * (1 - icc))
    b = 1 + k * icc * (n - 1) / (n * (1 - icc))
    degrees = (a * msc + b * mse) ** 2 / (
        (a * msc) ** 2 / (k - 1) + (b * mse) ** 2 / ((n - 1) * (k - 1))
    )
    lower = float(f.ppf(0.975, n - 1, degrees))
    upper = float(f.ppf(0.975, degrees, n - 1))
    rest = k * msc + (k * n - k - n) * mse
    low = n * (msr - lower * mse) / (lower * rest + n * msr)
    high = n * (upper * msr - mse) / (rest + n * upper * msr)
    return low, high


def retest(responses: pd.DataFrame) -> dict[str, Any]:
    """How people answer when the same trial comes again, unannounced.

    Returns:
        For ratings `n`, `exact` and `within_one` shares, `mean_difference`, quadratically
        weighted `kappa`; for pairs `pairs_n` and `pairs_same`, the share with the same preference.
    """
    again = responses[responses["role"] == "repeat"]
    first = responses.drop_duplicates("trial_id").set_index("trial_id")
    again = again[again["repeat_of"].isin(first.index)]
    rated = again[again["kind"] == "rating"]
    one = rated["repeat_of"].map(first["score"]).to_numpy(dtype=float, na_value=np.nan)
    two = rated["score"].to_numpy(dtype=float, na_value=np.nan)
    known = ~np.isnan(one) & ~np.isnan(two)
    one, two = one[known], two[known]
    chosen = again[again["kind"] == "pair"]
    same = chosen["preferred"].to_numpy() == chosen["repeat_of"].map(first["preferred"]).to_numpy()
    step = np.abs(one - two)
    return {
        "n": len(step),
        "exact": float((step == 0).mean()) if len(step) else math.nan,
        "within_one": float((step <= 1).mean()) if len(step) else math.nan,
        "mean_difference": float(step.mean()) if len(step) else math.nan,
        "kappa": weighted_kappa(one, two),
        "pairs_n": len(same),
        "pairs_same": float(same.mean()) if len(same) else math.nan,
    }


def weighted_kappa(one: np.ndarray, two: np.ndarray) -> float:
    """Cohen's kappa with quadratic weights; NaN where nothing varies."""
    if not len(one) or np.ptp(np.concatenate([one, two])) == 0:
        return math.nan
    from statsmodels.stats.inter_rater import cohens_kappa

    table = np.zeros((5, 5))
    np.add.at(table, (one.astype(int) - 1, two.astype(int) - 1), 1)
    return float(cohens_kappa(table, wt="quadratic", return_results=False))

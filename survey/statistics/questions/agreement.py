"""How far people agree: with each other, and with themselves.

Sources: Krippendorff 2018 (alpha), Shrout and Fleiss 1979 and McGraw and Wong 1996 (ICC).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from survey.statistics.estimates.crossed import additive_rest
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
    """ICC(A,1), of one rater's scores, and ICC(A,k), of a version's mean: absolute agreement.

    Two-way random effects; components of variance by Henderson's third method, which of complete
    tables is the analysis of variance and also holds with missing answers. k is how many ratings a
    version has on average. With missing answers the interval is that of a complete table with the
    same components and as many answers, and approximate.

    Sources: McGraw and Wong 1996, tables 4 and 7; Henderson 1953, "Estimation of variance and
    covariance components", method 3.
    """
    table = flat(ratings.scores)
    table = table[~np.isnan(table).all(axis=1)]
    table = table[:, ~np.isnan(table).all(axis=0)]
    (raters, n), count = table.shape, int((~np.isnan(table)).sum())
    rest, degrees = additive_rest(table)
    if raters < 2 or n < 2 or degrees < 1:
        problem = NO_DATA if not raters else ONE_RATER if raters < 2 else INCOMPLETE
        empty = Estimate(math.nan, n=count, raters=raters, reason=problem)
        return {"single": empty, "average": empty}
    left = float(np.nansum(rest**2))
    within = [
        float(np.nansum((table - np.nanmean(table, axis=axis, keepdims=True)) ** 2))
        for axis in (0, 1)  # of versions, of raters
    ]
    mse = left / degrees
    of_versions = (within[1] - left - mse * (n - 1)) / (count - raters)
    of_raters = (within[0] - left - mse * (raters - 1)) / (count - n)
    if mse < 1e-12:
        empty = Estimate(math.nan, n=count, raters=raters, reason=CONSTANT)
        return {"single": empty, "average": empty}
    k = count / n
    single = of_versions / (of_versions + of_raters + mse)
    average = of_versions / (of_versions + (of_raters + mse) / k)
    msr, msc = k * of_versions + mse, count / raters * of_raters + mse
    low, high = _mcgraw_wong(single, msr, msc, mse, n, k)

    def spearman_brown(value: float) -> float:
        return value * k / (1 + value * (k - 1))

    return {
        "single": Estimate(single, low, high, count, raters),
        "average": Estimate(average, spearman_brown(low), spearman_brown(high), count, raters),
    }


def _mcgraw_wong(
    icc: float, msr: float, msc: float, mse: float, n: int, k: float
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
    rated = again[again["kind"] != "pair"]
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

"""Scores as what they are, ordered categories: a cumulative model beside the means.

The five words of the scale need not be equally far apart. The proportional-odds model only uses
their order: a method's log odds of a higher score than another's, whatever the border. Raters'
answers are clusters; photographs are these.

Sources: McCullagh 1980 (proportional odds), Mancl and DeRouen 2001 (few clusters).
"""

from __future__ import annotations

import math
import warnings
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from survey.statistics.estimates.data import Ratings
from survey.statistics.estimates.interval import quantile_t
from survey.statistics.estimates.ranks import holm
from survey.statistics.estimates.verdicts import ALPHA

if TYPE_CHECKING:
    import pandas as pd

MIN_RATERS = 6
COLUMNS = (
    "method_a", "method_b", "log_odds", "ci95_low", "ci95_high", "p_value", "p_holm", "p_means",
    "disagrees", "raters", "reason",
)  # fmt: skip


def ordinal_table(ratings: Ratings, comparisons: pd.DataFrame) -> pd.DataFrame:
    """Every two methods by the cumulative model; whether it says something else than the means.

    `p_means` is Wilcoxon's of the raters' means, after Holm's correction, of these photographs as
    here. `disagrees` is true where one of both finds a difference and the other does not, or both
    do in opposite directions.

    Args:
        comparisons: of `significance.comparisons`.
    """
    import pandas as pd

    fitted = _fit(ratings)
    raters = int((~np.isnan(ratings.scores)).any(axis=(1, 2)).sum())
    rows: list[dict[str, Any]] = []
    for b, a in combinations(range(len(ratings.methods)), 2):
        row: dict[str, Any] = {"method_a": ratings.methods[a], "method_b": ratings.methods[b]}
        row |= {"raters": raters, "reason": "" if fitted else "no_fit"}
        if raters < MIN_RATERS:
            row["reason"] = "few_raters"
        if fitted and not row["reason"]:
            row |= _contrast(*fitted, a, b, raters)
        rows.append(row)
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    table["p_holm"] = holm(table["p_value"].to_numpy(dtype=float))
    table["p_means"] = holm(comparisons["p_value"].to_numpy(dtype=float))
    found, by_means = table["p_holm"] < ALPHA, table["p_means"] < ALPHA
    opposite = table["log_odds"].astype(float) * comparisons["difference"].astype(float) < 0
    known = table["p_holm"].notna() & table["p_means"].notna()
    table["disagrees"] = known & ((found != by_means) | (found & opposite))
    return table


def _contrast(
    worth: np.ndarray, covariance: np.ndarray, a: int, b: int, raters: int
) -> dict[str, float]:
    from scipy.special import stdtr

    value = float(worth[a] - worth[b])
    error = math.sqrt(covariance[a, a] + covariance[b, b] - 2 * covariance[a, b])
    half = quantile_t(raters - 1) * error
    p = float(2 * stdtr(raters - 1, -abs(value) / error)) if error > 0 else math.nan
    return {"log_odds": value, "ci95_low": value - half, "ci95_high": value + half, "p_value": p}


def _fit(ratings: Ratings) -> tuple[np.ndarray, np.ndarray] | None:
    """Methods' log odds, the first at 0, and their covariance; None when there is no fit."""
    rater, image, method = np.nonzero(~np.isnan(ratings.scores))
    score = ratings.scores[rater, image, method]
    methods = len(ratings.methods)
    if methods < 2 or len(np.unique(score)) < 2 or len(np.unique(rater)) < MIN_RATERS:
        return None
    from statsmodels.genmod.cov_struct import Independence
    from statsmodels.genmod.generalized_estimating_equations import OrdinalGEE

    design = (method[:, None] == np.arange(1, methods)).astype(float)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # whether it has converged is looked at below
        try:
            model = OrdinalGEE(score, design, groups=rater, cov_struct=Independence())
            result = model.fit(cov_type="bias_reduced")
        except (np.linalg.LinAlgError, ValueError):
            return None
    worth = np.append(0.0, np.asarray(result.params)[1 - methods :])
    covariance = np.zeros((methods, methods))
    covariance[1:, 1:] = np.asarray(result.cov_params())[1 - methods :, 1 - methods :]
    is_sound = np.isfinite(worth).all() and np.isfinite(covariance).all()
    return (worth, covariance) if is_sound and (np.diag(covariance)[1:] > 0).all() else None

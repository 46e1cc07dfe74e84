"""Whether methods differ: Friedman's test over all, then Wilcoxon's on every two, Holm-corrected.

Both work on each rater's own means, because the ratings of one person are not independent.
"""

from __future__ import annotations

import math
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from survey.statistics.estimates.data import Ratings
from survey.statistics.estimates.mos import difference
from survey.statistics.estimates.ranks import holm, rank_biserial, signed_rank

if TYPE_CHECKING:
    import pandas as pd

ALPHA = 0.05
MIN_RATERS = 6  # with five, Wilcoxon's p cannot fall below 0.05
COLUMNS = (
    "method_a", "method_b", "difference", "ci95_low", "ci95_high", "raters", "p_value", "p_holm",
    "rank_biserial", "cohens_dz", "is_significant", "reason",
)  # fmt: skip


def rater_means(ratings: Ratings, *methods: str) -> np.ndarray:
    """(raters, methods) means over the images of which a rater has rated all these methods."""
    wanted = [ratings.methods.index(m) for m in methods or ratings.methods]
    scores = ratings.scores[:, :, wanted]
    complete = ~np.isnan(scores).any(axis=2)
    total = np.where(complete[:, :, None], scores, 0.0).sum(axis=1)
    count = complete.sum(axis=1)
    kept = count > 0
    return np.asarray(np.round(total[kept] / count[kept, None], 10))


def friedman(ratings: Ratings) -> dict[str, Any]:
    """Friedman's test that all methods are rated alike, with Kendall's W as its size.

    Returns:
        `statistic`, `p_value`, `kendalls_w`, `raters` and, when there is none, `reason`.
    """
    means = rater_means(ratings)
    raters, methods = means.shape
    result = {"statistic": math.nan, "p_value": math.nan, "kendalls_w": math.nan, "raters": raters}
    if methods < 3 or raters < MIN_RATERS:
        return result | {"reason": "few_methods" if methods < 3 else "few_raters"}
    if (np.ptp(means, axis=1) == 0).all():
        return result | {"reason": "constant"}
    from scipy.stats import friedmanchisquare

    test = friedmanchisquare(*means.T)
    statistic = float(test.statistic)
    w = statistic / (raters * (methods - 1))
    return {
        "statistic": statistic,
        "p_value": float(test.pvalue),
        "kendalls_w": w,
        "raters": raters,
        "reason": "",
    }


def comparisons(ratings: Ratings) -> pd.DataFrame:
    """Every two methods: difference with interval, p, corrected p, effect sizes.

    `p_holm` is that of Wilcoxon after Holm's correction, and never below that of Friedman's test
    where there is one; `is_significant` is below 0.05.
    """
    import pandas as pd

    rows = []
    for b, a in combinations(ratings.methods, 2):
        found = difference(ratings, a, b)
        means = rater_means(ratings, a, b)
        step = np.round(means[:, 0] - means[:, 1], 10)
        row = {"method_a": a, "method_b": b, **found.row("difference"), **_wilcoxon(step)}
        row["raters"] = found.raters
        rows.append(row)
    table = pd.DataFrame(
        rows, columns=[c for c in COLUMNS if c not in ("p_holm", "is_significant")]
    )
    each = holm(table["p_value"].to_numpy(dtype=float))
    table["p_holm"] = np.maximum(each, np.nan_to_num(friedman(ratings)["p_value"]))
    table["is_significant"] = table["p_holm"] < ALPHA
    return table[list(COLUMNS)]


def _wilcoxon(step: np.ndarray) -> dict[str, float]:
    """Two-sided signed-rank test of differences, and its effect sizes."""
    if len(step) < MIN_RATERS:
        return {"p_value": math.nan, "rank_biserial": math.nan, "cohens_dz": math.nan}
    sd = float(step.std(ddof=1))
    return {
        "p_value": signed_rank(step),
        "rank_biserial": rank_biserial(step),
        "cohens_dz": float(step.mean()) / sd if sd > 0 else math.nan,
    }

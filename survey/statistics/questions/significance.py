"""Whether methods differ, for other raters and other photographs, and whether they are alike.

Friedman's test over all and Wilcoxon's on every two work on each rater's own means, because the
ratings of one person are not independent; they speak of these photographs. What a verdict rests on
must also hold for others: Student's t over raters and photographs.

Sources: Schuirmann 1987 (two one-sided tests), Holm 1979.
"""

from __future__ import annotations

import math
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from survey.statistics.estimates.crossed import crossed_p, crossed_student
from survey.statistics.estimates.data import Ratings
from survey.statistics.estimates.mos import crossed, difference
from survey.statistics.estimates.ranks import holm, over_ways, rank_biserial, signed_rank
from survey.statistics.estimates.verdicts import ALPHA, MARGIN, alike_p, verdicts

if TYPE_CHECKING:
    import pandas as pd

MIN_RATERS = 6  # with five, Wilcoxon's p cannot fall below 0.05
COLUMNS = (
    "method_a", "method_b", "difference", "ci95_low", "ci95_high", "any95_low", "any95_high",
    "raters", "p_value", "p_crossed", "p_holm", "p_alike", "rank_biserial", "cohens_dz",
    "is_significant", "is_alike", "verdict", "reason",
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


def comparisons(ratings: Ratings, margin: float = MARGIN, ways: int = 1) -> pd.DataFrame:
    """Every two methods: difference with both intervals, p, corrected p, effect sizes, verdict.

    `ci95_*` speaks of other raters on these photographs, `any95_*` of other photographs, too.
    `p_holm` is the larger of Wilcoxon's p and `p_crossed`, after Holm's correction, and never
    below that of Friedman's test where there is one; `is_significant` is below 0.05. `p_alike` is
    that of two one-sided tests, after Holm's correction too, of a difference of `margin` or more.

    Args:
        margin: from which on a difference matters, in scores.
        ways: in which differences are asked for, ratings and choices; they share the 5 %.
    """
    import pandas as pd

    rows = []
    for b, a in combinations(ratings.methods, 2):
        found, both = difference(ratings, a, b), crossed(ratings, a, b)
        wide = crossed_student(both)
        means = rater_means(ratings, a, b)
        step = np.round(means[:, 0] - means[:, 1], 10)
        row = {"method_a": a, "method_b": b, **found.row("difference"), **_wilcoxon(step)}
        row |= {"raters": found.raters, "any95_low": wide.low, "any95_high": wide.high}
        p = crossed_p(both)
        row["p_crossed"] = 1.0 if math.isnan(p) and both.value == 0 else p
        row["p_alike"] = alike_p(both, margin)
        rows.append(row)
    made_later = ("p_holm", "is_significant", "is_alike", "verdict")
    table = pd.DataFrame(rows, columns=[c for c in COLUMNS if c not in made_later])
    each = table[["p_value", "p_crossed"]].max(axis=1, skipna=False).to_numpy(dtype=float)
    table["p_holm"] = np.maximum(
        over_ways(holm(each), ways), np.nan_to_num(friedman(ratings)["p_value"])
    )
    table["p_alike"] = over_ways(holm(table["p_alike"].to_numpy(dtype=float)), ways)
    table["is_significant"] = table["p_holm"] < ALPHA
    table["is_alike"] = table["p_alike"] < ALPHA
    table["verdict"] = verdicts(table["p_holm"], table["p_alike"])
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

"""How many raters it takes to see a difference.

Source: power of the paired t test (statsmodels), over each rater's own means; Bonferroni's share of
5 % for each comparison.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from survey.statistics.estimates.data import Pairs, Ratings
from survey.statistics.questions.significance import rater_means

if TYPE_CHECKING:
    import pandas as pd

MOS_STEP = 0.5
PREFERENCE = 0.75
POWER = 0.8
GUIDE_MOS_SD = 0.7  # of rater's differences, before there are any
GUIDE_PREFERENCE_SD = 0.25
MIN_MEASURED = 5  # raters from which the measured spread is used
COLUMNS = ["question", "method_a", "method_b", "sd", "is_measured", "raters_now", "raters_needed"]


def raters_needed(
    effect: float, sd: float, *, comparisons: int = 1, power: float = POWER
) -> int | None:
    """Raters for a paired difference to be found, at 5 % over all comparisons.

    Args:
        effect: difference to be seen, on the scale of `sd`.
        sd: standard deviation between raters of their own differences.
        comparisons: that share the 5 %.

    Returns:
        None when it cannot be told (no spread, or no effect).
    """
    if not (effect > 0 and sd > 0):
        return None
    from statsmodels.stats.power import TTestPower

    test = TTestPower()
    alpha = 0.05 / comparisons
    few, many = 1, 2
    while test.power(effect / sd, many, alpha) < power:
        few, many = many, many * 2
        if many > 1_000_000:
            return None
    while many - few > 1:
        middle = (few + many) // 2
        if middle > 1 and test.power(effect / sd, middle, alpha) >= power:
            many = middle
        else:
            few = middle
    return many


def planning_table(ratings: Ratings, pairs: Pairs) -> pd.DataFrame:
    """Raters needed for 0.5 MOS and for 75 % preference in every pair that was compared.

    The spread is measured from `MIN_MEASURED` raters on, before that it is a guide.
    """
    import pandas as pd

    rows = []
    compared = pairs.compared or tuple(zip(ratings.methods[:-1], ratings.methods[1:], strict=True))
    for k, (a, b) in enumerate(compared):
        known = a in ratings.methods and b in ratings.methods
        means = rater_means(ratings, a, b) if known else np.empty((0, 2))
        steps = means[:, 0] - means[:, 1]
        rows.append(_row("mos_0.5", a, b, steps, GUIDE_MOS_SD, MOS_STEP, len(compared)))
        if not pairs.compared:
            continue
        won = pairs.won[:, :, k]
        own = np.array([row[~np.isnan(row)].mean() for row in won if not np.isnan(row).all()])
        own = own * _at_the_aim(own)
        effect = PREFERENCE - 0.5
        rows.append(_row("preference_75", a, b, own, GUIDE_PREFERENCE_SD, effect, len(compared)))
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table.astype({"raters_needed": "Int64"})


def _at_the_aim(own: np.ndarray) -> float:
    """By how much shares spread more at `PREFERENCE` than around their own mean."""
    mean = float(own.mean()) if len(own) else 0.5
    mean = min(max(mean, 0.05), 0.95)
    return math.sqrt(PREFERENCE * (1 - PREFERENCE) / (mean * (1 - mean)))


def _row(
    question: str,
    a: str,
    b: str,
    values: np.ndarray,
    guide: float,
    effect: float,
    comparisons: int,
) -> list[Any]:
    sd, is_measured = _spread(values, guide)
    needed = raters_needed(effect, sd, comparisons=comparisons)
    return [question, a, b, sd, is_measured, len(values), needed]


def _spread(values: np.ndarray, guide: float) -> tuple[float, bool]:
    if len(values) < MIN_MEASURED:
        return guide, False
    sd = float(values.std(ddof=1))
    return (sd, True) if sd > 0 and not math.isnan(sd) else (guide, False)

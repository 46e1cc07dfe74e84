"""How many raters, and how many photographs, it takes to see a difference, or that there is none.

Sources: power of the paired t test (statsmodels), over each rater's own means, for these
photographs; for others a normal approximation with the components of variance that were found
(Cornfield and Tukey 1956). Bonferroni's share of 5 % for each comparison.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from survey.statistics.estimates.crossed import Crossed
from survey.statistics.estimates.data import Pairs, Ratings
from survey.statistics.estimates.interval import quantile_t
from survey.statistics.estimates.mos import crossed
from survey.statistics.estimates.pairs import crossed_preference
from survey.statistics.estimates.verdicts import MARGIN, SHARE_MARGIN
from survey.statistics.questions.significance import rater_means

if TYPE_CHECKING:
    import pandas as pd

MOS_STEP = 0.5
PREFERENCE = 0.75
POWER = 0.8
MOST = 10_000  # raters or photographs; more is as good as never
GUIDE_MOS_SD = 0.7  # of rater's differences, before there are any
GUIDE_PREFERENCE_SD = 0.25
MIN_MEASURED = 5  # raters, and photographs, from which the measured spread is used
COLUMNS = [
    "question", "method_a", "method_b", "sd", "is_measured", "raters_now", "raters_needed",
    "raters_needed_any", "images_now", "images_needed_any",
]  # fmt: skip


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


@dataclass(frozen=True)
class Components:
    """Variances of a difference: between raters, between photographs, of single answers."""

    raters: float
    images: float
    single: float

    @classmethod
    def of(cls, found: Crossed) -> Components:
        """What was found, none below zero."""
        raters, images = found.raters.units, found.images.units
        return cls(
            max(0.0, raters * (found.raters.se**2 - found.single)),
            max(0.0, images * (found.images.se**2 - found.single)),
            raters * images * found.single,
        )

    def power(self, effect: float, raters: int, images: int, alpha: float, *, alike: bool) -> float:
        """That a difference of `effect` is found; or, of none, that it is below `effect`."""
        from scipy.special import ndtr

        single = self.single / (raters * images)
        over_raters, over_images = self.raters / raters + single, self.images / images + single
        variance = over_raters + over_images - single
        if not variance > 0:
            return math.nan
        parts = over_raters**2 / (raters - 1) + over_images**2 / (images - 1)
        degrees = max(variance**2 / parts, min(raters, images) - 1)
        border = quantile_t(degrees, 1 - (2 * alpha if alike else alpha))
        reached = float(ndtr(effect / math.sqrt(variance) - border))
        return max(0.0, 2 * reached - 1) if alike else reached


def fewest(power: Callable[[int], float]) -> int | None:
    """The smallest number from 2 on with enough power; None where `MOST` have too little."""
    if not power(MOST) >= POWER:
        return None
    few, many = 1, MOST
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (few, middle) if power(middle) >= POWER else (middle, many)
    return many


def planning_table(
    ratings: Ratings,
    pairs: Pairs,
    margin: float = MARGIN,
    share_margin: float = SHARE_MARGIN,
) -> pd.DataFrame:
    """Raters needed for 0.5 MOS, for 75 % preference and for "alike", in every pair compared.

    `raters_needed` is for these photographs. `raters_needed_any` is for others too, with as many
    photographs as now, `images_needed_any` with as many raters as now; empty where no number is
    enough. Spreads are measured from `MIN_MEASURED` raters on, before that they are a guide.

    Args:
        margin, share_margin: within which two methods count as alike.
    """
    import pandas as pd

    rows: list[list[Any]] = []
    compared = pairs.compared or tuple(zip(ratings.methods[:-1], ratings.methods[1:], strict=True))
    for k, (a, b) in enumerate(compared):
        if not {a, b} <= set(ratings.methods):
            steps, both = np.empty(0), None
        else:
            means = rater_means(ratings, a, b)
            steps, both = means[:, 0] - means[:, 1], crossed(ratings, a, b)
        asked = [("mos_0.5", MOS_STEP, False), ("alike_mos", margin, True)]
        rows += [
            [name, a, b, *_row(steps, both, GUIDE_MOS_SD, effect, len(compared), alike)]
            for name, effect, alike in asked
        ]
        if not pairs.compared:
            continue
        won = pairs.won[:, :, k]
        own = np.array([row[~np.isnan(row)].mean() for row in won if not np.isnan(row).all()])
        both = crossed_preference(pairs, k)
        for name, effect, alike, stretch in (
            ("preference_75", PREFERENCE - 0.5, False, _stretch(own, PREFERENCE)),
            ("alike_preference", share_margin, True, _stretch(own, 0.5)),
        ):
            found = _row(own, both, GUIDE_PREFERENCE_SD, effect, len(compared), alike, stretch)
            rows.append([name, a, b, *found])
    table = pd.DataFrame(rows, columns=COLUMNS)
    numbers = ["raters_needed", "raters_needed_any", "images_needed_any"]
    return table.astype(dict.fromkeys(numbers, "Int64"))


def _stretch(own: np.ndarray, aim: float) -> float:
    """By how much shares spread more at `aim` than around their own mean."""
    mean = float(own.mean()) if len(own) else 0.5
    mean = min(max(mean, 0.05), 0.95)
    return math.sqrt(aim * (1 - aim) / (mean * (1 - mean)))


def _row(
    values: np.ndarray,
    both: Crossed | None,
    guide: float,
    effect: float,
    comparisons: int,
    alike: bool,
    stretch: float = 1.0,
) -> list[Any]:
    """From `sd` on."""
    sd, is_measured = _spread(values * stretch, guide)
    alpha, now = 0.05 / comparisons, len(values)
    many = 1_000_000  # photographs that leave nothing between them: these
    alone = Components(sd**2, 0.0, 0.0)
    if alike:
        needed = fewest(lambda n: alone.power(effect, n, many, alpha, alike=True))
    else:
        needed = raters_needed(effect, sd, comparisons=comparisons)
    images = both.images.units if both is not None else 0
    any_raters = any_images = None
    if both is not None and is_measured and images >= MIN_MEASURED:
        found = Components.of(both)
        reach = effect / stretch

        def with_raters(n: int) -> float:
            return found.power(reach, n, images, alpha, alike=alike)

        def with_images(n: int) -> float:
            return found.power(reach, now, n, alpha, alike=alike)

        any_raters, any_images = fewest(with_raters), fewest(with_images)
    return [sd, is_measured, now, needed, any_raters, images, any_images]


def _spread(values: np.ndarray, guide: float) -> tuple[float, bool]:
    if len(values) < MIN_MEASURED:
        return guide, False
    sd = float(values.std(ddof=1))
    return (sd, True) if sd > 0 and not math.isnan(sd) else (guide, False)

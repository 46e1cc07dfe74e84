"""Mean opinion scores: of a method, a version, by density of the display, against the original.

Sources: ITU-R BT.500 and ITU-T P.910 (mean and interval), P.910 ACR-HR (differential scores), P.910
DCR (scores beside the original, whose mean is a DMOS as it is).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from survey.statistics.estimates.crossed import (
    Crossed,
    crossed_difference,
    crossed_mean,
    crossed_student,
)
from survey.statistics.estimates.data import HIGHEST, LOWEST, Ratings
from survey.statistics.estimates.interval import (
    Estimate,
    Jackknife,
    mean_of_cells,
    student,
    student_on_scale,
)
from survey.study.display import ppd_bin

if TYPE_CHECKING:
    import pandas as pd

SCALE = (LOWEST, HIGHEST)
SCORES = (1, 2, 3, 4, 5)
ALL = "all"
REFERENCE = "original"
COLUMNS = (
    "method", "image", "ppd_bin", "scale", "n", "raters", "mos", "sd",
    "ci95_low", "ci95_high", "reason", "any95_low", "any95_high",
    "dmos", "dmos_ci95_low", "dmos_ci95_high", *(f"share_{score}" for score in SCORES),
)  # fmt: skip


def jackknife(ratings: Ratings, method: str) -> Jackknife:
    """A method's mean over images of their means over raters, with and without each rater."""
    return mean_of_cells(ratings.of(method))


def method_mos(ratings: Ratings, method: str) -> Estimate:
    """A method's mean opinion score over these images, for raters like these."""
    return student_on_scale(jackknife(ratings, method), SCALE)


def difference(ratings: Ratings, method: str, other: str) -> Estimate:
    """How much higher the first method is rated than the other."""
    return student(jackknife(ratings, method).minus(jackknife(ratings, other)))


def crossed_mos(ratings: Ratings, method: str) -> Estimate:
    """A method's mean opinion score over photographs like these, for raters like these."""
    return crossed_student(crossed_mean(ratings.of(method)), scale=SCALE)


def crossed(ratings: Ratings, method: str, other: str) -> Crossed:
    """How much higher the first method is rated than the other, over raters and photographs."""
    return crossed_difference(ratings.of(method), ratings.of(other))


def version_mos(ratings: Ratings, method: str, image: str) -> Estimate:
    """The mean opinion score of one image as one method makes it."""
    column = ratings.of(method)[:, ratings.images.index(image)]
    return student_on_scale(mean_of_cells(column[:, None]), SCALE)


def dmos(ratings: Ratings, method: str) -> Estimate:
    """Score - score of the hidden original + 5, per rater, then as `method_mos`.

    5 means as good as the original; more is possible. The original itself has none.
    """
    if REFERENCE not in ratings.methods or method == REFERENCE:
        return Estimate(np.nan, reason="no_reference")
    found = difference_to_reference(ratings, method)
    shifted = Jackknife(found.value + 5, found.without + 5, found.contributes, found.n)
    return student(shifted)


def difference_to_reference(ratings: Ratings, method: str) -> Jackknife:
    """Score - score of the original for the same rater and image."""
    return mean_of_cells(ratings.of(method) - ratings.of(REFERENCE))


def shares(scores: np.ndarray) -> dict[str, float]:
    """How often each score was given, as shares of all."""
    given = scores[~np.isnan(scores)]
    total = len(given)
    return {f"share_{s}": float((given == s).sum()) / total if total else np.nan for s in SCORES}


def mos_table(ratings: Ratings, *, is_dcr: bool = False) -> pd.DataFrame:
    """Every mean opinion score: by method, by method and display bin, by method and image.

    Of scores given beside the original (`is_dcr`) the mean is the DMOS itself.

    A bin is that of the rater's own display (see `survey.study.display.ppd_bin`).
    """
    import pandas as pd

    bins = np.array([ppd_bin(None if np.isnan(ppd) else float(ppd)) for ppd in ratings.ppd])
    rows = [_row(ratings, method, ALL, ALL) for method in ratings.methods]
    for name in sorted(set(bins)):
        part = ratings.only(bins == name)
        rows += [_row(part, method, ALL, str(name)) for method in ratings.methods]
    rows += [
        _row(ratings, method, image, ALL) for method in ratings.methods for image in ratings.images
    ]
    for row in rows:
        row["scale"] = "dcr" if is_dcr else "acr"
        if is_dcr:
            names = (
                ("dmos", "mos"),
                ("dmos_ci95_low", "ci95_low"),
                ("dmos_ci95_high", "ci95_high"),
            )
            row |= {differential: row[mean] for differential, mean in names}
    return pd.DataFrame([row for row in rows if row["n"]], columns=list(COLUMNS))


def _row(ratings: Ratings, method: str, image: str, ppd: str) -> dict[str, Any]:
    scores = ratings.of(method)
    if image == ALL:
        found, differential = method_mos(ratings, method), dmos(ratings, method)
        wide = crossed_mos(ratings, method)
    else:
        scores = scores[:, ratings.images.index(image)]
        found, differential = version_mos(ratings, method, image), Estimate(np.nan)
        wide = Estimate(np.nan)
    given = scores[~np.isnan(scores)]
    row = {"method": method, "image": image, "ppd_bin": ppd, **found.row("mos"), **shares(scores)}
    row |= {
        "sd": float(given.std(ddof=1)) if len(given) > 1 else np.nan,
        "any95_low": wide.low,
        "any95_high": wide.high,
        "dmos": differential.value,
        "dmos_ci95_low": differential.low,
        "dmos_ci95_high": differential.high,
    }
    return row

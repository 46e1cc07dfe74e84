"""The same-angle part: what people prefer when a picture's pixels look about as large to all.

Pixel for pixel, a dense display shows a smaller picture with less of its detail to be seen. Here
everybody's picture was magnified by the whole number that brings it nearest to one density.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from survey.statistics.estimates.data import Pairs, flat, read_pairs
from survey.statistics.estimates.interval import mean_of_cells, student_on_scale
from survey.statistics.estimates.pairs import preference

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "method_a", "method_b", "preference_a", "ci95_low", "ci95_high", "n", "raters", "reason",
    "pixel_for_pixel", "difference", "difference_low", "difference_high", "image_ppd",
    "magnified",
)  # fmt: skip


def angle_table(responses: pd.DataFrame, order: Sequence[str] = ()) -> pd.DataFrame:
    """One row a pair of the same-angle part, beside the same pair pixel for pixel.

    `pixel_for_pixel` and `difference` (same angle minus pixel for pixel) are of the people and
    photographs that answered both; the interval is over raters. `image_ppd` is the median of the
    picture's own pixels per degree, `magnified` the share of answers with a factor above 1.
    """
    import pandas as pd

    rows = responses[responses["role"] == "angle"]
    angle = read_pairs(rows.assign(role="main"), order)
    plain = read_pairs(responses, order)
    table = []
    for k, (a, b) in enumerate(angle.compared):
        here = rows[_is_pair(rows, a, b)]
        both = _shared(plain, angle, k)
        found = student_on_scale(mean_of_cells(flat(both[1] - both[0])), (-1, 1))
        table.append(
            {
                "method_a": a,
                "method_b": b,
                **preference(angle, k).row("preference_a"),
                "pixel_for_pixel": mean_of_cells(flat(both[0])).value,
                "difference": found.value,
                "difference_low": found.low,
                "difference_high": found.high,
                "image_ppd": float((here["ppd"] / here["magnification"]).median()),
                "magnified": float((here["magnification"] > 1).mean()),
            }
        )
    return pd.DataFrame(table, columns=list(COLUMNS))


def _is_pair(rows: pd.DataFrame, a: str, b: str) -> pd.Series:
    left, right = rows["method_left"], rows["method_right"]
    return ((left == a) & (right == b)) | ((left == b) & (right == a))


def _shared(plain: Pairs, angle: Pairs, pair: int) -> np.ndarray:
    """(2, raters, images): `won` pixel for pixel and at the same angle; NaN unless both are."""
    own = angle.won[:, :, pair]
    other = np.full(own.shape, math.nan)
    if angle.compared[pair] in plain.compared:
        won = plain.won[:, :, plain.compared.index(angle.compared[pair])]
        for i, rater in enumerate(angle.raters):
            for j, image in enumerate(angle.images):
                if rater in plain.raters and image in plain.images:
                    other[i, j] = won[plain.raters.index(rater), plain.images.index(image)]
    is_both = ~np.isnan(own) & ~np.isnan(other)
    return np.where(is_both, np.stack([other, own]), math.nan)

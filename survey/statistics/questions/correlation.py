"""How well PSNR, SSIM and LPIPS foretell what people say: over all versions, within photographs,
and in scores after a mapping.

Sources: ITU-T P.1401 (mapping, RMSE, RMSE*, outlier ratio), Lukacs 1918 in Szego 1939, "Orthogonal
polynomials", section 1.21 (polynomials that are nowhere negative on an interval).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from survey.statistics.estimates.data import Ratings
from survey.statistics.estimates.interval import (
    Estimate,
    mean_of_cells,
    quantile_t,
    student_on_scale,
)
from survey.statistics.estimates.mos import version_mos

if TYPE_CHECKING:
    import pandas as pd

# Measurements of a version by (image, method): {"psnr_y": 28.1, "ssim_y": ..., "lpips_alex": ...}
Measurements = Mapping[tuple[str, str], Mapping[str, float | None]]

MEASURES = ("psnr_y", "ssim_y", "lpips_alex")
KINDS = {"srocc": "spearman", "plcc": "pearson"}
WITHIN = {"srocc_within": "spearman", "plcc_within": "pearson"}
MIN_VERSIONS, MIN_IMAGES = 5, 5
MIN_WITHIN = 3  # versions of a photograph that has a correlation of its own
MIN_MAPPED = 10  # versions for a mapping
MAPPING = ("a", "b", "c", "d")  # score = a + b x + c x^2 + d x^3
FLATS = 101  # places at which a mapping may be level
VERSION_COLUMNS = ["image", "method", "mos", "ci95_low", "ci95_high", "n", *MEASURES]
COLUMNS = [
    "measure",
    "kind",
    "correlation",
    "ci95_low",
    "ci95_high",
    "versions",
    "images",
    "reason",
]
MAPPING_COLUMNS = [
    "measure", "rmse", "ci95_low", "ci95_high", "rmse_star", "outlier_ratio", "outliers",
    "with_interval", "plcc_mapped", *MAPPING, "versions", "images", "reason",
]  # fmt: skip


def version_table(ratings: Ratings, measurements: Measurements) -> pd.DataFrame:
    """One row a version: mean score with the interval over raters, measurements.

    Not for the original, nor for what is equal to it.
    """
    import pandas as pd

    rows = []
    for method in ratings.methods:
        for image in ratings.images:
            known = measurements.get((image, method), {})
            values = {m: _finite(known.get(m)) for m in MEASURES}
            if all(math.isnan(value) for value in values.values()):
                continue
            found = version_mos(ratings, method, image)
            if found.n:
                rows.append({"image": image, "method": method, **found.row("mos"), **values})
    return pd.DataFrame(rows, columns=VERSION_COLUMNS)


def _finite(value: float | None) -> float:
    return math.nan if value is None or not math.isfinite(value) else value


def correlation_table(table: pd.DataFrame) -> pd.DataFrame:
    """Rank (SROCC) and linear (PLCC) correlation of mean scores with each measure.

    Over all versions, intervals are the jackknife's over images, on Fisher's z: versions of one
    photograph are not independent. Within photographs it is the mean of each photograph's own
    correlation, with Student's t over photographs: what photographs are worth in themselves does
    not count there.

    Args:
        table: of `version_table`.
    """
    import pandas as pd

    rows = []
    for measure in MEASURES:
        part = table[table[measure].notna()]
        image = part["image"].to_numpy()
        x, y = part[measure].to_numpy(dtype=float), part["mos"].to_numpy(dtype=float)
        for name, kind in KINDS.items():
            found = correlation(x, y, image, kind)
            row = {"measure": measure, "kind": name, "images": len(set(image))}
            rows.append(row | found.row("correlation") | {"versions": found.n})
        for name, kind in WITHIN.items():
            found = within(x, y, image, kind)
            row = {"measure": measure, "kind": name, "images": found.raters}
            rows.append(row | found.row("correlation") | {"versions": found.n})
    return pd.DataFrame(rows, columns=COLUMNS)


def within(x: np.ndarray, y: np.ndarray, image: np.ndarray, kind: str) -> Estimate:
    """The mean of photographs' own correlations; `raters` counts photographs.

    Those of fewer than three versions, or without a spread, have none.
    """
    own = {
        name: image == name for name in sorted(set(image)) if (image == name).sum() >= MIN_WITHIN
    }
    each = {name: _correlate(x[at], y[at], kind) for name, at in own.items()}
    known = [name for name, value in each.items() if not math.isnan(value)]
    versions = sum(int(own[name].sum()) for name in known)
    if not known:
        return Estimate(math.nan, reason="few_versions")
    found = mean_of_cells(np.array([[each[name]] for name in known]))
    if len(known) < MIN_IMAGES:
        return Estimate(found.value, n=versions, raters=len(known), reason="few_images")
    return replace(student_on_scale(found, (-1.0, 1.0)), n=versions)


def correlation(x: np.ndarray, y: np.ndarray, image: np.ndarray, kind: str) -> Estimate:
    """One correlation; `image` names the photograph of each point."""
    if len(x) < MIN_VERSIONS:
        return Estimate(math.nan, n=len(x), reason="few_versions")
    value = _correlate(x, y, kind)
    if math.isnan(value):
        return Estimate(math.nan, n=len(x), reason="constant")
    names = sorted(set(image))
    without = np.array([_correlate(x[image != n], y[image != n], kind) for n in names])
    if len(names) < MIN_IMAGES or np.isnan(without).any():
        return Estimate(value, n=len(x), reason="few_images")
    z, all_z = np.arctanh(np.clip(without, -1 + 1e-9, 1 - 1e-9)), math.atanh(value * (1 - 1e-9))
    count = len(names)
    error = math.sqrt((count - 1) / count * float(((z - all_z) ** 2).sum()))
    half = quantile_t(count - 1) * error
    return Estimate(value, math.tanh(all_z - half), math.tanh(all_z + half), len(x))


def mapping_table(table: pd.DataFrame) -> pd.DataFrame:
    """How far scores lie from what each measure foretells, after a monotonic cubic mapping.

    One row a measure: `rmse` with N - 4 degrees of freedom and its interval (jackknife over images,
    on the logarithm); `outlier_ratio`, of the versions that have an interval over raters
    (`with_interval`) the share (`outliers`) whose foretold score lies outside of it; `rmse_star`,
    of these, which counts only what is beyond the interval; `plcc_mapped`, and the mapping
    `a + b x + c x^2 + d x^3`. It is fitted to the very scores that it is then compared with.

    Args:
        table: of `version_table`.
    """
    import pandas as pd

    rows = []
    for measure in MEASURES:
        part = table[table[measure].notna()]
        x, y = part[measure].to_numpy(dtype=float), part["mos"].to_numpy(dtype=float)
        low, high = (part[f"ci95_{end}"].to_numpy(dtype=float) for end in ("low", "high"))
        row: dict[str, Any] = {"measure": measure, "versions": len(part)}
        row |= {"images": part["image"].nunique(), "reason": ""}
        if len(part) < MIN_MAPPED or np.ptp(x) == 0:
            reason = "few_versions" if len(part) < MIN_MAPPED else "constant"
            rows.append(row | {"outliers": 0, "with_interval": 0, "reason": reason})
            continue
        mapping = monotonic_cubic(x, y)
        foretold = np.polyval(mapping[::-1], x)
        beyond = np.maximum(np.maximum(low - foretold, foretold - high), 0.0)
        beyond = beyond[~np.isnan(beyond)]
        row |= _rmse(x, y, part["image"].to_numpy()) | dict(zip(MAPPING, mapping, strict=True))
        row |= {"plcc_mapped": _correlate(foretold, y, "pearson"), "with_interval": len(beyond)}
        row["outliers"] = int((beyond > 0).sum())
        if len(beyond):
            row["outlier_ratio"] = row["outliers"] / len(beyond)
        if len(beyond) > len(MAPPING):
            row["rmse_star"] = math.sqrt((beyond**2).sum() / (len(beyond) - len(MAPPING)))
        rows.append(row)
    return pd.DataFrame(rows, columns=MAPPING_COLUMNS)


def monotonic_cubic(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The cubic of least squares that rises, or falls, over the whole range of x.

    A quadratic is nowhere negative on [0, 1] where it is a sum, with weights above 0, of u (1 - u)
    and of (u - t)^2 with t in [0, 1]; so the slope is one, and the cubic its integral.

    Args:
        x: (n,) float, not all equal.
        y: (n,) float.

    Returns:
        (4,) float: a, b, c, d of a + b x + c x^2 + d x^3.
    """
    from numpy.polynomial import Polynomial
    from scipy.optimize import nnls

    low, width = float(x.min()), float(np.ptp(x))
    flat = np.linspace(0, 1, FLATS)
    slopes = np.stack([flat**2, -2 * flat, np.ones_like(flat)])  # (u - t)^2
    slopes = np.append(slopes, [[0.0], [1.0], [-1.0]], axis=1)  # u (1 - u)
    cubics = np.vstack([np.zeros(FLATS + 1), slopes / np.array([[1.0], [2.0], [3.0]])])
    powers = np.vander((x - low) / width, 4, increasing=True)
    columns, level = powers @ cubics, y.mean()
    middle = columns.mean(axis=0)
    fits = [nnls(columns - middle, sign * (y - level)) for sign in (1, -1)]
    falls = fits[1][1] < fits[0][1]
    found = (-1 if falls else 1) * (cubics @ fits[falls][0])
    found[0] = level - powers.mean(axis=0) @ found
    place = Polynomial([-low / width, 1 / width])
    coefficients = Polynomial(found)(place).coef
    return np.pad(coefficients, (0, 4 - len(coefficients)))


def _rmse(x: np.ndarray, y: np.ndarray, image: np.ndarray) -> dict[str, Any]:
    """The root mean square error of a mapping's scores, and its interval over photographs."""

    def error(chosen: np.ndarray) -> float:
        foretold = np.polyval(monotonic_cubic(x[chosen], y[chosen])[::-1], x[chosen])
        squares = float(((y[chosen] - foretold) ** 2).sum())
        return math.sqrt(squares / (int(chosen.sum()) - len(MAPPING)))

    value, names = error(np.ones(len(x), bool)), sorted(set(image))
    parts = [image != name for name in names]
    is_enough = all(part.sum() > len(MAPPING) and np.ptp(x[part]) > 0 for part in parts)
    if len(names) < MIN_IMAGES or not is_enough or value < 1e-9:
        return {"rmse": value, "reason": "few_images" if value >= 1e-9 else "constant"}
    log = np.log(np.maximum([error(part) for part in parts], 1e-9))
    centre, count = math.log(value), len(names)
    spread = math.sqrt((count - 1) / count * float(((log - centre) ** 2).sum()))
    half = quantile_t(count - 1) * spread
    return {
        "rmse": value,
        "ci95_low": math.exp(centre - half),
        "ci95_high": math.exp(centre + half),
    }


def _correlate(x: np.ndarray, y: np.ndarray, kind: str) -> float:
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return math.nan
    from scipy.stats import pearsonr, spearmanr

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nearly constant input
        return float((spearmanr if kind == "spearman" else pearsonr)(x, y).statistic)

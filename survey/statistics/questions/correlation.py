"""How well PSNR, SSIM and LPIPS foretell what people say."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from survey.statistics.estimates.data import Ratings
from survey.statistics.estimates.interval import Estimate, quantile_t

if TYPE_CHECKING:
    import pandas as pd

# Measurements of a version by (image, method): {"psnr_y": 28.1, "ssim_y": ..., "lpips_alex": ...}
Measurements = Mapping[tuple[str, str], Mapping[str, float | None]]

MEASURES = ("psnr_y", "ssim_y", "lpips_alex")
KINDS = {"srocc": "spearman", "plcc": "pearson"}
MIN_VERSIONS, MIN_IMAGES = 5, 5
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


def version_table(ratings: Ratings, measurements: Measurements) -> pd.DataFrame:
    """One row a version: image, method, mean score, measurements. Not for the original."""
    import pandas as pd

    rows = []
    for method in ratings.methods:
        column = ratings.of(method)
        for k, image in enumerate(ratings.images):
            given = column[:, k][~np.isnan(column[:, k])]
            known = measurements.get((image, method), {})
            if not len(given) or all(known.get(m) is None for m in MEASURES):
                continue
            values = {m: math.nan if known.get(m) is None else known[m] for m in MEASURES}
            row = {"image": image, "method": method, "mos": float(given.mean()), "n": len(given)}
            rows.append(row | values)
    return pd.DataFrame(rows, columns=["image", "method", "mos", "n", *MEASURES])


def correlation_table(ratings: Ratings, measurements: Measurements) -> pd.DataFrame:
    """Rank (SROCC) and linear (PLCC) correlation of mean scores with each measure.

    Intervals are the jackknife's over images, on Fisher's z: versions of one photograph are not
    independent.
    """
    import pandas as pd

    table = version_table(ratings, measurements)
    rows = []
    for measure in MEASURES:
        part = table[table[measure].notna()]
        image = part["image"].to_numpy()
        x, y = part[measure].to_numpy(dtype=float), part["mos"].to_numpy(dtype=float)
        for name, kind in KINDS.items():
            found = correlation(x, y, image, kind)
            row = {"measure": measure, "kind": name, "images": len(set(image))}
            rows.append(row | found.row("correlation") | {"versions": found.n})
    return pd.DataFrame(rows, columns=COLUMNS)


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


def _correlate(x: np.ndarray, y: np.ndarray, kind: str) -> float:
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return math.nan
    from scipy.stats import pearsonr, spearmanr

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nearly constant input
        return float((spearmanr if kind == "spearman" else pearsonr)(x, y).statistic)

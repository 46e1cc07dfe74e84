"""Measures beside scores: within photographs, and in scores after P.1401's mapping."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.special import expit, logit
from scipy.stats import spearmanr, t

from survey.simulation.generator import simulate_studies
from survey.simulation.worlds import World
from survey.statistics.estimates.mos import mos_table
from survey.statistics.questions.correlation import (
    MAPPING,
    correlation_table,
    mapping_table,
    monotonic_cubic,
    version_table,
)

STUDY = simulate_studies(World(raters=14, images=7), 1, seed=2).ratings(0)
MEANS = {(r.image, r.method): r for r in mos_table(STUDY).itertuples() if r.image != "all"}


def measured(seed: int = 0) -> dict[tuple[str, str], dict[str, float | None]]:
    """PSNR that follows the scores but for what a photograph is worth; LPIPS that falls."""
    rng = np.random.default_rng(seed)
    own = {image: rng.normal(0, 3) for image in STUDY.images}
    return {
        (image, method): {
            "psnr_y": 22 + 2 * row.mos + own[image] + rng.normal(0, 0.8),
            "ssim_y": 0.7,
            "lpips_alex": float(np.exp(-row.mos / 2)) + rng.normal(0, 0.01),
        }
        for (image, method), row in MEANS.items()
        if method != "original"
    }


VERSIONS = version_table(STUDY, measured())


def test_a_version_has_the_score_and_interval_of_the_table_of_scores() -> None:
    assert len(VERSIONS) == 7 * 4
    for row in VERSIONS.itertuples():
        same = MEANS[row.image, row.method]
        assert (row.mos, row.ci95_low, row.n) == (same.mos, same.ci95_low, same.n)


def test_what_equals_the_original_is_not_measured() -> None:
    equal = {key: value | {"psnr_y": math.inf} for key, value in measured().items()}
    assert version_table(STUDY, equal)["psnr_y"].isna().all()


def test_within_photographs_is_the_mean_of_their_own_correlations() -> None:
    found = correlation_table(VERSIONS).set_index(["measure", "kind"])
    parts = [part for _, part in VERSIONS.groupby("image")]
    each = np.array([spearmanr(part["psnr_y"], part["mos"]).statistic for part in parts])
    row = found.loc["psnr_y", "srocc_within"]
    assert row["correlation"] == pytest.approx(each.mean())
    assert (row["versions"], row["images"]) == (28, 7)
    pearson = np.mean([part["psnr_y"].corr(part["mos"]) for part in parts])
    assert found.loc["psnr_y", "plcc_within"]["correlation"] == pytest.approx(pearson)
    # What photographs are worth in themselves hides the measure over all versions only.
    assert row["correlation"] > found.loc["psnr_y", "srocc"]["correlation"] + 0.1
    # Student's t over photographs, on the logit of the place between -1 and 1.
    own = np.array([part["psnr_y"].corr(part["mos"]) for part in parts])
    without = logit(((own.sum() - own) / 6 + 1) / 2)
    middle = logit((pearson + 1) / 2)
    half = t.ppf(0.975, 6) * math.sqrt(6 / 7 * ((without - middle) ** 2).sum())
    interval = found.loc["psnr_y", "plcc_within"][["ci95_low", "ci95_high"]].to_numpy(dtype=float)
    ends = 2 * expit(middle + np.array([-half, half])) - 1
    np.testing.assert_allclose(interval, ends)
    assert math.isnan(found.loc["ssim_y", "srocc_within"]["correlation"])  # it says nothing
    assert found.loc["lpips_alex", "srocc_within"]["correlation"] < -0.8


def by_slsqp(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The same fit by another road: constraints on the slope at 401 places."""
    u = (x - x.min()) / np.ptp(x)
    powers, place = np.vander(u, 4, increasing=True), np.linspace(0, 1, 401)
    slope = np.stack([0 * place, 1 + 0 * place, 2 * place, 3 * place**2], axis=1)
    fits = [
        minimize(
            lambda b: ((powers @ b - y) ** 2).sum(),
            [y.mean(), sign, 0, 0],
            jac=lambda b: 2 * powers.T @ (powers @ b - y),
            method="SLSQP",
            constraints={
                "type": "ineq",
                "fun": lambda b, sign=sign: sign * slope @ b,
                "jac": lambda b, sign=sign: sign * slope,
            },
            options={"ftol": 1e-14, "maxiter": 500},
        )
        for sign in (1, -1)
    ]
    return powers @ min(fits, key=lambda fit: fit.fun).x


@pytest.mark.parametrize("seed", range(6))
def test_the_mapping_is_the_best_monotonic_cubic(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.uniform(20, 34, 40)
    y = 1 + 4 / (1 + np.exp(-(x - 27) / (1 + seed))) + rng.normal(0, 0.3 * (1 + seed), 40)
    y = 6 - y if seed % 2 else y
    found = monotonic_cubic(x, y)
    np.testing.assert_allclose(np.polyval(found[::-1], x), by_slsqp(x, y), atol=1e-6)
    steps = np.diff(np.polyval(found[::-1], np.linspace(x.min(), x.max(), 2001)))
    assert (steps > -1e-9).all() or (steps < 1e-9).all()


def test_a_monotonic_cubic_is_found_again() -> None:
    x = np.linspace(0, 1, 12)
    truth = np.array([1.5, 0.3, -0.9, 1.2])  # slope 0.3 - 1.8 x + 3.6 x^2, above 0
    found = monotonic_cubic(x, np.polyval(truth[::-1], x))
    np.testing.assert_allclose(found, truth, atol=1e-9)


def test_errors_and_outliers_are_counted_as_p1401_says() -> None:
    row = mapping_table(VERSIONS).set_index("measure").loc["psnr_y"]
    coefficients = row[list(MAPPING)].to_numpy(dtype=float)
    foretold = np.polyval(coefficients[::-1], VERSIONS["psnr_y"])
    error = VERSIONS["mos"] - foretold
    assert row["rmse"] == pytest.approx(math.sqrt((error**2).sum() / (28 - 4)))
    assert row["ci95_low"] < row["rmse"] < row["ci95_high"]
    out = [
        not low <= value <= high
        for low, high, value in zip(
            VERSIONS["ci95_low"], VERSIONS["ci95_high"], foretold, strict=True
        )
    ]
    assert row["outliers"] == sum(out) > 0
    assert row["outlier_ratio"] == sum(out) / 28
    assert 0 < row["rmse_star"] < row["rmse"]
    # Symmetric intervals of half the width e: max(0, |error| - e), as the recommendation has it.
    half = np.full(28, 0.2)
    even = VERSIONS.assign(ci95_low=VERSIONS["mos"] - half, ci95_high=VERSIONS["mos"] + half)
    star = mapping_table(even).set_index("measure").loc["psnr_y", "rmse_star"]
    beyond = np.maximum(0, error.abs() - half)
    assert star == pytest.approx(math.sqrt((beyond**2).sum() / (28 - 4)))
    assert row["plcc_mapped"] == pytest.approx(pd.Series(foretold).corr(VERSIONS["mos"]))


def test_where_a_mapping_cannot_be_the_table_says_why() -> None:
    table = mapping_table(VERSIONS).set_index("measure")
    assert table.loc["ssim_y", "reason"] == "constant"
    few = mapping_table(VERSIONS.iloc[:9])
    assert set(few["reason"]) == {"few_versions"}
    assert few[["rmse", "outlier_ratio", "a"]].isna().all(axis=None)
    one = replace(STUDY, images=STUDY.images[:3], scores=STUDY.scores[:, :3])
    found = mapping_table(version_table(one, measured())).set_index("measure").loc["psnr_y"]
    assert found["reason"] == "few_images"
    assert found["rmse"] > 0
    assert mapping_table(VERSIONS.iloc[:0])["versions"].sum() == 0

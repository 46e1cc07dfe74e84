"""Rank correlation of results with texture, against scipy."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sr.evaluation.correlations import ALL_SETS, correlations, spearman
from sr.evaluation.results import ImageRow


def test_rho_is_scipys_with_ties_and_infinities() -> None:
    from scipy.stats import spearmanr

    generator = np.random.default_rng(1)
    x, y = generator.integers(0, 9, 40).astype(float), generator.normal(size=40)
    y[3] = math.inf
    rho, p = spearman(x, y)
    expected = spearmanr(x, np.where(np.isinf(y), 1e9, y))
    assert rho == pytest.approx(expected.statistic)
    assert p == pytest.approx(expected.pvalue, abs=0.02)


def test_p_of_few_images_is_counted_out() -> None:
    x = np.arange(5.0)
    assert spearman(x, x) == (pytest.approx(1), pytest.approx(2 / 120))
    assert spearman(x, -x) == (pytest.approx(-1), pytest.approx(2 / 120))
    rho, p = spearman(np.arange(50.0), np.arange(50.0))
    assert (rho, p) == (pytest.approx(1), pytest.approx(1e-4))


def test_too_few_or_constant_values_have_no_correlation() -> None:
    assert spearman(np.array([1.0, 2.0]), np.array([1.0, 2.0])) == (None, None)
    assert spearman(np.ones(9), np.arange(9.0)) == (None, None)


def test_correlations_are_by_set_and_over_all() -> None:
    rows = [
        ImageRow(name, "bicubic", f"{index}.png", 30 - index, 0.8, index / 10, 0.1, index / 100, 5)
        for name in ("Set5", "Set14")
        for index in range(4)
    ]
    found = correlations(rows, measures=["high_frequency_share"])
    assert [(c.dataset, c.metric, c.n) for c in found] == [
        ("Set5", "lpips_alex", 4),
        ("Set14", "lpips_alex", 4),
        (ALL_SETS, "lpips_alex", 8),
        ("Set5", "psnr_y", 4),
        ("Set14", "psnr_y", 4),
        (ALL_SETS, "psnr_y", 8),
    ]
    assert [c.rho for c in found] == [pytest.approx(1)] * 3 + [pytest.approx(-1)] * 3


def test_rows_without_the_metric_do_not_count() -> None:
    rows = [ImageRow("S", "m", f"{i}.png", i, 0.8, None, 0.1, i, i) for i in range(3)]
    assert {c.metric for c in correlations(rows)} == {"psnr_y"}

"""NIQE: what damages a photograph raises it; its parts against known distributions."""

from __future__ import annotations

import hashlib
import io
import json

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter
from scipy.stats import gennorm
from skimage import data

from sr.base.errors import ShapeError, WeightsError
from sr.metrics.unreferenced import niqe as module
from sr.metrics.unreferenced.niqe import (
    FEATURES,
    PRISTINE,
    Pristine,
    asymmetric_gaussian,
    default_pristine,
    fit_pristine,
    niqe,
    normalised,
    patches_of,
)


@pytest.fixture(scope="module")
def photographs() -> list[np.ndarray]:
    return [data.astronaut()[100:400, 60:360], data.coffee()[:300, 100:400]]


def blurred(rgb: np.ndarray, sigma: float) -> np.ndarray:
    return np.rint(gaussian_filter(rgb.astype(float), (sigma, sigma, 0))).astype(np.uint8)


def noisy(rgb: np.ndarray, sd: float) -> np.ndarray:
    noise = np.random.default_rng(1).normal(0, sd, rgb.shape)
    return np.clip(np.rint(rgb + noise), 0, 255).astype(np.uint8)


def compressed(rgb: np.ndarray, quality: int) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(rgb).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


@pytest.mark.parametrize(
    ("damage", "strengths"),
    [(blurred, (1, 2)), (noisy, (15, 40)), (compressed, (20, 5))],
    ids=["blur", "noise", "jpeg"],
)
def test_damage_raises_it_and_more_of_it_raises_it_more(photographs, damage, strengths):
    for rgb in photographs:
        values = [niqe(rgb), *(niqe(damage(rgb, strength)) for strength in strengths)]
        assert values == sorted(values), values
        assert values[-1] > values[0] + 1


@pytest.mark.parametrize("shape", [1.0, 2.0, 4.0])
def test_the_shape_and_scale_of_known_distributions_are_found(shape: float):
    values = gennorm.rvs(shape, scale=1.5, size=(3, 200_000), random_state=0)
    found, mean, left, right = asymmetric_gaussian(values)
    np.testing.assert_allclose(found, shape, rtol=0.05)
    np.testing.assert_allclose(left, 1.5, rtol=0.03)
    np.testing.assert_allclose(right, 1.5, rtol=0.03)
    np.testing.assert_allclose(mean, 0, atol=0.02)


def test_two_sides_of_different_scale_are_told_apart():
    rng = np.random.default_rng(0)
    magnitude = np.abs(rng.normal(size=400_000))  # a side is as likely as it is wide
    values = np.where(rng.random(400_000) < 2 / 3, 2 * magnitude, -magnitude)
    shape, mean, left, right = asymmetric_gaussian(values[None])
    np.testing.assert_allclose(shape, 2, rtol=0.03)
    np.testing.assert_allclose(right / left, 2, rtol=0.02)
    np.testing.assert_allclose(mean, values.mean(), rtol=0.03)


def test_normalised_luma_has_no_mean_and_nothing_where_nothing_is():
    flat, spread = normalised(np.full((20, 20), 77.0))
    assert np.abs(flat).max() < 1e-9
    assert np.abs(spread).max() < 1e-4
    wave, spread = normalised(np.indices((60, 60)).sum(axis=0) % 2 * 200.0)
    assert spread[10:-10, 10:-10].mean() == pytest.approx(100, rel=0.01)
    assert np.abs(wave[10:-10, 10:-10]).mean() == pytest.approx(100 / 101, rel=0.02)


def test_a_picture_is_at_no_distance_from_itself(photographs):
    features, sharpness = patches_of(photographs[0])
    assert features.shape == (9, FEATURES)
    assert sharpness.shape == (9,)
    own = Pristine(features.mean(axis=0), np.cov(features, rowvar=False))
    assert niqe(photographs[0], pristine=own) == pytest.approx(0, abs=1e-6)


def test_the_border_that_is_cut_does_not_count(photographs):
    framed = np.pad(photographs[0], ((4, 4), (4, 4), (0, 0)))
    assert niqe(framed, crop_px=4) == niqe(photographs[0])


def test_flat_patches_are_passed_over_and_a_flat_picture_is_refused(photographs):
    rgb = photographs[0].copy()
    rgb[:96, :192] = 250
    assert np.isfinite(niqe(rgb))
    with pytest.raises(ShapeError, match="no two patches"):
        niqe(np.full((200, 200, 3), 9, np.uint8))


@pytest.mark.parametrize(
    ("rgb", "told"),
    [
        (np.zeros((300, 300), np.uint8), "uint8 \\(H, W, 3\\)"),
        (np.zeros((300, 300, 3)), "uint8 \\(H, W, 3\\)"),
        (np.zeros((300, 191, 3), np.uint8), "191x300 px after 0 px"),
    ],
)
def test_what_it_cannot_measure_is_refused_in_words(rgb: np.ndarray, told: str):
    with pytest.raises(ShapeError, match=told):
        niqe(rgb)


def test_the_model_is_fitted_to_sharp_patches_only(photographs):
    half = np.concatenate([photographs[0], blurred(photographs[0], 4)])
    alone, _ = patches_of(photographs[0])
    with pytest.raises(ShapeError, match="sharp patches"):
        fit_pristine([half])
    fitted, count = fit_pristine([half] * 40)
    assert 0 < count <= 40 * len(alone)
    assert abs(fitted.mean[0] - alone[:, 0].mean()) < 0.5


def test_the_file_that_ships_is_the_one_of_the_manifest():
    manifest = json.loads((PRISTINE.parent / "manifest.json").read_text())
    entry = manifest["measures"]["niqe_pristine"]
    assert entry["file"] == PRISTINE.name
    assert entry["sha256"] == hashlib.sha256(PRISTINE.read_bytes()).hexdigest()
    assert entry["licence"] == "MIT"
    assert entry["data_licence"]
    known = default_pristine()
    assert (np.linalg.eigvalsh(known.covariance) > 0).all()


def test_a_file_that_is_gone_or_damaged_is_told(tmp_path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "PRISTINE", tmp_path / "niqe_pristine.safetensors")
    for content in (None, b"nothing"):
        if content is not None:
            module.PRISTINE.write_bytes(content)
        default_pristine.cache_clear()
        with pytest.raises(WeightsError, match="put it back"):
            default_pristine()
    monkeypatch.undo()
    default_pristine.cache_clear()

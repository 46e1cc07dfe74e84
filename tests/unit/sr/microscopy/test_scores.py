"""Scores of frames: the floors of cubic on real pairs, the fit, resolution of two noise draws."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from skimage.metrics import structural_similarity

from sr.base.errors import ImageError, ShapeError
from sr.microscopy.files.grid import CORNER, cubic_enlarged
from sr.microscopy.files.reading import read_stack
from sr.microscopy.scores.decorrelation import decorrelation_px
from sr.microscopy.scores.fitted import error_map, linear_fit, nrmse, psnr, score
from sr.microscopy.scores.resolution import ring_resolution
from sr.microscopy.simulation.camera import exposed
from sr.microscopy.simulation.optics import Optics, frequencies

FLOORS = {1: (22.26, 0.907), 2: (25.33, 0.636), 5: (25.52, 0.623), 8: (25.53, 0.622)}


def fitted(prediction: np.ndarray, reference: np.ndarray) -> tuple[float, float]:
    gain, offset = linear_fit(prediction, reference)
    line = gain * prediction.astype(np.float64) + offset
    return psnr(line, reference), nrmse(line, reference)


def test_cubic_on_the_real_microtubules_has_its_floor(
    microtubules: tuple[np.ndarray, Path],
) -> None:
    lr, path = microtubules
    hr = read_stack(path).planes[0].astype(np.float64)
    decibels, error = fitted(cubic_enlarged(lr, 2, CORNER), hr)
    assert (round(decibels, 2), round(error, 3)) == (29.36, 0.198)
    assert fitted(cubic_enlarged(lr, 2), hr)[0] == pytest.approx(decibels - 0.12, abs=0.03)


@pytest.mark.parametrize("level", FLOORS)
def test_cubic_on_the_real_coated_pits_has_its_floor(real: Path, level: int) -> None:
    folder = real / "biosr-x2-crops" / "CCPs"
    lr = tifffile.imread(folder / "test_wf" / f"level_{level:02}" / "015.tif")
    hr = tifffile.imread(folder / "test_gt" / "015.tif").astype(np.float64)
    found = fitted(cubic_enlarged(lr, 2, CORNER), hr)
    assert found == pytest.approx(FLOORS[level], abs=0.006)


def test_a_fit_takes_off_what_is_only_brightness() -> None:
    reference = np.random.default_rng(0).random((180, 200)) * 1000
    scores = score(reference / 40 - 7, reference)
    assert (scores.gain, scores.offset) == pytest.approx((40, 280))
    assert scores.fitted_nrmse < 1e-6
    assert scores.fitted_ms_ssim == pytest.approx(1, abs=1e-4)
    assert scores.fitted_ssim == pytest.approx(1, abs=1e-4)
    assert scores.raw_psnr < 10
    assert scores.raw_ssim < 0.1
    assert score(reference[:100, :100], reference[:100, :100]).fitted_ms_ssim is None
    assert error_map(reference / 40, reference).max() < 1e-5


def test_a_part_has_the_fit_and_the_range_of_the_whole() -> None:
    random = np.random.default_rng(0)
    reference = random.random((60, 80)) * 1000
    prediction = (reference + random.normal(0, 50, reference.shape)) / 40 - 7
    part = (slice(10, 40), slice(20, 60))
    scores, whole = score(prediction, reference, part), score(prediction, reference)
    assert (scores.gain, scores.offset) == (whole.gain, whole.offset)
    error = whole.gain * prediction[part] + whole.offset - reference[part]
    wanted = 10 * np.log10(np.ptp(reference) ** 2 / (error**2).mean())
    assert scores.fitted_psnr == pytest.approx(wanted)
    norm = np.linalg.norm(reference[part])
    assert scores.fitted_nrmse == pytest.approx(np.linalg.norm(error) / norm)
    above = (prediction - reference.min(), reference - reference.min())
    ssim = structural_similarity(
        *above, data_range=np.ptp(reference), gaussian_weights=True, sigma=1.5, full=True,
        use_sample_covariance=False,
    )[1]  # fmt: skip
    assert whole.raw_ssim == pytest.approx(ssim[5:-5, 5:-5].mean(), abs=1e-6)


def test_scores_refuse_what_says_nothing() -> None:
    frame = np.random.default_rng(0).random((20, 20))
    with pytest.raises(ShapeError, match="needed two frames"):
        score(frame, frame[:10])
    with pytest.raises(ImageError, match="NaN or infinite"):
        score(np.full((20, 20), np.nan), frame)
    with pytest.raises(ImageError, match=r"every pixel of the reference is 1\.0"):
        score(frame, np.ones((20, 20)))


def test_rings_find_the_cutoff_of_the_optics() -> None:
    random = np.random.default_rng(0)
    optics = Optics(decay=0.0)
    blurred = np.fft.rfft2(random.random((256, 256))) * optics.wide_field(frequencies(256, 1))
    clean = np.fft.irfft2(blurred, (256, 256))
    clean = (clean - clean.min()) / (clean.max() - clean.min())
    draws = [exposed(clean, 9, random, read_noise=0.5) for _ in range(2)]
    found = ring_resolution(draws[0], draws[1], 0.0626)
    assert found is not None
    assert found >= optics.pixel_nm / 1000 / optics.cutoff  # no finer than light allows
    assert found < 1.6 * optics.pixel_nm / 1000 / optics.cutoff
    assert ring_resolution(clean, clean, 0.0626) is None


@pytest.mark.parametrize("noise", [0.01, 0.3])
@pytest.mark.parametrize("cutoff", [0.1, 0.15, 0.2, 0.3, 0.4])
def test_decorrelation_finds_where_signal_ends(cutoff: float, noise: float) -> None:
    random = np.random.default_rng(0)
    points = (random.random((256, 200)) > 0.99).astype(float)
    frequency = np.hypot(np.fft.fftfreq(256)[:, None], np.fft.rfftfreq(200)[None, :])
    frame = np.fft.irfft2(np.fft.rfft2(points) * (frequency < cutoff), points.shape)
    frame = 1000 * (frame / frame.std() + noise * random.normal(size=frame.shape))
    found = decorrelation_px(frame)
    assert found is not None
    assert 1 / found == pytest.approx(cutoff, rel=0.06)  # a step of the radius is 0.01 cycles
    assert decorrelation_px(7 * frame + 90) == pytest.approx(found)
    assert decorrelation_px(frame.T) == pytest.approx(found)


def test_decorrelation_of_a_lens_lies_a_little_below_its_cutoff() -> None:
    random = np.random.default_rng(0)
    optics = Optics(decay=0.0)
    points = (random.random((256, 256)) > 0.98).astype(float)
    blurred = np.fft.rfft2(points) * optics.wide_field(frequencies(256, 1))
    clean = np.fft.irfft2(blurred, (256, 256))
    clean = (clean - clean.min()) / (clean.max() - clean.min())
    for level in (3, 9):
        found = decorrelation_px(exposed(clean, level, random, read_noise=0.5))
        assert found is not None
        assert 0.8 * optics.cutoff < 1 / found < 1.02 * optics.cutoff


def test_decorrelation_says_nothing_of_noise_alone_and_refuses_what_is_no_frame() -> None:
    noise = np.random.default_rng(0).normal(size=(128, 300))
    assert decorrelation_px(noise) is None
    assert decorrelation_px(np.ones((64, 64))) is None
    with pytest.raises(ShapeError, match="of 64 or more"):
        decorrelation_px(noise[:63])
    with pytest.raises(ImageError, match="NaN or infinite"):
        decorrelation_px(np.where(noise > 3, np.nan, noise))


def test_decorrelation_sees_that_sim_resolves_twice_as_much(
    microtubules: tuple[np.ndarray, Path],
) -> None:
    lr, path = microtubules
    wide, sim = decorrelation_px(lr), decorrelation_px(read_stack(path).planes[0])
    assert wide is not None
    assert sim is not None
    smooth = decorrelation_px(cubic_enlarged(lr, 2, CORNER))
    assert smooth is not None
    assert 31.3 * smooth < 120  # why enlarged pictures are not measured so
    assert 62.6 * wide == pytest.approx(236, abs=10)
    assert 31.3 * sim == pytest.approx(113, abs=5)

"""The simulator: optics by formula, one grid for both resolutions, noise by photons."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import zoom

from sr.base.errors import ConfigError
from sr.microscopy.files.grid import moved_to_centre
from sr.microscopy.files.reading import read_stack
from sr.microscopy.simulation.camera import LEVELS, exposed
from sr.microscopy.simulation.illumination import random_illumination
from sr.microscopy.simulation.optics import Optics, circular_transfer, frequencies
from sr.microscopy.simulation.pairs import Exposure, drawn_pair, pair_of, random_exposure
from sr.microscopy.simulation.scenes import SCENES

IDEAL = Exposure(optics=Optics(decay=0.0), level=9, read_noise=0.0, haze=0.0, haze_kept=0.0)


def test_the_transfer_is_that_of_a_circular_aperture() -> None:
    assert Optics().cutoff == pytest.approx(2 * 1.3 / 525 * 62.6)
    assert circular_transfer(np.array([0.0, 1.0, 2.0])) == pytest.approx([1, 0, 0])
    assert float(circular_transfer(np.array(0.5))) == pytest.approx(0.3910, abs=1e-4)  # Goodman
    reach = frequencies(64, 2)
    optics = Optics()
    assert (optics.wide_field(reach)[reach > optics.cutoff] == 0).all()
    assert (optics.sim(reach)[reach < 1.9 * optics.cutoff] > 0).all()


@pytest.mark.parametrize("kind", SCENES)
@pytest.mark.parametrize("scale", [1, 2, 3])
def test_pairs_are_finite_and_fill_the_same_area(kind: str, scale: int) -> None:
    (lr,), hr = drawn_pair(kind, 96, scale, IDEAL, np.random.default_rng(3))
    assert lr.shape == (96 // scale, 96 // scale)
    assert hr.shape == (96, 96)
    assert lr.dtype == hr.dtype == np.float32
    assert np.isfinite(lr).all()
    assert float(hr.min()) >= 0
    blocks = hr.reshape(len(lr), scale, len(lr), scale).mean(axis=(1, 3))

    def correlation(picture: np.ndarray) -> float:
        return float(np.corrcoef(picture.ravel(), lr.ravel())[0, 1])

    there = correlation(blocks)
    # The grid: moved by a high-resolution pixel to any side, blocks fit less, and alike.
    moved = [
        correlation(
            np.roll(hr, step, axis).reshape(len(lr), scale, len(lr), scale).mean(axis=(1, 3))
        )
        for axis in (0, 1)
        for step in (-1, 1)
    ]
    assert there > max(moved)
    assert max(moved) - min(moved) < 0.35 * (there - min(moved)) + 1e-3


def test_a_mirrored_scene_gives_a_mirrored_frame() -> None:
    sharp = zoom(np.random.default_rng(0).random((16, 16)), 4, order=3)
    plain, _ = pair_of(sharp, 2, IDEAL, np.random.default_rng(1))
    mirrored, _ = pair_of(sharp[::-1, ::-1], 2, IDEAL, np.random.default_rng(1))
    assert np.abs(plain - mirrored[:, ::-1, ::-1])[:, 4:-4, 4:-4].mean() < 0.02  # noise at level 9


def test_stripes_have_three_orientations_in_three_phases_that_add_up_to_even_light() -> None:
    illumination = random_illumination(np.random.default_rng(4))
    light = illumination.stripes(256, 0.15)
    assert light.shape == (9, 256, 256)
    assert float(light.min()) >= 0
    threes = light.reshape(3, 3, 256, 256)
    assert threes.mean(axis=1) == pytest.approx(1)
    angles = []
    for first, second, _ in threes:
        spectrum = np.abs(
            np.fft.fft2((first - second) * np.hanning(256)[:, None] * np.hanning(256))
        )
        down, across = np.unravel_index(spectrum[:, :128].argmax(), (256, 128))
        down, across = np.fft.fftfreq(256)[down], np.fft.fftfreq(256)[across]
        finest = illumination.fineness * 0.15
        assert float(np.hypot(down, across)) == pytest.approx(finest, abs=0.004)
        angles.append(np.degrees(np.arctan2(down, across)) % 180)
    apart = np.diff(sorted(angles))
    assert apart == pytest.approx(60, abs=3)


@pytest.mark.parametrize("drawn", [True, False])
def test_the_mean_of_raw_frames_is_the_wide_field_and_they_hold_more(drawn: bool) -> None:
    def taken(raw: bool) -> np.ndarray:
        random = np.random.default_rng(3)
        if drawn:
            return drawn_pair("filaments", 96, 2, IDEAL, random, raw=raw)[0]
        sharp = drawn_pair("filaments", 96, 2, IDEAL, np.random.default_rng(3))[1]
        return pair_of(sharp, 2, IDEAL, random, raw=raw)[0]

    wide, raw = taken(raw=False), taken(raw=True)
    assert (wide.shape, raw.shape) == ((1, 48, 48), (9, 48, 48))
    for three in raw.reshape(3, 3, 48, 48):
        assert float(np.corrcoef(three.mean(axis=0).ravel(), wide.ravel())[0, 1]) > 0.99
    moire = raw.reshape(3, 3, 48, 48).std(axis=1)
    assert float(moire.mean()) > 0.1 * float(wide.mean())


def test_noise_is_poissons_and_the_cameras() -> None:
    bright = np.full((200, 200), 0.5)
    random = np.random.default_rng(0)
    for level, photons in enumerate(LEVELS, 1):
        frame = exposed(bright, level, random, read_noise=2.0)
        expected = np.sqrt(0.5 / (9 * photons) + 4.0 * 1.0225 / (9 * photons**2))
        assert float(frame.std()) == pytest.approx(float(expected), rel=0.05)
        assert float(frame.mean()) == pytest.approx(0.5, rel=0.02)
    assert (LEVELS[0], LEVELS[-1]) == (15, pytest.approx(600))


def test_chance_is_seeded_and_bad_settings_are_refused() -> None:
    pairs = [
        drawn_pair("meshes", 32, 2, random_exposure(np.random.default_rng(5)), random)
        for random in (np.random.default_rng(5), np.random.default_rng(5))
    ]
    assert all(np.array_equal(*both) for both in zip(*pairs, strict=True))
    with pytest.raises(ConfigError, match="pixel_nm 0: needed a positive number"):
        Optics(pixel_nm=0)
    with pytest.raises(ConfigError, match="signal level 10: needed 1 to 9"):
        exposed(np.ones((2, 2)), 10, np.random.default_rng(0))
    with pytest.raises(ConfigError, match="no scene 'cells'; known: filaments, vesicles, meshes"):
        drawn_pair("cells", 32, 2, IDEAL, np.random.default_rng(0))


def test_the_optics_are_those_that_were_measured_on_real_actin(real: Path) -> None:
    folder = real / "biosr-factin-nl"
    wide = read_stack(folder / "image1_WF_level_09_mean25_x8.tif").planes[0].astype(np.float64)
    sim = read_stack(folder / "image1_SIM_gt_a_mean3x3.tif").planes[0].astype(np.float64)
    window = np.hanning(502)[:, None] * np.hanning(502)
    first, second = (np.fft.fft2((p - p.mean()) * window) for p in (wide, moved_to_centre(sim, 1)))
    reach = np.hypot(np.fft.fftfreq(502)[:, None], np.fft.fftfreq(502))

    def transfer(low: float, high: float) -> float:
        ring = (reach > low) & (reach < high)
        # Half a pixel of the three times finer grid lies between both: magnitudes do not see it.
        shared = np.abs((first * second.conj())[ring]).sum()
        return float(shared / (np.abs(second[ring]) ** 2).sum())

    lowest = transfer(0.005, 0.015)
    for f in (0.06, 0.10, 0.15, 0.20, 0.25):
        optics = Optics()
        simulated = float(optics.wide_field(np.array(f)) / optics.sim(np.array(f)))
        assert simulated == pytest.approx(transfer(f - 0.005, f + 0.005) / lowest, abs=0.1)

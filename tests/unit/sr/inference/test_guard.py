"""An enlargement that does not give back its original is mended."""

from __future__ import annotations

import numpy as np
import pytest

from sr.images.resize import matlab_bicubic
from sr.inference import guard
from sr.inference.guard import NOISY_PX, mend, wrong_pixels


def picture(height: int = 60, width: int = 48) -> np.ndarray:
    small = np.random.default_rng(0).integers(0, 256, (height // 6, width // 6, 3), dtype=np.uint8)
    return matlab_bicubic(small, 6)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_an_enlargement_that_gives_back_its_original_is_left_as_it_is(scale: int) -> None:
    lr = picture()
    enlarged = matlab_bicubic(lr, scale)
    before = enlarged.copy()
    assert mend(lr, enlarged, scale) == 0
    assert np.array_equal(enlarged, before)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_noise_where_the_original_is_flat_is_mended_without_a_seam(scale: int) -> None:
    lr = np.full((60, 48, 3), (255, 0, 0), np.uint8)
    enlarged = matlab_bicubic(lr, scale)
    hole = (slice(20 * scale, 30 * scale), slice(10 * scale, 22 * scale))
    noise = np.random.default_rng(0).integers(0, 256, enlarged[hole].shape, dtype=np.uint8)
    enlarged[hole] = noise
    share = mend(lr, enlarged, scale)
    assert 10 * 12 / (60 * 48) < share < 0.5
    off = np.abs(enlarged.astype(int) - (255, 0, 0))
    assert off.max() == 0


def test_what_is_changed_fades_out() -> None:
    lr = np.full((60, 48, 3), 100, np.uint8)
    enlarged = np.full((240, 192, 3), 102, np.uint8)  # within what is allowed
    enlarged[100:140, 80:120] = 250
    mend(lr, enlarged, 4)
    column = enlarged[:, 100, 0].astype(int)
    assert column[0] == column[-1] == 102
    assert np.abs(np.diff(column)).max() <= 1
    assert (column[100:140] == 100).all()


def test_fine_texture_that_reduction_loses_is_allowed() -> None:
    lr = picture()
    enlarged = matlab_bicubic(lr, 4)
    checks = 40 * ((np.indices(enlarged.shape[:2]).sum(axis=0) % 2) - 0.5)[..., None]
    textured = np.clip(enlarged.astype(float) + checks, 0, 255).astype(np.uint8)
    inner = (textured > 0).all(axis=2) & (textured < 255).all(axis=2)
    assert wrong_pixels(lr, textured, 4).mean() < 0.02
    assert inner.mean() > 0.5


def test_bands_are_mended_as_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    lr = picture(120, 48)
    enlarged = matlab_bicubic(lr, 4)
    enlarged[200:280, 40:120] = 255 - enlarged[200:280, 40:120]
    banded = enlarged.copy()
    share = mend(lr, enlarged, 4)
    assert share > 0
    monkeypatch.setattr(guard, "BAND_ROWS", 13)
    assert mend(lr, banded, 4) == pytest.approx(share)
    assert np.array_equal(banded, enlarged)


def test_noise_that_is_taken_away_need_not_come_back() -> None:
    clean = np.full((60, 48, 3), 120, np.uint8)
    noise = np.random.default_rng(0).normal(0, 12, clean.shape)
    noisy = np.clip(clean + noise, 0, 255).round().astype(np.uint8)
    assert wrong_pixels(noisy, matlab_bicubic(clean, 4), 4, NOISY_PX).mean() == 0
    darker = matlab_bicubic(clean - 80, 4)
    assert wrong_pixels(noisy, darker, 4, NOISY_PX).all()


def test_a_channel_that_is_equal_everywhere_may_move_where_another_has_an_edge() -> None:
    """Red on white: the red channel is flat, and every network lets it swing a little there."""
    lr = np.full((24, 24, 3), 255, np.uint8)
    lr[10:14, 10:14, 1:] = 0
    enlarged = matlab_bicubic(lr, 4)
    enlarged[40:56, 40:56, 0] -= 8
    assert mend(lr, enlarged, 4) == 0

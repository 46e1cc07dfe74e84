"""Pairs for training: what a camera saw in wide field, and what SIM would have shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sr.base.errors import ConfigError
from sr.microscopy.simulation.camera import LEVELS, RAW_FRAMES, exposed
from sr.microscopy.simulation.illumination import random_illumination
from sr.microscopy.simulation.optics import Optics, frequencies, half_pixel_shift
from sr.microscopy.simulation.scenes import SCENES, draw_scene, out_of_focus

BRIGHT_PERCENTILE = 99.9
MOSTLY = 0.85
LEAST_TRANSFER = 1e-3  # of a SIM picture, where what is divided by it is nearly nothing


@dataclass(frozen=True, kw_only=True)
class Exposure:
    """How one pair is taken.

    Attributes:
        optics: of the microscope.
        level: of signal, 1 to 9.
        read_noise: of the camera, in electrons.
        haze: light from out of focus, as a share of a bright pixel.
        haze_kept: the share of it that is left in the high-resolution picture.
    """

    optics: Optics
    level: int
    read_noise: float
    haze: float
    haze_kept: float


def random_exposure(random: np.random.Generator, kind: str = "") -> Exposure:
    """An exposure as laboratories have them: 500 to 620 nm, apertures of 1.25 to 1.45.

    SIM pictures keep light from out of focus (measured on a pair of BioSR's F-actin: their lowest
    frequencies are those of wide field), but for small bright things, where what is reconstructed
    is cut off at nothing, as in BioSR's clathrin-coated pits.

    Args:
        kind: of the scene; "" for a picture.
    """
    is_dark = random.random() < (MOSTLY if kind == "vesicles" else 1 - MOSTLY)
    optics = Optics(
        wavelength_nm=random.uniform(500, 620),
        aperture=random.uniform(1.25, 1.45),
        decay=random.uniform(2.0, 4.0),
        sim_power=random.uniform(0.7, 1.3),
    )
    return Exposure(
        optics=optics,
        level=int(random.integers(1, len(LEVELS) + 1)),
        read_noise=float(np.exp(random.uniform(np.log(1.0), np.log(8.0)))),
        haze=0.5 * random.uniform(0, 1) ** 2,
        haze_kept=0.0 if is_dark else random.uniform(0.8, 1.1),
    )


def drawn_pair(
    kind: str,
    side: int,
    scale: int,
    exposure: Exposure,
    random: np.random.Generator,
    *,
    raw: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """A drawn scene in wide field, or in raw frames, and in SIM.

    Args:
        kind: of `SCENES`.
        side: of the high-resolution picture, a multiple of `scale`.
        scale: 1, 2 or 3.
        raw: nine raw frames in striped light, in the place of their mean, the wide field.

    Returns:
        LR (1 or 9, side / scale, side / scale) and HR (side, side) float32, in the same units of
        light: 1 is a bright pixel of the wide field, so HR goes above 1. They fill the same area.

    Raises:
        ConfigError: no such scene.
    """
    if kind not in SCENES:
        raise ConfigError(f"no scene {kind!r}; known: {', '.join(SCENES)}")
    scene = draw_scene(kind, side, random)
    frequency = frequencies(side, scale)
    sharp = np.fft.irfft2(np.fft.rfft2(scene) * exposure.optics.sim(frequency), (side, side))
    passed = exposure.optics.wide_field(frequency) * half_pixel_shift(side, scale)
    spectra = np.fft.rfft2(_lit(scene, scale, exposure, random, raw=raw))
    return _taken(sharp, np.fft.irfft2(spectra * passed, (side, side)), scale, exposure, random)


def pair_of(
    sharp: np.ndarray,
    scale: int,
    exposure: Exposure,
    random: np.random.Generator,
    *,
    raw: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """A high-resolution picture that is there, and what wide field would have shown of it.

    Raw frames of it are softer than true ones: their stripes light what SIM left of the structures.

    Args:
        sharp: (S, S) float, a SIM picture, 0 where there is nothing; S a multiple of `scale`.
        raw: as of `drawn_pair`.

    Returns:
        As `drawn_pair`.
    """
    side = sharp.shape[0]
    # Mirrored on each side, so that what leaves the picture on the left does not come back on the
    # right.
    wide = np.pad(sharp.astype(np.float64), side // 2, mode="symmetric")
    frequency = frequencies(len(wide), scale)
    left = np.maximum(exposure.optics.sim(frequency), LEAST_TRANSFER)
    passed = exposure.optics.wide_field(frequency) / left * half_pixel_shift(len(wide), scale)
    spectra = np.fft.rfft2(_lit(wide, scale, exposure, random, raw=raw))
    blurred = np.fft.irfft2(spectra * passed, wide.shape)
    inside = slice(side // 2, side // 2 + side)
    return _taken(sharp.astype(np.float64), blurred[:, inside, inside], scale, exposure, random)


def _lit(
    scene: np.ndarray, scale: int, exposure: Exposure, random: np.random.Generator, *, raw: bool
) -> np.ndarray:
    """What shines of a scene (S, S): (1, S, S) in even light, (9, S, S) in striped."""
    if not raw:
        return scene[None]
    cutoff = exposure.optics.cutoff / scale
    light: np.ndarray = random_illumination(random).stripes(len(scene), cutoff)
    return light * scene


def _taken(
    sharp: np.ndarray,
    blurred: np.ndarray,
    scale: int,
    exposure: Exposure,
    random: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Haze, sampling and the camera; `sharp` is (S, S), `blurred` (N, S, S) half a pixel ahead."""
    side = sharp.shape[0]
    small = np.maximum(blurred[:, ::scale, ::scale], 0)
    bright = max(float(np.percentile(small.mean(axis=0), BRIGHT_PERCENTILE)), 1e-12)
    haze = exposure.haze * out_of_focus(side, random)
    small = small / bright + haze[::scale, ::scale]
    large = np.maximum(sharp / bright, 0) + exposure.haze_kept * haze
    unit = max(float(np.percentile(small.mean(axis=0), BRIGHT_PERCENTILE)), 1e-12)
    noise, means = exposure.read_noise, RAW_FRAMES // len(small)
    taken = [
        exposed(p / unit, exposure.level, random, read_noise=noise, frames=means) for p in small
    ]
    return np.stack(taken).astype(np.float32), (large / unit).astype(np.float32)

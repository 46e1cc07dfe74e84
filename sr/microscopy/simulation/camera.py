"""A camera's noise at nine levels of signal."""

from __future__ import annotations

import numpy as np

from sr.base.errors import ConfigError

# Photons of a bright pixel in one raw frame: BioSR's nine levels go from 15 to 600.
LEVELS = tuple(float(photons) for photons in np.geomspace(15, 600, 9))
RAW_FRAMES = 9  # whose mean is the wide-field frame
COLUMN_SHARE = 0.15  # of the read noise, the same down a whole column


def exposed(
    picture: np.ndarray,
    level: int,
    random: np.random.Generator,
    *,
    read_noise: float = 1.5,
    frames: int = RAW_FRAMES,
) -> np.ndarray:
    """A picture as a camera counts it, as the mean of several raw frames.

    Args:
        picture: (H, W), 0 or more; 1 is a bright pixel.
        level: 1 (the fewest photons) to 9.
        read_noise: standard deviation of a pixel of one raw frame, in electrons.
        frames: whose mean is taken.

    Returns:
        (H, W) float64 in the units of `picture`, with Poisson's and the camera's noise; it may be
        below 0.

    Raises:
        ConfigError: no such level.
    """
    if not 1 <= level <= len(LEVELS):
        raise ConfigError(f"signal level {level}: needed 1 to {len(LEVELS)}")
    photons = LEVELS[level - 1] * frames
    counts = random.poisson(np.maximum(picture, 0) * photons).astype(np.float64)
    noise = read_noise * np.sqrt(frames)
    counts += random.normal(0, noise, picture.shape)
    counts += random.normal(0, COLUMN_SHARE * noise, picture.shape[1])[None, :]
    result: np.ndarray = counts / photons
    return result

"""What a microscope passes on: transfer functions of a wide-field and of a SIM picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sr.base.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class Optics:
    """An objective, its light and the camera's pixels in the sample.

    Attributes:
        wavelength_nm: of the light that the sample gives off.
        aperture: numerical aperture of the objective.
        pixel_nm: side of a low-resolution pixel.
        decay: by how much a real objective passes on less than an ideal one: the transfer falls by
            exp(-decay f), f in cycles a low-resolution pixel. 3.3 was measured on a pair of BioSR's
            F-actin, of wide field and SIM.
        sim_power: of the ideal transfer at half the frequency, which is what is left in a SIM
            picture after its reconstruction.

    Raises:
        ConfigError: a value that no microscope has.
    """

    wavelength_nm: float = 525.0
    aperture: float = 1.3
    pixel_nm: float = 62.6
    decay: float = 3.3
    sim_power: float = 1.0

    def __post_init__(self) -> None:
        for name in ("wavelength_nm", "aperture", "pixel_nm"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"{name} {getattr(self, name)}: needed a positive number")

    @property
    def cutoff(self) -> float:
        """The highest frequency that wide field passes on, in cycles a low-resolution pixel."""
        return 2 * self.aperture / self.wavelength_nm * self.pixel_nm

    def wide_field(self, frequency: np.ndarray) -> np.ndarray:
        """The transfer, 1 at frequency 0, of frequencies in cycles a low-resolution pixel."""
        ideal = circular_transfer(frequency / self.cutoff)
        return ideal * np.exp(-self.decay * np.abs(frequency))

    def sim(self, frequency: np.ndarray) -> np.ndarray:
        """The same of a SIM picture, which reaches twice as far."""
        return circular_transfer(frequency / (2 * self.cutoff)) ** self.sim_power


def circular_transfer(share: np.ndarray) -> np.ndarray:
    """The incoherent transfer function of a circular aperture (Goodman, Fourier Optics, 6.3).

    Args:
        share: frequency as a share of the cutoff, 0 or more; beyond 1 nothing passes.
    """
    x = np.clip(np.abs(share), 0, 1)
    result: np.ndarray = 2 / np.pi * (np.arccos(x) - x * np.sqrt(1 - x * x))
    return result


def frequencies(side: int, scale: int) -> np.ndarray:
    """Of the half spectrum of a high-resolution picture: (side, side // 2 + 1), in cycles a
    low-resolution pixel.
    """
    down, across = np.fft.fftfreq(side), np.fft.rfftfreq(side)
    return scale * np.hypot(down[:, None], across[None, :])


def half_pixel_shift(side: int, scale: int) -> np.ndarray:
    """The spectrum's factor that puts low-resolution pixel i on the middle of its scale x scale.

    After it, every `scale`-th sample of a high-resolution picture is a low-resolution pixel, and
    pixels of both fill the same area: flips and all resizing tools agree.
    """
    ahead = (scale - 1) / 2
    phase = np.fft.fftfreq(side)[:, None] + np.fft.rfftfreq(side)[None, :]
    result: np.ndarray = np.exp(2j * np.pi * ahead * phase)
    return result

"""Colour that a file says in numbers, primaries and a curve: what it is in sRGB.

Sources: ITU-T H.273 (code points), PNG third edition (cICP, gAMA, cHRM), ITU-R BT.2100 (PQ and
HLG), BT.2408 (white of HDR pictures at 203 nits).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

HDR_WHITE_NITS = 203
HLG_PEAK_NITS, HLG_GAMMA = 1000, 1.2
KNEE = 0.75  # of white: where the compression of an HDR picture that goes beyond white begins
BAND_ROWS = 128

D65 = (0.3127, 0.3290)
# H.273: primaries of red, green and blue, and white.
PRIMARIES: dict[int, tuple[float, ...]] = {
    1: (0.640, 0.330, 0.300, 0.600, 0.150, 0.060, *D65),
    4: (0.670, 0.330, 0.210, 0.710, 0.140, 0.080, 0.310, 0.316),
    5: (0.640, 0.330, 0.290, 0.600, 0.150, 0.060, *D65),
    6: (0.630, 0.340, 0.310, 0.595, 0.155, 0.070, *D65),
    7: (0.630, 0.340, 0.310, 0.595, 0.155, 0.070, *D65),
    8: (0.681, 0.319, 0.243, 0.692, 0.145, 0.049, 0.310, 0.316),
    9: (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, *D65),
    10: (1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1 / 3, 1 / 3),
    11: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, 0.314, 0.351),
    12: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, *D65),
    22: (0.630, 0.340, 0.295, 0.605, 0.155, 0.077, *D65),
}
PQ, HLG = 16, 18


def _srgb(v: np.ndarray) -> np.ndarray:
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def _bt709(v: np.ndarray) -> np.ndarray:
    return np.where(v < 0.081, v / 4.5, ((v + 0.099) / 1.099) ** (1 / 0.45))


def _pq(v: np.ndarray) -> np.ndarray:
    """Of HDR white; 10,000 nits at most."""
    c1, c2, c3 = 3424 / 4096, 2413 / 128, 2392 / 128
    power = v ** (4096 / 2523 / 128)
    light = (np.maximum(power - c1, 0) / (c2 - c3 * power)) ** (16384 / 2610)
    return light * (10_000 / HDR_WHITE_NITS)


def _hlg(v: np.ndarray) -> np.ndarray:
    """Scene light, 0 to 1."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(v <= 0.5, v**2 / 3, (np.exp((v - c) / a) + b) / 12)


# H.273: transfer characteristics, encoded (0 to 1) to light.
TRANSFERS: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    4: lambda v: v**2.2,
    5: lambda v: v**2.8,
    8: lambda v: v,
    13: _srgb,
    PQ: _pq,
    17: lambda v: v**2.6 * (52.37 / 48),
    HLG: _hlg,
} | dict.fromkeys((1, 6, 14, 15), _bt709)


@dataclass(frozen=True, eq=False)
class Encoding:
    """How samples are meant.

    Attributes:
        to_srgb: (3, 3), linear light of its primaries to that of sRGB's.
        decode: encoded values, 0 to 1, to light.
        transfer: H.273's number of `decode`; 0 for a curve of its own.
        is_full_range: else black is at 16/255 and white at 235/255.
    """

    to_srgb: np.ndarray
    decode: Callable[[np.ndarray], np.ndarray]
    transfer: int = 0
    is_full_range: bool = True

    @property
    def is_hdr(self) -> bool:
        return self.transfer in (PQ, HLG)

    @property
    def is_srgb(self) -> bool:
        """Whether converting would change nothing."""
        is_plain = self.transfer == 13 and self.is_full_range
        return is_plain and np.allclose(self.to_srgb, np.eye(3), atol=1e-3)


def encoding_of_code_points(
    primaries: int, transfer: int, *, is_full_range: bool = True
) -> Encoding | None:
    """The encoding of H.273's numbers; None where they say none that is known."""
    if primaries not in PRIMARIES or transfer not in TRANSFERS:
        return None
    matrix = _matrix(PRIMARIES[primaries])
    assert matrix is not None
    return Encoding(matrix, TRANSFERS[transfer], transfer, is_full_range)


def encoding_of_chromaticities(
    corners: Sequence[float] | None, gamma: float | None
) -> Encoding | None:
    """The encoding of a PNG's cHRM and gAMA.

    Args:
        corners: x and y of white, red, green, blue; None is sRGB's.
        gamma: of the file, 0.45455 as a rule; None is sRGB's curve.

    Returns:
        None where neither is given, or neither is usable.
    """
    matrix = _matrix((*corners[2:], *corners[:2])) if corners else None
    exponent = 1 / gamma if gamma else None
    if matrix is None and exponent is None:
        return None
    return Encoding(
        np.eye(3) if matrix is None else matrix,
        _srgb if exponent is None else lambda v: v**exponent,
        13 if exponent is None else 0,
    )


def convert(samples: np.ndarray, encoding: Encoding) -> np.ndarray:
    """Samples to 8-bit sRGB.

    An HDR picture that stays within its white (203 nits) comes out as it is; one that goes beyond
    is compressed above three quarters of white, with its hues, so that its brightest is 1.

    Args:
        samples: (H, W, 3) uint8 or uint16.
        encoding: what they mean.

    Returns:
        (H, W, 3) uint8.
    """
    largest = int(np.iinfo(samples.dtype).max)
    encoded = np.arange(largest + 1) / largest
    if not encoding.is_full_range:
        encoded = ((encoded * 255 - 16) / 219).clip(0, 1)
    light = encoding.decode(encoded).astype(np.float32)
    peak = float(light[samples.max()])
    if encoding.transfer == HLG:
        peak = peak**HLG_GAMMA * HLG_PEAK_NITS / HDR_WHITE_NITS
    out = np.empty(samples.shape, np.uint8)
    for top in range(0, len(samples), BAND_ROWS):
        linear = light[samples[top : top + BAND_ROWS]]
        if encoding.transfer == HLG:
            luminance = linear @ np.array([0.2627, 0.6780, 0.0593], np.float32)
            linear *= luminance[..., None] ** (HLG_GAMMA - 1) * (HLG_PEAK_NITS / HDR_WHITE_NITS)
        if encoding.is_hdr and peak > 1:
            linear *= _compression(linear.max(axis=2, keepdims=True), peak)
        linear = (linear @ encoding.to_srgb.T.astype(np.float32)).clip(0, 1)
        out[top : top + BAND_ROWS] = _encoded_table()[np.rint(linear * 65535).astype(np.uint16)]
    return out


def goes_beyond_white(samples: np.ndarray, encoding: Encoding) -> bool:
    """Whether an HDR picture holds more than white, so that `convert` compresses it."""
    largest = np.array(samples.max() / np.iinfo(samples.dtype).max)
    white = HDR_WHITE_NITS / HLG_PEAK_NITS
    limit = white ** (1 / HLG_GAMMA) if encoding.transfer == HLG else 1.0
    return encoding.is_hdr and float(encoding.decode(largest)) > limit


def _compression(brightest: np.ndarray, peak: float) -> np.ndarray:
    """What light is multiplied by: 1 up to the knee, then a curve without a kink to peak -> 1."""
    steep = (peak - KNEE) / (1 - KNEE)
    share = (brightest.clip(KNEE, peak) - KNEE) / (peak - KNEE)
    wanted = KNEE + (1 - KNEE) * steep * share / (1 + (steep - 1) * share)
    return np.where(brightest > KNEE, wanted / np.maximum(brightest, KNEE), 1)


def _matrix(corners: Sequence[float]) -> np.ndarray | None:
    """Linear light of these primaries to sRGB's, white to white (Bradford); None if degenerate.

    Args:
        corners: x and y of red, green, blue and white.
    """
    bradford = np.array(
        [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
    )

    def xyz(x: float, y: float) -> np.ndarray:
        return np.array([x / y, 1, (1 - x - y) / y])

    def to_xyz(values: Sequence[float]) -> np.ndarray:
        columns = np.stack([xyz(*values[i : i + 2]) for i in (0, 2, 4)], axis=1)
        scaled: np.ndarray = columns * np.linalg.solve(columns, xyz(*values[6:8]))
        return scaled

    try:
        own = to_xyz([max(value, 1e-6) for value in corners])
        cones = (bradford @ xyz(*D65)) / (bradford @ xyz(*corners[6:8]))
        adapt = np.linalg.inv(bradford) @ np.diag(cones) @ bradford
        matrix: np.ndarray = np.linalg.inv(to_xyz(PRIMARIES[1])) @ adapt @ own
    except (np.linalg.LinAlgError, ZeroDivisionError):
        return None
    return matrix if np.isfinite(matrix).all() and np.abs(matrix).max() < 100 else None


@functools.cache
def _encoded_table() -> np.ndarray:
    """sRGB, 8 bits, of linear light in 65535 steps."""
    light = np.arange(65536) / 65535
    encoded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.rint(255 * encoded).astype(np.uint8)

"""Profiles of a matrix and a curve, applied to 16 bits without going through 8."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest

from sr.formats.profiles import by_profile, matrix_encoding
from sr.images.reading import open_image
from tests.helpers import bad_images as files
from tests.helpers.phone_photo import chart

CHART = chart(np.uint8([[200, 60, 40], [40, 160, 70], [6, 8, 19], [18, 18, 18]]))
LIGHT = np.where(CHART <= 10, CHART / 3294.6, ((CHART / 255 + 0.055) / 1.055) ** 2.4)
SRGB_COLORANTS = ((0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141))


def para(kind: int, *values: float) -> bytes:
    return b"para\0\0\0\0" + struct.pack(f">HH{len(values)}i", kind, 0, *files.fixed(*values))


def profile(curve: bytes) -> bytes:
    tags = dict(
        zip((b"rXYZ", b"gXYZ", b"bXYZ"), (files.xyz_tag(*c) for c in SRGB_COLORANTS), strict=True)
    )
    return files.icc_profile(
        b"mntr", b"RGB ", b"XYZ ", tags | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    )


SRGB = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
IDENTITY = b"curv" + bytes(8)


@pytest.mark.parametrize(
    ("curve", "encoded"),
    [
        (IDENTITY, LIGHT),
        (files.gamma_tag(1.0), LIGHT),
        (files.gamma_tag(2.0), LIGHT**0.5),
        (files.srgb_curve_tag(), CHART / 255),
        (para(0, 2.0), LIGHT**0.5),
        (para(3, *SRGB), CHART / 255),
        (para(4, *SRGB, 0, 0), CHART / 255),
        (para(1, 2.0, 1.1, -0.1), (LIGHT**0.5 + 0.1) / 1.1),
    ],
    ids=["identity", "linear", "square", "table", "para0", "para3", "para4", "para1"],
)
def test_dark_parts_of_16_bits_keep_their_levels(curve: bytes, encoded: np.ndarray) -> None:
    samples = np.rint(65535 * encoded.clip(0, 1)).astype(np.uint16)
    chunk = (b"iCCP", b"x\0\0" + zlib.compress(profile(curve)))
    data = files.png_bytes(samples, chunk)
    assert np.abs(open_image(data).rgb.astype(int) - CHART).max() <= 1


def test_it_agrees_with_the_colour_engine() -> None:
    from PIL import Image

    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    p3 = files.display_p3_profile()
    engine = by_profile(Image.fromarray(pixels), p3, "test")
    data = files.png_bytes(pixels.astype(np.uint16) * 257, (b"iCCP", b"x\0\0" + zlib.compress(p3)))
    assert np.abs(open_image(data).rgb.astype(int) - np.asarray(engine)).max() <= 2


@pytest.mark.parametrize(
    "other",
    [
        b"",
        b"no profile" * 30,
        profile(IDENTITY)[:200],
        files.grey_profile(1.0),
        files.cmyk_profile(50),
        profile(para(9, 1.0)),
        profile(b"curv\0\0\0\0" + struct.pack(">I", 1000)),
    ],
)
def test_every_other_kind_is_left_to_the_colour_engine(other: bytes) -> None:
    assert matrix_encoding(other) is None

"""AVIF and HEIC, as phones write them."""

from __future__ import annotations

import io
import sys

import numpy as np
import pytest
from PIL import Image, features

from sr.base.errors import ImageError, ImageTooLargeError
from sr.formats import bmff
from sr.formats.kinds import image_class
from sr.images.reading import open_image
from tests.helpers.phone_photo import HEIC, chart

CHART = chart()
needs_avif = pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")


def near(rgb: np.ndarray, expected: np.ndarray = CHART) -> bool:
    """In the middle of the patches, where compression does not blur."""
    middles = (slice(8, None, 16), slice(12, None, 24))
    return bool(np.abs(rgb[middles].astype(int) - expected[middles]).max() <= 3)


def avif(pixels: np.ndarray = CHART, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "AVIF", quality=90, **options)
    return buffer.getvalue()


def test_heic_opens() -> None:
    pytest.importorskip("pi_heif", reason="HEIC needs pi-heif, which has no wheel here")
    photo = open_image(HEIC)
    assert photo.rgb.shape == CHART.shape
    assert near(photo.rgb)
    with pytest.raises(ImageTooLargeError):
        open_image(HEIC, max_megapixels=0.001)
    with pytest.raises(ImageError, match="a damaged or truncated HEIC file"):
        open_image(HEIC[:-100])


def test_without_its_reader_heic_is_refused_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    with pytest.raises(ImageError, match="a HEIC image, which this machine cannot read") as caught:
        open_image(HEIC)
    assert "save it as JPEG or PNG" in str(caught.value)
    assert caught.value.kind == "heic"


@needs_avif
def test_avif_opens_with_alpha_and_turned() -> None:
    assert near(open_image(avif()).rgb)
    soft = np.dstack([CHART, np.full(CHART.shape[:2], 128, np.uint8)])
    photo = open_image(avif(soft))
    assert photo.alpha is not None
    assert abs(int(photo.alpha[5, 5]) - 128) <= 2
    exif = Image.Exif()
    exif[274] = 6
    assert near(open_image(avif(np.ascontiguousarray(np.rot90(CHART)), exif=exif)).rgb)


@needs_avif
def test_the_numbers_of_an_avif_count() -> None:
    data = avif()
    at = data.index(b"nclx") + 4
    assert bmff.colour_numbers(data) == (1, 13)
    linear = data[:at] + b"\0\1\0\x08" + data[at + 4 :]
    assert bmff.colour_numbers(linear) == (1, 8)
    light = CHART / 255
    encoded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    assert near(open_image(linear).rgb, np.rint(255 * encoded))


def test_what_begins_like_a_film_is_neither() -> None:
    assert image_class(b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(64)) is None
    assert bmff.kind(b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf" + bytes(9)) == bmff.AVIF
    assert list(bmff._boxes(b"\0\0\0\x04colr" + bytes(30))) == []

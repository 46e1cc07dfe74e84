"""TIFF of 16 bits, plane by plane and otherwise; turned once, and by its own tag alone."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from sr.base.errors import ImageError, ImageTooLargeError
from sr.images.reading import open_image
from tests.helpers.phone_photo import chart

CHART = chart()
DEEP = CHART.astype(np.uint16) * 257
XMP = b'<x:xmpmeta xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"></x:xmpmeta>'


def written(samples: np.ndarray, **options: Any) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, samples, **options)
    return buffer.getvalue()


def planes(samples: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(np.moveaxis(samples, 2, 0))


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("predictor", [False, True])
@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("is_planar", [False, True])
def test_rgb_of_16_bits(
    is_planar: bool, byteorder: str, predictor: bool, compression: str | None
) -> None:
    options: dict[str, Any] = {"photometric": "rgb", "byteorder": byteorder, "rowsperstrip": 7}
    if compression:
        options |= {"compression": compression, "predictor": predictor}
    if is_planar:
        options["planarconfig"] = "separate"
    data = written((planes(DEEP) if is_planar else DEEP) + 100, **options)
    np.testing.assert_array_equal(open_image(data).rgb, CHART)


@pytest.mark.parametrize("is_planar", [False, True])
@pytest.mark.parametrize("kind", ["unassalpha", "assocalpha"])
def test_alpha_of_16_bits(kind: str, is_planar: bool) -> None:
    alpha = np.linspace(2000, 65535, 48).astype(np.uint16)[None].repeat(32, axis=0)
    colour = DEEP
    if kind == "assocalpha":
        colour = np.rint(DEEP * (alpha[..., None] / 65535)).astype(np.uint16)
    samples = np.dstack([colour, alpha])
    layout = "separate" if is_planar else "contig"
    data = written(
        planes(samples) if is_planar else samples,
        photometric="rgb", extrasamples=[kind], planarconfig=layout,
    )  # fmt: skip
    photo = open_image(data)
    np.testing.assert_array_equal(photo.rgb, CHART)
    np.testing.assert_array_equal(photo.alpha, np.rint(alpha / 257))


def test_grey_and_alpha_cmyk_and_bytes_plane_by_plane() -> None:
    grey = np.dstack([DEEP[..., 0], np.full((32, 48), 65535, np.uint16)])
    data = written(grey, photometric="minisblack", extrasamples=["unassalpha"])
    np.testing.assert_array_equal(open_image(data).rgb[..., 1], CHART[..., 0])
    inks = 65535 - np.dstack([DEEP, np.full((32, 48, 1), 65535, np.uint16)])
    data = written(planes(inks), photometric="separated", planarconfig="separate")
    np.testing.assert_array_equal(open_image(data).rgb, CHART)
    data = written(planes(CHART), photometric="rgb", planarconfig="separate")
    np.testing.assert_array_equal(open_image(data).rgb, CHART)


@pytest.mark.parametrize(
    ("samples", "is_inverted"),
    [
        (DEEP[..., 0].astype(np.uint32) * 65537, False),
        ((DEEP[..., 0] // 2).astype(np.int16), False),
        (DEEP[..., 0], False),
        (65535 - DEEP[..., 0], True),
    ],
    ids=["32 bits", "16 bits with a sign", "16 bits", "white is zero"],
)
def test_wide_grey_has_its_white_where_its_kind_ends(
    samples: np.ndarray, is_inverted: bool
) -> None:
    kind = "miniswhite" if is_inverted else "minisblack"
    np.testing.assert_array_equal(
        open_image(written(samples, photometric=kind)).rgb[..., 1], CHART[..., 0]
    )


def test_planes_that_cannot_be_read_are_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    data = written(planes(DEEP), photometric="rgb", planarconfig="separate")
    monkeypatch.setattr("sr.formats.tiff.read_deep", lambda *_: None)
    with pytest.raises(ImageError, match="of a kind that is not read here") as caught:
        open_image(data)
    assert caught.value.kind == "unsupported"


def test_the_size_is_checked_before_16_bits_are_decoded() -> None:
    data = written(planes(DEEP), photometric="rgb", planarconfig="separate")
    with pytest.raises(ImageTooLargeError):
        open_image(data, max_megapixels=0.001)


@pytest.mark.parametrize("bits", [8, 16])
def test_a_tiff_is_turned_by_its_tag(bits: int) -> None:
    samples = np.ascontiguousarray(np.rot90(CHART if bits == 8 else DEEP))
    data = written(samples, photometric="rgb", extratags=[(274, "H", 1, 6, True)])
    np.testing.assert_array_equal(open_image(data).rgb, CHART)


@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_xmp_alone_turns_nothing(format_name: str) -> None:
    buffer = io.BytesIO()
    options: dict[str, Any] = {"tiffinfo": {700: XMP}} if format_name == "TIFF" else {"xmp": XMP}
    Image.fromarray(CHART).save(buffer, format_name, **options)
    if format_name != "PNG":  # Pillow writes none there
        assert b"Orientation" in buffer.getvalue()
    assert open_image(buffer.getvalue()).rgb.shape == CHART.shape

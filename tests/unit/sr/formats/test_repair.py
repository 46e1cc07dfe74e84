"""JPEG and WebP: a missing end or a damaged frame does not cost a sound picture."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image

from sr.base.errors import ImageError
from sr.images.reading import open_image

PICTURE = Image.fromarray(
    np.random.default_rng(1).integers(0, 256, (8, 10, 3), dtype=np.uint8)
).resize((160, 128), Image.Resampling.BICUBIC)


def saved(format_name: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    PICTURE.save(buffer, format_name, **options)
    return buffer.getvalue()


JPEG = {
    way: saved("JPEG", quality=90, progressive=way == "progressive")
    for way in ("plain", "progressive")
}
WEBP = saved("WEBP", quality=90, exif=b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0")


@pytest.mark.parametrize("way", JPEG)
@pytest.mark.parametrize("ending", [b"", b"\xff", b"\xff\xff"])
def test_a_jpeg_without_its_end_mark_is_whole(way: str, ending: bytes) -> None:
    photo = open_image(JPEG[way][:-2] + ending)
    np.testing.assert_array_equal(photo.rgb, open_image(JPEG[way]).rgb)
    assert [note.kind for note in photo.notes] == ["no_end"]


@pytest.mark.parametrize("tail", [b"\0" * 5000, b"<html>", b"\xff\xd9", b"\xff\xd8\xff"])
def test_what_stands_after_a_jpeg_is_passed_over(tail: bytes) -> None:
    photo = open_image(JPEG["plain"] + tail)
    np.testing.assert_array_equal(photo.rgb, open_image(JPEG["plain"]).rgb)
    assert photo.notes == ()


def test_a_little_that_is_missing_is_said_with_its_share() -> None:
    data = JPEG["plain"]
    photo = open_image(data[: -len(data) // 40])
    (note,) = photo.notes
    assert note.kind == "end_missing"
    whole = open_image(data).rgb
    np.testing.assert_array_equal(photo.rgb[:96], whole[:96])
    wrong = (photo.rgb != whole).any(axis=2).mean()
    assert 0.001 < wrong < 0.1
    assert abs(100 * wrong - float(note.values["percent"])) < 2


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_a_jpeg_that_misses_more_stays_refused(share: float) -> None:
    data = JPEG["plain"]
    with pytest.raises(ImageError, match="damaged or truncated JPEG"):
        open_image(data[: int(len(data) * share)])


@pytest.mark.parametrize(
    "data",
    [WEBP[:-6], WEBP[:4] + struct.pack("<I", 0) + WEBP[8:], WEBP[:4] + b"\xff\xff\0\0" + WEBP[8:]],
    ids=["exif cut", "no size", "wrong size"],
)
def test_a_webp_with_a_damaged_frame_is_whole(data: bytes) -> None:
    photo = open_image(data)
    np.testing.assert_array_equal(photo.rgb, open_image(WEBP).rgb)
    assert [note.kind for note in photo.notes] == ["container"]

"""Metadata: dropped unless asked; the place never comes along with the rest."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sr.formats.decode import About
from sr.images.metadata import dpi_for, exif_for, texts_for
from sr.images.reading import open_image

PLACE, BLOCK = 0x8825, 0x8769


def taken_by(format_name: str = "JPEG", **options: Any) -> bytes:
    exif = Image.Exif()
    exif[315], exif[306], exif[274] = "Ana Souza", "2026:05:04 10:11:12", 6
    exif[271] = "Phones Inc."
    exif.get_ifd(BLOCK).update({36867: "2026:05:04 10:11:12", 36881: "-03:00", 37386: 4.2})
    exif.get_ifd(PLACE).update({1: "S", 2: (22.0, 54.0, 30.0)})
    buffer = io.BytesIO()
    picture = Image.fromarray(np.zeros((16, 24, 3), np.uint8))
    picture.save(buffer, format_name, exif=exif.tobytes(), dpi=(300, 300), **options)
    return buffer.getvalue()


def written(about: About, level: Any) -> Image.Exif:
    exif = Image.Exif()
    exif.load(exif_for(about, level, size=(64, 96), software="Nitidez"))
    return exif


@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_keep_is_date_and_author_and_not_the_place(format_name: str) -> None:
    about = open_image(taken_by(format_name)).about
    assert about is not None
    exif = written(about, "keep")
    assert dict(exif) == {
        315: "Ana Souza",
        306: "2026:05:04 10:11:12",
        305: "Nitidez",
        BLOCK: exif[BLOCK],
    }
    block = exif.get_ifd(BLOCK)
    assert block == {36867: "2026:05:04 10:11:12", 36881: "-03:00", 40962: 64, 40963: 96}
    assert not exif.get_ifd(PLACE)


def test_all_is_the_place_too_and_nothing_is_turned_twice() -> None:
    about = open_image(taken_by()).about
    assert about is not None
    exif = written(about, "all")
    assert exif[271] == "Phones Inc."
    assert exif.get_ifd(PLACE)[1] == "S"
    assert exif.get_ifd(BLOCK)[37386] == pytest.approx(4.2)
    assert 274 not in exif


def test_how_a_tiff_lies_in_its_file_does_not_come_along() -> None:
    about = open_image(taken_by("TIFF")).about
    assert about is not None
    assert set(written(about, "all")) == {271, 305, 306, 315, BLOCK, PLACE}


def test_drop_drops_everything_and_damage_costs_nothing() -> None:
    about = open_image(taken_by()).about
    assert about is not None
    assert dict(written(about, "drop")) == {305: "Nitidez"}
    assert exif_for(about, "drop", size=(1, 1), software="") == b""
    assert dict(written(About(b"Exif\0\0II*\0\xff\xff\xff\xff"), "all")) == {305: "Nitidez"}


def test_an_enlargement_prints_as_large_as_its_original() -> None:
    about = open_image(taken_by("PNG")).about
    assert about is not None
    assert dpi_for(about, "keep", 4) == pytest.approx((1200, 1200), abs=0.1)
    assert dpi_for(about, "drop", 4) is None
    assert dpi_for(About(dpi=(0, 0)), "keep", 4) is None


def test_texts_of_a_png() -> None:
    about = About(texts={"Author": "Ana", "Software": "x", "workflow": "{}"})
    assert texts_for(about, "keep") == {"Author": "Ana"}
    assert texts_for(about, "all") == about.texts
    assert texts_for(about, "drop") == {}

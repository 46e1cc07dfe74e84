"""Photos over the limit: cut or reduced until they fit, the right way up, one at a time."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from demo.photos import fitting
from demo.photos.fitting import Box, fit_of, fitted, preview, reduced_size
from sr.base.errors import ImageTooLargeError
from sr.images.photo import Photo
from sr.images.resize import matlab_bicubic
from sr.inference.transparency import reduced

LIMIT = 0.01  # megapixels


@pytest.fixture
def phone_photo(tmp_path: Path) -> tuple[Path, np.ndarray]:
    """A photo stored on its side, and how it looks the right way up."""
    rng = np.random.default_rng(5)
    upright = rng.integers(0, 256, (200, 150, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[274] = 6
    path = tmp_path / "IMG_1.png"
    Image.fromarray(np.ascontiguousarray(np.rot90(upright))).save(path, exif=exif.tobytes())
    return path, upright


@pytest.mark.parametrize(
    ("size", "most"),
    [
        ((4032, 3024), 4.0),
        ((3024, 4032), 4.0),
        ((3000, 2000), 4.0),
        ((9000, 7), 0.01),
        ((1, 99), 1),
    ],
)
def test_the_reduced_size_is_the_largest_that_fits(size: tuple[int, int], most: float):
    width, height = reduced_size(*size, most)
    assert width * height <= most * 1e6
    if size[0] * size[1] > most * 1e6:
        made = matlab_bicubic(np.zeros((size[1], size[0]), np.uint8), width / size[0])
        assert made.shape == (height, width)
        assert width * height > 0.9 * most * 1e6
        assert width / height == pytest.approx(size[0] / size[1], rel=0.2)


def test_a_part_is_taken_exactly_and_the_right_way_up(phone_photo: tuple[Path, np.ndarray]):
    path, upright = phone_photo
    photo = fitted(path, Box(20, 50, 90, 100), max_megapixels=LIMIT)
    np.testing.assert_array_equal(photo.rgb, upright[50:150, 20:110])
    assert [note.kind for note in photo.notes] == ["part"]
    assert photo.notes[0].values == {"width": 150, "height": 200}


@pytest.mark.parametrize(
    "box", [Box(0, 0, 10**6, 10**6), Box(149, 199, 50, 50), Box(10**6, 10**6, 0, 0)]
)
def test_a_part_never_leaves_the_photo_nor_the_limit(
    phone_photo: tuple[Path, np.ndarray], box: Box
):
    photo = fitted(phone_photo[0], box, max_megapixels=LIMIT)
    assert 1 <= photo.width * photo.height <= LIMIT * 1e6


def test_reduced_it_is_the_bicubic_of_the_whole(phone_photo: tuple[Path, np.ndarray]):
    path, upright = phone_photo
    photo = fitted(path, "reduced", max_megapixels=LIMIT)
    width, height = reduced_size(150, 200, LIMIT)
    assert (photo.width, photo.height) == (width, height)
    np.testing.assert_array_equal(photo.rgb, matlab_bicubic(upright, width / 150))
    assert [note.kind for note in photo.notes] == ["reduced"]
    whole = fitted(path, "reduced", max_megapixels=1)
    np.testing.assert_array_equal(whole.rgb, upright)
    assert whole.notes == ()


def test_hidden_colours_do_not_come_out_when_a_picture_is_reduced():
    alpha = np.zeros((64, 64), np.uint8)
    alpha[16:48, 16:48] = 255
    rgb = np.zeros((64, 64, 3), np.uint8)
    rgb[16:48, 16:48] = (255, 0, 0)
    rgb[alpha == 0] = (0, 255, 0)
    small = reduced(Photo(rgb, alpha), 21)
    assert small.alpha is not None
    seen = small.rgb[small.alpha > 8].astype(int)
    assert (abs(seen - (255, 0, 0)) <= 2).all()


def test_what_jpeg_tables_say_is_not_true_of_a_reduced_photo(tmp_path: Path):
    path = tmp_path / "a.jpg"
    Image.effect_noise((160, 120), 40).convert("RGB").save(path, quality=30)
    assert fitted(path, "reduced", max_megapixels=LIMIT).about.jpeg_tables == {}
    assert fitted(path, Box(0, 0, 50, 50), max_megapixels=LIMIT).about.jpeg_tables


def test_a_preview_is_small_and_knows_how_large_the_photo_is(
    phone_photo: tuple[Path, np.ndarray], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(fitting, "PREVIEW_PX", 50)
    small, width, height = preview(phone_photo[0])
    assert (width, height) == (150, 200)
    assert (small.height, small.width) == (51, 38)


def test_what_is_larger_than_any_is_refused(
    phone_photo: tuple[Path, np.ndarray], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(fitting, "LARGEST_MEGAPIXELS", 0.02)
    for work in (lambda path: fitted(path, "reduced", max_megapixels=LIMIT), preview):
        with pytest.raises(ImageTooLargeError):
            work(phone_photo[0])


def test_one_large_photo_is_decoded_at_a_time(
    phone_photo: tuple[Path, np.ndarray], monkeypatch: pytest.MonkeyPatch
):
    inside, most = [0], [0]
    read, lock = fitting.read_upload, threading.Lock()

    def counted(*given: object, **options: object) -> Photo:
        with lock:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
        photo = read(*given, **options)  # type: ignore[arg-type]
        with lock:
            inside[0] -= 1
        return photo

    monkeypatch.setattr(fitting, "read_upload", counted)
    threads = [
        threading.Thread(
            target=fitted, args=(phone_photo[0], "reduced"), kwargs={"max_megapixels": LIMIT}
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]


def test_only_a_box_of_numbers_is_one():
    box = {"left": 1.4, "top": -3, "width": 20, "height": 1e12}
    assert fit_of(box) == Box(1, 0, 20, 10**6)
    assert fit_of("reduced") == "reduced"
    for bad in (None, "again", [1, 2, 3, 4], {"left": 1}, box | {"top": "2"}, box | {"top": 1e999}):
        assert fit_of(bad) is None

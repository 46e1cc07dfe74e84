"""Decoded pixels: in memory and in the cache the same, made whole or not at all, used again."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import numpy as np
import pytest
import torch

from sr.base.errors import DataError
from sr.batches import pixels
from sr.batches.crops import CropSampler
from sr.batches.pixels import choose_cache, load_pixels
from sr.data.pairs import Pair, training_pairs
from sr.data.recognise import recognise
from sr.images.photo import Photo
from sr.images.reading import open_image
from sr.images.resize import matlab_bicubic
from sr.images.writing import save_png


def save(path: Path, rgb: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    save_png(path, Photo(rgb), overwrite=True)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    for index in range(5):
        rgb = random.integers(0, 256, (33 + index, 41, 3), np.uint8)
        save(tmp_path / "photos" / f"{index}.png", rgb)
    (tmp_path / "photos" / "broken.png").write_bytes(b"\x89PNG")
    return tmp_path / "photos"


def pairs_of(folder: Path) -> list[Pair]:
    return training_pairs(recognise(folder), scale=4)[0]


def test_cached_pixels_equal_those_in_memory(photos: Path, tmp_path: Path) -> None:
    memory = load_pixels(pairs_of(photos), scale=4)
    cached = load_pixels(pairs_of(photos), scale=4, cache=tmp_path / "cache")
    for name in ("hr", "lr", "sizes"):
        assert torch.equal(getattr(memory, name), getattr(cached, name))
    assert memory.paths == cached.paths
    assert memory.skipped == cached.skipped
    assert [file.path.name for file in cached.skipped] == ["broken.png"]
    crops = [
        CropSampler(p, lr_patch_px=8, device=torch.device("cpu"), seed=3).batch(4)[1]
        for p in (memory, cached)
    ]
    assert torch.equal(*crops)


def test_reduced_photographs_are_there_as_well(photos: Path, tmp_path: Path) -> None:
    pairs = pairs_of(photos)
    fractions = (0.75, 0.5)
    found = load_pixels(pairs, scale=4, fractions=fractions)
    cached = load_pixels(pairs, scale=4, fractions=fractions, cache=tmp_path / "cache")
    assert torch.equal(found.hr, cached.hr)
    assert found.sizes[:3].tolist() == [[8, 10], [6, 7], [4, 5]]  # of 33x41, 25x31 and 17x21
    assert [path.name for path in found.paths[:4]] == ["0.png", "0.png", "0.png", "1.png"]
    assert [file.path.name for file in found.skipped] == ["broken.png"]  # once
    half = matlab_bicubic(open_image(photos / "0.png").rgb, 0.5)[:16, :20]
    first = 16 * (8 * 10 + 6 * 7)
    assert np.array_equal(found.hr[first : first + 16 * 20].numpy(), half.reshape(-1, 3))
    small = matlab_bicubic(half, 0.25)
    first //= 16
    assert np.array_equal(found.lr[first : first + 4 * 5].numpy(), small.reshape(-1, 3))


def test_a_reduced_photograph_too_small_for_a_crop_is_no_skipped_file(photos: Path) -> None:
    found = load_pixels(pairs_of(photos), scale=4, fractions=(0.5, 0.01))
    data = CropSampler(found, lr_patch_px=8, device=torch.device("cpu"), seed=0)
    assert data.num_images == 5
    assert [file.path.name for file in data.skipped] == ["broken.png"]
    smaller = CropSampler(found, lr_patch_px=4, device=torch.device("cpu"), seed=0)
    assert smaller.num_images == 10


def test_a_cache_is_used_again_and_made_anew_for_changed_files(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    load_pixels(pairs_of(photos), scale=4, cache=cache)
    with monkeypatch.context() as patch:
        patch.setattr(pixels, "_load", None)
        load_pixels(pairs_of(photos), scale=4, cache=cache)
    save(photos / "0.png", np.zeros((40, 40, 3), np.uint8))
    again = load_pixels(pairs_of(photos), scale=4, cache=cache)
    assert again.sizes[0].tolist() == [10, 10]
    expected = again.hr.clone()
    del again  # its pages are mapped from the file that is damaged now
    for file in cache.rglob("hr.u8"):
        with file.open("rb+") as opened:
            opened.truncate(100)
    assert torch.equal(load_pixels(pairs_of(photos), scale=4, cache=cache).hr, expected)


def test_a_build_that_fails_leaves_no_cache_and_the_next_one_works(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    with monkeypatch.context() as patch:
        patch.setattr(pixels, "_load", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            load_pixels(pairs_of(photos), scale=4, cache=cache)
    assert not [p for p in cache.iterdir() if p.is_dir() and not p.name.startswith(".")]
    assert len(load_pixels(pairs_of(photos), scale=4, cache=cache).paths) == 5
    assert not list(cache.glob(".*.building"))


def test_files_that_cannot_be_used_are_said_with_path_and_reason(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    with pytest.raises(DataError) as caught:
        load_pixels(pairs_of(tmp_path), scale=4)
    said, _, first = str(caught.value).partition("; first: ")
    assert said == "none of 1 images can be used"
    assert first.startswith(f"{path}: a damaged")
    assert first.count("a.png") == 1


def test_two_processes_build_one_cache(photos: Path, tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork" if os.name == "posix" else "spawn")
    pairs = pairs_of(photos)
    with context.Pool(2) as pool:
        sizes = pool.starmap(_load_and_sum, [(pairs, tmp_path / "cache")] * 2)
    assert sizes[0] == sizes[1] > 0
    assert len([p for p in (tmp_path / "cache").iterdir() if p.is_dir()]) == 1


def _load_and_sum(pairs: list[Pair], cache: Path) -> int:
    return int(np.frombuffer(load_pixels(pairs, scale=4, cache=cache).lr.numpy(), np.uint8).sum())


def test_memory_or_cache_is_chosen_by_what_is_free(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = pairs_of(photos)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(pixels, "free_memory_bytes", lambda: 10**9)
    assert choose_cache("auto", pairs, scale=4) is None
    needed = 4 * pixels._needed_bytes(pairs, 4, ())
    monkeypatch.setattr(pixels, "free_memory_bytes", lambda: needed)
    assert choose_cache("auto", pairs, scale=4) is None  # one process needs a quarter of it
    assert choose_cache("auto", pairs, scale=4, processes=2) is not None
    monkeypatch.setattr(pixels, "free_memory_bytes", lambda: 1000)
    assert choose_cache("auto", pairs, scale=4) == tmp_path / "nitidez" / "pixels"
    assert choose_cache("memory", pairs, scale=4) is None
    assert choose_cache("here", pairs, scale=4) == Path("here")


def test_the_sets_own_small_images_are_used_only_where_all_fit(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    root = tmp_path / "set"
    for name in ("a", "b"):
        hr = random.integers(0, 256, (32, 40, 3), np.uint8)
        save(root / "HR" / f"{name}.png", hr)
        save(root / "LRbicx4" / f"{name}.png", 255 - matlab_bicubic(hr, 1 / 4))
    pairs, origin = training_pairs(recognise(root), scale=4)
    assert origin == "low-resolution images of the data set"
    own = load_pixels(pairs, scale=4).lr
    made = load_pixels(
        training_pairs(recognise(root), scale=4, low_resolution="bicubic")[0], scale=4
    ).lr
    assert torch.equal(own, 255 - made)
    save(root / "LRbicx4" / "b.png", np.zeros((9, 10, 3), np.uint8))
    pairs, origin = training_pairs(recognise(root), scale=4)
    assert "because 1 of" in origin
    assert all(pair.lr is None for pair in pairs)
    pairs, _ = training_pairs(recognise(root), scale=4, low_resolution="given")
    loaded = load_pixels(pairs, scale=4)
    assert "10x9 is not 4 times smaller" in loaded.skipped[0].reason
    with pytest.raises(DataError, match="use --low-resolution bicubic"):
        training_pairs(recognise(root), scale=2, low_resolution="given")
    with pytest.raises(DataError, match="none of the 1 files"):
        training_pairs(recognise(root), scale=4, only={"z.png"})

"""Results stay on disk for a while, byte for byte, and never too long or too many."""

import os
from pathlib import Path

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from demo.work.versions import ImageStore, delete_old_files, image_route, photo_key
from sr.images.photo import Photo


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> ImageStore:
    return ImageStore(tmp_path / "versions", max_bytes=100, max_age_seconds=3000, clock=clock)


def put(store: ImageStore, key: str, num_bytes: int = 40):
    return store.put(key, b"x" * num_bytes, width=1, height=1, seconds=0.5)


def test_an_image_is_found_again_by_its_key(store: ImageStore):
    image = put(store, "a")
    assert store.get("a") == image
    assert image.path.read_bytes() == b"x" * 40
    assert store.get("b") is None


def test_the_same_key_keeps_its_first_file(store: ImageStore):
    assert put(store, "a") == put(store, "a")
    assert len(list(store.folder.iterdir())) == 1


def test_names_are_opaque_and_differ(store: ImageStore):
    first, second = put(store, "srgan"), put(store, "bicubic")
    assert first.token != second.token
    assert "srgan" not in first.url
    assert len(first.token) == 22


def test_images_are_deleted_when_they_are_too_old(store: ImageStore, clock: Clock):
    image = put(store, "a")
    clock.now += 3001
    store.sweep()
    assert store.get("a") is None
    assert not image.path.exists()


def test_looking_at_an_image_does_not_keep_it_longer_but_sending_its_photo_again_does(
    store: ImageStore, clock: Clock
):
    put(store, "a")
    put(store, "b")
    clock.now += 2000
    assert store.get("a")
    assert store.get("b", renew=True)
    clock.now += 2000
    store.sweep()
    assert store.get("a") is None
    assert store.get("b")
    assert len(list(store.folder.iterdir())) == 1


def test_the_least_recently_used_makes_room(store: ImageStore):
    put(store, "a")
    put(store, "b")
    store.get("a")
    put(store, "c")
    assert store.get("b") is None
    assert store.get("a")
    assert store.num_bytes() == 80


def test_files_that_another_process_left_go_with_age(store: ImageStore, clock: Clock):
    left = store.folder / "left.png"
    left.write_bytes(b"x")
    os.utime(left, (clock.now - 3001,) * 2)
    store.sweep()
    assert not left.exists()


def test_a_file_that_cannot_be_deleted_now_goes_later(
    store: ImageStore, clock: Clock, monkeypatch: pytest.MonkeyPatch
):
    put(store, "a")
    clock.now += 3001
    with monkeypatch.context() as windows:
        windows.setattr(Path, "unlink", lambda *_, **__: (_ for _ in ()).throw(PermissionError))
        store.sweep()
        put(store, "b", num_bytes=101)
        put(store, "b")
        assert store.get("a") is None
    store.sweep()
    assert len(list(store.folder.iterdir())) == 2  # b, and the double that is still young


def test_old_uploads_and_their_folders_are_deleted_and_young_ones_stay(tmp_path: Path):
    for name, age in (("old", 4000), ("young", 10)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "photo.png").write_bytes(b"x")
        os.utime(tmp_path / name / "photo.png", (1_000_000 - age,) * 2)
    assert delete_old_files(tmp_path, 3000, now=1_000_000) == 1
    assert (tmp_path / "young" / "photo.png").exists()
    assert not (tmp_path / "old" / "photo.png").exists()


def test_equal_pixels_have_equal_keys_and_others_do_not():
    rgb = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    other = rgb.copy()
    other[0, 0, 0] ^= 1
    alpha = np.full((4, 4), 9, np.uint8)
    keys = {photo_key(Photo(rgb)), photo_key(Photo(other)), photo_key(Photo(rgb, alpha))}
    keys.add(photo_key(Photo(rgb.reshape(2, 8, 3))))
    assert len(keys) == 4
    assert photo_key(Photo(rgb)) == photo_key(Photo(rgb.copy(order="F")))


def test_the_route_serves_the_exact_bytes_and_nothing_else(store: ImageStore):
    image = put(store, "a")
    (store.folder.parent / "secret.png").write_bytes(b"secret")
    client = TestClient(Starlette(routes=[image_route(store.folder)]))
    answer = client.get(f"/{image.url}")
    assert answer.content == b"x" * 40
    assert answer.headers["content-type"] == "image/png"
    assert "private" in answer.headers["cache-control"]
    for wrong in ("versions/..%2Fsecret.png", f"versions/{'a' * 22}.png", "versions/x.png"):
        assert client.get(f"/{wrong}").status_code == 404

"""Folders of images: what becomes of which file, links, loops, names that are nearly the same."""

from __future__ import annotations

import sys
import unicodedata
from pathlib import Path

import pytest

from sr.base.errors import DataError, OutputError
from sr.formats.kinds import list_images
from sr.images import folders
from sr.images.folders import plan_outputs


def made(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return folder


def planned(folder: Path, target: Path, **options: bool) -> dict[str, str]:
    jobs = plan_outputs(folder, target, ".png", **options)
    return {
        source.relative_to(folder).as_posix(): output.relative_to(target).as_posix()
        for source, output in jobs
    }


def test_folders_within_are_kept_apart(tmp_path: Path) -> None:
    photos = made(tmp_path / "in", "a.jpg", "b/a.jpg", "b/c/d.webp", "b/notes.txt", ".git/x.png")
    out = tmp_path / "out"
    assert planned(photos, out) == {"a.jpg": "a.png"}
    assert planned(photos, out, recursive=True) == {
        "a.jpg": "a.png",
        "b/a.jpg": "b/a.png",
        "b/c/d.webp": "b/c/d.png",
    }


def test_results_within_the_folder_of_images_are_not_images(tmp_path: Path) -> None:
    photos = made(tmp_path / "in", "a.jpg", "out/a.png", "outside.png")
    assert planned(photos, photos / "out", recursive=True) == {
        "a.jpg": "a.png",
        "outside.png": "outside.png",
    }


def test_names_that_would_be_one_are_told_apart(tmp_path: Path) -> None:
    photos = made(tmp_path / "in", "a.jpg", "a.png", "A.bmp", "a.jpg.png", "b.png")
    assert planned(photos, tmp_path / "out") == {
        "A.bmp": "A.bmp.png",
        "a.jpg": "a.jpg.png",
        "a.jpg.png": "a.jpg.png.png",
        "a.png": "a.png.png",
        "b.png": "b.png",
    }


def test_what_cannot_be_told_apart_is_named_at_once(tmp_path: Path) -> None:
    names = [f"ção {n}.png" for n in range(3)]
    twins = [unicodedata.normalize("NFD", name) for name in names]
    photos = made(tmp_path / "in", "x.png", *names, *twins)
    if len(list_images(photos)) != 7:
        pytest.skip("this file system takes the two spellings for one name")
    with pytest.raises(OutputError, match=r"^6 images would share an output") as caught:
        plan_outputs(photos, tmp_path / "out", ".png")
    assert all(name in str(caught.value) for name in (*names, *twins))
    assert "x.png" not in str(caught.value)


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
def test_linked_folders_are_followed_and_loops_are_not(tmp_path: Path) -> None:
    elsewhere = made(tmp_path / "elsewhere", "b.png", "deep/c.png")
    photos = made(tmp_path / "in", "a.png", "sub/d.png")
    (photos / "linked").symlink_to(elsewhere)
    (photos / "sub" / "up").symlink_to(photos)
    (elsewhere / "self").symlink_to(elsewhere)
    (photos / "file.png").symlink_to(elsewhere / "b.png")
    (photos / "gone.png").symlink_to(tmp_path / "nothing.png")
    found = [p.relative_to(photos).as_posix() for p in list_images(photos, recursive=True)]
    assert found == ["a.png", "file.png", "linked/b.png", "linked/deep/c.png", "sub/d.png"]
    (tmp_path / "link").symlink_to(photos)
    assert len(list_images(tmp_path / "link", recursive=True)) == 5


def test_planning_looks_at_each_name_a_few_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = [tmp_path / "in" / f"{n // 2}.{'jpg' if n % 2 else 'png'}" for n in range(4000)]
    monkeypatch.setattr(folders, "list_images", lambda *_, **__: images)
    calls = 0
    key = folders._key

    def counted(path: Path) -> str:
        nonlocal calls
        calls += 1
        return key(path)

    monkeypatch.setattr(folders, "_key", counted)
    outputs = [output for _, output in plan_outputs(tmp_path / "in", tmp_path / "out", ".png")]
    assert len(set(outputs)) == 4000
    assert calls <= 4 * len(images)


def test_an_empty_folder_says_where_to_look(tmp_path: Path) -> None:
    photos = made(tmp_path / "in", "b/a.jpg")
    with pytest.raises(DataError, match="--recursive looks into the folders within"):
        plan_outputs(photos, tmp_path / "out", ".png")
    with pytest.raises(OutputError, match="another folder"):
        plan_outputs(photos, photos / "b" / "..", ".png")

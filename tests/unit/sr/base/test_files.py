"""Files that are there whole or not at all."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from sr.base.files import atomic_file, csv_text, file_sha256, remove_leftovers, write_atomically


def test_a_write_makes_folders_and_replaces(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b.txt"
    write_atomically(path, b"one")
    write_atomically(path, b"two")
    assert path.read_bytes() == b"two"
    assert [file.name for file in path.parent.iterdir()] == ["b.txt"]


def test_a_write_that_fails_leaves_the_old_content_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "b.txt"
    write_atomically(path, b"one")

    def write_half() -> None:
        with atomic_file(path) as file:
            file.write(b"tw")
            raise OSError

    with pytest.raises(OSError):
        write_half()
    assert path.read_bytes() == b"one"
    assert [file.name for file in tmp_path.iterdir()] == ["b.txt"]


def test_names_may_be_as_long_as_the_disk_takes_and_permissions_are_the_usual(
    tmp_path: Path,
) -> None:
    path = tmp_path / ("n" * 251 + ".txt")
    write_atomically(path, b"one")
    (tmp_path / "plain").write_bytes(b"")
    assert path.stat().st_mode == (tmp_path / "plain").stat().st_mode
    with atomic_file(tmp_path / "secret", mode=0o600) as file:
        file.write(b"two")
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600 or os.name == "nt"


def test_leftovers_of_one_file_only_are_removed(tmp_path: Path) -> None:
    for name in (".b.txt.x1", ".c.txt.x1", "b.txt"):
        (tmp_path / name).write_bytes(b"")
    remove_leftovers(tmp_path / "b.txt")
    assert sorted(file.name for file in tmp_path.iterdir()) == [".c.txt.x1", "b.txt"]


def test_sha256_is_that_of_the_whole_content(tmp_path: Path) -> None:
    content = bytes(range(256)) * 10_000  # longer than one part that is read
    (tmp_path / "b").write_bytes(content)
    assert file_sha256(tmp_path / "b") == hashlib.sha256(content).hexdigest()


def test_csv_keeps_cells_as_they_are_and_leaves_none_empty() -> None:
    rows = [("a, b", 1 / 3, None), ('"', 2, True)]
    assert csv_text(("x", "y", "z"), rows) == f'x,y,z\n"a, b",{1 / 3},\n"""",2,True\n'
    assert csv_text(("x", "y", "z"), rows, digits=3).splitlines()[1] == '"a, b",0.333,'

"""BioSR from figshare, a structure at a time; the server is our own and has faults."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sr.base.errors import DataError
from sr.commands.cli import main
from sr.data import fetch as fetching
from sr.data.catalog import SOURCES
from sr.microscopy.data import biosr
from sr.microscopy.data.biosr import part_of
from tests.helpers.file_server import Server, serving
from tests.unit.sr.microscopy.conftest import write_mrc

LIST = "/v2/articles/13264793/files"


def zipped_cells(folder: Path) -> bytes:
    """A structure as it is published: a folder a cell, raw frames of a level, a SIM picture."""
    rng = np.random.default_rng(0)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for cell in (1, 2):
            raw = write_mrc(folder / "raw.mrc", rng.integers(0, 999, (9, 20, 20)).astype("u2"))
            archive.write(raw, f"Microtubules/Cell_{cell:03}/RawSIMData_level_01.mrc")
            sim = write_mrc(folder / "sim.mrc", rng.integers(0, 999, (1, 40, 40)).astype("u2"))
            archive.write(sim, f"Microtubules/Cell_{cell:03}/SIM_gt.mrc")
    return buffer.getvalue()


@pytest.fixture
def figshare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Server]:
    """An article with one structure, and a sheet of conditions beside it."""
    for module in (fetching, biosr):
        monkeypatch.setattr(module.time, "sleep", lambda _: None)
    with serving() as served:
        served.content = zipped_cells(tmp_path)
        md5 = hashlib.md5(served.content, usedforsecurity=False).hexdigest()
        entry = entry_of("Microtubules.zip", served.address("files/7"), len(served.content), md5)
        other = entry_of("F-actin.zip", served.address("files/8"), 3 * 10**9, "0" * 32)
        sheet = entry_of("imaging_conditions.xlsx", served.address("files/9"), 9, "")
        served.pages[LIST] = json.dumps([sheet, other, entry]).encode()
        monkeypatch.setattr(biosr, "API", served.address("v2"))
        yield served


def entry_of(name: str, url: str, size: int, md5: str) -> dict[str, Any]:
    return {
        "id": 7, "name": name, "size": size, "is_link_only": False, "download_url": url,
        "supplied_md5": "", "computed_md5": md5,
    }  # fmt: skip


def fetched(folder: Path, *words: str) -> int:
    return main(["data", "fetch", "biosr", "--output", str(folder), *words])


def test_one_structure_is_fetched_resumed_checked_unpacked_and_recognised(
    figshare: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figshare.cut = [10**6, 5000, 7000]  # the list comes whole, the archive in three goes
    folder = tmp_path / "BioSR"
    assert fetched(folder, "--part", "microtubules") == 0
    assert [asked for asked in figshare.asked if asked] == ["bytes=5000-", "bytes=12000-"]
    said = capsys.readouterr().out
    assert "CC BY 4.0" in said
    assert "BioSR" in said.splitlines()[-1]
    assert (folder / "Microtubules" / "Cell_002" / "SIM_gt.mrc").is_file()
    assert not list(folder.glob(".downloads/*.zip"))
    assert main(["data", "check", str(folder)]) in (0, 1)
    assert "2 pairs" in capsys.readouterr().out
    num_asked = len(figshare.asked)
    assert fetched(folder, "--part", "Microtubules.zip") == 0
    assert len(figshare.asked) == num_asked + 1  # the list alone


def test_without_a_part_the_parts_are_listed_with_their_sizes(
    figshare: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in ((), ("--part", "Mitochondria")):
        assert fetched(tmp_path / "b", *words) == 2
        said = capsys.readouterr().err
        assert "F-actin (3.0 GB), Microtubules (0.0 GB)" in said
    assert "'Mitochondria'" in said
    assert not (tmp_path / "b").exists()
    assert main(["data", "fetch", "set5", "--part", "x", "--output", str(tmp_path / "b")]) == 2


def test_an_archive_of_another_checksum_or_size_is_refused(
    figshare: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    right = figshare.content
    figshare.content = right[:-1] + b"x"
    assert fetched(tmp_path / "b", "--part", "Microtubules") == 2
    assert "is not the published" in capsys.readouterr().err
    figshare.content = right + b"x"
    assert fetched(tmp_path / "b", "--part", "Microtubules") == 2
    assert "the file has" in capsys.readouterr().err
    assert not list((tmp_path / "b").rglob("*.mrc"))


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"<html>captcha</html>", "not the list of files"),
        (b'{"message": "gone"}', "not the list of files"),
        (b"[]", "no archive"),
        (json.dumps([entry_of("../a.zip", "http://x/1", 1, "")]).encode(), "called '../a.zip'"),
        (json.dumps([entry_of("a.zip", "ftp://x/1", 1, "")]).encode(), "not encrypted"),
    ],
)
def test_other_answers_of_figshare_are_said_in_words(
    figshare: Server, answer: bytes, why: str
) -> None:
    figshare.pages[LIST] = answer
    with pytest.raises(DataError, match=why):
        part_of(SOURCES["biosr"], "a")


def test_figshare_is_asked_again_and_then_a_way_by_hand_is_named(figshare: Server) -> None:
    figshare.status = 503
    with pytest.raises(DataError, match=r"503.*doi\.org/10\.6084/m9\.figshare\.13264793"):
        part_of(SOURCES["biosr"], "Microtubules")
    assert len(figshare.asked) == biosr.ATTEMPTS
    figshare.status, figshare.asked = 404, []
    with pytest.raises(DataError, match="404"):
        part_of(SOURCES["biosr"], "Microtubules")
    assert len(figshare.asked) == 1

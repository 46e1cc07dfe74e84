"""Models that can be downloaded, against a server of our own with faults."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sr.base.errors import DataError, UnknownModelError, WeightsError
from sr.commands.cli import main
from sr.data import fetch as fetching
from sr.models.files.catalogue import CATALOGUE, Offer, fetch_model, find_offer, offer_of
from sr.models.registry import model_info
from tests.helpers import foreign_files as files
from tests.helpers.file_server import Server, serving

FREE = {"BSD-3-Clause", "MIT", "Apache-2.0"}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Server]:
    monkeypatch.setattr(fetching.time, "sleep", lambda _: None)
    with serving() as served:
        served.content = files.save(tmp_path / "served.pth", files.compact()).read_bytes()
        yield served


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("NITIDEZ_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.fixture
def offer(server: Server, monkeypatch: pytest.MonkeyPatch) -> Offer:
    digest = hashlib.sha256(server.content).hexdigest()
    entry = Offer(
        server.address("Some_x4.pth"), digest, len(server.content), "Some", 4, "MIT", "A. 2026"
    )
    monkeypatch.setitem(CATALOGUE, "Some_x4", entry)
    return entry


def test_the_catalogue_is_well_formed() -> None:
    for name, offer in CATALOGUE.items():
        assert offer.url.startswith("https://github.com/")
        assert re.fullmatch("[0-9a-f]{64}|[0-9a-f]{8}", offer.sha256), name
        assert offer.licence in FREE
        assert "arXiv" in offer.paper
        assert offer.scale in (2, 4)
    assert offer_of(CATALOGUE["RealESRGAN_x4plus"].sha256) is CATALOGUE["RealESRGAN_x4plus"]
    assert CATALOGUE["RealESRGAN_x4plus"].num_bytes == 67_040_989
    assert offer_of("0" * 64) is None
    assert find_offer("realesrgan_x4PLUS.pth") is CATALOGUE["RealESRGAN_x4plus"]
    with pytest.raises(UnknownModelError, match=r"known: .*BSRGAN"):
        find_offer("waifu")


def test_a_fetched_file_is_a_model_with_all_that_is_known(
    offer: Offer, server: Server, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.cut = [2000]
    assert main(["models", "fetch", "Some_x4"]) == 0
    assert "the model Some_x4" in capsys.readouterr().out
    model = model_info("Some_x4")
    assert (model.title, model.licence, model.paper) == ("Some", "MIT", "A. 2026")
    assert (model.source, model.sha256, model.scale) == (offer.url, offer.sha256, 4)
    assert server.asked == [None, "bytes=2000-"]
    assert main(["models", "fetch", "Some_x4"]) == 0
    assert len(server.asked) == 2


def test_other_bytes_never_become_a_model(offer: Offer, server: Server, folder: Path) -> None:
    server.content = server.content[:-1] + b"?"
    with pytest.raises(DataError, match="is not the published"):
        fetch_model(offer, folder)
    server.content = b"<html>please log in</html>"
    with pytest.raises(DataError, match="the server offers 26 bytes"):
        fetch_model(offer, folder)
    assert list(folder.glob("*.pth")) == []


def test_a_missing_file_and_a_silent_server_are_said(
    offer: Offer, server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.status = 404
    with pytest.raises(DataError, match="answers 404"):
        fetch_model(offer, folder)
    server.status, server.silent_seconds = 200, 1.0
    monkeypatch.setattr(fetching, "TIMEOUT_SECONDS", 0.05)
    monkeypatch.setattr(fetching, "ATTEMPTS", 1)
    monkeypatch.setattr(server, "ranges", False)
    with pytest.raises(DataError, match=r"timed out, 1 times in a row; .* bytes are kept"):
        fetch_model(offer, folder)
    server.silent_seconds = 0.0
    assert fetch_model(offer, folder).read_bytes() == server.content


def test_where_only_the_beginning_of_a_digest_is_published_the_first_download_counts(
    offer: Offer, server: Server, folder: Path
) -> None:
    short = replace(offer, sha256=offer.sha256[:8], num_bytes=0)
    fetch_model(short, folder).unlink()
    record = folder / ".downloads" / "Some_x4.pth.sha256"
    record.write_text(record.read_text().replace(offer.sha256, offer.sha256[:8] + "0" * 56))
    with pytest.raises(DataError, match="of the first download"):
        fetch_model(short, folder)
    with pytest.raises(DataError, match="is not the published"):
        fetch_model(replace(short, sha256="0" * 8), folder)


def test_a_file_that_is_there_is_not_overwritten(offer: Offer, folder: Path) -> None:
    folder.mkdir()
    (folder / "Some_x4.pth").write_bytes(b"mine")
    with pytest.raises(WeightsError, match="move it away first"):
        fetch_model(offer, folder)
    assert (folder / "Some_x4.pth").read_bytes() == b"mine"


def test_without_a_name_the_catalogue_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "fetch"]) == 0
    said = capsys.readouterr().out
    assert all(name in said for name in CATALOGUE)
    assert "BSD-3-Clause" in said

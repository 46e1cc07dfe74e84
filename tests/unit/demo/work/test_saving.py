"""Results in other formats and in zips: made when fetched, exact where nothing is asked."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from demo.work import saving
from demo.work.saving import SaveAs, converted, save_as_of, saving_routes, write_list
from demo.work.versions import image_route
from sr.images.photo import Photo
from sr.images.writing import Format, encode_png

TOKEN, OTHER = "a" * 22, "b" * 22


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(1)
    rgb = rng.integers(0, 256, (30, 40, 3), dtype=np.uint8)
    alpha = np.full((30, 40), 255, np.uint8)
    alpha[:10] = 0
    text = {"Nitidez-Model": "srgan_x4"}
    (tmp_path / f"{TOKEN}.png").write_bytes(encode_png(Photo(rgb), text=text))
    (tmp_path / f"{OTHER}.png").write_bytes(encode_png(Photo(rgb, alpha)))
    return tmp_path


@pytest.fixture
def client(folder: Path) -> TestClient:
    return TestClient(Starlette(routes=[image_route(folder), *saving_routes(folder)]))


@pytest.mark.parametrize(("suffix", "kind"), [("jpg", "JPEG"), ("webp", "WEBP")])
def test_a_result_is_fetched_in_the_format_and_quality_asked_for(client, suffix: str, kind: str):
    fine = client.get(f"/versions/{TOKEN}.{suffix}?quality=95").content
    poor = client.get(f"/versions/{TOKEN}.{suffix}?quality=20").content
    image = Image.open(io.BytesIO(fine))
    assert (image.format, image.size) == (kind, (40, 30))
    assert "srgan_x4" in image.getexif()[305]
    assert len(poor) < len(fine)


def test_transparency_stays_in_webp_and_is_laid_on_white_in_jpeg(client):
    webp = Image.open(io.BytesIO(client.get(f"/versions/{OTHER}.webp").content))
    assert webp.mode == "RGBA"
    jpeg = Image.open(io.BytesIO(client.get(f"/versions/{OTHER}.jpg").content))
    assert np.asarray(jpeg)[:8].min() > 240


@pytest.mark.parametrize(
    "address",
    [
        f"/versions/{'c' * 22}.jpg",
        f"/versions/{TOKEN}.gif",
        f"/versions/{TOKEN}.zip",
        "/versions/x.webp",
        "/versions/x.zip",
        "/versions/..%2Fsecret.jpg",
    ],
)
def test_nothing_else_is_served(client, address: str):
    assert client.get(address).status_code == 404


def test_what_a_format_cannot_hold_stays_png(folder: Path, monkeypatch: pytest.MonkeyPatch):
    small = Format("WEBP", (".webp",), 35, True)
    monkeypatch.setitem(saving.FORMATS, "webp", small)
    path = folder / f"{TOKEN}.png"
    assert converted(path, SaveAs("webp")) == (path.read_bytes(), ".png")
    assert SaveAs("webp").for_size(36, 10) == SaveAs()


def test_a_zip_holds_every_result_under_its_name(client, folder: Path):
    entries = [("férias/praia_srgan_x4", TOKEN), ("logo_srgan_x4", OTHER), ("gone", "d" * 22)]
    write_list(folder, OTHER, entries)
    exact = zipfile.ZipFile(io.BytesIO(client.get(f"/versions/{OTHER}.zip").content))
    assert exact.testzip() is None
    names = ["férias/praia_srgan_x4.png", "logo_srgan_x4.png", "missing.txt"]
    assert exact.namelist() == names
    assert exact.read(names[0]) == (folder / f"{TOKEN}.png").read_bytes()
    assert exact.read("missing.txt") == b"gone\n"
    answer = client.get(f"/versions/{OTHER}.zip?kind=jpeg&quality=50")
    assert 'filename="nitidez.zip"' in answer.headers["content-disposition"]
    lossy = zipfile.ZipFile(io.BytesIO(answer.content))
    assert lossy.namelist()[:2] == ["férias/praia_srgan_x4.jpg", "logo_srgan_x4.jpg"]


@pytest.mark.parametrize(
    ("asked", "how"),
    [
        (("jpeg", "80"), SaveAs("jpeg", 80)),
        (("webp", 101), SaveAs("webp", 92)),
        (("gif", None), SaveAs()),
        ((None, "x"), SaveAs()),
        ((["png"], {}), SaveAs()),
    ],
)
def test_what_makes_no_sense_is_the_default(asked: tuple[object, object], how: SaveAs):
    assert save_as_of(*asked) == how


def test_too_many_conversions_at_once_are_refused(client, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(saving._places, "acquire", lambda **_: False)
    assert client.get(f"/versions/{TOKEN}.jpg").status_code == 503

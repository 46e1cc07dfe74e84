"""A visitor's own pictures over HTTP: taken, measured, drawn, packed; refusals in words."""

from __future__ import annotations

import io
import threading
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from demo.compare.page import compare_text
from demo.compare.pictures import Compared, unique
from demo.compare.routes import compare_routes
from demo.work.engine import SuperResolution
from demo.work.saving import saving_routes
from demo.work.versions import ImageStore, image_route
from sr.metrics.result import Measurement


class Measures(SuperResolution):
    """PSNR and SSIM as they are; LPIPS is not loaded."""

    def measure(
        self,
        prediction: np.ndarray,
        reference: np.ndarray,
        *,
        crop_px: int,
        cancel: threading.Event,
    ) -> Measurement:
        from sr.metrics.fidelity import measure

        return measure(prediction, reference, crop_px=crop_px, lpips=None)


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    (tmp_path / "uploads").mkdir()
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    store = ImageStore(tmp_path / "versions", max_bytes=10**9, max_age_seconds=3000)
    served = [image_route(store.folder), *saving_routes(store.folder)]
    return TestClient(Starlette(routes=[*compare_routes(Compared(store, Measures())), *served]))


def picture(seed: int, height: int = 40, width: int = 60) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def add(client: TestClient, tmp_path: Path, pixels: np.ndarray, name: str = "a.tif") -> Any:
    path = tmp_path / "uploads" / name
    Image.fromarray(pixels).save(path)
    body = {"path": str(path), "name": name, "language": "en"}
    return client.post("/compare/add", json=body).json()


def test_a_picture_of_any_format_comes_back_pixel_for_pixel(
    client: TestClient, tmp_path: Path
) -> None:
    pixels = picture(0)
    found = add(client, tmp_path, pixels, "mine v2.tif")
    assert (found["name"], found["width"], found["height"]) == ("mine v2", 60, 40)
    served = client.get(f"/{found['url']}").content
    assert np.array_equal(np.array(Image.open(io.BytesIO(served))), pixels)


def test_a_wipe_is_an_animation_of_the_part_in_view(client: TestClient, tmp_path: Path) -> None:
    found = [add(client, tmp_path, picture(seed), f"{seed}.png") for seed in (1, 2)]
    pair = [{"token": one["token"], "name": one["name"]} for one in found]
    body = {"pictures": pair, "region": [10, 5, 20, 30], "zoom": 3}
    film = Image.open(io.BytesIO(client.post("/compare/wipe", json=body).content))
    assert (film.format, film.width) == ("WEBP", 60)
    wanted = picture(1)[5:35, 10:30].repeat(3, axis=0).repeat(3, axis=1)
    assert np.array_equal(np.asarray(film.convert("RGB"))[-90:], wanted)
    large = client.post("/compare/wipe", json=body | {"zoom": 64})
    assert (large.status_code, large.json()["error"]["key"]) == (422, "wipe_large")


def test_a_file_that_is_none_is_refused_in_the_visitors_language(
    client: TestClient, tmp_path: Path
) -> None:
    bad = tmp_path / "uploads" / "b.png"
    bad.write_bytes(b"\x89PNG\r\n\x1a\n broken")
    reply = client.post("/compare/add", json={"path": str(bad), "name": "b", "language": "pt-BR"})
    assert reply.status_code == 422
    assert reply.json()["error"]["key"] == "bad_file"
    assert "arquivo" in reply.json()["error"]["detail"]
    outside = {"path": "/etc/hostname", "name": "b", "language": "en"}
    assert client.post("/compare/add", json=outside).status_code == 422


def test_whole_pictures_and_parts_are_measured(client: TestClient, tmp_path: Path) -> None:
    one, two = picture(0), picture(0)
    two[:, :30] = 255 - two[:, :30]
    a, b = (add(client, tmp_path, pixels)["token"] for pixels in (one, two))
    small = add(client, tmp_path, picture(0, 20, 30))["token"]

    def measured(region: list[int]) -> Any:
        body = {"reference": a, "others": [b, small], "region": region}
        return client.post("/compare/measure", json=body).json()

    whole = measured([])
    assert whole["crop_px"] == 4
    assert whole["results"][0]["psnr"] < 20
    assert whole["results"][1]["note"] == "other_size"
    part = measured([32, 5, 20, 20])["results"][0]
    assert (part["psnr"], part["note"]) == (None, "equal")
    outside = {"reference": a, "others": [b], "region": [50, 0, 20, 20]}
    assert client.post("/compare/measure", json=outside).json()["error"]["key"] == "sizes"


def test_figures_and_zips_are_made_of_what_is_named(client: TestClient, tmp_path: Path) -> None:
    tokens = [add(client, tmp_path, picture(seed))["token"] for seed in (0, 1)]
    pictures = [{"token": token, "name": "mine"} for token in tokens]
    body: dict[str, Any] = {"pictures": pictures, "reference": tokens[0], "boxes": [[0, 0, 20, 20]]}
    svg = client.post("/compare/figure", json=body | {"kind": "svg"}).text
    assert ">mine</text>" in svg
    assert ">mine (2)</text>" in svg
    assert " dB</text>" in svg
    png = client.post("/compare/figure", json=body | {"kind": "png"})
    assert png.headers["content-type"] == "image/png"
    latex = client.post("/compare/figure", json=body | {"kind": "latex"}).content
    assert "figure.tex" in zipfile.ZipFile(io.BytesIO(latex)).namelist()
    wrong = body | {"kind": "png", "boxes": [[0, 0, 80, 20]]}
    assert client.post("/compare/figure", json=wrong).json()["error"]["key"] == "sizes"
    url = client.post("/compare/zip", json={"pictures": pictures}).json()["url"]
    names = zipfile.ZipFile(io.BytesIO(client.get(f"/{url}").content)).namelist()
    assert names == ["mine.png", "mine (2).png"]


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [
        ("measure", {"reference": "A" * 22, "others": ["B" * 22], "region": []}, 410),
        ("measure", {"reference": "../../x", "others": ["y"], "region": []}, 410),
        ("measure", {"reference": "x", "others": [], "region": []}, 422),
        ("figure", {"pictures": [1], "reference": "", "boxes": [], "kind": "png"}, 422),
        ("figure", {"pictures": [], "reference": "", "boxes": [], "kind": "gif"}, 422),
        ("zip", {"pictures": [{"token": "A" * 22, "name": "a"}] * 13}, 422),
    ],
)
def test_what_cannot_be_is_refused(
    client: TestClient, name: str, body: dict[str, Any], status: int
) -> None:
    assert client.post(f"/compare/{name}", json=body).status_code == status


def test_names_are_made_unique() -> None:
    assert unique(["a", "a", "", "a"]) == ["a", "a (2)", "-", "a (3)"]


def test_both_languages_say_the_same_things() -> None:
    english, portuguese = compare_text().values()
    assert english.keys() == portuguese.keys()

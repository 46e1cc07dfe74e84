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

from demo.compare.frames import LEAST_MEASURED_PX
from demo.compare.page import compare_text
from demo.compare.pictures import Compared, unique
from demo.compare.routes import compare_routes
from demo.frames.routes import frame_routes
from demo.work.engine import SuperResolution
from demo.work.saving import saving_routes
from demo.work.versions import ImageStore, image_route
from sr.metrics.result import Measurement
from sr.microscopy.files.levels import Levels
from sr.microscopy.files.reading import read_stack
from sr.microscopy.files.stretch import limits_of, shown
from sr.microscopy.files.writing import write_stack
from sr.microscopy.scores.fitted import score
from tests.unit.sr.microscopy.conftest import write_mrc


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
    served = [image_route(store.folder), *saving_routes(store.folder), *frame_routes(store.folder)]
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


def counts(seed: int, height: int = 40, width: int = 60) -> np.ndarray:
    smooth = np.random.default_rng(seed).integers(100, 60_000, (height // 4, width // 4))
    return np.kron(smooth, np.ones((4, 4))).astype(np.uint16)


def add_file(client: TestClient, path: Path, **more: Any) -> Any:
    body = {"path": str(path), "name": path.name, "language": "en", **more}
    return client.post("/compare/add", json=body).json()


def add_frame(client: TestClient, tmp_path: Path, pixels: np.ndarray, name: str) -> Any:
    path = tmp_path / "uploads" / name
    if path.suffix == ".mrc":
        write_mrc(path, pixels[None], pixel_um=0.0313)
    else:
        write_stack(path, pixels[None], 0.0313, "test")
    return add_file(client, path)


@pytest.mark.parametrize("name", ["cell.mrc", "cell.ome.tif", "cell.tif"])
@pytest.mark.parametrize("kind", ["uint16", "float32"])
def test_a_frame_keeps_its_counts_and_is_shown_between_limits(
    client: TestClient, tmp_path: Path, name: str, kind: str
) -> None:
    if name == "cell.mrc" and kind == "float32":
        write_mrc(tmp_path / "uploads" / name, counts(0)[None] / 7, mode=2)
        wanted = (counts(0) / 7).astype(np.float32)
        found = add_file(client, tmp_path / "uploads" / name)
    else:
        wanted = counts(0).astype(kind)
        found = add_frame(client, tmp_path, wanted, name)
    assert (found["name"], found["width"], found["height"]) == ("cell", 60, 40)
    assert found["frame"]["kind"] == kind
    assert found["frame"]["pixel_um"] == pytest.approx(0.0313)
    assert found["frame"]["limits"] == pytest.approx(tuple(limits_of(wanted)))
    saved = tmp_path / f"saved{found['frame']['suffix']}"
    saved.write_bytes(client.get(f"/{found['url']}").content)
    stack = read_stack(saved)
    assert np.array_equal(stack.planes[0], wanted)
    assert stack.planes.dtype == wanted.dtype
    assert stack.pixel_um == pytest.approx(0.0313)
    png = client.get(f"/frames/{found['token']}.png?low=200&high=5000&lut=green").content
    pixels = np.array(Image.open(io.BytesIO(png)))
    assert np.array_equal(pixels, shown(wanted, Levels(200, 5000), "green"))


def test_frames_are_measured_with_a_fit_and_without(client: TestClient, tmp_path: Path) -> None:
    target = counts(0, 80, 120)
    noisy = target + np.random.default_rng(1).normal(0, 900, target.shape)
    half = (noisy / 2 + 300).astype(np.float32)
    frames = [
        ("hr.mrc", target),
        ("mine.tif", half),
        ("small.tif", counts(0)),
        ("copy.tif", target),
    ]
    tokens = [add_frame(client, tmp_path, pixels, name)["token"] for name, pixels in frames]

    def measured(region: list[int]) -> Any:
        body = {"reference": tokens[0], "others": tokens[1:], "region": region}
        return client.post("/compare/measure", json=body).json()["results"]

    mine, small, copy = measured([])
    wanted = score(half, target)
    for name in ("psnr", "nrmse", "ssim"):
        assert mine[f"fitted_{name}"] == pytest.approx(getattr(wanted, f"fitted_{name}"))
        assert mine[f"raw_{name}"] == pytest.approx(getattr(wanted, f"raw_{name}"))
    assert mine["fitted_psnr"] > mine["raw_psnr"] + 6
    assert (mine["gain"], mine["is_alike"], mine["shift"]) == (wanted.gain, True, None)
    assert (small["note"], "gain" in small) == ("other_size", True)
    assert (copy["note"], copy["fitted_psnr"], copy["raw_psnr"]) == ("equal", None, None)
    part = measured([8, 16, 40, 24])[0]
    assert part["gain"] == wanted.gain  # of the whole: a fit of each part flatters
    wanted = score(half, target, (slice(16, 40), slice(8, 48)))
    assert part["fitted_psnr"] == pytest.approx(wanted.fitted_psnr)
    assert measured([0, 0, 40, LEAST_MEASURED_PX - 1])[0]["note"] == "measure_small"
    flat = add_frame(client, tmp_path, np.full((80, 120), 7, np.uint16), "flat.tif")["token"]
    body = {"reference": flat, "others": [tokens[1]], "region": []}
    assert client.post("/compare/measure", json=body).json()["results"][0]["note"] == "flat"
    outside = {"reference": tokens[0], "others": [tokens[1]], "region": [100, 0, 40, 20]}
    assert client.post("/compare/measure", json=outside).json()["error"]["key"] == "sizes"


def test_a_frame_of_half_the_size_has_a_fit_and_no_scores(
    client: TestClient, tmp_path: Path
) -> None:
    target = counts(0, 80, 120).astype(np.float32)
    half = target[::2, ::2] / 40 + 7
    hr, lr, odd = (
        add_frame(client, tmp_path, pixels, f"{name}.tif")["token"]
        for name, pixels in {"hr": target, "lr": half, "odd": target[:70]}.items()
    )

    def measured(reference: str, other: str) -> Any:
        body = {"reference": reference, "others": [other], "region": []}
        return client.post("/compare/measure", json=body).json()["results"][0]

    found = measured(hr, lr)
    assert found == {"token": lr, "note": "other_size"} | {
        "gain": pytest.approx(40, rel=1e-4),
        "offset": pytest.approx(-280, abs=1),
    }
    assert measured(lr, hr)["gain"] == pytest.approx(1 / 40, rel=1e-4)
    assert measured(hr, odd) == {"token": odd, "note": "other_size"}


def test_frames_on_another_grid_and_of_something_else_are_told(
    client: TestClient, tmp_path: Path
) -> None:
    from scipy.ndimage import gaussian_filter, shift

    rng = np.random.default_rng(3)
    target = 1000 + 20_000 * gaussian_filter(rng.random((96, 96)), 3)
    moved, other = shift(target, 0.5, mode="nearest"), gaussian_filter(rng.random((96, 96)), 3)
    found = [
        add_frame(client, tmp_path, pixels.astype(np.float32), f"{index}.tif")["token"]
        for index, pixels in enumerate((target, moved, other))
    ]
    body = {"reference": found[0], "others": found[1:], "region": []}
    results = client.post("/compare/measure", json=body).json()["results"]
    assert results[0]["shift"] == pytest.approx(np.hypot(0.5, 0.5), abs=0.05)
    assert [one["is_alike"] for one in results] == [True, False]


def test_frames_and_photographs_are_not_mixed(client: TestClient, tmp_path: Path) -> None:
    frame = add_frame(client, tmp_path, counts(0), "cell.mrc")["token"]
    photo = add(client, tmp_path, picture(0), "castle.png")["token"]
    pair = [{"token": token, "name": "a"} for token in (frame, photo)]
    for name, body in {
        "measure": {"reference": frame, "others": [photo], "region": []},
        "figure": {"pictures": pair, "reference": "", "boxes": [], "kind": "png"},
    }.items():
        assert client.post(f"/compare/{name}", json=body).json()["error"]["key"] == "mixed"


def test_what_might_be_a_photograph_can_be_told_to_be_one(
    client: TestClient, tmp_path: Path
) -> None:
    path = tmp_path / "uploads" / "scan.png"
    Image.fromarray(counts(0)).save(path)
    assert add_file(client, path)["frame"]["can_be_photo"]
    assert "frame" not in add_file(client, path, can_be_photo=True)
    cell = write_mrc(tmp_path / "uploads" / "cell.mrc", counts(0)[None])
    assert not add_file(client, cell, can_be_photo=True)["frame"]["can_be_photo"]


def test_bad_frames_are_refused_in_words(client: TestClient, tmp_path: Path) -> None:
    uploads, planes = tmp_path / "uploads", counts(0)[None]
    hot = planes.astype(np.float32)
    hot[0, 3, 3] = np.nan
    bad = {
        "cut": write_mrc(uploads / "cut.mrc", planes, cut=2000),
        "mode 9": write_mrc(uploads / "mode.mrc", planes, mode=9),
        "a stack of 2 frames": write_mrc(uploads / "stack.mrc", np.repeat(planes, 2, 0)),
        "NaN": write_mrc(uploads / "nan.mrc", hot, mode=2),
        "no size (0)": write_mrc(uploads / "zero.mrc", planes, pixel_um=0.0),
    }
    for words, path in bad.items():
        error = add_file(client, path)["error"]
        assert (error["key"], error["detail"].split(":")[0]) == ("bad_file", path.name)
        assert words in error["detail"]
        assert str(tmp_path) not in error["detail"]
    assert list((tmp_path / "versions").iterdir()) == []


def test_figures_and_zips_of_frames_are_of_what_is_shown_and_of_the_counts(
    client: TestClient, tmp_path: Path
) -> None:
    tokens = [add_frame(client, tmp_path, counts(seed), f"{seed}.tif")["token"] for seed in (0, 1)]
    pictures = [{"token": t, "name": t[:4], "limits": [500, 40_000]} for t in tokens]
    body = {"pictures": pictures, "reference": tokens[0], "boxes": [[4, 4, 20, 20]]}
    latex = client.post("/compare/figure", json=body | {"kind": "latex", "lut": "magenta"}).content
    archive = zipfile.ZipFile(io.BytesIO(latex))
    drawn = [
        np.asarray(Image.open(io.BytesIO(archive.read(name))).convert("RGB"))
        for name in archive.namelist()
        if name.endswith(".png")
    ]
    wanted = shown(counts(1), Levels(500, 40_000), "magenta")[4:24, 4:24]
    wanted = wanted.repeat(10, 0).repeat(10, 1)  # in a column of 200 px
    assert any(np.array_equal(one, wanted) for one in drawn)
    assert "dB" not in client.post("/compare/figure", json=body | {"kind": "svg"}).text
    film = {"pictures": pictures, "region": [0, 0, 40, 30], "zoom": 1, "lut": "green"}
    last = Image.open(io.BytesIO(client.post("/compare/wipe", json=film).content))
    assert np.array_equal(
        np.asarray(last.convert("RGB"))[-30:],
        shown(counts(0), Levels(500, 40_000), "green")[:30, :40],
    )
    url = client.post("/compare/zip", json={"pictures": pictures}).json()["url"]
    packed = zipfile.ZipFile(io.BytesIO(client.get(f"/{url}").content))
    (tmp_path / "one.tif").write_bytes(packed.read(packed.namelist()[1]))
    assert np.array_equal(read_stack(tmp_path / "one.tif").planes[0], counts(1))
    for wrong in ({"lut": "jet"}, {"pictures": [pictures[0] | {"limits": [3]}]}):
        reply = client.post("/compare/figure", json=body | {"kind": "png"} | wrong)
        assert reply.status_code == 422


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

"""Microscopes' frames on the page: recognised, enlarged with their counts, shown between limits."""

from __future__ import annotations

import asyncio
import io
import threading
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tifffile
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from demo.frames.look import Look
from demo.frames.panel import frame_html
from demo.frames.routes import frame_routes
from demo.frames.taking import shot_of, taken
from demo.photos.batch import Batch, Item
from demo.photos.fitting import Box
from demo.photos.problems import problem_html, problem_of
from demo.photos.uploads import UploadLimits
from demo.upscale.options import models_html
from demo.upscale.page import panes
from demo.upscale.picker import picker_html
from demo.upscale.session import Choice, Session
from demo.web.i18n import LANGUAGES
from demo.web.rates import PhotoLimit
from demo.work.choice import chosen_frame_models, frame_scale
from demo.work.engine import SuperResolution
from demo.work.job import Job
from demo.work.jobs import Jobs
from demo.work.saving import SaveAs, read_list, zipped
from demo.work.versions import ImageStore, photo_key
from sr.base.errors import Cancelled, ImageError, ImageTooLargeError
from sr.microscopy.files.frame import Frame, is_frame, read_frame
from sr.microscopy.files.levels import Levels
from sr.microscopy.files.reading import read_stack
from sr.microscopy.files.stretch import shown
from sr.microscopy.files.writing import write_stack
from tests.helpers.fake_engine import FakeEngine
from tests.unit.sr.microscopy.conftest import write_mrc

LIMITS = UploadLimits(4.0, 64, PhotoLimit(100))
COUNTS = np.random.default_rng(3).integers(100, 60_000, (3, 24, 40)).astype(np.uint16)


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[Jobs]:
    made = Jobs(FakeEngine(), ImageStore(tmp_path / "v", max_bytes=10**8, max_age_seconds=3000))
    yield made
    made.close()


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    return write_mrc(tmp_path / "cell.mrc", COUNTS, pixel_um=0.0626)


def finished(jobs: Jobs, frame: Frame) -> Job:
    job = jobs.submit(frame, mode="test", scale=2, models=chosen_frame_models(()))
    limit = time.monotonic() + 10
    while not job.is_finished:
        assert time.monotonic() < limit
        time.sleep(0.01)
    return job


def test_bicubic_and_the_networks_for_frames_are_shown_and_none_for_photographs():
    assert chosen_frame_models(["srgan_x4"]) == ["bicubic", "dfcan_x2", "unet_cascade_x2"]
    assert chosen_frame_models(["dfcan_x2"]) == ["dfcan_x2"]
    assert frame_scale() == 2


def test_results_keep_the_counts_and_the_numbers_of_the_file_and_say_a_smaller_pixel(
    jobs: Jobs, stack: Path
):
    job = finished(jobs, read_frame(stack, "2"))
    assert [version.key for version in job.versions()] == chosen_frame_models(())
    for version in job.versions():
        assert version.image is not None, version
        result = read_stack(version.image.path)
        assert result.planes.dtype == np.uint16
        assert np.array_equal(result.planes[0], COUNTS[1].repeat(2, 0).repeat(2, 1))
        assert result.pixel_um == pytest.approx(0.0313)


def test_every_pane_has_the_same_limits_and_is_the_stretched_frame_pixel_for_pixel(
    jobs: Jobs, stack: Path
):
    frame = read_frame(stack)
    session = Session(choice=Choice("cell.mrc", stack), job=finished(jobs, frame))
    session.shot = shot_of(frame)
    client = TestClient(Starlette(routes=frame_routes(jobs.store.folder)))
    big = COUNTS[0].repeat(2, 0).repeat(2, 1)
    wanted = Levels(*np.percentile(big, (0.1, 99.9)))
    for look, limits in ((Look(), wanted), (Look("magenta", Levels(500, 9000)), Levels(500, 9000))):
        session.look = look
        found = panes(session, "en")
        assert len({pane["url"].split("?")[1] for pane in found}) == 1
        for pane in found:
            answer = client.get(f"/{pane['url']}")
            assert answer.headers["content-type"] == "image/png"
            rgb = np.asarray(Image.open(io.BytesIO(answer.content)))
            assert np.array_equal(rgb, shown(big, limits, look.lut))
            assert pane["pixel_um"] == pytest.approx(0.0313)
            assert pane["download_name"].endswith(f"{pane['key']}.tif")
            tiff = client.get(f"/{pane['download_url']}").content
            assert np.array_equal(tifffile.imread(io.BytesIO(tiff)), big)


def test_what_makes_no_sense_changes_no_look_and_is_no_picture(jobs: Jobs, stack: Path):
    look = Look("green", Levels(1, 9))
    for said in ({"lut": "jet"}, {"low": 5, "high": 5}, {"low": "nan", "high": 7}, {"low": 2}, {}):
        assert look.changed(said) == look
    assert look.changed({"auto": True}) == Look("green")
    assert look.changed({"low": "2", "high": "3.5"}).limits == Levels(2, 3.5)
    assert Look().limits_for(None) is None
    client = TestClient(Starlette(routes=frame_routes(jobs.store.folder)))
    image = finished(jobs, read_frame(stack)).versions()[0].image
    assert image is not None
    address = f"/frames/{image.token}.png"
    for query in ("", "?low=1", "?low=1&high=inf", "?low=9&high=1", "?low=1&high=2&lut=jet"):
        assert client.get(address + query).status_code == 422
    assert client.get("/frames/AAAAAAAAAAAAAAAAAAAAAA.tif").status_code == 404
    assert client.get("/frames/..%2Fsecret.tif").status_code == 404


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_panel_says_bits_pixel_frames_limits_and_what_to_beware_of(
    language, jobs: Jobs, stack: Path
):
    frame = read_frame(stack)
    session = Session(language=language, choice=Choice("cell.mrc", stack), shot=shot_of(frame))
    session.job = finished(jobs, frame)
    html = picker_html(session, language, LIMITS)
    comma = "," if language == "pt-BR" else "."
    assert f"62{comma}6 nm" in html
    assert f"31{comma}3 nm" in html
    assert html.count("<option") == 3 + 1 + 4  # frames, their mean, tables of colours
    assert 'data-scope="low"' in html
    assert "data-save" not in html  # nothing but TIFF keeps counts
    assert "{" not in frame_html(session.shot, Look(), session.job, language)
    models = models_html(session, language, None)
    assert "srgan" not in models
    assert models.count("data-model") == 3
    unknown = shot_of(read_frame(write_mrc_without_size(stack)))
    assert ("unknown" if language == "en" else "desconhecido") in frame_html(
        unknown, Look(), None, language
    )


def write_mrc_without_size(near: Path) -> Path:
    path = near.with_name("plain.tif")
    tifffile.imwrite(path, COUNTS[0])
    return path


def test_frames_are_told_from_photographs(tmp_path: Path, stack: Path):
    grey = np.full((9, 9), 7, np.uint8)
    colours = np.full((9, 9, 3), 7, np.uint8)
    paths = {name: tmp_path / name for name in ("a.tif", "b.tif", "c.tif", "d.png", "e.png")}
    tifffile.imwrite(paths["a.tif"], COUNTS[0])
    tifffile.imwrite(paths["b.tif"], grey)
    tifffile.imwrite(paths["c.tif"], colours, photometric="rgb")
    Image.fromarray(COUNTS[0]).save(paths["d.png"])
    Image.fromarray(grey).save(paths["e.png"])
    assert [is_frame(path) for path in paths.values()] == [True, False, False, True, False]
    write_stack(tmp_path / "imagej.tif", grey[None], 0.1, "")
    write_stack(tmp_path / "x.ome.tif", grey[None], 0.1, "")
    (tmp_path / "broken.tif").write_bytes(b"II*\0 and nothing")
    assert is_frame(tmp_path / "imagej.tif")
    assert is_frame(tmp_path / "x.ome.tif")
    assert is_frame(stack)
    assert not is_frame(tmp_path / "broken.tif")
    assert shot_of(read_frame(paths["a.tif"])).can_be_photo
    assert not shot_of(read_frame(stack)).can_be_photo


def test_a_part_of_a_frame_is_taken_where_all_of_it_is_too_large(stack: Path):
    assert taken(stack, None, None, 24 * 39 / 1e6) is None
    part = taken(stack, "3", Box(4, 2, 10, 8), 1.0)
    assert part is not None
    assert np.array_equal(part.pixels, COUNTS[2, 2:10, 4:14])
    assert [note.kind for note in part.notes] == ["part"]
    mean = taken(stack, "mean", None, 1.0)
    assert mean is not None
    assert mean.pixels == pytest.approx(COUNTS.mean(0))
    assert mean.kind == np.uint16
    assert taken(stack, "none of these", None, 1.0).number == "1"  # type: ignore[union-attr]
    assert photo_key(mean) != photo_key(part)


def bad_files(folder: Path) -> dict[str, Path]:
    """Files that cannot be used, by the text that says why."""
    paths = {}
    frame = COUNTS[:1].astype(np.float32)
    frame[0, 3, 3] = np.nan
    paths["frame_nan"] = write_mrc(folder / "nan.mrc", frame, mode=2)
    paths["frame_cut"] = write_mrc(folder / "cut.mrc", COUNTS, cut=3000)
    paths["frame_mode"] = write_mrc(folder / "mode.mrc", COUNTS, mode=3)
    paths["frame_pixel_size"] = write_mrc(folder / "zero.mrc", COUNTS, pixel_um=0)
    channels = np.zeros((2, 8, 8), np.uint16)
    paths["frame_channels"] = folder / "two.ome.tif"
    tifffile.imwrite(paths["frame_channels"], channels, ome=True, metadata={"axes": "CYX"})
    paths["frame_colours"] = folder / "rgb.ome.tif"
    tifffile.imwrite(paths["frame_colours"], np.zeros((8, 8, 3), np.uint8), photometric="rgb")
    paths["frame_unreadable"] = folder / "text.ome.tif"
    paths["frame_unreadable"].write_text("not a TIFF")
    paths["frame_bioio"] = folder / "a.czi"
    paths["frame_bioio"].write_bytes(b"ZISRAWFILE")
    return paths


@pytest.mark.parametrize("language", LANGUAGES)
def test_bad_files_are_refused_in_words_of_both_languages(language, tmp_path: Path):
    for kind, path in bad_files(tmp_path).items():
        assert is_frame(path), kind
        with pytest.raises(ImageError) as error:
            taken(path, None, None, 4.0)
        if kind == "frame_bioio" and error.value.kind == "frame_unreadable":
            continue  # it is installed here
        assert error.value.kind == kind
        html = problem_html(problem_of(error.value, LIMITS, 2), language)
        assert path.name in html
        assert "{" not in html
        assert ("Nothing was computed" if language == "en" else "Nada foi calculado") in html


def test_more_pixels_than_are_taken_are_refused_before_they_are_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "huge.ome.tif"
    meta = {"axes": "TYX"}
    planes = np.zeros((4, 64, 64), np.uint16)
    tifffile.imwrite(path, planes, compression="zlib", metadata=meta)
    monkeypatch.setattr(tifffile.TiffPageSeries, "asarray", lambda self: pytest.fail("decoded"))
    with pytest.raises(ImageTooLargeError, match="64x64"):
        read_frame(path, max_megapixels=0.004)


def test_frames_among_several_files_keep_their_counts_in_the_zip(
    jobs: Jobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("demo.photos.batch.uploaded_file", lambda path: path)
    one = write_mrc(tmp_path / "one.mrc", COUNTS[:1])
    photo = tmp_path / "cat.png"
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(photo)
    batch = Batch([Item(p.name, p) for p in (one, photo, write_mrc(tmp_path / "s.mrc", COUNTS))])

    async def work() -> bytes:
        request = SimpleNamespace(session_hash="page", client=None)
        async for _ in batch.work(jobs, LIMITS, request, scale=4, models=lambda _: ["srgan_x4"]):
            pass
        entries = read_list(jobs.store.folder, batch.token)
        return b"".join([part async for part in zipped(entries, SaveAs("jpeg"))])

    with ThreadPoolExecutor(1) as pool:  # a browser test's loop may run in this thread
        packed = pool.submit(asyncio.run, work()).result()
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert sorted(archive.namelist()) == [
            "cat_srgan_x4.jpg", "one_dfcan_x2.tif", "one_unet_cascade_x2.tif",
        ]  # fmt: skip
        tiff = tifffile.imread(io.BytesIO(archive.read("one_dfcan_x2.tif")))
    assert np.array_equal(tiff, COUNTS[0].repeat(2, 0).repeat(2, 1))
    assert [item.state for item in batch.items] == ["ready", "ready", "failed"]
    assert batch.items[2].problem.detail_key == "image_frame_stack"  # type: ignore[union-attr]


def test_a_network_tells_how_far_it_is_and_can_be_stopped() -> None:
    frame = Frame(np.full((12, 10), 7.0, np.float32), None, "a.mrc", np.dtype(np.float32))
    shares: list[float] = []
    engine, stop = SuperResolution(), threading.Event()
    told = lambda progress: shares.append(progress.done)  # noqa: E731
    made = engine.upscale("dfcan_x2", frame, progress=told, cancel=stop)
    assert (made.height, made.width) == (24, 20)
    assert shares == sorted(shares)
    assert shares[0] < 50
    assert shares[-1] > 900
    stop.set()
    with pytest.raises(Cancelled):
        engine.upscale("dfcan_x2", frame, progress=told, cancel=stop)

"""Pictures of one's own in a real browser: dropped, measured, boxed, kept over a reload."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from tests.unit.sr.microscopy.conftest import write_mrc

pytest.importorskip("playwright.sync_api", reason="browser tests need playwright")
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, launch_app: Callable[..., str]) -> str:
    import gradio as gr

    from demo.compare.page import build_compare_panel
    from demo.compare.pictures import Compared
    from demo.compare.routes import compare_routes
    from demo.frames.routes import frame_routes
    from demo.web.scripts import script_route
    from demo.work.engine import SuperResolution
    from demo.work.saving import saving_routes
    from demo.work.versions import ImageStore, image_route

    store = ImageStore(tmp_path_factory.mktemp("v"), max_bytes=10**9, max_age_seconds=3000)
    compared = Compared(store, SuperResolution(lpips_wait_seconds=0))
    with gr.Blocks() as blocks:
        build_compare_panel()
    routes = [
        script_route(),
        image_route(store.folder),
        *saving_routes(store.folder),
        *frame_routes(store.folder),
        *compare_routes(compared),
    ]
    return launch_app(blocks, app_kwargs={"routes": routes})


def test_pictures_are_compared_measured_and_drawn(
    address: str, open_page: Callable[..., Page], tmp_path: Path
) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (96, 128, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    Image.fromarray(pixels // 2).save(tmp_path / "dark.tif")
    Image.fromarray(pixels[::2, ::2]).save(tmp_path / "small.png")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    page = open_page(address)
    files = ["photo.png", "dark.tif", "broken.png", "small.png"]
    page.locator(".nc-choose input").set_input_files([tmp_path / name for name in files])
    rows = page.locator(".nc-table tbody tr")
    expect(rows).to_have_count(3)
    expect(page.locator(".nc-problems p")).to_contain_text("broken.png")  # takes nothing away
    expect(page.locator(".nc-sizes")).to_contain_text("as large as the largest, 128 × 96")
    page.get_by_label("photo is the original").check()
    expect(rows.nth(1)).to_contain_text(".")  # a number of decibels
    expect(rows.nth(2)).to_contain_text("another size")
    page.get_by_label("Name of picture 2").fill("night & day")
    page.keyboard.press("Enter")
    page.get_by_label("Move night & day up").click()
    expect(page.get_by_label("Name of picture 1")).to_have_value("night & day")
    page.get_by_label("Remove small").click()
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = axe.run(page, context=".nc")
    assert found.violations_count == 0, found.generate_report()

    page.get_by_role("button", name="Draw boxes").click()
    view = page.locator(".nc .nv-view").first.bounding_box()
    assert view is not None
    x, y = view["x"] + view["width"] / 2, view["y"] + view["height"] / 2
    page.mouse.click(x, y)
    expect(page.locator(".nc")).to_contain_text("a box needs at least 4 px on each side")
    expect(page.locator(".nc-boxes button")).to_have_count(0)
    page.mouse.move(x - 20, y - 20)
    page.mouse.down()
    page.mouse.move(x + 20, y + 20, steps=3)
    page.mouse.up()
    expect(page.locator(".nc-boxes button")).to_have_count(1)
    with page.expect_download() as download:
        page.get_by_role("button", name="SVG").click()
    svg = Path(download.value.path()).read_text(encoding="utf-8")
    assert ">night &amp; day</text>" in svg
    assert " dB" in svg
    with page.expect_download() as download:
        page.get_by_role("button", name="Save this view as PNG").click()
    assert Image.open(download.value.path()).width > 2 * 128
    page.reload()
    expect(page.get_by_label("Name of picture 1")).to_have_value("night & day")
    expect(page.locator(".nc-boxes button")).to_have_count(1)
    errors: list[Any] = page.console_errors  # type: ignore[attr-defined]
    assert [error for error in errors if "422" not in error] == []


def test_a_folder_is_a_method_and_pictures_of_one_name_belong_together(
    address: str, open_page: Callable[..., Page], tmp_path: Path
) -> None:
    for method, stems in {"ours": ("10", "9", "alone"), "theirs": ("9", "10")}.items():
        (tmp_path / "results" / method).mkdir(parents=True)
        for stem in stems:
            pixels = np.full((40, 60, 3), len(method) * int(stem, 36) % 251, np.uint8)
            Image.fromarray(pixels).save(tmp_path / "results" / method / f"{stem}.png")
    page = open_page(address)
    page.locator(".nc-folder input").set_input_files(tmp_path / "results")
    names = page.locator(".nc-table tbody input[type=text]")
    expect(names).to_have_count(2)
    expect(page.locator(".nc-problems")).to_contain_text("ours: in no other folder")
    assert page.locator(".nc-stem option").all_text_contents() == ["9", "10"]
    page.get_by_label("Move theirs up").click()
    page.get_by_label("Name of picture 1").fill("theirs 2024")
    page.keyboard.press("Enter")
    page.get_by_label("ours is the original").check()
    page.reload()  # the picture that was not looked at is not on the server
    expect(names).to_have_count(2)
    expect(page.locator(".nc-stem-of")).to_have_text("1 of 2")
    for _ in range(2):
        expect(page.get_by_label("Name of picture 1")).to_have_value("theirs 2024")
        expect(page.get_by_label("ours is the original")).to_be_checked()
        page.get_by_role("button", name="Next").click()
        expect(page.locator(".nc-stem-of")).to_have_text("2 of 2")
        expect(names).to_have_count(2)
        page.reload()
        page.get_by_role("button", name="Previous").click()
        expect(page.locator(".nc-stem-of")).to_have_text("1 of 2")
    page.get_by_role("button", name="Next").click()
    expect(page.locator(".nc-stem-of")).to_have_text("2 of 2")
    page.get_by_role("button", name="Remove theirs 2024").click()
    page.get_by_role("button", name="Previous").click()
    expect(names).to_have_count(1)
    assert not page.console_errors  # type: ignore[attr-defined]


def test_pictures_of_folders_that_are_gone_are_named_and_chosen_again(
    address: str, open_page: Callable[..., Page], tmp_path: Path
) -> None:
    for method in ("ours", "theirs"):
        (tmp_path / method).mkdir()
        for stem in ("1", "2"):
            pixels = np.full((40, 60, 3), 7 * len(method) + int(stem), np.uint8)
            Image.fromarray(pixels).save(tmp_path / method / f"{stem}.png")
    page = open_page(address)
    for method in ("ours", "theirs"):
        page.locator(".nc-folder input").set_input_files(tmp_path / method)
        if method == "ours":  # one alone survives a reload too
            expect(page.locator(".nc-note")).to_contain_text("ours: add the folders")
            page.reload()
            expect(page.locator(".nc-note")).to_contain_text("ours: add the folders")
    names = page.locator(".nc-table tbody input[type=text]")
    expect(names).to_have_count(2)
    page.evaluate(
        "new Promise((done) => (indexedDB.deleteDatabase('nitidez-compare').onsuccess = done))"
    )
    page.reload()
    expect(names).to_have_count(2)  # what was looked at is on the server
    page.get_by_role("button", name="Next").click()
    expect(page.locator(".nc-problems p")).to_have_count(2)
    expect(page.locator(".nc-problems")).to_contain_text("theirs: this picture is no longer here")
    for method in ("ours", "theirs"):
        page.locator(".nc-folder input").set_input_files(tmp_path / method)
    expect(names).to_have_count(2)
    expect(page.locator(".nc-stem-of")).to_have_text("2 of 2")
    expect(page.locator(".nc-problems p")).to_have_count(0)
    page.get_by_role("button", name="Remove all").click()
    expect(page.locator(".nc-body")).to_be_hidden()
    page.reload()
    expect(page.locator(".nc")).to_have_attribute("data-count", "0")
    kept = page.evaluate(
        """new Promise((done) => (indexedDB.open("nitidez-compare").onsuccess = (event) => {
            const store = event.target.result.transaction("folders").objectStore("folders");
            store.count().onsuccess = (counted) => done(counted.target.result);
        }))"""
    )
    assert kept == 0
    assert not page.console_errors  # type: ignore[attr-defined]


def test_frames_of_a_microscope_are_stretched_alike_measured_and_kept_apart_from_photographs(
    address: str, open_page: Callable[..., Page], tmp_path: Path
) -> None:
    from sr.microscopy.files.levels import Levels
    from sr.microscopy.files.reading import read_stack
    from sr.microscopy.files.stretch import limits_of, shared_limits, shown
    from sr.microscopy.files.writing import write_stack
    from sr.microscopy.scores.fitted import score

    rng = np.random.default_rng(3)
    sim = np.kron(rng.integers(500, 60_000, (16, 20)), np.ones((6, 6))).astype(np.uint16)
    mine = (sim / 30 + rng.normal(100, 9, sim.shape)).astype(np.float32)
    write_mrc(tmp_path / "sim.mrc", sim[None], pixel_um=0.0313)
    write_stack(tmp_path / "mine.ome.tif", mine[None], 0.0313, "test")
    Image.fromarray(np.zeros((20, 20, 3), np.uint8)).save(tmp_path / "castle.png")
    write_mrc(tmp_path / "cut.mrc", sim[None], cut=3000)
    write_mrc(tmp_path / "stack.mrc", np.stack([sim, sim]))
    hot = sim.astype(np.float32)
    hot[2, 2] = np.nan
    write_mrc(tmp_path / "nan.mrc", hot[None], mode=2)
    page = open_page(address)
    names = ["sim.mrc", "cut.mrc", "castle.png", "stack.mrc", "nan.mrc", "mine.ome.tif"]
    page.locator(".nc-choose input").set_input_files([tmp_path / name for name in names])
    rows = page.locator(".nc-table tbody tr")
    expect(rows).to_have_count(2)
    problems = page.locator(".nc-problems p")
    expect(problems).to_have_count(4)
    expect(problems.nth(0)).to_contain_text("cut.mrc: cut off")
    expect(problems.nth(1)).to_contain_text("castle.png: a photo")
    expect(problems.nth(1)).to_contain_text("sim")
    expect(problems.nth(2)).to_contain_text("stack.mrc: a stack of 2 frames")
    expect(problems.nth(3)).to_contain_text("nan.mrc: 1 of 11,520 pixels")
    expect(page.locator(".nc-facts")).to_have_text("Microscope pictures · pixel of 31.3 nm")
    expect(page.locator(".nc .nv-grid .nv-scalebar").first).to_contain_text("µm")

    limits = shared_limits(map(limits_of, (sim, mine)))

    def drawn(index: int) -> np.ndarray:
        url = page.evaluate(
            "i => document.querySelectorAll('.nc .nv-download')[i].href.replace('.tif', '.png')",
            index,
        )
        shown_url = page.evaluate(
            "stem => performance.getEntriesByType('resource').map(e => e.name)"
            ".filter(name => name.startsWith(stem + '?')).at(-1)",
            url,
        )
        return np.asarray(Image.open(io.BytesIO(page.request.get(shown_url).body())))

    page.wait_for_function("document.querySelector('.nc .nv').dataset.ready === 'true'")
    assert np.array_equal(drawn(0), shown(sim, limits))
    assert np.array_equal(drawn(1), shown(mine, limits))
    page.get_by_label("sim is the original").check()
    wanted = score(mine, sim)
    for value in (f"{wanted.fitted_psnr:.2f}", f"{wanted.raw_psnr:.2f}", f"{wanted.raw_ssim:.4f}"):
        expect(rows.nth(1)).to_contain_text(value)
    assert [*page.locator(".nc-metric:not([hidden])").all_text_contents()][:4] == [
        "PSNR fitted", "NRMSE fitted", "SSIM fitted", "PSNR without fit",
    ]  # fmt: skip
    page.get_by_label("Show all in the counts of the original").check()
    with page.expect_response(lambda reply: "lut=green" in reply.url):
        page.locator(".nc-scope [name=lut]").select_option("green")
    page.wait_for_function("document.querySelector('.nc .nv').dataset.ready === 'true'")
    fit = wanted.gain, wanted.offset
    own, others = limits_of(mine), limits_of(sim)
    fitted = shared_limits([others, Levels(*(fit[0] * count + fit[1] for count in own))])
    unfitted = Levels(*((count - fit[1]) / fit[0] for count in fitted))
    assert np.array_equal(drawn(0), shown(sim, fitted, "green"))
    differs = np.abs(drawn(1).astype(int) - shown(mine, unfitted, "green"))
    assert differs.max() <= 1  # rounding on the way through the address
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = axe.run(page, context=".nc")
    assert found.violations_count == 0, found.generate_report()

    with page.expect_download() as download:
        page.locator(".nc .nv-download").nth(1).click()
    assert download.value.suggested_filename == "mine.ome.tif"
    download.value.save_as(tmp_path / "saved.ome.tif")
    assert np.array_equal(read_stack(tmp_path / "saved.ome.tif").planes[0], mine)
    page.reload()
    expect(rows).to_have_count(2)
    expect(page.locator(".nc-scope [name=lut]")).to_have_value("green")

    page.get_by_role("button", name="Remove all").click()
    scan = tmp_path / "scan.png"
    Image.fromarray(sim).save(scan)
    page.locator(".nc-choose input").set_input_files(scan)
    page.get_by_role("button", name="They are photos").click()
    expect(page.locator(".nc-scope")).to_be_hidden()
    page.locator(".nc-choose input").set_input_files([scan, tmp_path / "castle.png"])
    expect(rows).to_have_count(3)
    page.locator(".nc-choose input").set_input_files(tmp_path / "sim.mrc")
    expect(problems).to_contain_text("sim.mrc: a microscope picture")
    expect(rows).to_have_count(3)

"""A microscope's frame in the page: recognised, shown alike in all panes, its counts saved."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sr.microscopy.files.levels import Levels
from sr.microscopy.files.reading import read_stack
from sr.microscopy.files.stretch import limits_of, shown
from tests.helpers.fake_engine import FakeEngine
from tests.unit.sr.microscopy.conftest import write_mrc

pytest.importorskip("playwright.sync_api", reason="browser tests need playwright")
from playwright.sync_api import Locator, Page, expect

COUNTS = np.random.default_rng(5).integers(100, 60_000, (2, 60, 80)).astype(np.uint16)


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    from demo.app.build import build_app
    from demo.app.settings import Settings
    from survey.session.protected import ProtectedSurvey

    monkeypatch.setitem(os.environ, "GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    settings = Settings(folder=tmp_path, photos_per_minute=100)
    app = build_app(settings, ProtectedSurvey(tmp_path / "data"), FakeEngine())
    yield app.launch(server_port=None, prevent_thread_lock=True, quiet=True)[1]
    app.close(verbose=False)


def choose(page: Page, path: Path) -> Locator:
    page.locator(".picker input[type=file]").set_input_files(path)
    return page.locator(".scope")


def test_a_frame_of_a_stack_is_stretched_coloured_and_saved(open_page, address: str, tmp_path):
    page = open_page(address)
    scope = choose(page, write_mrc(tmp_path / "cell.mrc", COUNTS, pixel_um=0.0626))
    expect(scope).to_contain_text("16 bits · pixel of 62.6 nm, 31.3 nm enlarged")
    expect(page.locator("#scale")).to_be_hidden()
    expect(page.locator(".nv-grid .nv-scalebar").first).to_contain_text("µm")
    scope.locator("[data-scope=frame]").select_option("2")
    big = COUNTS[1].repeat(2, 0).repeat(2, 1)
    low = scope.locator("[data-scope=low]")
    expect(low).to_have_value(str(round(limits_of(big).low)))
    with page.expect_response(lambda r: "lut=green" in r.url) as answer:
        scope.locator("[data-scope=lut]").select_option("green")
    rgb = np.asarray(Image.open(io.BytesIO(page.request.get(answer.value.url).body())))
    assert np.array_equal(rgb, shown(big, limits_of(big), "green"))
    low.fill("1000")
    with page.expect_response(lambda r: "low=1000&" in r.url):
        low.press("Tab")
    scope.locator("[data-scope=high]").fill("20000")
    with page.expect_response(lambda r: "low=1000&high=20000" in r.url) as answer:
        scope.locator("[data-scope=high]").press("Tab")
    rgb = np.asarray(Image.open(io.BytesIO(page.request.get(answer.value.url).body())))
    assert np.array_equal(rgb, shown(big, Levels(1000, 20000), "green"))
    with page.expect_download() as download:
        page.locator('#viewer a[download*="dfcan"]').first.click()
    assert download.value.suggested_filename == "cell_dfcan_x2.tif"
    path = tmp_path / "saved.tif"
    download.value.save_as(path)
    stack = read_stack(path)
    assert np.array_equal(stack.planes[0], big)
    assert stack.pixel_um == pytest.approx(0.0313)
    assert not page.console_errors


def test_a_bad_file_is_refused_and_a_scanned_photograph_can_be_told_to_be_one(
    open_page, address: str, tmp_path: Path
):
    page = open_page(address, locale="pt-BR")
    choose(page, write_mrc(tmp_path / "cut.mrc", COUNTS, cut=3000))
    expect(page.get_by_text("arquivo cortado")).to_be_visible()
    Image.fromarray(COUNTS[0]).save(tmp_path / "scan.png")
    scope = choose(page, tmp_path / "scan.png")
    expect(scope).to_contain_text("tamanho do pixel desconhecido")
    expect(page.locator(".nv-grid .nv-scalebar:visible")).to_have_count(0)
    scope.get_by_text("É uma foto").click()
    expect(page.get_by_text("80 × 60 → 320 × 240 px")).to_be_visible()
    expect(scope).to_have_count(0)

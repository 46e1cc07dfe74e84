"""The owner makes a study in a real browser: from folders to a study that is open."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

pytest.importorskip("playwright.sync_api", reason="browser tests need playwright")
from playwright.sync_api import expect

from demo.results.owner import Owner
from sr.microscopy.files.writing import write_stack
from survey.study.study import load_study
from tests.helpers.fake_engine import FakeEngine
from tests.helpers.tiny_study import make_study

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, Owner]]:
    """An app with a study, and its owner."""
    from demo.app.build import build_app
    from demo.app.settings import Settings
    from survey.session.protected import ProtectedSurvey

    make_study(tmp_path)
    survey, owner = ProtectedSurvey(tmp_path, is_fixed=False), Owner(password="")
    uploads = os.environ.get("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", uploads)
        app = build_app(Settings(folder=tmp_path / "app"), survey, FakeEngine(), owner=owner)
        _, address, _ = app.launch(server_port=None, prevent_thread_lock=True, quiet=True)
        yield address, owner
        app.close(verbose=False)
        survey.close()


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    """Two photographs, and one method's pictures of them."""
    rng = np.random.default_rng(11)
    made = {}
    for name in ("photos", "MINE"):
        made[name] = tmp_path / "chosen" / name
        made[name].mkdir(parents=True)
        for stem in ("castle", "river"):
            pixels = np.kron(rng.integers(0, 256, (80, 120, 3), np.uint8), np.ones((4, 4, 1)))
            Image.fromarray(pixels.astype(np.uint8)).save(made[name] / f"{stem}.png")
    return made


def test_frames_of_a_microscope_are_recognised_and_made_into_a_study(
    served: tuple[str, Owner], open_page: Callable[..., Page], tmp_path: Path
) -> None:
    address, owner = served
    rng = np.random.default_rng(3)
    frames = tmp_path / "frames"
    frames.mkdir()
    for number in (1, 2):
        counts = (100 + 900 * gaussian_filter(rng.random((160, 240)), 2)).astype(np.uint16)
        write_stack(frames / f"cell_{number}.tif", counts[None], 0.0626, "")
    page = open_page(f"{address}?tab=results#owner={owner.link_token()}", locale="pt-BR")
    page.get_by_role("button", name="Novo estudo").click()
    page.get_by_label("Nome, para você").fill("celulas")
    page.locator("[name=photos]").set_input_files(sorted(frames.iterdir()))
    expect(page.locator(".nst-models label")).to_have_count(3)
    expect(page.get_by_text("São imagens de microscópio")).to_be_visible()
    expect(page.locator("[name=no_original]")).to_be_hidden()
    expect(page.locator("[value=degradation]")).to_be_disabled()
    page.locator("[data-model=unet_cascade_x2]").uncheck()
    page.get_by_role("button", name="Ver o plano").click()
    expect(page.locator(".nst-plan-lines")).to_contain_text("2 fotografias", timeout=60_000)
    page.locator(".nst-crops-box summary").click()
    for picture in page.locator(".nst-crop img").all():
        expect(picture).to_have_attribute("src", re.compile("^data:image/png"))
        expect(picture).to_be_visible()
    page.get_by_role("button", name="Preparar", exact=True).click()
    expect(page.locator(".nst-note")).to_contain_text("“celulas”", timeout=60_000)
    study = load_study(tmp_path / "studies" / "celulas")
    assert study.protocol.rated == ("bicubic", "dfcan_x2")
    assert [image.name for image in study.images] == ["cell_1", "cell_2"]
    page.get_by_role("button", name="Novo estudo").click()
    photograph = tmp_path / "cat.png"
    Image.fromarray(np.zeros((400, 500, 3), np.uint8)).save(photograph)
    page.locator("[name=photos]").set_input_files([*sorted(frames.iterdir()), photograph])
    page.get_by_role("button", name="Ver o plano").click()
    expect(page.locator(".nst-problems")).to_contain_text("um estudo compara umas ou outras")
    assert not [e for e in page.console_errors if "422" not in str(e)]  # type: ignore[attr-defined]


def test_the_owner_makes_a_study_and_gives_it_to_raters(
    served: tuple[str, Owner],
    folders: dict[str, Path],
    open_page: Callable[..., Page],
    tmp_path: Path,
) -> None:
    address, owner = served
    page = open_page(f"{address}?tab=results#owner={owner.link_token()}")
    page.get_by_role("button", name="New study").click()
    page.get_by_label("Name, for you").fill("Turma B")
    page.locator("[name=photos]").set_input_files(sorted(folders["photos"].iterdir()))
    page.locator("[name=folder]").set_input_files(folders["MINE"])
    for name in ("SRResNet", "SRGAN"):
        page.locator(".nst-models").get_by_label(name, exact=True).uncheck()
    missing = folders["MINE"] / "river.png"
    page.get_by_role("button", name="See the plan").click()
    expect(page.locator(".nst-plan-lines")).to_contain_text("2 photographs count")
    page.get_by_text("Which part of each photograph is shown").click()
    page.get_by_label("Part that is shown of castle").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("castle: your choice")).to_be_visible()
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = axe.run(page, context=".nst")
    assert found.response["violations"] == []
    page.get_by_role("button", name="Prepare", exact=True).click()
    expect(page.locator(".nst-note")).to_contain_text("“turma-b” is ready", timeout=60_000)
    study = load_study(tmp_path / "studies" / "turma-b")
    assert {image.crop.by for image in study.images if image.crop} == {"owner", "detail"}
    page.get_by_role("button", name="Open: turma-b").click()
    expect(page.locator(".nst-note")).to_contain_text("Raters get “turma-b” now.")
    expect(page.locator(".nr-study")).to_contain_text("turma-b")

    page.get_by_role("button", name="New study").click()
    page.locator("[name=photos]").set_input_files(sorted(folders["photos"].iterdir()))
    missing.unlink()
    page.locator("[name=folder]").set_input_files(folders["MINE"])
    page.get_by_role("button", name="See the plan").click()
    expect(page.locator(".nst-problems")).to_contain_text("MINE: no picture of river")

    page.get_by_role("button", name="Remove MINE").click()
    for name in ("SRResNet", "SRGAN"):
        page.locator(".nst-models").get_by_label(name, exact=True).check()
    page.get_by_role("button", name="See the plan").click()
    expect(page.locator(".nst-plan")).to_be_visible()
    caption = page.locator(".nst-crop span", has_text="castle")
    first = _size(caption)
    page.get_by_label("Part that is shown of castle").focus()
    for key in (*["ArrowLeft", "ArrowUp"] * 4, "Shift+ArrowRight"):
        page.keyboard.press(key)
    wider = _size(caption)
    assert wider[0] == first[0] + 8
    corner = page.locator(".nst-crop", has_text="castle").locator("[data-corner=se]")
    corner.scroll_into_view_if_needed()
    box = corner.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 11, box["y"] + 11)
    page.mouse.down()
    page.mouse.move(box["x"] - 400, box["y"] - 400, steps=4)
    page.mouse.up()
    assert _size(caption) == first  # as small as it may be, and its shape
    errors: list[Any] = page.console_errors  # type: ignore[attr-defined]
    assert [e for e in errors if "422" not in str(e)] == []

    guest = open_page(f"{address}?tab=results")
    expect(guest.get_by_text("The results are not open yet")).to_be_visible()
    expect(guest.locator(".nst")).to_be_hidden()
    assert "castle" not in guest.content()


def _size(caption: Any) -> tuple[int, int]:
    """Width and height of a crop, as its caption says."""
    found = re.search(r"\((\d+) × (\d+)\)", caption.text_content())
    assert found
    return int(found[1]), int(found[2])

"""The page in a real browser: upload, result, both languages, cancel, bad files, examples."""

from __future__ import annotations

import base64
import io
import os
import re
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from demo.upscale.visit import Visits
from demo.web.rates import PhotoLimit, TooOftenError
from demo.web.scripts import script_address
from sr.models.entries.model import Model
from sr.models.entries.shipped import MODELS
from tests.helpers.bad_images import bad_images
from tests.helpers.fake_engine import FakeEngine

pytest.importorskip("playwright.sync_api", reason="browser tests need playwright")
from playwright.sync_api import Page, expect

SLOW_SECONDS = 40


@pytest.fixture(scope="module")
def serve_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., str]]:
    """A function that serves the app with an engine, and returns its address."""
    from demo.app.build import build_app
    from demo.app.settings import Settings
    from survey.session.protected import ProtectedSurvey

    folder = tmp_path_factory.mktemp("nitidez")  # one: a process has one folder of uploads
    before = os.environ.get("GRADIO_TEMP_DIR")
    os.environ["GRADIO_TEMP_DIR"] = str(folder / "uploads")
    apps = []

    def serve(engine: FakeEngine | None) -> str:
        settings = Settings(folder=folder, max_megapixels=0.5)
        app = build_app(settings, ProtectedSurvey(folder / "data"), engine)
        _, address, _ = app.launch(server_port=None, prevent_thread_lock=True, quiet=True)
        apps.append(app)
        return address

    yield serve
    for app in apps:
        app.close(verbose=False)
    if before is None:
        del os.environ["GRADIO_TEMP_DIR"]
    else:
        os.environ["GRADIO_TEMP_DIR"] = before


@pytest.fixture(scope="module")
def quick(serve_demo: Callable[..., str]) -> str:
    return serve_demo(FakeEngine())


@pytest.fixture(scope="module")
def slow_engine() -> FakeEngine:
    return FakeEngine(seconds=SLOW_SECONDS)


@pytest.fixture(scope="module")
def slow(serve_demo: Callable[..., str], slow_engine: FakeEngine) -> str:
    return serve_demo(slow_engine)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    rng = np.random.default_rng()
    path = tmp_path / "férias & praia.png"
    Image.fromarray(rng.integers(0, 256, (60, 80, 3), dtype=np.uint8)).save(path)
    return path


def choose(page: Page, file: Path) -> None:
    page.locator(".picker input[type=file]").set_input_files(file)


def pane(page: Page, label: str):
    return page.locator("#viewer").get_by_text(label, exact=True).first


def test_an_uploaded_photo_becomes_three_versions(open_page, quick: str, photo: Path):
    page = open_page(quick)
    expect(page.get_by_text("Drop a photo here")).to_be_visible()
    with page.expect_response(re.compile(r"/versions/[\w-]{22}\.png")) as answer:
        choose(page, photo)
    image = Image.open(io.BytesIO(page.request.get(answer.value.url).body()))
    assert (image.format, image.size) == ("PNG", (320, 240))
    for label in ("Bicubic", "SRResNet", "SRGAN"):
        expect(pane(page, label)).to_be_visible()
    expect(page.get_by_text("All versions are ready.")).to_be_visible()
    expect(page.get_by_text("80 × 60 → 320 × 240 px")).to_be_visible()
    expect(page.locator(".compact .name")).to_have_text("férias & praia")
    expect(page.locator("#cancel")).to_be_hidden()
    expect(page.locator("#table table")).to_have_count(0)
    expect(page.locator("#scale input")).to_have_count(4)  # 2, 3 and 4 times, and a width
    assert not page.console_errors


def test_the_scale_is_chosen_where_models_of_several_are_there(
    open_page, serve_demo: Callable[..., str], photo: Path, monkeypatch: pytest.MonkeyPatch
):
    toy = Model(name="toy_x3", title="Toy", scale=3, description="a toy", network="toy")
    monkeypatch.setitem(MODELS, "toy_x3", toy)
    page = open_page(serve_demo(FakeEngine()))
    choose(page, photo)
    expect(page.get_by_text("80 × 60 → 320 × 240 px")).to_be_visible()
    expect(page.get_by_text("Every version is 4 times as wide")).to_be_visible()
    page.locator("#scale").get_by_text("3×", exact=True).click()
    expect(page.get_by_text("80 × 60 → 240 × 180 px")).to_be_visible()
    expect(page.get_by_text("Every version is 3 times as wide")).to_be_visible()
    expect(page.get_by_text("All versions are ready.")).to_be_visible()
    for label in ("Bicubic", "Toy"):
        expect(pane(page, label)).to_be_visible()
    expect(page.locator("#viewer").get_by_text("SRGAN", exact=True)).to_have_count(0)
    assert not page.console_errors


def test_the_download_is_the_png_under_a_name_that_says_what_it_is(
    open_page, quick: str, photo: Path
):
    page = open_page(quick)
    choose(page, photo)
    expect(page.get_by_text("All versions are ready.")).to_be_visible()
    with page.expect_download() as download:
        page.locator('#viewer a[download*="srgan"]').first.click()
    assert download.value.suggested_filename == "férias _ praia_srgan_x4.png"
    image = Image.open(download.value.path())
    assert image.text["Nitidez-Model"] == "srgan_x4"


def test_with_the_weights_that_ship_the_download_is_the_networks_own_output(
    open_page, serve_demo: Callable[..., str], tmp_path: Path
):
    from skimage import data

    from sr.images.reading import open_image
    from sr.inference.upscaler import get_upscaler

    file = tmp_path / "cat.png"
    Image.fromarray(data.chelsea()[80:112, 120:168]).save(file)
    page = open_page(serve_demo(None))
    choose(page, file)
    expect(page.get_by_text("All versions are ready.")).to_be_visible(timeout=90_000)
    for model in ("srresnet_x4", "srgan_x4"):
        with page.expect_download() as download:
            page.locator(f'#viewer a[download*="{model}"]').first.click()
        got = np.asarray(Image.open(download.value.path()).convert("RGB"))
        made = get_upscaler(model).upscale(open_image(file)).rgb
        np.testing.assert_array_equal(got, made)


def test_test_mode_measures_and_marks_the_best(open_page, quick: str, photo: Path):
    page = open_page(quick)
    page.get_by_text("Test the models").click()
    choose(page, photo)
    expect(page.get_by_text("80 × 60 px, shrunk to 20 × 15")).to_be_visible()
    expect(page.get_by_text("All versions are ready.")).to_be_visible()
    expect(pane(page, "Original")).to_be_visible()
    rows = page.locator("#table tbody tr")
    expect(rows).to_have_count(3)
    best = rows.filter(has_text="Bicubic").locator("b")
    expect(best).to_have_count(3)
    page.get_by_text("Upscale my photo").click()
    expect(page.get_by_text("80 × 60 → 320 × 240 px")).to_be_visible()
    expect(page.locator("#table table")).to_have_count(0)


def test_a_slider_shows_and_exchanges_one_model_between_two(open_page, quick: str, photo: Path):
    page = open_page(quick)
    choose(page, photo)
    page.get_by_text("Test the models").click()
    expect(page.locator("#table td")).to_have_count(3 * 4)
    page.get_by_role("button", name="Models: 3").click()
    page.get_by_role("slider", name="Share of SRGAN").focus()
    for key, share in (("ArrowLeft", 40), ("ArrowLeft", 30), ("ArrowRight", 40)):
        page.keyboard.press(key)
        title = f"SRResNet {100 - share} % + SRGAN {share} %"
        expect(page.locator("#table th", has_text=title)).to_be_visible()
        expect(page.locator("#table td")).to_have_count(4 * 4)
        expect(pane(page, title)).to_be_visible()
    figure = page.locator('#viewer figure[data-key="between"]')
    expect(figure).to_contain_text("computed before")
    page.reload()
    choose(page, photo)
    expect(page.get_by_role("button", name="Models: 4")).to_be_visible()
    expect(pane(page, "SRResNet 60 % + SRGAN 40 %")).to_be_visible()
    expect(page.get_by_text("All versions are ready.")).to_be_visible()
    assert not page.console_errors


def test_a_width_is_typed_and_versions_of_two_factors_stand_side_by_side(
    open_page, quick: str, photo: Path
):
    page = open_page(quick)
    choose(page, photo)
    page.get_by_role("button", name="Models: 3").click()
    page.locator("[data-model=srresnet_x2]").check()
    expect(pane(page, "SRResNet 4×")).to_be_visible()
    small = page.locator('#viewer figure[data-key="srresnet_x2"]')
    expect(small).to_contain_text("160 × 120 px")
    page.get_by_text("Width…").click()
    field = page.get_by_label("Width in px")
    expect(field).to_have_value("320")
    field.fill("200")
    field.press("Enter")
    expect(page.get_by_text("80 × 60 → 200 × 150 px")).to_be_visible()
    large = page.locator('#viewer figure[data-key="srgan_x4"]')
    expect(large).to_contain_text("reduced from 320 px")
    expect(small).to_contain_text("160 × 120 px")  # which reaches no more
    field.fill("900")
    field.press("Enter")
    expect(page.get_by_text("the width must be from 81 to 320 px")).to_be_visible()
    expect(page.get_by_text("80 × 60 → 200 × 150 px")).to_be_visible()
    page.get_by_text("Test the models").click()
    expect(field).to_be_hidden()
    expect(page.locator("#table td")).to_have_count(3 * 4)
    assert not page.console_errors


def test_one_version_is_stopped_and_the_others_go_on(
    open_page, slow: str, slow_engine: FakeEngine, photo: Path
):
    page = open_page(slow)
    choose(page, photo)
    page.get_by_role("button", name="Stop SRResNet").click()
    expect(page.locator('#viewer figure[data-key="srresnet_x4"]')).to_have_count(0)
    expect(page.locator('#viewer figure[data-key="srgan_x4"]')).to_contain_text("Working")
    expect(page.get_by_role("button", name="Models: 2")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()


def test_the_curve_under_the_viewer_compares_what_is_ready(open_page, quick: str, photo: Path):
    page = open_page(quick, locale="en-US")
    choose(page, photo)
    page.get_by_role("button", name="Show from what density they look alike").click()
    expect(page.locator(".nk-said li")).to_have_count(3)
    assert "SRResNet" in page.locator(".nk-said").inner_text()
    page.get_by_text("Test the models").click()  # a new comparison has to be asked for anew
    page.get_by_role("button", name="Show from what density they look alike").click()
    expect(page.locator(".nk-said li")).to_have_count(6)
    assert "Original" in page.locator(".nk-said").inner_text()


def test_the_page_speaks_the_browsers_language(open_page, quick: str, photo: Path):
    page = open_page(quick, locale="pt-BR")
    expect(page.get_by_text("Solte uma foto aqui")).to_be_visible()
    expect(page.get_by_text("Testar os modelos")).to_be_visible()
    choose(page, photo)
    expect(page.get_by_text("Todas as versões estão prontas.")).to_be_visible()
    expect(pane(page, "Bicúbica")).to_be_visible()
    assert page.evaluate("document.documentElement.lang") == "pt-BR"
    assert not re.search(r"Drop|Choose|Upscale|ready|Examples", page.inner_text("body"))


def test_the_switch_changes_everything_and_is_remembered(open_page, quick: str, photo: Path):
    page = open_page(quick)
    choose(page, photo)
    expect(page.get_by_text("All versions are ready.")).to_be_visible()
    page.get_by_text("Português").click()
    expect(page.get_by_text("Todas as versões estão prontas.")).to_be_visible()
    expect(page.get_by_text("Outra foto")).to_be_visible()
    expect(pane(page, "Bicúbica")).to_be_visible()
    page.reload()
    expect(page.get_by_text("Solte uma foto aqui")).to_be_visible()


def test_cancel_stops_the_work_and_keeps_what_is_ready(
    open_page, slow: str, slow_engine: FakeEngine, photo: Path
):
    page = open_page(slow)
    choose(page, photo)
    expect(page.get_by_text(re.compile(r"^SRResNet: \d+ %"))).to_be_visible()
    expect(page.get_by_text(re.compile("left$")).first).to_be_visible()
    slow_engine.stopped_at = None
    page.locator("#cancel").click()
    expect(page.get_by_text("Cancelled. What was ready stays.")).to_be_visible()
    assert slow_engine.stopped_at is not None
    expect(pane(page, "Bicubic")).to_be_visible()
    expect(pane(page, "SRGAN")).to_have_count(0)
    expect(page.locator("#cancel")).to_be_hidden()


def test_leaving_the_page_stops_its_work(
    open_page, slow: str, slow_engine: FakeEngine, photo: Path
):
    page = open_page(slow)
    choose(page, photo)
    expect(page.get_by_text(re.compile(r"^SRResNet: \d+ %"))).to_be_visible()
    slow_engine.stopped_at = None
    page.close()
    limit = time.monotonic() + 10
    while slow_engine.stopped_at is None:
        assert time.monotonic() < limit
        time.sleep(0.1)


def test_another_photo_takes_over_at_once(
    open_page, slow: str, slow_engine: FakeEngine, photo: Path, tmp_path: Path
):
    page = open_page(slow)
    choose(page, photo)
    expect(page.get_by_text(re.compile(r"^SRResNet: \d+ %"))).to_be_visible()
    other = tmp_path / "other.png"
    Image.new("RGB", (30, 20), "teal").save(other)
    slow_engine.seconds = 0
    try:
        choose(page, other)
        expect(page.get_by_text("30 × 20 → 120 × 80 px")).to_be_visible()
        expect(page.get_by_text("All versions are ready.")).to_be_visible()
    finally:
        slow_engine.seconds = SLOW_SECONDS


@pytest.mark.parametrize(
    ("locale", "says"),
    [
        ("en-US", ["cannot be read as an image", "text.png: a text file"]),
        ("pt-BR", ["não pode ser lido como imagem", "text.png: um arquivo de texto"]),
    ],
)
def test_a_bad_file_is_explained_and_the_next_photo_works(
    open_page, quick: str, photo: Path, tmp_path: Path, locale: str, says: list[str]
):
    page = open_page(quick, locale=locale)
    files = bad_images(tmp_path / "bad")
    for name in ("text.png", "truncated.jpg", "empty.png"):
        expect(page.locator(".picker.hero")).to_be_visible()
        choose(page, files[name])
        for text in says if name == "text.png" else says[:1]:
            expect(page.get_by_role("alert").get_by_text(text)).to_be_visible()
        page.reload()
    choose(page, files["bomb.png"])
    expect(page.get_by_role("alert").get_by_text("megapixels").first).to_be_visible()
    choose(page, photo)
    expect(pane(page, "SRGAN")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_of_a_large_photo_a_part_is_chosen_by_keyboard_or_all_of_it_is_reduced(
    open_page, quick: str, tmp_path: Path
):
    large = tmp_path / "large.png"
    Image.effect_noise((1200, 900), 60).convert("RGB").save(large)
    page = open_page(quick)
    choose(page, large)
    expect(page.get_by_text("1.1 megapixels; up to 0.5 are enlarged")).to_be_visible()
    frame = page.get_by_role("slider", name="Part to enlarge")
    expect(frame).to_have_attribute("aria-valuetext", re.compile(r"^816 × 612 px, 192 px from"))
    frame.focus()
    for key in ("ArrowLeft", "Shift+ArrowUp"):
        for _ in range(3):
            page.keyboard.press(key)
    expect(frame).to_have_attribute("aria-valuetext", re.compile(r"^816 × 570 px, 150 px from"))
    page.get_by_role("button", name="Enlarge the part").click()
    expect(page.get_by_text("816 × 570 → 3264 × 2280 px")).to_be_visible()
    page.get_by_text("Test the models").click()
    expect(page.get_by_text("816 × 568 px, shrunk to 204 × 142")).to_be_visible()
    page.get_by_text("Upscale my photo").click()
    page.get_by_role("button", name="Choose again").click()
    page.get_by_role("button", name="Reduce the photo to 816 × 612 px").click()
    expect(page.get_by_text("Reduced first: the photo has 1200 × 900 px.")).to_be_visible()
    assert not page.console_errors


def test_several_photos_come_back_as_one_zip_in_the_format_asked_for(
    open_page, quick: str, photo: Path
):
    page = open_page(quick)
    other, bad = photo.with_name("other.png"), photo.with_name("bad.png")
    Image.open(photo).resize((40, 30)).save(other)
    bad.write_bytes(b"no picture")
    page.locator(".picker input[type=file]").set_input_files([photo, other, bad])
    expect(page.get_by_text("Download all as a zip (files: 4)")).to_be_visible()
    expect(page.get_by_text("This file cannot be read as an image.")).to_be_visible()
    page.get_by_role("button", name="Save as PNG").click()
    page.locator("[data-save=jpeg]").click()
    expect(page.get_by_role("button", name="Save as JPEG")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_text("Download all as a zip (files: 4)").click()
    names = zipfile.ZipFile(download.value.path()).namelist()
    assert names[:2] == ["férias _ praia_srresnet_x4.jpg", "férias _ praia_srgan_x4.jpg"]
    assert len(names) == 4
    page.get_by_role("button", name="Compare").last.click()
    expect(page.get_by_text("All versions are ready.")).to_be_visible()
    with page.expect_download() as download:
        page.locator('#viewer a[download*="srgan"]').first.click()
    assert download.value.suggested_filename == "other_srgan_x4.jpg"
    image = Image.open(download.value.path())
    assert (image.format, image.size) == ("JPEG", (160, 120))
    assert not page.console_errors


def test_a_file_that_is_too_heavy_is_refused_before_it_is_sent(
    open_page, quick: str, tmp_path: Path
):
    heavy = tmp_path / "heavy.png"
    with heavy.open("wb") as file:
        file.truncate(65_000_000)
    page = open_page(quick)
    expect(page.locator(".picker.hero")).to_be_visible()
    page.evaluate("document.querySelector('.picker').dataset.maxBytes = 1000")
    with heavy.open("wb") as file:
        file.truncate(2000)
    choose(page, heavy)
    expect(page.get_by_role("alert").get_by_text("64 MB")).to_be_visible()


def test_an_example_is_one_click_away(open_page, quick: str):
    page = open_page(quick)
    page.get_by_role("button", name="Coffee").click()
    expect(page.get_by_text("112 × 75 → 448 × 300 px")).to_be_visible()
    expect(page.get_by_text("All versions are ready.")).to_be_visible()
    page.get_by_role("button", name="Cat").click()
    expect(page.locator(".compact .name")).to_have_text("Cat")


def test_a_photo_can_be_pasted_and_dropped_anywhere(open_page, quick: str, photo: Path):
    page = open_page(quick)
    expect(page.locator(".picker.hero")).to_be_visible()
    data = base64.b64encode(photo.read_bytes()).decode()
    send = """([kind, data]) => {
      const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
      const transfer = new DataTransfer();
      transfer.items.add(new File([bytes], kind + ".png", { type: "image/png" }));
      const options = { bubbles: true, cancelable: true };
      document.body.dispatchEvent(kind === "pasted"
        ? new ClipboardEvent("paste", { ...options, clipboardData: transfer })
        : new DragEvent("drop", { ...options, dataTransfer: transfer }));
    }"""
    for kind in ("pasted", "dropped"):
        page.evaluate(send, [kind, data])
        expect(page.locator(".compact .name")).to_have_text(kind)
        expect(page.get_by_text("All versions are ready.")).to_be_visible()


def test_everything_can_be_reached_with_the_keyboard(open_page, quick: str):
    page = open_page(quick)
    expect(page.locator(".picker.hero")).to_be_visible()
    reached = []
    for _ in range(20):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("(document.activeElement.innerText || '').trim()"))
    assert "Choose a file" in reached
    assert "Coffee" in reached
    page.get_by_role("button", name="Coffee").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("All versions are ready.")).to_be_visible()


def test_a_click_before_the_script_has_come_is_not_lost(open_page, quick: str):
    page = open_page("about:blank", own=True)
    held: list[Any] = []
    page.route(f"**/{script_address()}", lambda route: held.append(route))
    page.goto(quick)
    page.locator("[data-sample=cat]").click()
    for route in held:
        route.continue_()
    expect(page.get_by_text("All versions are ready.")).to_be_visible()
    assert held


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("locale", ["en-US", "pt-BR"])
def test_nothing_is_wider_than_a_phone(open_page, quick: str, locale: str, dark: bool):
    page = open_page(quick, width=360, height=740, locale=locale, dark=dark)
    expect(page.locator(".picker.hero")).to_be_visible()
    page.locator("#mode label").nth(1).click()
    page.locator("[data-sample=cat]").click()
    expect(page.locator("#table b").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_the_lists_beside_the_photo_open_inside_the_window(open_page, quick: str):
    page = open_page(quick, width=768, locale="pt-BR")
    page.locator("[data-sample=cat]").click()
    for name in ("models", "save"):
        page.locator(f"[data-open={name}]").click()
        panel = page.locator(f"[data-panel={name}]")
        expect(panel).to_be_visible()
        box = panel.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 768
        page.keyboard.press("Escape")


def test_the_mode_asked_for_while_a_photo_is_read_is_for_that_photo(
    open_page, quick: str, photo: Path, monkeypatch: pytest.MonkeyPatch
):
    page = open_page(quick)
    choose(page, photo)
    expect(page.get_by_text("All versions are ready.")).to_be_visible()
    read = Visits.read
    monkeypatch.setattr(Visits, "read", lambda *given: (time.sleep(1.5), read(*given))[1])
    other = photo.with_name("other.png")
    Image.open(photo).resize((96, 64)).save(other)
    choose(page, other)
    page.wait_for_timeout(300)
    page.get_by_text("Test the models").click()
    expect(page.get_by_text("96 × 64 px, shrunk to 24 × 16")).to_be_visible()
    expect(page.locator(".compact .name")).to_have_text("other")


def test_a_refusal_for_now_takes_nothing_away(
    open_page, quick: str, photo: Path, monkeypatch: pytest.MonkeyPatch
):
    page = open_page(quick)
    choose(page, photo)
    expect(page.get_by_text("All versions are ready.")).to_be_visible()

    def refuse(*_: object) -> None:
        raise TooOftenError(30)

    monkeypatch.setattr(PhotoLimit, "take", refuse)
    page.get_by_text("Test the models").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(pane(page, "SRGAN")).to_be_visible()
    expect(page.locator(".compact .name")).to_have_text("férias & praia")
    monkeypatch.undo()
    page.get_by_text("Upscale my photo").click()
    expect(page.get_by_role("alert")).to_be_hidden()
    expect(page.get_by_text("All versions are ready.")).to_be_visible()


def test_nothing_is_fetched_from_elsewhere_and_no_history_is_kept(open_page, quick: str):
    page = open_page("about:blank", own=True)
    strangers: list[str] = []
    page.on("request", lambda request: strangers.append(request.url))
    page.goto(quick)
    page.get_by_role("button", name="Coffee").click()
    expect(page.get_by_text("All versions are ready.")).to_be_visible()
    own = (quick.rstrip("/"), "data:", "blob:")
    assert [url for url in strangers if not url.startswith(own)] == []
    assert page.evaluate("Object.keys(localStorage).filter((k) => k.includes('history'))") == []

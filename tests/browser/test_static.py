"""The site without a server, in real browsers: what it makes, offline, and what it says when
something is missing. The site is built once, with ONNX Runtime from npm's registry.
"""

from __future__ import annotations

import functools
import io
import re
import socket
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("playwright.sync_api", reason="browser tests need playwright")
pytest.importorskip("onnx", reason="ONNX files are made with requirements-export.txt")
from playwright.sync_api import expect

from demo.static.build import small_files, write_site
from demo.static.lpips import lpips_file
from demo.static.runtime import ARCHIVE
from sr.batches.pixels import default_cache
from sr.figures.paper_files import GAP_PX, MARGIN_PX
from sr.images.photo import Photo
from sr.images.reading import open_image
from sr.images.resize import matlab_bicubic, nearest
from sr.inference.upscaler import get_upscaler
from sr.metrics.fidelity import measure
from tests.helpers.bad_images import display_p3_profile, png_bytes
from tests.helpers.firefox import firefox_path, open_firefox

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

MODELS = ("bicubic", "srresnet_x4", "srgan_x4")
PHOTO = Path(__file__).parents[2] / "demo" / "upscale" / "examples" / "cat_srgan_x4.png"
WORK_MS = 60_000  # on machines that can be busy
SURVEY = "https://survey.example/"
DONE = "#upscale:has(#work:not([hidden]) #cancel[hidden]) .nv[data-ready=true]"
IN_TILES = """async ([width, height, data, tilePx]) => {
  const { Engine } = await import(new URL("static/site/engine.js", document.baseURI));
  const site = await (await fetch("site.json")).json();
  const engine = new Engine();
  engine.tilePx = tilePx;
  const picture = { width, height, data: Uint8Array.from(data) };
  const shares = [];
  const args = { model: site.models[0], scale: 4, picture, original: null, text: {} };
  const { png } = await engine.version(args, (share) => shares.push(share));
  engine.stop();
  return [[...new Uint8Array(await png.arrayBuffer())], shares];
}"""
READ = """async (contents) => {
  const module = new URL("static/site/photo.js", document.baseURI);
  const { onWhite, openPhoto, pixelsOf } = await import(module);
  return Promise.all(contents.map(async (content) => {
    const bitmap = await openPhoto(new Blob([Uint8Array.from(content)]));
    const { width, height, data, isOnWhite } = onWhite(await pixelsOf(bitmap));
    const part = onWhite(await pixelsOf(bitmap, { left: 3, top: 2, width: 4, height: 5 }));
    return { width, height, data: [...data], part: [...part.data], isOnWhite: Boolean(isOnWhite) };
  }));
}"""
FILES = """() => Promise.all(
  [...document.querySelectorAll("#upscale .nv-grid a[download]")].map(async (link) => {
    const content = await (await fetch(link.href)).arrayBuffer();
    return [link.download, [...new Uint8Array(content)]];
  }))"""
KEPT = """async () => Object.fromEntries(await Promise.all((await caches.keys()).map(
  async (name) => [name, (await (await caches.open(name)).keys()).map(({ url }) => url)])))"""
UPDATE = """async () => {
  const registration = await (await navigator.serviceWorker.ready).update();
  while (!registration.waiting) await new Promise((resolve) => setTimeout(resolve, 50));
}"""
FIGURE = """async () => {
  const content = await (await fetch(document.querySelector(".nc-figure").src)).arrayBuffer();
  return [...new Uint8Array(content)];
}"""


class Quiet(SimpleHTTPRequestHandler):
    """Python's plain file server: it knows of no headers that threads would need."""

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if not (default_cache().with_name("npm") / ARCHIVE.name).is_file():
        try:
            socket.create_connection(("registry.npmjs.org", 443), timeout=3).close()
        except OSError as error:
            pytest.skip(f"npm's registry, which has ONNX Runtime, cannot be reached: {error}")
    folder = tmp_path_factory.mktemp("static") / "site"
    write_site(folder, survey_address=SURVEY)
    with served(folder) as address:
        yield address


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photo") / "cat.png"
    with Image.open(PHOTO) as image:
        image.convert("RGB").crop((150, 100, 198, 136)).save(path)
    return path


def pixels_of(content: list[int]) -> np.ndarray:
    return np.array(Image.open(io.BytesIO(bytes(content))))


def difference(found: np.ndarray, model: str, low: np.ndarray) -> int:
    """In grey levels, from what the server makes, in single precision."""
    made = get_upscaler(model, precision="float32").upscale(Photo(low))
    return int(np.abs(made.rgb.astype(int) - found).max())


def check_accessible(page: Page) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = axe.run(page)
    assert found.violations_count == 0, found.generate_report()


def check_figure(page: Page, versions: list[np.ndarray]) -> None:
    """The versions go to the other tab; their figure, in all its kinds, has exact pixels."""
    page.get_by_role("button", name="Comparar e montar uma figura").click()
    names = page.locator(".nc-table tbody input[type=text]")
    expect(names).to_have_count(len(versions))
    expect(page.get_by_label("Original é a original")).to_be_checked()
    expect(page.locator(".nc-table tbody tr").last).to_contain_text(",")  # a number of decibels
    page.get_by_label("Nome da imagem 2").fill("A & B")
    page.keyboard.press("Enter")
    if lpips_file() is not None:
        page.get_by_role("button", name="Medir também o LPIPS").click()
        cell = page.locator(".nc-table tbody tr:nth-child(2) td:nth-child(7)")
        expect(cell).to_contain_text(",")
        known = measure(versions[1], versions[0], crop_px=4).lpips_alex
        assert float(cell.inner_text().replace(",", ".")) == pytest.approx(known, abs=0.002)
    page.get_by_role("button", name="Desenhar recortes").click()
    page.locator(".nc .nv-view").first.scroll_into_view_if_needed()
    view = page.locator(".nc .nv-view").first.bounding_box()
    assert view is not None
    x, y = view["x"] + view["width"] / 2, view["y"] + view["height"] / 2
    page.mouse.move(x - 30, y - 24)
    page.mouse.down()
    page.mouse.move(x + 30, y + 24, steps=3)
    page.mouse.up()
    said = page.locator(".nc-boxes button").inner_text()
    left, top, width, height = map(int, re.findall(r"\d+", said)[1:])
    page.get_by_role("button", name="Usar a parte visível").click()

    def made(name: str) -> bytes:
        with page.expect_download() as download:
            page.get_by_role("button", name=name, exact=True).click()
        return Path(download.value.path()).read_bytes()

    times = 200 // width
    known = [nearest(each[top : top + height, left : left + width], times) for each in versions]
    drawn = np.array(Image.open(io.BytesIO(made("Montar a figura (PNG)"))))
    start = MARGIN_PX + versions[0].shape[1] + 2 * GAP_PX
    step = max(width * times, versions[0].shape[1] * max(1, 200 // versions[0].shape[1])) + GAP_PX
    for column, crop in enumerate(known):
        part = drawn[MARGIN_PX:, start + column * step :][: crop.shape[0], : crop.shape[1]]
        assert (part == crop).all()
    letters = drawn[-40:-16, MARGIN_PX:-MARGIN_PX]
    assert letters.min() < 128 < letters.mean()  # the caption
    expect(page.locator(".nc-figure")).to_be_visible()
    svg = made("SVG").decode()
    assert ">A &amp; B</text>" in svg
    assert f">{measure(versions[1], versions[0], crop_px=4, lpips=None).psnr_y:.2f} dB" in svg
    with zipfile.ZipFile(io.BytesIO(made("LaTeX"))) as packed:
        assert r"A \& B" in packed.read("figure.tex").decode()
        for column, crop in enumerate(known):
            inside = Image.open(io.BytesIO(packed.read(f"figure/box1_{column + 1}.png")))
            assert (np.array(inside) == crop).all()
    check_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_phone_tests_the_models_and_goes_on_offline(
    address: str, open_page: Callable[..., Page], photo: Path
) -> None:
    phone = {"width": 390, "height": 844, "dpr": 2, "locale": "pt-BR", "has_touch": True}
    page = open_page(address, own=True, **phone)
    # the service worker has given the page the headers that its host does not
    expect(page.locator("html[data-isolated=true]")).to_be_attached()
    check_accessible(page)
    page.get_by_text("Testar os modelos").click()
    page.locator(".picker input[type=file]").set_input_files(photo)
    expect(page.locator(DONE)).to_be_attached(timeout=WORK_MS)
    expect(page.locator("#status")).to_contain_text("Todas as versões estão prontas.")
    expect(page.locator("#status")).to_contain_text("threads deste aparelho")
    versions = {name: pixels_of(content) for name, content in page.evaluate(FILES)}
    original = np.array(Image.open(photo))
    low = matlab_bicubic(original, 0.25)
    assert (versions["cat_original.png"] == original).all()
    for model, row in zip(MODELS, page.locator(".table tbody tr").all(), strict=True):
        found = versions[f"cat_{model}.png"]
        assert difference(found, model, low) <= (0 if model == "bicubic" else 1)
        known = measure(found, original, crop_px=4, lpips=None)
        expect(row).to_contain_text(f"{known.psnr_y:.2f}".replace(".", ","))
        expect(row).to_contain_text(f"{known.ssim_y:.4f}".replace(".", ","))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    check_accessible(page)
    check_figure(page, [versions[f"cat_{name}.png"] for name in ("original", *MODELS)])

    page.context.set_offline(True)
    page.reload()
    expect(page.locator("html[data-isolated=true]")).to_be_attached()
    page.get_by_role("tab", name="Comparar").click()
    page.locator(".nc-choose input").set_input_files([photo, photo])
    page.get_by_label("cat é a original").check()
    expect(page.locator(".nc-table tbody tr").nth(1)).to_contain_text("igual")
    page.get_by_role("tab", name="Ampliar").click()
    page.get_by_text("Testar os modelos").click()
    page.locator(".picker input[type=file]").set_input_files(photo)
    expect(page.locator(DONE)).to_be_attached(timeout=WORK_MS)
    expect(page.locator("#status")).to_contain_text("Todas as versões estão prontas.")
    errors: list[str] = page.console_errors  # type: ignore[attr-defined]
    assert errors == []


def test_a_page_that_is_open_stays_whole_while_a_newer_one_is_put_there(
    open_page: Callable[..., Page], tmp_path: Path
) -> None:
    def put(survey_address: str, *large: str) -> None:
        site = {"models": [{"name": "a", "title": "A"}], "scale": 4, "runtime_bytes": 1}
        files = small_files(site | {"survey_address": survey_address}, b"", large)
        for name, content in (files | dict.fromkeys(large, b"")).items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(content)

    put("", "models/both", "models/one")
    with served(tmp_path) as address:
        page = open_page(address, own=True)
        link = page.get_by_role("link", name="Take part in the survey")
        expect(page.locator("html[data-isolated=true]")).to_be_attached()
        page.evaluate("() => Promise.all(['both', 'one'].map((name) => fetch(`models/${name}`)))")
        put(SURVEY, "models/both")
        page.evaluate(UPDATE)
        page.reload()
        expect(page.locator("html[data-started=true]")).to_be_attached()
        expect(link).to_have_count(0)
        page.close()
        other = page.context.new_page()
        other.wait_for_timeout(500)  # for the browser to see that nobody has the page any more
        other.goto(address)
        expect(other.get_by_role("link", name="Take part in the survey")).to_have_count(1)
        kept = other.evaluate(KEPT)
    assert len(kept) == 2
    assert [url.removeprefix(address) for url in kept["nitidez-large"]] == ["models/both"]


def test_several_photos_come_back_as_one_zip(
    address: str, open_page: Callable[..., Page], photo: Path, tmp_path: Path
) -> None:
    pixels = np.array(Image.open(photo))
    seen = np.hypot(*np.mgrid[-9:9, -24:24])[..., None]  # all of it in the middle, then less
    alpha = np.clip(400 - 24 * seen, 0, 255).astype(np.uint8)
    through = np.dstack([pixels[:18], alpha])
    for name, part in (("cat.png", pixels), ("CAT.bmp", pixels[:20]), ("é ü.webp", through)):
        Image.fromarray(part).save(tmp_path / name, lossless=True)
    (tmp_path / "notes.png").write_text("no picture")
    page = open_page(address, own=True, service_workers="block")
    expect(page.locator("[name=model]").first).to_be_attached()
    page.locator("[name=model]").evaluate_all("boxes => boxes.forEach((box) => box.click())")
    page.locator(".picker input[type=file]").set_input_files(list(tmp_path.iterdir()))
    rows = page.locator(".batch li")
    expect(rows).to_have_count(4)
    expect(page.locator("#status")).to_have_text("Ready, except: notes.png.")
    expect(page.locator(".batch li.failed")).to_contain_text("notes.png: not a picture")
    expect(rows.filter(has_text="CAT.bmp")).to_contain_text("48 × 20 → 192 × 80 px")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download all as a zip (files: 3)").click()
    with zipfile.ZipFile(download.value.path()) as packed:
        assert packed.testzip() is None
        found = {name: np.array(Image.open(packed.open(name))) for name in packed.namelist()}
    assert set(found) == {"CAT_bicubic.png", "cat_bicubic (2).png", "é ü_bicubic.png"}
    assert (found["cat_bicubic (2).png"] == matlab_bicubic(pixels, 4)).all()
    known = get_upscaler("bicubic").upscale(Photo(pixels[:18], alpha[..., 0]))
    assert (found["é ü_bicubic.png"][..., 3] == known.alpha).all()
    laid = Photo(found["é ü_bicubic.png"][..., :3], known.alpha).on_white().rgb.astype(int)
    assert np.abs(laid - known.on_white().rgb).max() <= 1
    rows.filter(has_text="é ü").get_by_role("button", name="Compare").click()
    expect(page.locator(".nv[data-ready=true]").first).to_be_attached()
    assert list(dict(page.evaluate(FILES))) == ["é ü_bicubic.png"]
    check_accessible(page)
    page.get_by_label("SRGAN").check()  # all of them anew, with what is chosen now
    expect(page.locator("#status")).to_contain_text("Photo 1 of 4")
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#status")).to_contain_text("Cancelled")
    page.locator(".picker input[type=file]").set_input_files(photo)
    expect(page.locator(".batch")).to_be_hidden()
    errors: list[str] = page.console_errors  # type: ignore[attr-defined]
    assert errors == []


def test_tiles_cannot_be_seen(address: str, open_page: Callable[..., Page]) -> None:
    with Image.open(PHOTO) as image:
        low = np.array(image.convert("RGB").crop((150, 100, 194, 136)))
    page = open_page(address, own=True, service_workers="block")
    content, shares = page.evaluate(IN_TILES, [44, 36, low.ravel().tolist(), 32])
    assert difference(pixels_of(content), "srresnet_x4", low) <= 1
    assert shares == sorted(shares)
    assert len(shares) > 8  # two by two tiles, each told at least twice
    assert shares[-1] == pytest.approx(1)


def test_photos_are_turned_and_their_colours_brought_to_srgb(
    address: str, open_page: Callable[..., Page], tmp_path: Path
) -> None:
    with Image.open(PHOTO) as image:
        photo = image.convert("RGB").crop((150, 100, 190, 124))
    deep = np.random.default_rng(0).integers(0, 65536, (24, 40, 3)).astype(np.uint16)
    turned = Image.Exif()
    turned[0x0112] = 6
    photo.save(tmp_path / "turned.jpg", quality=98, subsampling=0, exif=turned)
    photo.save(tmp_path / "profile.png", icc_profile=display_p3_profile())
    seen = np.arange(24 * 40, dtype=np.uint8).reshape(24, 40)
    Image.merge("RGBA", [*photo.split(), Image.fromarray(seen)]).save(tmp_path / "alpha.png")
    (tmp_path / "deep.png").write_bytes(png_bytes(deep))
    files = [tmp_path / name for name in ("turned.jpg", "profile.png", "alpha.png", "deep.png")]
    page = open_page(address, own=True, service_workers="block")
    found = page.evaluate(READ, [list(file.read_bytes()) for file in files])
    for file, read in zip(files, found, strict=True):
        known = open_image(file).on_white().rgb
        assert (read["height"], read["width"]) == known.shape[:2], file.name
        pixels = np.reshape(read["data"], known.shape)
        assert np.abs(pixels - known).max() <= 2, file.name
        assert (np.reshape(read["part"], (5, 4, 3)) == pixels[2:7, 3:7]).all()
        assert read["isOnWhite"] == (file.name == "alpha.png")


def test_without_isolation_one_thread_works_and_a_broken_file_is_told(
    address: str, open_page: Callable[..., Page], photo: Path
) -> None:
    page = open_page("about:blank", own=True, service_workers="block")

    def broken(route: Route) -> None:
        body = bytearray(route.fetch().body())
        body[len(body) // 2] ^= 1
        route.fulfill(body=bytes(body))

    page.route("**/models/srgan_x4-weights-*", broken)
    page.goto(address)
    expect(page.locator("html[data-isolated=false]")).to_be_attached()
    link = page.get_by_role("link", name="Take part in the survey")
    expect(link).to_have_attribute("href", SURVEY)
    page.get_by_text("Test the models").click()  # of a small picture: it is quick
    page.locator(".picker input[type=file]").set_input_files(photo)
    expect(page.locator(DONE)).to_be_attached(timeout=WORK_MS)
    expect(page.locator("#status")).to_contain_text("Ready, except: SRGAN.")
    expect(page.locator("#status")).to_contain_text("on one thread")
    expect(page.locator("#upscale .nv-grid")).to_contain_text("the checksum is another")
    found = dict(page.evaluate(FILES))["cat_srresnet_x4.png"]
    low = matlab_bicubic(np.array(Image.open(photo)), 0.25)
    assert difference(pixels_of(found), "srresnet_x4", low) <= 1


def test_what_is_cancelled_leaves_the_panes_and_has_not_failed(
    address: str, open_page: Callable[..., Page], photo: Path
) -> None:
    page = open_page("about:blank", own=True, service_workers="block")
    page.route("**/models/srresnet_x4-weights-*", lambda _: None)  # never answered
    page.goto(address)
    page.locator(".picker input[type=file]").set_input_files(photo)
    grid = page.locator("#upscale .nv-grid")
    expect(page.locator("#status")).to_contain_text("SRResNet")
    expect(grid.locator("figure")).to_have_count(3)
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#status")).to_contain_text("Cancelled. What was ready stays.")
    expect(grid.locator("figure")).to_have_count(1)
    expect(grid.locator("a[download]")).to_have_attribute("download", "cat_bicubic.png")
    expect(page.locator("#upscale")).not_to_contain_text("ailed")


def test_panes_are_as_dark_as_the_page(address: str, open_page: Callable[..., Page]) -> None:
    surround = "getComputedStyle(document.querySelector('.nv')).getPropertyValue('--surround')"
    page = open_page(address, dark=True)
    expect(page.locator("html.dark")).to_be_attached()
    assert page.evaluate(surround) == "#131313"
    page.emulate_media(color_scheme="light")
    expect(page.locator("html:not(.dark)")).to_be_attached()
    assert page.evaluate(surround) == "#e9e9e9"


def test_no_webassembly_and_no_picture_are_said_in_words(
    address: str, open_page: Callable[..., Page], photo: Path, tmp_path: Path
) -> None:
    page = open_page("about:blank", own=True, service_workers="block")

    def without(route: Route) -> None:
        hidden = 'Object.defineProperty(self, "WebAssembly", { value: undefined });\n'
        route.fulfill(body=hidden + route.fetch().text(), content_type="text/javascript")

    page.route("**/static/work/worker.js", without)
    page.goto(address)
    (tmp_path / "notes.png").write_text("no picture")
    page.locator(".picker input[type=file]").set_input_files(tmp_path / "notes.png")
    expect(page.locator(".picker [role=alert]")).to_contain_text("notes.png: not a picture")
    page.locator(".picker input[type=file]").set_input_files(photo)
    expect(page.locator(DONE)).to_be_attached(timeout=WORK_MS)
    expect(page.locator("#status")).to_contain_text("Ready, except: SRResNet, SRGAN.")
    expect(page.locator("#upscale .nv-grid")).to_contain_text("This browser has no WebAssembly")
    page.get_by_label("Português").check(force=True)
    expect(page.locator("#upscale .nv-grid")).to_contain_text("não tem WebAssembly")


@pytest.mark.parametrize("is_isolated", [True, False], ids=["threads", "one-thread"])
def test_firefox_gives_the_same_pixels(
    address: str, photo: Path, tmp_path: Path, is_isolated: bool
) -> None:
    pytest.importorskip("websockets", reason="Firefox is driven with requirements-dev.txt")
    executable = firefox_path()
    if executable is None:
        pytest.skip("no Firefox is installed: apt-get install firefox-esr")
    low = np.array(Image.open(photo))
    (tmp_path / "profile").mkdir()
    # the service worker gives the page the headers that its host does not
    preferences = {"dom.serviceWorkers.enabled": is_isolated, "intl.accept_languages": "en"}
    with open_firefox(executable, tmp_path / "profile", **preferences) as firefox:
        firefox.goto(address)
        isolated = str(is_isolated).lower()
        firefox.wait_for(f'document.documentElement.dataset.isolated === "{isolated}"')
        firefox.evaluate("() => document.querySelector('[value=srgan_x4]').click()")
        firefox.choose_files(".picker input[type=file]", photo)
        firefox.wait_for(f"document.querySelector({DONE!r})")
        status = firefox.evaluate("() => document.querySelector('#status').textContent")
        assert "All versions are ready." in status
        assert ("threads of this device" if is_isolated else "on one thread") in status
        versions = {name: pixels_of(content) for name, content in firefox.evaluate(FILES)}
        bicubic = matlab_bicubic(low, 4)
        assert (versions["cat_bicubic.png"] == bicubic).all()
        assert difference(versions["cat_srresnet_x4.png"], "srresnet_x4", low) <= 1

        firefox.evaluate("() => document.querySelector('[data-figure]').click()")
        firefox.wait_for("document.querySelectorAll('.nc-table tbody tr').length === 2")
        firefox.wait_for("document.querySelector('.nc-note').textContent === ''")
        firefox.evaluate("() => document.querySelector('[data-go=figure-png]').click()")
        firefox.wait_for("document.querySelector('.nc-figure').naturalWidth")
        figure = pixels_of(firefox.evaluate(FIGURE))
        shown = figure[16 : 16 + bicubic.shape[0], 16 : 16 + bicubic.shape[1]]
        is_other = (shown != bicubic).any(axis=2)
        assert (shown[is_other] == (213, 94, 0)).all()  # a box's frame
        assert is_other.mean() < 0.2

        pixels = np.random.default_rng(0).integers(0, 256, (12, 9, 4), np.uint8)
        Image.fromarray(pixels).save(tmp_path / "alpha.png")
        content = list((tmp_path / "alpha.png").read_bytes())
        (read,) = firefox.evaluate(READ, [content])
        colour, alpha = pixels[..., :3].astype(int), pixels[..., 3:].astype(int)
        laid = (colour * alpha + 255 * (255 - alpha) + 127) // 255
        assert read["isOnWhite"]
        assert np.abs(np.reshape(read["data"], laid.shape) - laid).max() <= 2

"""The comparison viewer in a real browser: exact pixels, one viewport, keys, updates, layout."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("gradio", reason="the viewer is a Gradio component")

import gradio as gr

from demo.web.viewer import build_viewer, viewer_text, viewer_value

WIDTH, HEIGHT = 480, 320
KEYS = ("q7", "m2", "x9", "b4", "t1")  # the viewer must not care what versions are called
LABELS = dict(zip(KEYS, ("Nearest", "Bicubic", "SRResNet", "SRGAN", "Original"), strict=True))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """PNG files of noise: any resampling, shift or colour change of one pixel shows."""
    folder = tmp_path_factory.mktemp("viewer")
    random = np.random.default_rng(7)
    paths = {}
    for name in (*KEYS, "other", "final"):
        pixels = random.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
        paths[name] = folder / f"{name}.png"
        Image.fromarray(pixels).save(paths[name])
    small = random.integers(0, 256, (HEIGHT // 4, WIDTH // 4, 3), dtype=np.uint8)
    paths["small"] = folder / "small.png"
    Image.fromarray(small).save(paths["small"])
    clear = np.zeros((HEIGHT, WIDTH, 4), dtype=np.uint8)
    clear[: HEIGHT // 2] = (200, 10, 10, 255)
    paths["clear"] = folder / "clear.png"
    Image.fromarray(clear).save(paths["clear"])
    large = random.integers(0, 256, (1200, 2000, 3), dtype=np.uint8)
    for name in ("large_a", "large_b"):
        paths[name] = folder / f"{name}.png"
        Image.fromarray(large).save(paths[name])
        large = large // 2
    return paths


def pane(key: str, path: Path | None, **fields: Any) -> dict[str, Any]:
    described = {"key": key, "label": LABELS.get(key, key), "width": WIDTH, "height": HEIGHT}
    if path is not None:
        described |= {"path": str(path), "download_name": f"photo_{key}_x4.png"}
    return described | fields


@pytest.fixture(scope="module")
def scenes(pictures: dict[str, Path]) -> dict[str, dict[str, Any]]:
    """Values of the viewer, by the name of the button that shows them."""
    all_ready = [pane(key, pictures[key], caption="0.02 s · 25.3 dB") for key in KEYS]
    running = pane("x9", None, state="running", progress=0.43, seconds_left=72.0)
    waiting = pane("b4", None, state="waiting")
    failed = pane("b4", None, state="failed", message="out of memory")
    size = {"width": 2000, "height": 1200}
    return {
        "english": viewer_value(all_ready, language="en", set_id="one", pair=("m2", "b4")),
        "portuguese": viewer_value(all_ready, language="pt-BR", set_id="one"),
        "partly": viewer_value([*all_ready[:2], running, waiting], language="en", set_id="one"),
        "failed": viewer_value([*all_ready[:2], failed], language="en", set_id="one"),
        "replaced": viewer_value(
            [*all_ready[:4], pane("t1", pictures["final"])], language="en", set_id="one"
        ),
        "next": viewer_value([pane("m2", pictures["other"])], language="en", set_id="two"),
        "small": viewer_value(
            [
                pane("q7", pictures["small"], width=WIDTH // 4, height=HEIGHT // 4),
                pane("m2", pictures["m2"]),
            ],
            language="en",
            set_id="three",
        ),
        "clear": viewer_value([pane("m2", pictures["clear"])], language="en", set_id="four"),
        "large": viewer_value(
            [pane("q7", pictures["large_a"], **size), pane("m2", pictures["large_b"], **size)],
            language="en",
            set_id="five",
        ),
        "empty": viewer_value([], language="en", set_id="six", message="Choose a photo"),
    }


@pytest.fixture(scope="module")
def address(launch_app: Callable[..., str], scenes: dict[str, dict[str, Any]]) -> str:
    with gr.Blocks() as blocks:
        viewer = build_viewer(elem_id="viewer")
        gr.Textbox(label="elsewhere")
        with gr.Row():
            for name, value in scenes.items():
                gr.Button(name).click(
                    lambda value=value: value, None, viewer, show_progress="hidden"
                )
    return launch_app(blocks)


@pytest.fixture
def view(open_page: Callable[..., Any], address: str) -> Iterator[Callable[..., Viewer]]:
    """A function that opens the page and shows a scene; afterwards no error may be left over."""
    opened = []

    def open_scene(scene: str = "english", **options: Any) -> Viewer:
        viewer = Viewer(open_page(address, **options))
        opened.append(viewer)
        viewer.show(scene)
        return viewer

    yield open_scene
    for viewer in opened:
        assert viewer.page.console_errors == []


class Viewer:
    """What a person does and sees in one page."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.page.wait_for_selector(".nv[data-zoom]")

    def show(self, scene: str) -> None:
        self.page.evaluate("document.querySelector('.nv').dataset.ready = 'asked'")
        self.page.get_by_role("button", name=scene, exact=True).click()
        self.page.mouse.move(2, 2)
        self.wait()

    def wait(self, **attributes: str) -> None:
        wanted = {"ready": "true", **attributes}
        self.page.wait_for_selector(
            ".nv" + "".join(f'[data-{name}="{value}"]' for name, value in wanted.items()),
            state="attached",
        )

    def data(self, name: str) -> str:
        return self.page.locator(".nv").get_attribute(f"data-{name}")

    def press(self, key: str) -> None:
        self.page.locator(".nv-stage").focus()
        self.page.keyboard.press(key)
        self.wait()

    def zoom_to(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()
        self.page.mouse.move(2, 2)
        self.wait(**({} if name == "Fit" else {"zoom": name[0]}))

    def place(self, index: int = 0) -> dict[str, Any]:
        """Where a visible view lies on the screen and the picture in it, in device pixels."""
        return self.page.evaluate(
            """index => {
                const boxes = [...document.querySelectorAll('.nv-view')];
                const box = boxes.filter(box => box.offsetParent)[index];
                const canvas = box.querySelector('canvas').getBoundingClientRect();
                const [x, y, width, height] = box.dataset.seen.split(' ').map(Number);
                return {
                    left: x + Math.round(canvas.left * window.devicePixelRatio),
                    top: y + Math.round(canvas.top * window.devicePixelRatio),
                    width, height,
                    frame: box.dataset.frame.split(' ').map(Number),
                    css: box.getBoundingClientRect().toJSON(),
                };
            }""",
            index,
        )

    def screenshot(self, **options: Any) -> np.ndarray:
        self.page.evaluate(
            "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )
        return pixels_of(self.page.screenshot(**options))

    def picture(
        self, index: int = 0, screen: np.ndarray | None = None
    ) -> tuple[np.ndarray, tuple[slice, slice], int]:
        """The visible part of a pane's picture on the screen (a new screenshot, unless one is
        given), which part of the enlarged picture it is, and the zoom."""
        if screen is None:
            screen = self.screenshot()
        place = self.place(index)
        x, y, width, height = place["frame"]
        left, top = max(0, x), max(0, y, -place["top"])
        right = min(place["width"], x + width)
        bottom = min(place["height"], y + height, screen.shape[0] - place["top"])
        assert right - left > 50
        assert bottom - top > 50
        seen = screen[
            place["top"] + top : place["top"] + bottom, place["left"] + left : place["left"] + right
        ]
        part = (slice(top - y, bottom - y), slice(left - x, right - x))
        return seen, part, round(float(self.data("zoom")))


def pixels_of(png: bytes | Path) -> np.ndarray:
    source = io.BytesIO(png) if isinstance(png, bytes) else png
    return np.asarray(Image.open(source).convert("RGB"))


def enlarged(pixels: np.ndarray, zoom: int) -> np.ndarray:
    return pixels.repeat(zoom, axis=0).repeat(zoom, axis=1)


def assert_equal_pixels(
    viewer: Viewer, expected: np.ndarray, index: int = 0, screen: np.ndarray | None = None
) -> None:
    seen, part, zoom = viewer.picture(index, screen)
    wanted = enlarged(expected, zoom)[part]
    assert seen.shape == wanted.shape
    differing = int((seen != wanted).any(axis=-1).sum())
    assert differing == 0, f"{differing} of {seen.shape[0] * seen.shape[1]} pixels differ"


# Pixels


@pytest.mark.parametrize("dpr", [1, 1.25, 1.5, 2, 3])
def test_every_pixel_on_the_screen_is_the_pixel_of_the_file(view, pictures, dpr):
    viewer = view(dpr=dpr, width=1110, height=870)
    for zoom in ("1:1", "2:1", "4:1"):
        viewer.zoom_to(zoom)
        screen = viewer.screenshot()
        for index, key in enumerate(KEYS[:3]):
            assert_equal_pixels(viewer, pixels_of(pictures[key]), index, screen)
    for offset in ("7.3px", "0.6px"):  # whatever stands around it
        viewer.page.evaluate("(by) => (document.querySelector('.nv').style.margin = by)", offset)
        viewer.zoom_to("1:1")
        viewer.zoom_to("4:1")
        screen = viewer.screenshot()
        for index, key in enumerate(KEYS[:3]):
            assert_equal_pixels(viewer, pixels_of(pictures[key]), index, screen)


@pytest.mark.parametrize("dpr", [1.25, 1.5])
def test_pixels_are_exact_where_the_whole_screen_is_scaled(address, pictures, chromium, dpr):
    browser = chromium.browser_type.launch(
        executable_path=shutil.which("chromium") or None,
        args=["--no-sandbox", "--force-color-profile=srgb", f"--force-device-scale-factor={dpr}"],
    )
    try:
        page = browser.new_context(no_viewport=True).new_page()
        page.goto(address)
        viewer = Viewer(page)
        assert page.evaluate("devicePixelRatio") == dpr
        viewer.show("english")
        viewer.zoom_to("2:1")  # so narrow, the controls stand below the panes
        page.locator(".nv-view").first.scroll_into_view_if_needed()
        assert_equal_pixels(viewer, pixels_of(pictures["q7"]), 0)
    finally:
        browser.close()


def test_a_smaller_picture_covers_the_same_extent_in_exact_blocks(view, pictures):
    viewer = view("small", width=1100)
    viewer.zoom_to("1:1")
    assert_equal_pixels(viewer, enlarged(pixels_of(pictures["small"]), 4), 0)
    assert_equal_pixels(viewer, pixels_of(pictures["m2"]), 1)


def test_transparency_shows_a_neutral_checkerboard(view):
    viewer = view("clear")
    viewer.zoom_to("1:1")
    seen, part, _ = viewer.picture()
    rows = np.arange(HEIGHT)[part[0]]
    assert (seen[rows < HEIGHT // 2] == (200, 10, 10)).all()
    below = seen[rows >= HEIGHT // 2].reshape(-1, 3)
    assert {tuple(colour) for colour in below.tolist()} == {(255, 255, 255), (217, 217, 217)}


@pytest.mark.parametrize("gain", [1, 8])
def test_difference_is_the_absolute_difference_times_the_gain(view, pictures, gain):
    viewer = view()
    viewer.press("d")
    viewer.wait(mode="difference")
    viewer.page.get_by_role("button", name=f"Multiply the difference by {gain}", exact=True).click()
    viewer.zoom_to("1:1")
    first, second = (pixels_of(pictures[key]).astype(int) for key in ("m2", "b4"))
    assert_equal_pixels(viewer, np.minimum(255, np.abs(first - second) * gain).astype(np.uint8))


def test_difference_of_large_pictures_is_exact_across_tiles(view, pictures):
    viewer = view("large")
    viewer.press("d")
    viewer.wait(mode="difference")
    viewer.zoom_to("1:1")
    first, second = (pixels_of(pictures[key]).astype(int) for key in ("large_a", "large_b"))
    expected = np.minimum(255, np.abs(first - second) * 4).astype(np.uint8)
    assert_equal_pixels(viewer, expected)
    viewer.page.keyboard.press("Shift+ArrowRight")
    viewer.wait()
    assert_equal_pixels(viewer, expected)


def test_wipe_shows_one_version_on_each_side_of_the_divider(view, pictures):
    viewer = view()
    viewer.press("w")
    viewer.wait(mode="wipe")
    viewer.zoom_to("2:1")
    divider = viewer.page.get_by_role("slider", name="Divider")
    divider.focus()
    for _ in range(5):
        viewer.page.keyboard.press("ArrowLeft")
    viewer.wait()
    assert divider.get_attribute("aria-valuenow") == "40"
    assert divider.get_attribute("aria-valuetext") == "40 % from the left"
    seen, part, zoom = viewer.picture()
    place = viewer.place()
    split = round(0.4 * place["width"]) - max(0, place["frame"][0])
    left, right = (enlarged(pixels_of(pictures[key]), zoom)[part] for key in ("m2", "b4"))
    assert (seen[:, : split - 20] == left[:, : split - 20]).all()
    assert (seen[:, split + 20 :] == right[:, split + 20 :]).all()
    viewer.press("s")
    viewer.wait()
    swapped, _, _ = viewer.picture()
    assert (swapped[:, : split - 20] == right[:, : split - 20]).all()


def test_the_divider_follows_the_pointer(view):
    viewer = view()
    viewer.press("w")
    viewer.wait(mode="wipe")
    box = viewer.place()["css"]
    middle = box["y"] + box["height"] / 2
    viewer.page.mouse.move(box["x"] + box["width"] / 2, middle)
    viewer.page.mouse.down()
    viewer.page.mouse.move(box["x"] + box["width"] * 0.75, middle, steps=4)
    viewer.page.mouse.up()
    viewer.wait()
    assert viewer.page.get_by_role("slider").get_attribute("aria-valuenow") == "75"


# Another display, simulated

SRGB_KNEE = 0.04045


def light_of(values: np.ndarray) -> np.ndarray:
    share = values / 255
    return np.where(share <= SRGB_KNEE, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def seen_from(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """The mean light in each of height x width equal parts, from integrals, as sRGB values."""
    light = light_of(pixels.astype(float))
    for axis, count in ((0, height), (1, width)):
        length = light.shape[axis]
        integral = np.insert(np.cumsum(light, axis=axis), 0, 0, axis=axis)
        places = np.linspace(0, length, count + 1)
        below = np.minimum(places.astype(int), length - 1)
        share = (places - below).reshape([-1 if a == axis else 1 for a in range(3)])
        edges = integral.take(below, axis) * (1 - share) + integral.take(below + 1, axis) * share
        light = np.diff(edges, axis=axis) / (length / count)
    light = np.maximum(light, 0)  # the differences of integrals can be a hair below
    share = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.round(255 * share)


def know_screen(viewer: Viewer, ppi: float, cm: float) -> None:
    """Put into the browser's memory what the display tab would."""
    viewer.page.evaluate(
        """measured => {
            const dpr = window.devicePixelRatio;
            const sides = [screen.width * dpr, screen.height * dpr].map(Math.round);
            const key = `${Math.max(...sides)}x${Math.min(...sides)}@${dpr.toFixed(3)}`;
            localStorage.setItem('nitidez-screens', JSON.stringify({ [key]: measured }));
        }""",
        {"ppi": ppi, "distance_cm": cm},
    )


def show_as_on(viewer: Viewer, name: str) -> None:
    select = viewer.page.locator("[data-as]")
    label = next(text for text in select.locator("option").all_inner_texts() if name in text)
    viewer.page.evaluate("document.querySelector('.nv').dataset.ready = 'asked'")
    select.select_option(label=label)
    viewer.page.mouse.move(2, 2)
    viewer.wait()


def other_text(viewer: Viewer) -> str:
    return viewer.page.locator(".nv-other-text").inner_text()


# Own screens coarser and finer than a 27-inch 4K monitor at 60 cm: 67.3 pixels per degree.
@pytest.mark.parametrize(
    ("ppi", "dpr", "unit", "says"),
    [
        (91.79, 1, 0.5624, "each of its pixels shows the mean light of 3.2 there"),
        (91.79, 1.5, 0.5624, "a sharp eye could see there, is lost"),
        (240.0, 2, 1.4707, "shows every pixel of it"),
    ],
)
def test_as_on_another_display(view, pictures, ppi, dpr, unit, says):
    viewer = view(dpr=dpr, width=1110, height=870)
    know_screen(viewer, ppi, 60)
    show_as_on(viewer, "27″, 3840")
    assert float(viewer.data("unit")) == pytest.approx(unit, abs=2e-4)
    text = other_text(viewer)
    assert "67.3 px per degree" in text
    assert "75 × 50 mm" in text  # 480 x 320 pixels at 163.2 ppi
    assert says in text
    for index, key in enumerate(KEYS[:3]):
        _, _, width, height = viewer.place(index)["frame"]
        assert (width, height) == (round(WIDTH * unit), round(HEIGHT * unit))
        seen, part, _ = viewer.picture(index)
        wanted = seen_from(pixels_of(pictures[key]), height, width)[part]
        assert np.abs(seen - wanted).max() <= 1


def test_the_display_it_imitates_can_be_enlarged_wiped_and_compared(view, pictures):
    viewer = view(width=1110, height=870)
    know_screen(viewer, 91.79, 60)
    show_as_on(viewer, "27″, 3840")
    viewer.page.get_by_role("button", name="2:1", exact=True).click()
    viewer.wait()
    assert float(viewer.data("zoom")) == pytest.approx(2 * 0.5624, abs=4e-4)
    viewer.press("d")
    viewer.wait(mode="difference")
    first, second = (pixels_of(pictures[key]) for key in ("m2", "b4"))
    _, _, width, height = viewer.place()["frame"]
    seen, part, _ = viewer.picture()
    wanted = [seen_from(pixels, height, width)[part] for pixels in (first, second)]
    gain = 4
    differences = np.minimum(255, gain * np.abs(wanted[0] - wanted[1]))
    assert np.abs(seen - differences).max() <= 2 * gain
    viewer.press("w")
    viewer.wait(mode="wipe")
    seen, part, _ = viewer.picture()
    assert np.abs(seen - seen_from(first, height, width)[part])[:, :100].max() <= 1
    assert np.abs(seen - seen_from(second, height, width)[part])[:, -100:].max() <= 1


def test_a_display_is_needed_to_imitate_another(view):
    viewer = view()
    show_as_on(viewer, "Phone, 6.1")
    assert "measure it in the Display tab first" in other_text(viewer)
    assert viewer.data("unit") is None
    know_screen(viewer, 91.79, 60)
    show_as_on(viewer, "another display")
    for field, value, says in (
        ("ppi", "10000", "Density: give 20 to 1000 pixels per inch."),
        ("ppi", "460", "94.8 px per degree"),
        ("cm", "0", "Distance: give 10 to 400 cm."),
        ("cm", "", "Distance: give 10 to 400 cm."),
        ("cm", "60", "189.6 px per degree"),
    ):
        viewer.page.locator(f".nv-other [name={field}]").fill(value)
        viewer.wait()
        assert says in other_text(viewer)
    show_as_on(viewer, "none, pixel for pixel")
    assert viewer.data("unit") is None
    assert viewer.data("fit") == "true"
    assert "picture" in viewer.page.locator(".nv-screen").inner_text()


# One viewport


def frames(viewer: Viewer) -> list[str]:
    return viewer.page.evaluate(
        "[...document.querySelectorAll('.nv-grid .nv-view')].map(box => box.dataset.frame)"
    )


def test_all_panes_share_zoom_and_position(view):
    viewer = view()
    viewer.zoom_to("4:1")
    before = frames(viewer)
    assert len(set(before)) == 1
    box = viewer.place(1)["css"]
    x, y = box["x"] + 60, box["y"] + 60
    viewer.page.mouse.move(x, y)
    viewer.page.mouse.down()
    viewer.page.mouse.move(x + 30, y + 20, steps=3)
    viewer.page.mouse.up()
    viewer.page.wait_for_function(
        "old => document.querySelector('.nv-view').dataset.frame !== old", arg=before[0]
    )
    after = frames(viewer)
    assert len(set(after)) == 1
    moved = np.subtract([int(n) for n in after[0].split()], [int(n) for n in before[0].split()])
    assert moved.tolist() == [30, 20, 0, 0]


def test_the_wheel_zooms_in_whole_steps_about_the_pointer(view):
    viewer = view(dpr=2)
    viewer.zoom_to("1:1")
    box = viewer.place(2)["css"]
    x, y = box["x"] + box["width"] * 0.4, box["y"] + box["height"] * 0.3
    viewer.page.mouse.move(x, y)
    for zoom in ("2", "3", "4"):
        viewer.page.mouse.wheel(0, -100)
        viewer.wait(zoom=zoom)
    position = viewer.page.locator(".nv-position").inner_text()
    viewer.page.mouse.wheel(0, -100)
    viewer.wait(zoom="6")
    assert viewer.page.locator(".nv-position").inner_text() == position
    viewer.page.mouse.wheel(0, 100)
    viewer.wait(zoom="4")


def test_the_wheel_scrolls_the_page_when_the_scroll_began_outside(view):
    viewer = view(height=500)
    viewer.page.mouse.wheel(0, -2000)
    viewer.page.wait_for_function("scrollY === 0")
    fit = viewer.data("zoom")
    viewer.page.mouse.move(400, 300)  # over a pane that shows its whole picture
    viewer.page.mouse.wheel(0, 200)
    viewer.page.wait_for_function("scrollY > 0")
    assert viewer.data("zoom") == fit


def test_double_click_goes_between_the_whole_picture_and_one_to_one(view):
    viewer = view()
    assert float(viewer.data("zoom")) < 1
    box = viewer.place()["css"]
    for wanted in ("false", "true"):
        viewer.page.mouse.dblclick(box["x"] + 80, box["y"] + 80)
        viewer.wait(fit=wanted)
        if wanted == "false":
            assert viewer.data("zoom") == "1"


def test_two_fingers_zoom_and_one_finger_moves(view):
    viewer = view(has_touch=True, own=True)
    session = viewer.page.context.new_cdp_session(viewer.page)
    box = viewer.place()["css"]
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def touch(kind: str, *points: tuple[float, float]) -> None:
        touches = [{"x": px, "y": py, "id": index} for index, (px, py) in enumerate(points)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    touch("touchStart", (x - 20, y), (x + 20, y))
    for spread in (40, 60, 80, 100):
        touch("touchMove", (x - spread, y), (x + spread, y))
    touch("touchEnd")
    viewer.page.wait_for_function("Number(document.querySelector('.nv').dataset.zoom) >= 2")
    before = viewer.data("center")
    touch("touchStart", (x, y))
    for shift in (10, 20, 30):
        touch("touchMove", (x + shift, y))
    touch("touchEnd")
    viewer.page.wait_for_function(
        "old => document.querySelector('.nv').dataset.center !== old", arg=before
    )
    assert len(set(frames(viewer))) == 1


def test_number_keys_blink_between_versions_under_the_same_viewport(view, pictures):
    viewer = view()
    viewer.zoom_to("2:1")
    viewer.press("ArrowRight")
    center = viewer.data("center")
    seen_frames = set()
    for index, key in enumerate(KEYS, start=1):
        viewer.page.keyboard.press(str(index))
        viewer.wait(mode="single")
        assert_equal_pixels(viewer, pixels_of(pictures[key]))
        seen_frames.add(tuple(viewer.place()["frame"]))
    assert len(seen_frames) == 1
    viewer.page.keyboard.press(" ")
    viewer.wait()
    assert_equal_pixels(viewer, pixels_of(pictures["b4"]))
    viewer.page.keyboard.press("Escape")
    viewer.wait(mode="grid", zoom="2")
    assert viewer.data("center") == center


def test_the_readout_gives_position_and_colour_in_each_version(view, pictures):
    viewer = view()
    viewer.zoom_to("4:1")
    place = viewer.place()
    x, y, _, _ = place["frame"]
    viewer.page.mouse.move(place["css"]["x"] + 101, place["css"]["y"] + 57)
    column, row = (101 - x) // 4, (57 - y) // 4
    viewer.page.wait_for_function(
        "text => document.querySelector('.nv-position').textContent === text",
        arg=f"x {column}, y {row}",
    )
    colours = viewer.page.evaluate(
        "[...document.querySelectorAll('.nv-colour')].map(item => item.dataset.rgb)"
    )
    for key, colour in zip(KEYS, colours, strict=True):
        expected = pixels_of(pictures[key])[row, column]
        assert [int(value) for value in colour.split()] == expected.tolist()


# Keyboard, words, help


def test_everything_can_be_done_with_the_keyboard_alone(view):
    viewer = view()
    page = viewer.page
    page.get_by_role("button", name="Grid").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    viewer.wait(mode="single")
    viewer.press("+")
    page.wait_for_function("document.querySelector('.nv').dataset.fit === 'false'")
    viewer.press("0")
    viewer.wait(fit="true")
    viewer.press("w")
    viewer.wait(mode="wipe")
    page.get_by_label("Left or first version").select_option(label="Nearest")
    viewer.press("d")
    viewer.wait(mode="difference")
    viewer.press("?")
    help_dialog = page.get_by_role("dialog", name="Keys and gestures")
    help_dialog.wait_for()
    page.keyboard.press("Escape")
    help_dialog.wait_for(state="hidden")
    assert viewer.data("mode") == "difference"
    viewer.press("g")
    viewer.wait(mode="grid")


def test_keys_typed_elsewhere_do_nothing_here(view):
    viewer = view()
    viewer.page.get_by_label("elsewhere").fill("")
    viewer.page.get_by_label("elsewhere").press_sequentially("w2d")
    assert viewer.page.get_by_label("elsewhere").input_value() == "w2d"
    assert viewer.data("mode") == "grid"


def test_every_button_has_a_name_and_says_whether_it_is_pressed(view):
    viewer = view()
    names = viewer.page.evaluate(
        """[...document.querySelectorAll('.nv button')].map(button =>
            button.getAttribute('aria-label') || button.textContent.trim())"""
    )
    assert all(names)
    pressed = viewer.page.locator(".nv [data-mode-button][aria-pressed=true]")
    assert pressed.count() == 1
    assert pressed.inner_text().strip() == "Grid"


def test_panes_are_moved_by_pointer_and_keys_and_stay_so(view, pictures):
    viewer = view()
    handles = viewer.page.locator(".nv-grid .nv-handle")
    names = viewer.page.locator(".nv-grid .nv-name .nv-label")
    handles.nth(0).drag_to(viewer.page.locator(".nv-view").nth(2))
    moved = ["Bicubic", "SRResNet", "Nearest", "SRGAN", "Original"]
    assert names.all_text_contents() == moved
    handles.nth(3).focus()
    viewer.page.keyboard.press("ArrowLeft")
    moved = ["Bicubic", "SRResNet", "SRGAN", "Nearest", "Original"]
    assert names.all_text_contents() == moved
    assert viewer.page.evaluate("document.activeElement.ariaLabel").startswith("Move SRGAN")
    viewer.page.reload()
    viewer.page.wait_for_selector(".nv[data-zoom]")
    viewer.show("english")
    assert names.all_text_contents() == moved
    viewer.zoom_to("1:1")
    assert_equal_pixels(viewer, pixels_of(pictures["b4"]), 2)


def test_a_click_anywhere_moves_the_wipe(view):
    viewer = view()
    viewer.press("w")
    viewer.wait(mode="wipe")
    box = viewer.place()["css"]
    viewer.page.mouse.click(box["x"] + box["width"] * 0.25, box["y"] + 40)
    expect = "document.querySelector('.nv-divider').ariaValueNow === '25'"
    viewer.page.wait_for_function(expect)


def test_words_follow_the_language_of_the_value(view):
    viewer = view("portuguese")
    page = viewer.page
    page.get_by_role("button", name="Cortina").click()
    viewer.wait(mode="wipe")
    assert page.locator(".nv").get_attribute("lang") == "pt-BR"
    viewer.press("0")
    assert "px da" in page.locator(".nv-scale").inner_text()
    viewer.show("english")
    assert page.get_by_role("button", name="Wipe").get_attribute("aria-pressed") == "true"
    assert "screen px" in page.locator(".nv-scale").inner_text()


def test_both_languages_have_the_same_keys_and_placeholders():
    text = viewer_text()
    assert set(text) == {"en", "pt-BR"}
    assert list(text["en"]) == list(text["pt-BR"])
    for key, phrase in text["en"].items():
        translated = text["pt-BR"][key]
        assert phrase
        assert translated
        assert phrase.count("{") == translated.count("{"), key


# Updates


def test_an_update_of_the_same_set_keeps_zoom_position_and_mode(view, pictures):
    viewer = view("partly")
    viewer.zoom_to("4:1")
    viewer.press("Shift+ArrowDown")
    viewer.page.keyboard.press("2")
    viewer.wait(mode="single")
    center = viewer.data("center")
    viewer.show("english")
    viewer.wait(mode="single", zoom="4")
    assert viewer.data("center") == center
    assert_equal_pixels(viewer, pixels_of(pictures["m2"]))
    viewer.press("4")
    viewer.wait()
    assert_equal_pixels(viewer, pixels_of(pictures["b4"]))


def test_a_picture_that_is_replaced_is_drawn_anew(view, pictures):
    viewer = view()
    viewer.press("5")
    viewer.wait(mode="single")
    viewer.zoom_to("2:1")
    assert_equal_pixels(viewer, pixels_of(pictures["t1"]))
    viewer.show("replaced")
    assert_equal_pixels(viewer, pixels_of(pictures["final"]))


def test_a_new_set_starts_with_the_whole_picture(view):
    viewer = view()
    viewer.zoom_to("4:1")
    viewer.press("w")
    viewer.wait(mode="wipe")
    viewer.show("next")
    viewer.wait(mode="grid", fit="true")
    assert viewer.page.locator(".nv-grid .nv-pane").count() == 1


def test_panes_without_a_picture_say_why(view):
    viewer = view("partly")
    panes = viewer.page.locator(".nv-grid .nv-pane")
    said = viewer.page.locator(".nv-grid .nv-overlay-text")
    assert said.nth(2).inner_text() == "Working · 43 % · 1 min 12 s left"
    assert said.nth(3).inner_text() == "Waiting"
    assert panes.nth(2).locator("a").is_hidden()
    viewer.show("failed")
    assert said.nth(2).inner_text() == "Failed: out of memory"
    viewer.show("english")
    assert "SRResNet is ready" in viewer.page.locator(".nv-live").inner_text()


def test_the_empty_viewer_says_what_to_do(view):
    viewer = view("empty")
    assert viewer.page.locator(".nv-empty").inner_text().strip() == "Choose a photo"
    assert viewer.page.get_by_role("button", name="Wipe").is_disabled()


def test_the_download_is_the_file_byte_for_byte(view, pictures):
    viewer = view()
    with viewer.page.expect_download() as download:
        viewer.page.get_by_role("link", name="Download SRGAN (PNG)").click()
    assert download.value.suggested_filename == "photo_b4_x4.png"
    assert Path(download.value.path()).read_bytes() == pictures["b4"].read_bytes()


# Layout


@pytest.mark.parametrize("scene", ["english", "portuguese"])
def test_a_phone_shows_everything_without_sideways_scroll(view, scene):
    viewer = view(scene, width=360, height=740, dpr=3, has_touch=True, is_mobile=True)
    for mode in ("grid", "single", "wipe", "difference"):
        viewer.page.locator(f"[data-mode-button={mode}]").click()
        viewer.wait(mode=mode)
        assert viewer.page.evaluate("document.documentElement.scrollWidth") == 360
        place = viewer.place()
        assert place["css"]["height"] >= 170
        assert place["css"]["width"] >= 140
        assert place["width"] == pytest.approx(place["css"]["width"] * 3, abs=2)


def test_a_change_of_the_device_pixel_ratio_keeps_one_to_one(view, pictures):
    viewer = view(own=True)
    viewer.zoom_to("1:1")
    session = viewer.page.context.new_cdp_session(viewer.page)
    metrics = {"width": 1270, "height": 890, "deviceScaleFactor": 2, "mobile": False}
    session.send("Emulation.setDeviceMetricsOverride", metrics)
    viewer.page.wait_for_function(
        "devicePixelRatio === 2 && document.querySelector('.nv-screen').textContent.includes('2')"
    )
    place = viewer.place()
    assert viewer.data("zoom") == "1"
    assert place["width"] == pytest.approx(place["css"]["width"] * 2, abs=2)
    assert place["frame"][2:] == [WIDTH, HEIGHT]


def test_dark_and_light_pages_have_readable_words(view):
    for dark in (False, True):
        viewer = view(dark=dark)
        text, ground = viewer.page.evaluate(
            """() => {
                const probe = document.createElement('canvas').getContext('2d');
                const luminance = colour => {
                    probe.fillStyle = colour;
                    probe.fillRect(0, 0, 1, 1);
                    const [r, g, b] = [...probe.getImageData(0, 0, 1, 1).data].map(v => v / 255)
                        .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
                    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
                };
                const caption = document.querySelector('.nv-caption');
                return [luminance(getComputedStyle(caption).color),
                        luminance(getComputedStyle(document.body).backgroundColor)];
            }"""
        )
        contrast = (max(text, ground) + 0.05) / (min(text, ground) + 0.05)
        assert contrast >= 4.5, f"dark={dark}: contrast {contrast:.1f}"


def test_a_picture_that_did_not_arrive_is_fetched_again(view, pictures):
    viewer = view("empty", own=True)
    page = viewer.page
    asked = []

    def refuse(route):
        asked.append(route.request.url)
        route.abort()

    page.route("**/file=**", refuse)
    page.get_by_role("button", name="english", exact=True).click()
    trouble = page.locator(".nv-grid").get_by_text("The picture could not be loaded", exact=True)
    trouble.nth(4).wait_for()
    assert len(asked) == 3 * len(KEYS)
    page.unroute("**/file=**")
    viewer.show("portuguese")
    viewer.zoom_to("1:1")
    assert_equal_pixels(viewer, pixels_of(pictures["q7"]))
    page.console_errors.clear()  # of the requests that were refused


def test_the_listeners_go_when_the_viewer_goes(view):
    viewer = view(own=True)
    viewer.page.evaluate("document.querySelector('.nv').remove()")
    viewer.page.keyboard.press("w")
    viewer.page.mouse.wheel(0, 100)
    viewer.page.set_viewport_size({"width": 900, "height": 700})


# The value


def test_a_value_is_plain_json():
    value = viewer_value([{"key": "a"}], language="pt-BR", labels={"a": "Método A"})
    assert json.loads(json.dumps(value)) == value
    assert value["panes"] == [{"key": "a", "label": "Método A", "state": "ready"}]


@pytest.mark.parametrize(
    ("panes", "options", "said"),
    [
        ([{"label": "x"}], {}, "has no key"),
        ([{"key": "a"}, {"key": "a"}], {}, "a key of its own"),
        ([{"key": "a", "state": "done"}], {}, "'done'"),
        ([], {"language": "pt"}, "known: en, pt-BR"),
    ],
)
def test_a_wrong_value_is_refused(panes, options, said):
    with pytest.raises(ValueError, match=said):
        viewer_value(panes, **options)

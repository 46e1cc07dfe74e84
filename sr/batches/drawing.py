"""Graphics drawn by code: shapes, text, icons, charts, interfaces, gradients, lines, dithers."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from sr.images.resize import nearest

Colour = tuple[int, int, int]
Canvas = tuple[Image.Image, ImageDraw.ImageDraw]
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,:;!?%&@#()áçéêãõÁÇÉ"
SATURATED_SHARE = 0.6  # of colours with every channel at 0 or 255


def draw_graphic(side: int, rng: np.random.Generator, kind: str | None = None) -> np.ndarray:
    """One graphic, (side, side, 3) uint8, of a kind of `KINDS` (by chance when None)."""
    if kind is None:
        kind = str(rng.choice(list(KINDS)))
    factor = int(rng.choice([1, 2, 3]))  # 1: hard edges; more: drawn larger and reduced
    if kind in ("subpixel_text", "dither"):
        factor = 1
    image = Image.new("RGB", (side * factor, side * factor), colour(rng))
    KINDS[kind]((image, ImageDraw.Draw(image)), rng)
    if factor > 1:
        image = image.reduce(factor)
    return np.asarray(image)


def colour(rng: np.random.Generator) -> Colour:
    """A colour, most of the time one that screens are full of: channels at 0 or 255."""
    if rng.random() < SATURATED_SHARE:
        red, green, blue = (rng.integers(0, 2, 3) * 255).tolist()
    elif rng.random() < 0.3:
        red = green = blue = int(rng.integers(0, 256))
    else:
        red, green, blue = rng.integers(0, 256, 3).tolist()
    return red, green, blue


def _box(side: int, rng: np.random.Generator, smallest: float = 0.02) -> tuple[int, int, int, int]:
    width, height = (side * rng.uniform(smallest, 0.8, 2) ** 1.5).astype(int) + 1
    left, top = rng.integers(-width // 2, side), rng.integers(-height // 2, side)
    return int(left), int(top), int(left + width), int(top + height)


def _flat(canvas: Canvas, rng: np.random.Generator) -> None:
    """One colour, or two halves."""
    image, draw = canvas
    if rng.random() < 0.5:
        at = int(rng.integers(0, image.width))
        draw.rectangle((at, 0, image.width, image.height), fill=colour(rng))


def _shapes(canvas: Canvas, rng: np.random.Generator) -> None:
    """Rectangles, ellipses, polygons, rings and sectors."""
    image, draw = canvas
    side = image.width
    for _ in range(int(rng.integers(1, 9))):
        box, fill = _box(side, rng), colour(rng)
        shape = int(rng.integers(0, 5))
        if shape == 0:
            draw.rectangle(box, fill=fill)
        elif shape == 1:
            draw.ellipse(box, fill=fill)
        elif shape == 2:
            points = rng.uniform(-0.1, 1.1, (int(rng.integers(3, 7)), 2)) * side
            draw.polygon([tuple(p) for p in points.tolist()], fill=fill)
        elif shape == 3:
            draw.ellipse(box, outline=fill, width=max(1, int(side * rng.uniform(0.005, 0.06))))
        else:
            start = float(rng.uniform(0, 360))
            draw.pieslice(box, start, start + float(rng.uniform(20, 300)), fill=fill)


def _icons(canvas: Canvas, rng: np.random.Generator) -> None:
    """A grid of small marks, as in a toolbar."""
    image, draw = canvas
    side = image.width
    cell = int(side * rng.uniform(0.15, 0.5)) + 4
    mark = colour(rng)
    for top in range(0, side, cell):
        for left in range(0, side, cell):
            fill = mark if rng.random() < 0.6 else colour(rng)
            inner = (left + cell // 6, top + cell // 6, left + cell * 5 // 6, top + cell * 5 // 6)
            thick = max(1, cell // int(rng.integers(8, 20)))
            shape = int(rng.integers(0, 6))
            if shape == 0:
                draw.rounded_rectangle(inner, radius=cell // 6, fill=fill)
            elif shape == 1:
                draw.ellipse(inner, outline=fill, width=thick)
            elif shape == 2:
                draw.line(inner, fill=fill, width=thick)
                draw.line((inner[0], inner[3], inner[2], inner[1]), fill=fill, width=thick)
            elif shape == 3:
                middle = (inner[0] + inner[2]) // 2
                draw.polygon([(middle, inner[1]), (inner[2], inner[3]), (inner[0], inner[3])], fill)
            elif shape == 4:
                for row in range(3):
                    y = inner[1] + row * (inner[3] - inner[1]) // 3
                    draw.rectangle((inner[0], y, inner[2], y + thick), fill=fill)
            else:
                draw.ellipse(inner, fill=fill)
                hole = [v + (cell // 5) * (1 if i < 2 else -1) for i, v in enumerate(inner)]
                if hole[2] > hole[0] and hole[3] > hole[1]:
                    draw.ellipse(hole, fill=colour(rng))


def _chart(canvas: Canvas, rng: np.random.Generator) -> None:
    """Bars, a line, or sectors, with axes, grid and figures."""
    image, draw = canvas
    side = image.width
    ink = colour(rng)
    thick = max(1, int(side * rng.uniform(0.004, 0.012)))
    way = int(rng.integers(0, 3))
    if way < 2 and rng.random() < 0.6:
        for at in range(0, side, max(6, side // int(rng.integers(4, 9)))):
            draw.line((0, at, side, at), fill=colour(rng), width=thick)
    if way == 0:
        count = int(rng.integers(3, 12))
        width = side / count
        for bar in range(count):
            top = side * float(rng.uniform(0.05, 0.95))
            left = bar * width
            draw.rectangle((left, top, left + width * rng.uniform(0.5, 0.9), side), colour(rng))
    elif way == 1:
        for _ in range(int(rng.integers(1, 4))):
            x = np.linspace(0, side, int(rng.integers(4, 20)))
            y = side * rng.uniform(0.1, 0.9, len(x))
            draw.line(list(zip(x.tolist(), y.tolist(), strict=True)), colour(rng), thick * 2)
    else:
        start = 0.0
        box = (side * 0.08, side * 0.08, side * 0.92, side * 0.92)
        while start < 360:
            end = start + float(rng.uniform(15, 130))
            draw.pieslice(box, start, min(end, 360), fill=colour(rng))
            start = end
    draw.line((side * 0.05, 0, side * 0.05, side * 0.95), fill=ink, width=thick)
    draw.line((side * 0.05, side * 0.95, side, side * 0.95), fill=ink, width=thick)
    _write(canvas, rng, lines=int(rng.integers(1, 4)), ink=ink, size=(0.05, 0.12))


def _interface(canvas: Canvas, rng: np.random.Generator) -> None:
    """Panels, buttons, fields and a title bar, with labels."""
    image, draw = canvas
    side = image.width
    draw.rectangle((0, 0, side, int(side * rng.uniform(0.08, 0.25))), fill=colour(rng))
    for _ in range(int(rng.integers(2, 7))):
        left, top, _, _ = _box(side, rng)
        width, height = side * rng.uniform(0.15, 0.6), side * rng.uniform(0.06, 0.25)
        draw.rounded_rectangle(
            (left, top, left + width, top + height), radius=float(rng.uniform(0, height / 2)),
            fill=colour(rng), outline=colour(rng), width=max(1, side // int(rng.integers(80, 250))),
        )  # fmt: skip
        draw.text(
            (left + width * 0.1, top + height * 0.2), words(rng, 1), fill=colour(rng),
            font=font(rng, max(6, height * 0.5)),
        )  # fmt: skip
    if rng.random() < 0.5:
        _write(canvas, rng, lines=int(rng.integers(1, 5)), ink=colour(rng), size=(0.04, 0.1))


def _text(canvas: Canvas, rng: np.random.Generator) -> None:
    """A paragraph, in one size."""
    _write(canvas, rng, lines=int(rng.integers(1, 16)), ink=colour(rng), size=(0.05, 0.4))


def _write(
    canvas: Canvas,
    rng: np.random.Generator,
    *,
    lines: int,
    ink: Colour | int,
    size: tuple[float, float],
) -> None:
    image, draw = canvas
    height = max(6.0, image.width * size[0] * (size[1] / size[0]) ** float(rng.random()))
    face = font(rng, height)
    top = float(rng.uniform(-0.1, 0.7)) * image.height
    left = float(rng.uniform(-0.2, 0.4)) * image.width
    for line in range(lines):
        at = (left, top + line * height * 1.2)
        if at[1] > image.height:
            break
        draw.text(at, words(rng, int(rng.integers(1, 7))), fill=ink, font=face)


def _subpixel_text(canvas: Canvas, rng: np.random.Generator) -> None:
    """Text with the colour fringes that screens with stripes of red, green and blue get."""
    image, _ = canvas
    size = (image.width * 3, image.height * 3)
    wide = Image.new("L", size, 0)
    _write((wide, ImageDraw.Draw(wide)), rng, lines=12, ink=255, size=(0.05, 0.16))
    cover = np.asarray(wide, np.float64).reshape(image.height, 3, -1).mean(axis=1) / 255
    cover = (np.roll(cover, 1, 1) + cover + np.roll(cover, -1, 1)) / 3
    cover = cover.reshape(image.height, image.width, 3)
    dark = bool(rng.random() < 0.5)
    paper, ink = (0, 255) if dark else (255, 0)
    image.paste(Image.fromarray((paper + (ink - paper) * cover).round().astype(np.uint8)))


def _gradient(canvas: Canvas, rng: np.random.Generator) -> None:
    """From one colour to another, straight or round, with or without a shape on it."""
    image, _ = canvas
    side = image.width
    y, x = np.mgrid[0:side, 0:side] / side
    angle = rng.uniform(0, 2 * math.pi)
    if rng.random() < 0.6:
        t = (x - 0.5) * math.cos(angle) + (y - 0.5) * math.sin(angle) + 0.5
    else:
        centre = rng.uniform(0, 1, 2)
        t = np.hypot(x - centre[0], y - centre[1]) * rng.uniform(0.7, 2.5)
    t = np.clip((t - 0.5) * rng.uniform(0.3, 6) + 0.5, 0, 1)[..., None]
    first, second = np.array(colour(rng)), np.array(colour(rng))
    image.paste(Image.fromarray(np.rint(first * (1 - t) + second * t).astype(np.uint8)))
    if rng.random() < 0.4:
        _shapes(canvas, rng)


def _line_art(canvas: Canvas, rng: np.random.Generator) -> None:
    """Thin lines, curves and hatching."""
    image, draw = canvas
    side = image.width
    ink = colour(rng)
    width = max(1, int(side * rng.uniform(0.002, 0.02)))
    if rng.random() < 0.4:
        step = max(width * 2, int(side * rng.uniform(0.01, 0.06)))
        lean = int(rng.integers(-1, 2)) * side
        for at in range(-side, 2 * side, step):
            draw.line((at, 0, at + lean, side), fill=ink, width=width)
    for _ in range(int(rng.integers(2, 10))):
        t = np.linspace(0, 1, 40)[:, None]
        a, b, c, d = rng.uniform(-0.1, 1.1, (4, 2)) * side
        u = 1 - t
        curve = u**3 * a + 3 * u * u * t * b + 3 * u * t * t * c + t**3 * d
        draw.line([tuple(p) for p in curve.tolist()], fill=ink, width=width, joint="curve")


def _dither(canvas: Canvas, rng: np.random.Generator) -> None:
    """A few colours, dithered or not, in blocks of pixels, as old games and GIFs are."""
    image, _ = canvas
    side = image.width
    block = int(rng.choice([1, 2, 3, 4, 6, 8]))
    small = Image.new("RGB", (side // block + 1,) * 2, colour(rng))
    scene = (small, ImageDraw.Draw(small))
    (_gradient if rng.random() < 0.6 else _shapes)(scene, rng)
    dither = Image.Dither.FLOYDSTEINBERG if rng.random() < 0.7 else Image.Dither.NONE
    reduced = small.quantize(int(rng.choice([2, 4, 8, 16])), dither=dither).convert("RGB")
    large = nearest(np.asarray(reduced), block)[:side, :side]
    image.paste(Image.fromarray(large))


KINDS: dict[str, Callable[[Canvas, np.random.Generator], None]] = {
    "flat": _flat,
    "shapes": _shapes,
    "icons": _icons,
    "chart": _chart,
    "interface": _interface,
    "text": _text,
    "subpixel_text": _subpixel_text,
    "gradient": _gradient,
    "line_art": _line_art,
    "dither": _dither,
}


def words(rng: np.random.Generator, count: int) -> str:
    """Made-up words."""
    return " ".join(
        "".join(rng.choice(list(LETTERS), int(rng.integers(1, 10)))) for _ in range(count)
    )


def font(rng: np.random.Generator, size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """One of the fonts that are here, in a size in pixels."""
    files = font_files()
    choice = int(rng.integers(0, len(files) + 1))
    return _font("" if choice == len(files) else files[choice], round(size))


@lru_cache(maxsize=512)
def _font(file: str, size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.truetype(file, size) if file else ImageFont.load_default(size)


@lru_cache(maxsize=1)
def font_files() -> tuple[str, ...]:
    """The fonts that come with matplotlib; pillow's own is there besides."""
    try:
        import matplotlib
    except ImportError:
        return ()
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return tuple(str(path) for path in sorted(folder.glob("DejaVu*.ttf")))

"""The figure of a paper as files: PNG, SVG, and LaTeX with the pictures it includes."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

import numpy as np
from PIL import Image, ImageColor, ImageDraw, ImageFont

from sr.figures.contact_sheet import cut_text
from sr.figures.paper import COLOURS, Box, Figure
from sr.images.photo import Photo
from sr.images.resize import matlab_bicubic, nearest, resized_length
from sr.images.writing import encode_png

MARGIN_PX = 16
GAP_PX = 8
LINE_PX = 18
FONT_PX = 14
FRAME_PX = 3
MOST_WHOLE_PX = 900  # a larger picture is drawn smaller; its crops are not
INK, GREY = "#141414", "#5a5a5a"


@dataclass(frozen=True)
class _Placed:
    """Pixels in a rectangle of the figure, with a frame of a colour or none."""

    pixels: np.ndarray
    left: int
    top: int
    width: int
    height: int
    colour: str | None = None


@dataclass(frozen=True)
class _Text:
    text: str
    left: int
    top: int
    width: int
    colour: str


@dataclass(frozen=True)
class _Layout:
    width: int
    height: int
    shrink: float  # of the whole picture
    pictures: tuple[_Placed, ...]
    boxes: tuple[tuple[int, int, int, int, str], ...]  # left, top, width, height, colour
    texts: tuple[_Text, ...]


def to_png(figure: Figure) -> bytes:
    """The figure as a lossless picture; crops are enlarged by whole factors, pixel by pixel."""
    layout = _layout(figure)
    image = Image.new("RGB", (layout.width, layout.height), "white")
    draw = ImageDraw.Draw(image)
    for placed in layout.pictures:
        if placed.width < placed.pixels.shape[1]:
            pixels = matlab_bicubic(placed.pixels, layout.shrink)
        else:
            pixels = nearest(placed.pixels, placed.width // placed.pixels.shape[1])
        image.paste(Image.fromarray(pixels), (placed.left, placed.top))
        if placed.colour:
            around = placed.left, placed.top, placed.width, placed.height
            _frame(draw, around, placed.colour)
    for left, top, width, height, colour in layout.boxes:
        _frame(draw, (left, top, width, height), colour)
    font = ImageFont.load_default(FONT_PX)
    for text in layout.texts:
        said = cut_text(text.text, font, text.width)
        draw.text((text.left, text.top), said, fill=ImageColor.getrgb(text.colour), font=font)
    return encode_png(Photo(np.array(image)), text={"Description": figure.caption})


def to_svg(figure: Figure) -> str:
    """The figure with text as text; its pictures are inside, pixel by pixel as they are."""
    layout = _layout(figure)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{layout.width}" height="{layout.height}" '
        f'viewBox="0 0 {layout.width} {layout.height}" font-family="sans-serif" '
        f'font-size="{FONT_PX}">',
        f"<title>{escape(figure.caption)}</title>",
        '<rect width="100%" height="100%" fill="white"/>',
    ]
    for placed in layout.pictures:
        data = base64.b64encode(encode_png(Photo(np.ascontiguousarray(placed.pixels)))).decode()
        parts.append(
            f'<image x="{placed.left}" y="{placed.top}" width="{placed.width}" '
            f'height="{placed.height}" preserveAspectRatio="none" '
            f'style="image-rendering:pixelated" href="data:image/png;base64,{data}"/>'
        )
    framed = [(p.left, p.top, p.width, p.height, p.colour) for p in layout.pictures if p.colour]
    for left, top, width, height, colour in [*framed, *layout.boxes]:
        parts.append(
            f'<rect x="{left}" y="{top}" width="{width}" height="{height}" fill="none" '
            f'stroke="{colour}" stroke-width="{FRAME_PX}"/>'
        )
    font = ImageFont.load_default(FONT_PX)
    for text in layout.texts:
        said = escape(cut_text(text.text, font, text.width))
        parts.append(
            f'<text x="{text.left}" y="{text.top + FONT_PX}" fill="{text.colour}">{said}</text>'
        )
    return "\n".join([*parts, "</svg>"]) + "\n"


def to_latex(figure: Figure, folder: str) -> tuple[str, dict[str, bytes]]:
    """A LaTeX figure that needs graphicx only, and the PNG files it includes, by name.

    Args:
        folder: where LaTeX finds them, such as "figure" beside the text.
    """
    files: dict[str, bytes] = {}
    whole = Image.fromarray(figure.whole.pixels)
    draw = ImageDraw.Draw(whole)
    for box, colour in zip(figure.boxes, COLOURS, strict=False):
        _frame(draw, (box.left, box.top, box.width, box.height), colour)
    files["whole.png"] = encode_png(Photo(np.array(whole)))
    share = 0.98 / (len(figure.columns) + 2)
    rows = []
    for row, crops in enumerate(_crops(figure)):
        cells = []
        for column, pixels in enumerate(crops):
            name = f"box{row + 1}_{column + 1}.png"
            files[name] = encode_png(Photo(pixels))
            cells.append(rf"\includegraphics[width={share:.3f}\linewidth]{{{folder}/{name}}}")
        rows.append(" &\n    ".join(cells) + r" \\")
    for line in (
        [_latex(one.name) for one in figure.columns],
        [_latex(one.numbers) for one in figure.columns],
    ):
        if any(line):
            rows.append(" & ".join(rf"\scriptsize {cell}" for cell in line) + r" \\")
    table = "\n    ".join(rows)
    columns = "c" * len(figure.columns)
    return (
        "% needs \\usepackage{graphicx}\n"
        "\\begin{figure*}\n"
        "  \\centering\\setlength{\\tabcolsep}{1pt}\n"
        f"  \\raisebox{{-0.5\\height}}{{\\includegraphics[width={2 * share:.3f}\\linewidth]"
        f"{{{folder}/whole.png}}}}\n"
        f"  \\begin{{tabular}}{{{columns}}}\n    {table}\n  \\end{{tabular}}\n"
        f"  \\caption{{{_latex(figure.caption[0].upper() + figure.caption[1:])}.}}\n"
        "\\end{figure*}\n"
    ), files


def _crops(figure: Figure) -> Iterator[list[np.ndarray]]:
    """For each box the enlarged crops of all columns."""
    for box, times in zip(figure.boxes, figure.magnifications, strict=True):
        yield [np.ascontiguousarray(nearest(box.of(one.pixels), times)) for one in figure.columns]


def _layout(figure: Figure) -> _Layout:
    """Whole picture on the left, a row a box and a column a method on its right."""
    height, width = figure.whole.pixels.shape[:2]
    shrink = min(1.0, MOST_WHOLE_PX / max(height, width))
    whole_width, whole_height = (resized_length(side, shrink) for side in (width, height))
    pictures = [_Placed(figure.whole.pixels, MARGIN_PX, MARGIN_PX, whole_width, whole_height)]
    boxes = []
    enlarged = [
        (box.width * times, box.height * times)
        for box, times in zip(figure.boxes, figure.magnifications, strict=True)
    ]
    column_px = max(wide for wide, _ in enlarged)
    start = MARGIN_PX + whole_width + 2 * GAP_PX
    top = MARGIN_PX
    for row, (box, (wide, high)) in enumerate(zip(figure.boxes, enlarged, strict=True)):
        boxes.append((*_scaled(box, shrink), COLOURS[row]))
        for column, one in enumerate(figure.columns):
            left = start + column * (column_px + GAP_PX)
            pictures.append(_Placed(box.of(one.pixels), left, top, wide, high, COLOURS[row]))
        top += high + GAP_PX
    texts = [_Text(figure.whole.name, MARGIN_PX, MARGIN_PX + whole_height + 4, whole_width, INK)]
    for column, one in enumerate(figure.columns):
        left = start + column * (column_px + GAP_PX)
        texts.append(_Text(one.name, left, top - 2, column_px, INK))
        texts.append(_Text(one.numbers, left, top - 2 + LINE_PX, column_px, GREY))
    bottom = max(top + 2 * LINE_PX, MARGIN_PX + whole_height + LINE_PX)
    right = start + len(figure.columns) * (column_px + GAP_PX) - GAP_PX + MARGIN_PX
    texts.append(_Text(figure.caption, MARGIN_PX, bottom + 4, right - 2 * MARGIN_PX, GREY))
    size = right, bottom + LINE_PX + MARGIN_PX
    return _Layout(*size, shrink, tuple(pictures), tuple(boxes), tuple(t for t in texts if t.text))


def _scaled(box: Box, shrink: float) -> tuple[int, int, int, int]:
    return (
        MARGIN_PX + round(box.left * shrink),
        MARGIN_PX + round(box.top * shrink),
        max(1, round(box.width * shrink)),
        max(1, round(box.height * shrink)),
    )


def _frame(draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int], colour: str) -> None:
    """A frame around a rectangle, outside of its pixels."""
    left, top, width, height = box
    around = (
        left - FRAME_PX,
        top - FRAME_PX,
        left + width + FRAME_PX - 1,
        top + height + FRAME_PX - 1,
    )
    draw.rectangle(around, outline=ImageColor.getrgb(colour), width=FRAME_PX)


def _latex(text: str) -> str:
    """Text as LaTeX prints it."""
    special = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    special |= {character: f"\\{character}" for character in "&%$#_{}"}
    return "".join(special.get(character, character) for character in text)

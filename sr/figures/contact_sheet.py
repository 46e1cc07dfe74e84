"""Crops side by side on one lossless picture, every pixel as it is: what a method does worst and
best, beside the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from sr.base.errors import ShapeError
from sr.data.pairs import DataSet
from sr.evaluation.methods import Method
from sr.evaluation.results import ImageRow
from sr.evaluation.versions import Versions, open_pair
from sr.metrics.texture import luma

MARGIN_PX = 16
GAP_PX = 10
FONT_PX = 13
LINE_PX = 17
TITLE_LINE_PX = 20
CROP_PX = 96
MAGNIFICATION = 2
TIE = 1e-9  # sums this close, as a share of them, are the same
EXAMPLES = 3  # of the worst images, and as many of the best
INK, PAPER, GREY = (20, 20, 20), (255, 255, 255), (90, 90, 90)

_Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@dataclass(frozen=True)
class Crop:
    """A part of a picture, (H, W, 3) uint8, with the lines that stand under it."""

    pixels: np.ndarray
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Strip:
    """Crops that belong together, under one title."""

    title: str
    crops: tuple[Crop, ...]


@dataclass(frozen=True)
class Sheet:
    """The picture, (H, W, 3) uint8, and where each crop lies in it.

    `places` holds (top, left) of the crops, in the order of strips and crops.
    """

    rgb: np.ndarray
    places: tuple[tuple[int, int], ...]
    magnification: int


def contact_sheet(
    heading: Sequence[str], strips: Sequence[Strip], *, magnification: int = 2
) -> Sheet:
    """Put strips under each other.

    Args:
        heading: lines at the top, broken where they are too long.
        strips: one or more, each of one or more crops.
        magnification: every pixel becomes a square of so many; never smoothed.

    Raises:
        ShapeError: nothing to show, a crop that is not uint8 (H, W, 3), a magnification under 1.
    """
    crops = [crop for strip in strips for crop in strip.crops]
    if not crops or magnification < 1:
        raise ShapeError(
            f"contact_sheet: {len(crops)} crops at {magnification}:1; needed 1 or more at 1:1 or up"
        )
    for crop in crops:
        if crop.pixels.dtype != np.uint8 or crop.pixels.ndim != 3 or crop.pixels.shape[2] != 3:
            raise ShapeError(
                f"contact_sheet: {crop.pixels.dtype} crop {crop.pixels.shape}; "
                "needed uint8 (H, W, 3)"
            )
    font = ImageFont.load_default(FONT_PX)
    column_px = magnification * max(crop.pixels.shape[1] for crop in crops)
    width = 2 * MARGIN_PX + max(
        len(strip.crops) * (column_px + GAP_PX) - GAP_PX for strip in strips
    )
    texts: list[tuple[int, int, str, tuple[int, int, int]]] = []  # left, top, text, colour
    places: list[tuple[int, int]] = []
    top = MARGIN_PX
    for line in heading:
        for part in _broken(line, font, width - 2 * MARGIN_PX):
            texts.append((MARGIN_PX, top, part, INK))
            top += LINE_PX
    for strip in strips:
        top += GAP_PX
        texts.append((MARGIN_PX, top, cut_text(strip.title, font, width - 2 * MARGIN_PX), INK))
        top += TITLE_LINE_PX
        height_px = magnification * max(crop.pixels.shape[0] for crop in strip.crops)
        for index, crop in enumerate(strip.crops):
            left = MARGIN_PX + index * (column_px + GAP_PX)
            places.append((top, left))
            for number, line in enumerate(crop.lines):
                below = top + height_px + 3 + number * LINE_PX
                texts.append((left, below, cut_text(line, font, column_px), GREY))
        top += height_px + 3 + LINE_PX * max(len(crop.lines) for crop in strip.crops)
    image = Image.new("RGB", (width, top + MARGIN_PX), PAPER)
    draw = ImageDraw.Draw(image)
    for left, line_top, text, colour in texts:
        draw.text((left, line_top), text, fill=colour, font=font)
    rgb = np.array(image)
    for (crop_top, left), crop in zip(places, crops, strict=True):
        large = crop.pixels.repeat(magnification, axis=0).repeat(magnification, axis=1)
        rgb[crop_top : crop_top + large.shape[0], left : left + large.shape[1]] = large
    return Sheet(rgb, tuple(places), magnification)


def busiest_part(error: np.ndarray, side_px: int) -> tuple[int, int]:
    """Top and left of the square part whose mean is the largest.

    Args:
        error: (H, W), such as squared differences.
        side_px: side of the square, cut to the image's where that is smaller.
    """
    height, width = (min(side_px, length) for length in error.shape)
    sums = np.pad(error.astype(np.float64).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    inside = sums[height:, width:] - sums[:-height, width:] - sums[height:, :-width]
    inside = inside + sums[:-height, :-width]
    # the first of those that are equal but for rounding
    first = int((inside >= inside.max() * (1 - TIE)).argmax())
    top, left = np.unravel_index(first, inside.shape)
    return int(top), int(left)


class Gallery:
    """Originals and what the methods make of them, each made once."""

    def __init__(self, data_sets: Sequence[DataSet], methods: Sequence[Method]) -> None:
        self.methods = methods
        self.data_sets = data_sets
        self._versions = Versions()
        self._pictures: dict[tuple[str, str], dict[str, np.ndarray]] = {}

    def pictures(self, dataset: str, image: str) -> dict[str, np.ndarray]:
        """(H, W, 3) uint8 by label; the original is called "original"."""
        if (dataset, image) not in self._pictures:
            data_set, pair = next(
                (data_set, pair)
                for data_set in self.data_sets
                for pair in data_set.pairs
                if (data_set.name, pair.hr.name) == (dataset, image)
            )
            photo, target = open_pair(data_set, pair)
            made = self._versions.make_all(self.methods, data_set.scale, pair, photo)
            self._pictures[dataset, image] = {"original": target, **made}
        return self._pictures[dataset, image]


def worst_and_best(images: Sequence[ImageRow], method: Method, gallery: Gallery) -> Sheet:
    """The images a method does worst and best on, by LPIPS where it was measured, else PSNR.

    Of each image the part is shown where the method differs most from the original, as every
    method makes it.
    """
    rows = [row for row in images if row.model == method.label]
    by_lpips = all(row.lpips_alex is not None for row in rows)
    ranked = sorted(rows, key=lambda row: _badness(row, by_lpips), reverse=True)
    count = min(EXAMPLES, len(ranked))
    chosen = [("worst", row) for row in ranked[:count]]
    chosen += [("best", row) for row in reversed(ranked[-count:]) if row not in ranked[:count]]
    results = {(row.dataset, row.image, row.model): row for row in images}
    strips = [_strip(kind, row, method, gallery, results) for kind, row in chosen]
    metric = "LPIPS" if by_lpips else "PSNR-Y"
    heading = (
        f"{method.label}: the images with its worst and best {metric}",
        f"Of each the {CROP_PX}x{CROP_PX} px where {method.label} differs most from the original "
        f"(mean square of luma); every pixel is drawn {MAGNIFICATION}x{MAGNIFICATION}. "
        "The numbers are of whole images.",
    )
    return contact_sheet(heading, strips, magnification=MAGNIFICATION)


def _strip(
    kind: str,
    row: ImageRow,
    method: Method,
    gallery: Gallery,
    results: Mapping[tuple[str, str, str], ImageRow],
) -> Strip:
    pictures = gallery.pictures(row.dataset, row.image)
    difference = luma(pictures[method.label]) - luma(pictures["original"])
    top, left = busiest_part(difference**2, CROP_PX)
    crops = []
    for label, picture in pictures.items():
        part = picture[top : top + CROP_PX, left : left + CROP_PX]
        result = results.get((row.dataset, row.image, label))
        said = "" if result is None else f"{result.psnr_y:.2f} dB"
        if result is not None and result.lpips_alex is not None:
            said += f", LPIPS {result.lpips_alex:.3f}"
        crops.append(Crop(part, (label, said)))
    title = f"{kind}: {row.dataset}/{row.image}, from x {left}, y {top}"
    return Strip(title, tuple(crops))


def _badness(row: ImageRow, by_lpips: bool) -> float:
    if by_lpips and row.lpips_alex is not None:
        return row.lpips_alex
    return -(row.psnr_y or 0.0)


def _broken(text: str, font: _Font, width: int) -> list[str]:
    """Lines of whole words that fit."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def cut_text(text: str, font: _Font, width: int) -> str:
    """The text, with an ellipsis where it is too long."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(f"{text}...") > width:
        text = text[:-1]
    return f"{text}..."

"""The figure of a paper: a whole picture with boxes, and the boxes enlarged as each method makes
them. What stands where is decided once; PNG, SVG and LaTeX are written from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sr.base.errors import ConfigError, ShapeError
from sr.figures.contact_sheet import busiest_part
from sr.metrics.texture import luma

MOST_BOXES = 4
MOST_METHODS = 13  # twelve and the original
COLOURS = ("#d55e00", "#0072b2", "#009e73", "#cc79a7")  # of Okabe and Ito, told apart by all
COLUMN_PX = 200  # about as wide as a column of crops is, where the crops allow it
LEAST_BOX_PX = 4
CHOSEN_SHARE = 6  # a box that is chosen here is so many times narrower than the picture


@dataclass(frozen=True)
class Box:
    """A part of the picture, in its pixels."""

    left: int
    top: int
    width: int
    height: int

    def of(self, picture: np.ndarray) -> np.ndarray:
        """The part of an (H, W, 3) array."""
        part: np.ndarray = picture[
            self.top : self.top + self.height, self.left : self.left + self.width
        ]
        return part


@dataclass(frozen=True)
class Shown:
    """A method's picture, (H, W, 3) uint8, its name, and how far it is from the original."""

    name: str
    pixels: np.ndarray
    psnr_y: float | None = None
    lpips_alex: float | None = None

    @property
    def numbers(self) -> str:
        """What stands under the name: "27.31 dB / 0.182"; "" without an original."""
        said = [] if self.psnr_y is None else [f"{self.psnr_y:.2f} dB"]
        if self.lpips_alex is not None:
            said.append(f"{self.lpips_alex:.3f}")
        return " / ".join(said)


@dataclass(frozen=True)
class Figure:
    """What a figure shows.

    Attributes:
        whole: whose whole picture stands on the left: the original, or else the first method.
        columns: the methods, in order; the original is the first where there is one.
        boxes: 1 to 4, a row each.
        magnifications: by how much each row is enlarged, pixel by pixel.
    """

    whole: Shown
    columns: tuple[Shown, ...]
    boxes: tuple[Box, ...]
    magnifications: tuple[int, ...]

    @property
    def caption(self) -> str:
        """How to read it, in a sentence."""
        said = "crops enlarged " + ", ".join(f"{m}:1" for m in dict.fromkeys(self.magnifications))
        measured = [name for name, there in self._measured.items() if there]
        if measured:
            said += f"; under each name {' / '.join(measured)} of the whole picture"
        return said

    @property
    def _measured(self) -> dict[str, bool]:
        return {
            "PSNR-Y": any(one.psnr_y is not None for one in self.columns),
            "LPIPS": any(one.lpips_alex is not None for one in self.columns),
        }


def paper_figure(
    pictures: Mapping[str, np.ndarray],
    boxes: Sequence[Box] = (),
    *,
    reference: str | None = None,
    numbers: Mapping[str, tuple[float | None, float | None]] | None = None,
) -> Figure:
    """Lay out a figure.

    Args:
        pictures: (H, W, 3) uint8 by name, all of one size, in the order of the columns.
        boxes: at most 4; without any, the part where the pictures differ most is shown.
        reference: which picture is the original; None where there is none.
        numbers: PSNR-Y and LPIPS by name; see `measured`.

    Raises:
        ShapeError: pictures of several sizes, or a box that does not lie in them.
        ConfigError: too many boxes or pictures, or none.
    """
    if not 1 <= len(pictures) <= MOST_METHODS or len(boxes) > MOST_BOXES:
        raise ConfigError(
            f"{len(pictures)} pictures and {len(boxes)} boxes; a figure holds 1 to {MOST_METHODS} "
            f"pictures and up to {MOST_BOXES} boxes"
        )
    sizes = {name: picture.shape for name, picture in pictures.items()}
    if len(set(sizes.values())) > 1:
        said = ", ".join(f"{name} {shape[1]}x{shape[0]}" for name, shape in sizes.items())
        raise ShapeError(f"a figure is of pictures of one size; these are: {said}")
    height, width = next(iter(sizes.values()))[:2]
    for box in boxes:
        _check_box(box, width, height)
    chosen = tuple(boxes) or (_where_they_differ(list(pictures.values())),)
    columns = tuple(
        Shown(name, pixels, *(numbers or {}).get(name, (None, None)))
        for name, pixels in sorted(pictures.items(), key=lambda item: item[0] != reference)
    )
    magnifications = tuple(max(1, COLUMN_PX // box.width) for box in chosen)
    return Figure(columns[0], columns, chosen, magnifications)


def measured(
    pictures: Mapping[str, np.ndarray], reference: str, *, crop_px: int, lpips: bool = True
) -> dict[str, tuple[float | None, float | None]]:
    """PSNR-Y and LPIPS of whole pictures against one of them, by name, without that one.

    LPIPS is None where its features are not to be had, or a picture is too small for it.

    Raises:
        ShapeError: not of one size, or nothing is left after the border is cut.
    """
    from sr.metrics.fidelity import measure

    found: dict[str, tuple[float | None, float | None]] = {}
    for name, picture in pictures.items():
        if name != reference:
            result = measure(
                picture, pictures[reference], crop_px=crop_px, lpips="auto" if lpips else None
            )
            found[name] = result.psnr_y, result.lpips_alex
    return found


def _check_box(box: Box, width: int, height: int) -> None:
    if (
        box.left < 0
        or box.top < 0
        or min(box.width, box.height) < LEAST_BOX_PX
        or box.left + box.width > width
        or box.top + box.height > height
    ):
        raise ShapeError(
            f"the box {box.left},{box.top},{box.width},{box.height} (left, top, width, height) "
            f"does not lie in a picture of {width}x{height}, or has a side under {LEAST_BOX_PX} px"
        )


def _where_they_differ(pictures: Sequence[np.ndarray]) -> Box:
    """The square in which the pictures' luma differs most; of one picture, its most varied one."""
    lumas = [luma(picture) for picture in pictures]
    height, width = lumas[0].shape
    side = max(LEAST_BOX_PX, max(width, height) // CHOSEN_SHARE)
    spread = np.var(lumas, axis=0) if len(lumas) > 1 else (lumas[0] - lumas[0].mean()) ** 2
    top, left = busiest_part(spread, side)
    return Box(left, top, min(side, width), min(side, height))

"""A wipe between two pictures as an animated file: every frame lossless."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from sr.base.errors import ShapeError
from sr.figures.contact_sheet import cut_text

STEPS = 24  # from one end to the other
FRAME_MS = 60
REST_MS = 700  # at each end
HEAD_PX, FONT_PX, MARGIN_PX = 24, 14, 6
DIVIDER_PX = 2
INK, PAPER = (20, 20, 20), (255, 255, 255)


def wipe_frames(
    left: np.ndarray, right: np.ndarray, *, names: tuple[str, str], zoom: int = 1
) -> list[np.ndarray]:
    """Frames in which the divider goes from the right edge to the left one, under both names.

    Args:
        left: (H, W, 3) uint8, shown to the left of the divider.
        right: of the same shape, shown to the right of it.
        names: of the two, written over them.
        zoom: every pixel becomes a square of `zoom` x `zoom`.

    Returns:
        `STEPS` + 1 pictures, (24 + H * zoom, W * zoom, 3) uint8: first all of `left`, last all of
        `right`.

    Raises:
        ShapeError: the shapes differ, or `zoom` is below 1.
    """
    if left.shape != right.shape or left.ndim != 3 or zoom < 1:
        raise ShapeError(
            f"wipe: {left.shape} and {right.shape} at zoom {zoom}; needed two pictures of one "
            "size, (H, W, 3), and a whole zoom of 1 or more"
        )
    one, other = (side.repeat(zoom, axis=0).repeat(zoom, axis=1) for side in (left, right))
    width = one.shape[1]
    head = _head(names, width)
    frames = []
    for step in range(STEPS + 1):
        split = round(width * (1 + np.cos(np.pi * step / STEPS)) / 2)  # slower at the ends
        frame = np.concatenate([one[:, :split], other[:, split:]], axis=1)
        if 0 < split < width:
            frame[:, max(0, split - DIVIDER_PX // 2) : split + DIVIDER_PX // 2] = 255
        frames.append(np.concatenate([head, frame], axis=0))
    return frames


def to_webp(frames: list[np.ndarray]) -> bytes:
    """An animated WebP that goes there and back without end.

    Args:
        frames: (H, W, 3) uint8 each, from one end to the other.
    """
    there = [Image.fromarray(frame) for frame in frames]
    images = [*there, *there[-2:0:-1]]
    rests = {0, len(there) - 1}
    durations = [REST_MS if index in rests else FRAME_MS for index in range(len(images))]
    content = io.BytesIO()
    images[0].save(
        content,
        "WEBP",
        save_all=True,
        append_images=images[1:],
        duration=durations,
        loop=0,
        lossless=True,
        quality=0,  # of the search for a smaller file; the pixels are the same
        method=0,
    )
    return content.getvalue()


def _head(names: tuple[str, str], width: int) -> np.ndarray:
    image = Image.new("RGB", (width, HEAD_PX), PAPER)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(FONT_PX)
    room = width // 2 - 2 * MARGIN_PX
    first, second = (cut_text(name, font, room) for name in names)
    draw.text((MARGIN_PX, 3), first, fill=INK, font=font)
    end = width - MARGIN_PX - round(draw.textlength(second, font))
    draw.text((end, 3), second, fill=INK, font=font)
    return np.asarray(image)

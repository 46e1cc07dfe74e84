"""JPEG and WebP files whose picture is sound though the file around it is not."""

from __future__ import annotations

import io
import struct

import numpy as np
from PIL import JpegImagePlugin

from sr.formats.notes import Note

END_OF_IMAGE = b"\xff\xd9"
MOST_MISSING = 0.1  # of the picture's pixels; more is a damaged file
TRIAL_BYTES = 1 << 16


def with_end_mark(data: bytes) -> tuple[bytes, Note]:
    """A JPEG file that ends without its end mark, with one.

    How much of the picture is missing is seen by decoding it twice, with nothing and with noise
    in the place of what is not there: pixels that differ are missing.

    Raises:
        ValueError: too much is missing.
        Exception: what Pillow raises at a damaged file.
    """
    data = data.rstrip(b"\xff")
    noise = np.random.default_rng(0).integers(0, 255, TRIAL_BYTES, dtype=np.uint8).tobytes()
    endings = (END_OF_IMAGE, noise + END_OF_IMAGE)
    pictures = []
    for ending in endings:
        with JpegImagePlugin.JpegImageFile(io.BytesIO(data + ending)) as image:
            pictures.append(np.asarray(image))
    differs = pictures[0] != pictures[1]
    missing = float(differs.reshape(*differs.shape[:2], -1).any(axis=2).mean())
    if missing > MOST_MISSING:
        raise ValueError(f"{missing:.0%} of the picture is missing")
    note = Note("end_missing", {"percent": max(1, round(100 * missing))})
    return data + END_OF_IMAGE, note if missing else Note("no_end")


def whole_chunks(data: bytes) -> bytes:
    """A WebP file of the chunks that are whole, with its size put right."""
    chunks, at = b"", 12
    while at + 8 <= len(data):
        name, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        body = data[at + 8 : at + 8 + length]
        if len(body) < length:
            break
        if name in (b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ICCP", b"ANIM", b"ANMF", b"EXIF"):
            chunks += name + struct.pack("<I", length) + body + b"\0" * (length % 2)
        at += 8 + length + length % 2
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WEBP" + chunks

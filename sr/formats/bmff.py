"""AVIF and HEIC files: which of the two, and the colours that their numbers say."""

from __future__ import annotations

from collections.abc import Iterator

AVIF, HEIC = "avif", "heic"
# Boxes that hold boxes, and how many bytes stand before those.
_INSIDE = {b"meta": 4, b"iprp": 0, b"ipco": 0}


def kind(header: bytes) -> str | None:
    """AVIF, HEIC, or None, by the brands at the beginning of a file."""
    if header[4:8] != b"ftyp":
        return None
    length = int.from_bytes(header[:4], "big")
    brands = [header[8:12]] + [header[at : at + 4] for at in range(16, min(length, 128), 4)]
    if any(brand in (b"avif", b"avis") for brand in brands):
        return AVIF
    if any(brand.startswith((b"hei", b"hev", b"mif", b"msf")) for brand in brands):
        return HEIC
    return None


def colour_numbers(data: bytes) -> tuple[int, int] | None:
    """Primaries and transfer characteristics (H.273) of the first `colr` box that says them."""
    for name, body in _boxes(data):
        if name == b"colr" and body[:4] == b"nclx" and len(body) >= 10:
            return int.from_bytes(body[4:6], "big"), int.from_bytes(body[6:8], "big")
    return None


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + 8 <= len(data):
        length, name, head = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8], 8
        if length == 1:
            length, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        length = length or len(data) - at
        if length < head:
            return
        if name in _INSIDE:
            yield from _boxes(data[at + head + _INSIDE[name] : at + length])
        elif name == b"colr":
            yield name, data[at + head : at + length]
        at += length

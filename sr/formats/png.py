"""PNG files: the picture apart from what stands beside it.

Decoders give up a sound picture for a text that is too long or a checksum that is wrong in what
does not belong to it. Here a file is taken apart first: what the picture needs goes to the decoder,
the rest is read as far as it is sound, and what is not is left out and said.

Source: W3C, Portable Network Graphics (PNG) Specification, third edition.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from PIL import PngImagePlugin

from sr.formats.encodings import Encoding, encoding_of_chromaticities, encoding_of_code_points
from sr.formats.notes import Note

SIGNATURE = b"\x89PNG\r\n\x1a\n"
PICTURE = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
TEXTS = (b"tEXt", b"zTXt", b"iTXt")
# Beside the picture: shortest and longest body that can be sound.
LENGTHS = {b"cICP": (4, 4), b"sRGB": (1, 1), b"gAMA": (4, 4), b"cHRM": (32, 32), b"pHYs": (9, 9)}
LENGTHS |= {b"iCCP": (3, 1 << 24), b"eXIf": (8, 1 << 24)}
LONGEST_TEXT = 1 << 20
LONGEST_PROFILE = 1 << 20


@dataclass(frozen=True)
class PngFile:
    """What a PNG file holds.

    Attributes:
        picture: a PNG of the picture alone.
        beside: chunks that stand beside it and are sound, by name.
        texts: keyword -> text, of those that are short.
        notes: what was left out.
    """

    picture: bytes
    beside: dict[bytes, bytes] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()

    @property
    def is_deep(self) -> bool:
        """Whether it has 16 bits a sample."""
        return self.picture[24:25] == b"\x10"

    def colour(self) -> tuple[bytes | None, Encoding | None]:
        """The colour profile, or else the encoding that numbers say; the first of cICP, iCCP,
        sRGB, gAMA with cHRM that is usable counts. None and None is sRGB.
        """
        if b"cICP" in self.beside:
            primaries, transfer, matrix, is_full = self.beside[b"cICP"]
            encoding = encoding_of_code_points(primaries, transfer, is_full_range=bool(is_full))
            if encoding is not None and matrix == 0:
                return None, encoding
        if b"iCCP" in self.beside:
            return self.beside[b"iCCP"], self._encoding_of_numbers()
        return None, self._encoding_of_numbers()

    def _encoding_of_numbers(self) -> Encoding | None:
        if b"sRGB" in self.beside:
            return None
        gamma, corners = self.beside.get(b"gAMA"), self.beside.get(b"cHRM")
        return encoding_of_chromaticities(
            [value / 100_000 for value in struct.unpack(">8I", corners)] if corners else None,
            int.from_bytes(gamma, "big") / 100_000 if gamma else None,
        )


def read_png(data: bytes) -> PngFile:
    """Take a PNG file apart.

    Args:
        data: begins with SIGNATURE. What ends early stays so: the decoder sees it.

    Raises:
        ValueError: a checksum of the picture itself is wrong.
    """
    picture, bad = [SIGNATURE], []
    beside: dict[bytes, bytes] = {}
    texts: dict[str, str] = {}
    notes: list[Note] = []
    has_end = False
    for name, body, is_sound in _chunks(data):
        if name in PICTURE and (is_sound or name in (b"IDAT", b"IEND")):
            picture.append(_chunk(name, body))
            has_end |= name == b"IEND"
        elif not is_sound or not _fits(name, body):
            bad.append(name.decode("latin-1"))
        elif name in TEXTS:
            text = _text(name, body)
            if text is None:
                notes.append(Note("long_text"))
            else:
                texts.setdefault(*text)
        elif name == b"iCCP":
            profile = _inflated(body.partition(b"\0")[2][1:], LONGEST_PROFILE)
            if profile is None:
                notes.append(Note("long_profile"))
            elif profile:
                beside.setdefault(name, profile)
            else:
                bad.append("iCCP")
        elif name in LENGTHS:
            beside.setdefault(name, body)
    if not has_end:
        picture.append(_chunk(b"IEND", b""))
        notes.append(Note("no_end"))
    if bad:
        notes.append(Note("bad_chunk", {"names": ", ".join(dict.fromkeys(bad))}))
    return PngFile(
        b"".join(picture), beside, texts, tuple({note.kind: note for note in notes}.values())
    )


def deep_samples(png: PngFile) -> np.ndarray:
    """The samples of a picture of 16 bits: (H, W, C) uint16.

    Pillow has no such colour images, but it unpacks either byte of a sample: two passes.
    """

    def unpacked(change: tuple[str, str] | None) -> np.ndarray:
        with PngImagePlugin.PngImageFile(io.BytesIO(png.picture)) as image:
            (tile,) = image.tile
            if change:
                image.tile = [tile._replace(args=str(tile.args).replace(*change))]
            return np.asarray(image)

    kind = png.picture[25]  # colour type
    if kind == 0:
        return unpacked(None)[..., None].astype(np.uint16)
    if kind == 4:  # grey and alpha, as the four bytes they are
        both = unpacked(("LA;16B", "RGBA")).astype(np.uint16)
        return both[..., 0::2] * 256 + both[..., 1::2]
    return unpacked(None).astype(np.uint16) * 256 + unpacked(("16B", "16L"))


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes, bool]]:
    """Name, body and soundness of every chunk, up to the end mark or the end of the file."""
    at = len(SIGNATURE)
    while at + 8 <= len(data):
        length, name = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        body = data[at + 8 : at + 8 + length]
        check = data[at + 8 + length : at + 12 + length]
        is_whole = len(body) == length and len(check) == 4
        is_sound = is_whole and int.from_bytes(check, "big") == zlib.crc32(name + body)
        if is_whole and not is_sound and name in (b"IHDR", b"PLTE", b"IDAT"):
            raise ValueError(f"wrong checksum of {name!r}")
        yield name, body, is_sound
        if name == b"IEND":
            return
        at += 12 + length


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _fits(name: bytes, body: bytes) -> bool:
    shortest, longest = LENGTHS.get(name, (0, len(body)))
    return shortest <= len(body) <= longest


def _text(name: bytes, body: bytes) -> tuple[str, str] | None:
    """Keyword and text; None where it is too long. What is not text is an empty one."""
    keyword, _, rest = body.partition(b"\0")
    is_packed = name == b"zTXt"
    if name == b"iTXt":
        is_packed, rest = rest[:1] == b"\1", rest[2:].partition(b"\0")[2].partition(b"\0")[2]
    elif is_packed:
        rest = rest[1:]
    text = _inflated(rest, LONGEST_TEXT) if is_packed else rest
    if text is None or len(text) > LONGEST_TEXT:
        return None
    coding = "utf-8" if name == b"iTXt" else "latin-1"
    return keyword.decode("latin-1"), text.decode(coding, "replace")


def _inflated(data: bytes, longest: int) -> bytes | None:
    """What zlib data holds; None where that is more than `longest`, nothing where it is damaged."""
    inflater = zlib.decompressobj()
    try:
        found = inflater.decompress(data, longest + 1)
    except zlib.error:
        return b""
    return None if len(found) > longest else found

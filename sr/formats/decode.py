"""From a file to its picture in sRGB, one way a format; the size is checked before any pixel."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageFile, PngImagePlugin, TiffImagePlugin

from sr.base.errors import ImageError
from sr.formats import bmff, tiff
from sr.formats.encodings import encoding_of_code_points
from sr.formats.notes import Note
from sr.formats.png import deep_samples, read_png
from sr.formats.repair import END_OF_IMAGE, whole_chunks, with_end_mark
from sr.formats.samples import Colour, Decoded, deep_to_srgb, sample_format, to_srgb

TAG_ORIENTATION = 274

Reader = type[ImageFile.ImageFile]
Check = Callable[[tuple[int, int]], None]  # width and height; raises ImageError


@dataclass(frozen=True)
class About:
    """What a file says beside its picture.

    Attributes:
        exif: the block as it stands in the file; empty for none.
        dpi: dots an inch, across and down.
        texts: keyword -> text.
        jpeg_tables: the quantisation tables of a JPEG, as Pillow gives them; empty else.
    """

    exif: bytes = b""
    dpi: tuple[float, float] | None = None
    texts: Mapping[str, str] = field(default_factory=dict)
    jpeg_tables: Mapping[int, Sequence[int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Picture:
    """A decoded file, as it lies in it: `orientation`, as in EXIF, says how it is to be turned."""

    decoded: Decoded
    about: About = About()
    orientation: int = 1


def decode(reader: Reader, stream: BinaryIO, label: str, check: Check) -> Picture:
    """The first picture of a file.

    Args:
        reader: the class of Pillow that reads this format.
        stream: the file, at its beginning.
        label: its name, for the log.
        check: called with every size that the file says, before decoding.

    Raises:
        Exception: what Pillow raises at damaged data, `check` at a size.
    """
    return _WAYS.get(str(reader.format), _plain)(reader, stream, label, check)


def _plain(reader: Reader, stream: BinaryIO, label: str, check: Check) -> Picture:
    # The format's class instead of Image.open: what passes for an image has been decided, and an
    # oversized header is answered by the check alone, not by a warning first.
    with reader(stream) as image:
        check(image.size)
        colour, about = _colour(image), _about(image)
        samples = sample_format(image)
        image.load()
        check(image.size)  # a GIF's first frame may be larger than the header said
        return Picture(to_srgb(image, samples, colour, label), about, orientation(about.exif))


def _png(reader: Reader, stream: BinaryIO, label: str, check: Check) -> Picture:
    file = read_png(stream.read())
    colour = Colour(*file.colour())
    about = About(file.beside.get(b"eXIf", b""), _dots(file.beside.get(b"pHYs")), file.texts)
    with PngImagePlugin.PngImageFile(io.BytesIO(file.picture)) as image:
        check(image.size)
        if file.is_deep:
            samples, alpha = deep_samples(file), None
            if samples.shape[2] in (2, 4):
                samples, alpha = samples[..., :-1], samples[..., -1]
            key = image.info.get("transparency")
            decoded = deep_to_srgb(samples, colour, label, alpha=alpha, key=key)
        else:
            how = sample_format(image)
            image.load()
            decoded = to_srgb(image, how, colour, label)
    return Picture(_noted(decoded, *file.notes), about, orientation(about.exif))


def _jpeg(reader: Reader, stream: BinaryIO, label: str, check: Check) -> Picture:
    try:
        return _plain(reader, stream, label, check)
    except ImageError:
        raise
    except Exception:
        stream.seek(0)
        data = stream.read()
        if data.rstrip(b"\0").endswith(END_OF_IMAGE):
            raise
        whole, note = with_end_mark(data)
        picture = _plain(reader, io.BytesIO(whole), label, check)
        return replace(picture, decoded=_noted(picture.decoded, note))


def _webp(reader: Reader, stream: BinaryIO, label: str, check: Check) -> Picture:
    try:
        return _plain(reader, stream, label, check)
    except ImageError:
        raise
    except Exception:
        stream.seek(0)
        picture = _plain(reader, io.BytesIO(whole_chunks(stream.read())), label, check)
        note = Note("container")
        return replace(picture, decoded=_noted(picture.decoded, note))


def _tiff(reader: Reader, stream: BinaryIO, label: str, check: Check) -> Picture:
    try:
        image = TiffImagePlugin.TiffImageFile(stream)
    except SyntaxError:  # Pillow has no mode for it
        deep = tiff.read_deep(stream, check)
        if deep is None:
            raise
        return _deep_tiff(deep, label)
    with image:
        check(image.size)
        image.info.pop("xmp", None)  # by which Pillow would turn it
        colour, about = _colour(image), _about(image)
        if tiff.is_deep(image):
            deep = tiff.read_deep(stream, check)
            if deep is not None:
                return replace(_deep_tiff(deep, label), about=about)
            stream.seek(0)
        if tiff.is_planar(image):
            raise ValueError("unsupported: compressed planes of more than 8 bits")
        samples = sample_format(image)
        image.load()  # Pillow turns it
        check(image.size)
        return Picture(to_srgb(image, samples, colour, label), about)


def _deep_tiff(deep: tiff.DeepTiff, label: str) -> Picture:
    decoded = deep_to_srgb(deep.samples, Colour(deep.profile), label, alpha=deep.alpha)
    return Picture(decoded, orientation=deep.orientation)


def _bmff(reader: Reader, stream: BinaryIO, label: str, check: Check) -> Picture:
    """AVIF and HEIC: numbers may say their colours too."""
    picture_bytes = stream.read()
    with reader(io.BytesIO(picture_bytes)) as image:
        check(image.size)
        colour, about = _colour(image), _about(image)
        numbers = bmff.colour_numbers(picture_bytes)
        if numbers is not None and colour.profile is None:
            colour = Colour(encoding=encoding_of_code_points(*numbers))
        samples = sample_format(image)
        image.load()
        check(image.size)
        return Picture(to_srgb(image, samples, colour, label), about, orientation(about.exif))


_WAYS: dict[str, Callable[[Reader, BinaryIO, str, Check], Picture]] = {
    "PNG": _png,
    "JPEG": _jpeg,
    "WEBP": _webp,
    "TIFF": _tiff,
    "AVIF": _bmff,
    "HEIF": _bmff,
}


def orientation(exif_block: bytes) -> int:
    """EXIF's orientation, 1 to 8; 1 when there is none or the block is damaged."""
    try:
        exif = Image.Exif()
        exif.load(exif_block)
        found = int(exif.get(TAG_ORIENTATION, 1))
    except Exception:
        return 1
    return found if 1 <= found <= 8 else 1


def upright_size(reader: Reader, stream: BinaryIO) -> tuple[int, int]:
    """Width and height, the right way up, from the header alone.

    Raises:
        Exception: what Pillow raises at damaged data.
    """
    with reader(stream) as image:
        width, height = image.size
        # Of a TIFF that lies on its side Pillow gives the turned size already.
        is_turned = reader.format != "TIFF" and orientation(image.info.get("exif") or b"") >= 5
        return (height, width) if is_turned else (width, height)


def _noted(decoded: Decoded, *notes: Note) -> Decoded:
    return replace(decoded, notes=(*notes, *decoded.notes))


def _colour(image: Image.Image) -> Colour:
    return Colour(image.info.get("icc_profile"))


def _about(image: Image.Image) -> About:
    try:
        dpi = image.info.get("dpi")
        exif = image.info.get("exif") or b""
        if isinstance(image, TiffImagePlugin.TiffImageFile):
            exif = image.getexif().tobytes()
        dots = tuple(map(float, dpi)) if dpi else None
        tables = getattr(image, "quantization", {}) or {}
        return About(exif, dots, jpeg_tables=tables)  # type: ignore[arg-type]
    except Exception:  # damaged metadata
        return About()


def _dots(chunk: bytes | None) -> tuple[float, float] | None:
    """Dots an inch of a PNG's pHYs."""
    if chunk is None or chunk[8] != 1:
        return None
    across, down = np.frombuffer(chunk[:8], ">u4") * 0.0254
    return float(across), float(down)

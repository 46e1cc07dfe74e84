"""Open any photo as 8-bit sRGB, safely; write lossless PNG with its provenance.

A file is judged by its content, never by its name, and its size is read from the header before
a single pixel is decoded. Whatever is wrong with a file ends as an `ImageError` with a sentence.
"""

from __future__ import annotations

import codecs
import functools
import io
import logging
import os
import re
import secrets
import stat
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageCms,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from sr.base.errors import DataError, ImageError, ImageTooLargeError, OutputError, ShapeError

logger = logging.getLogger(__name__)

IMAGE_SUFFIXES: frozenset[str] = frozenset(
    {".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".tif", ".tiff", ".bmp", ".gif"}
)

# Sizes are checked here and damaged metadata is passed over: Pillow's remarks on both would only
# reach people as stray lines. Filters set around a call would not be safe with threads.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.\w+ImagePlugin$")

# Without a limit of the caller: 89 megapixels, just under where Pillow itself begins to warn.
SAFETY_LIMIT_MEGAPIXELS = 89.0

_ACCEPTED = "PNG, JPEG, WebP, TIFF, BMP or GIF"
# Files that are none of the formats: what they are, and what to do.
NOT_IMAGES: dict[str, tuple[str, str]] = {
    "empty": ("an empty file (0 bytes)", "export or download the image again"),
    "svg": ("an SVG drawing, which has no pixels", "export it as PNG"),
    "avif": ("an AVIF image, which is not read here", "save it as JPEG or PNG"),
    "heic": ("a HEIC image, which is not read here", "save it as JPEG or PNG"),
    "pdf": ("a PDF document", "export the page as PNG"),
    "photoshop": ("a Photoshop document, which is not read here", "export it as PNG"),
    "text": ("a text file, whatever its name says", "choose an image"),
    "unknown": ("not an image that is known here", "choose another file or save it as PNG"),
}
_HEADER_BYTES = 1024
# What Pillow says of files that may be sound but that it has no decoder for.
_UNSUPPORTED = re.compile(r"unknown pixel mode|unsupported|not available", re.IGNORECASE)
_TAG_BITS_PER_SAMPLE, _TAG_PHOTOMETRIC, _TAG_ORIENTATION = 258, 262, 274

# EXIF orientation -> the same picture the right way up, for arrays (H, W, ...).
_UPRIGHT: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: pixels[::-1].swapaxes(0, 1),
    7: lambda pixels: pixels[::-1, ::-1].swapaxes(0, 1),
    8: lambda pixels: pixels[:, ::-1].swapaxes(0, 1),
}


@dataclass(frozen=True)
class Photo:
    """An image in memory, the right way up.

    Attributes:
        rgb: (H, W, 3) uint8, sRGB.
        alpha: (H, W) uint8, or None when the image is opaque everywhere.
        mended_share: of an enlargement, where bicubic stands in its network's place, 0 to 1.
    """

    rgb: np.ndarray
    alpha: np.ndarray | None = None
    mended_share: float = 0.0

    @property
    def height(self) -> int:
        return int(self.rgb.shape[0])

    @property
    def width(self) -> int:
        return int(self.rgb.shape[1])


# ------------------------------------------------------------------------------------- reading


def open_image(
    source: str | Path | bytes | BinaryIO, *, max_megapixels: float | None = None
) -> Photo:
    """Read an image as 8-bit sRGB, turned the right way up.

    PNG, JPEG, WebP, TIFF, BMP and GIF (of several frames the first), recognised by content; grey,
    1-bit, palette, alpha, CMYK, Lab, 16-bit, 32-bit and float samples; embedded colour profiles
    are converted to sRGB, and a damaged profile is ignored.

    Args:
        source: a path, the bytes of a file, or an open binary file.
        max_megapixels: more pixels than this are refused from the header, before decoding;
            None leaves only the safety limit of 89 megapixels.

    Returns:
        A `Photo`; its alpha is None when every pixel is opaque.

    Raises:
        ImageError: missing, unreadable, truncated, or not an image of these formats.
        ImageTooLargeError: more pixels than the limit.
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _read(io.BytesIO(source), "image", max_megapixels)
    if isinstance(source, (str, os.PathLike)):
        path = Path(source)
        with _open_file(path) as stream:
            return _read(stream, path.name, max_megapixels)
    name = getattr(source, "name", None)
    label = Path(name).name if isinstance(name, str) and name else "image"
    return _read(io.BytesIO(source.read()), label, max_megapixels)


def _open_file(path: Path) -> BinaryIO:
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise ImageError(f"{path}: a folder, not a file; give one of the images in it")
        if not stat.S_ISREG(mode):  # reading a pipe or a device could wait for ever
            raise ImageError(f"{path}: not a regular file; give an image file")
        return path.open("rb")
    except FileNotFoundError as error:
        raise ImageError(f"{path}: no such file; check the name and the folder") from error
    except PermissionError as error:
        raise ImageError(
            f"{path}: no permission to read it; change its permissions or copy it elsewhere"
        ) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ImageError(f"{path}: cannot be opened ({reason}); give an image file") from error


def _read(stream: BinaryIO, label: str, max_megapixels: float | None) -> Photo:
    header = stream.read(_HEADER_BYTES)
    stream.seek(0)
    image_class = _image_class(header)
    if image_class is None:
        kind = _what_it_is(header)
        what, remedy = NOT_IMAGES[kind]
        text = f"{label}: {what}; needed: {_ACCEPTED}; {remedy}"
        raise ImageError(text, kind=kind, file=label)
    format_name = str(image_class.format)
    try:
        # The format's class instead of Image.open: what passes for an image is decided above, and
        # an oversized header is answered by _check_size alone, not by a warning first.
        with image_class(stream) as image:
            _check_size(image, label, max_megapixels)
            sample_format = _sample_format(image)
            image.load()
            # A GIF's first frame may be larger than the header said.
            _check_size(image, label, max_megapixels)
            rgb, alpha = _to_srgb(image, sample_format, label)
            upright = _UPRIGHT.get(_orientation(image), lambda pixels: pixels)
    except ImageError:
        raise
    except (MemoryError, Image.DecompressionBombError) as error:
        raise ImageTooLargeError(
            f"{label}: more pixels than can be decoded; crop or shrink the image first",
            kind="undecodable",
            file=label,
        ) from error
    except Exception as error:  # on damaged data a decoder may raise anything
        logger.debug("%s: cannot be decoded", label, exc_info=True)
        if _UNSUPPORTED.search(str(error)):
            raise ImageError(
                f"{label}: a {format_name} file of a kind that is not read here, or a damaged one; "
                "save it as an ordinary 8-bit or 16-bit PNG",
                kind="unsupported",
                file=label,
                format=format_name,
            ) from error
        raise ImageError(
            f"{label}: a damaged or truncated {format_name} file; "
            "export or download the image again",
            kind="damaged",
            file=label,
            format=format_name,
        ) from error
    if alpha is not None:
        alpha = None if alpha.min() == 255 else np.ascontiguousarray(upright(alpha))
    return Photo(np.ascontiguousarray(upright(rgb)), alpha)


def _image_class(header: bytes) -> type[ImageFile.ImageFile] | None:
    """The Pillow class that reads files beginning like this."""
    if header.startswith(b"\x89PNG\r\n\x1a\n"):
        return PngImagePlugin.PngImageFile
    if header.startswith(b"\xff\xd8\xff"):
        return JpegImagePlugin.JpegImageFile
    if header.startswith(b"RIFF") and header[8:12] == b"WEBP":
        return WebPImagePlugin.WebPImageFile
    if header.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return TiffImagePlugin.TiffImageFile
    if header.startswith(b"BM") and not _is_text(header):
        return BmpImagePlugin.BmpImageFile
    if header.startswith((b"GIF87a", b"GIF89a")):
        return GifImagePlugin.GifImageFile
    return None


def _what_it_is(header: bytes) -> str:
    """What a file that is none of the formats seems to be: a key of NOT_IMAGES."""
    start = header.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    brand = header[8:12] if header[4:8] == b"ftyp" else b""
    if not header:
        return "empty"
    if start.startswith((b"<?xml", b"<svg", b"<!--", b"<!doctype")) and b"<svg" in start:
        return "svg"
    if brand.startswith((b"avi", b"hei", b"hev", b"mif", b"msf")):
        return "avif" if brand.startswith(b"avi") else "heic"
    if header.startswith(b"%PDF"):
        return "pdf"
    if header.startswith(b"8BPS"):
        return "photoshop"
    return "text" if _is_text(header) else "unknown"


def _is_text(header: bytes) -> bool:
    if any(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in header):
        return False
    try:  # incremental: the header may end within a character
        codecs.getincrementaldecoder("utf-8")().decode(header)
    except UnicodeDecodeError:
        return False
    return True


def _check_size(image: Image.Image, label: str, max_megapixels: float | None) -> None:
    width, height = image.size
    if width < 1 or height < 1:
        text = f"{label}: {width}x{height} pixels; needed: at least one pixel"
        raise ImageError(text, kind="no_pixels", file=label, width=width, height=height)
    limit = SAFETY_LIMIT_MEGAPIXELS if max_megapixels is None else max_megapixels
    if width * height > limit * 1e6:
        raise ImageTooLargeError(
            f"{label}: {width}x{height} is {width * height / 1e6:.4g} megapixels; at most "
            f"{limit:g} are accepted: crop or shrink the image first",
            kind="too_large",
            file=label,
            width=width,
            height=height,
            megapixels=round(width * height / 1e6, 2),
        )


def _orientation(image: Image.Image) -> int:
    """EXIF orientation, 1 to 8; 1 when there is none or the EXIF data is damaged."""
    try:  # after load(), by which Pillow has turned a TIFF by itself and dropped the tag
        return int(image.getexif().get(_TAG_ORIENTATION, 1))
    except Exception:
        return 1


# ----------------------------------------------------------------------------- samples to sRGB


@dataclass(frozen=True)
class _SampleFormat:
    """What only the undecoded file says about its samples."""

    full_scale: int  # the value of white in a 16-bit mode
    is_inverted: bool  # white is 0 and Pillow has left it so
    key_factor: float  # a PNG transparent colour times this is the decoded value


def _sample_format(image: ImageFile.ImageFile) -> _SampleFormat:
    bits, is_inverted = 16, False
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        tag = image.tag_v2.get(_TAG_BITS_PER_SAMPLE, (16,))
        bits = int(tag[0] if isinstance(tag, tuple) else tag)
        is_inverted = image.mode.startswith("I;16") and image.tag_v2.get(_TAG_PHOTOMETRIC) == 0
    arguments = image.tile[0].args if image.tile else None
    rawmode = arguments if isinstance(arguments, str) else ""
    if isinstance(arguments, tuple) and arguments and isinstance(arguments[0], str):
        rawmode = arguments[0]
    factor = {"L;2": 85.0, "L;4": 17.0, "RGB;16B": 1 / 256}.get(rawmode, 1.0)
    return _SampleFormat(2**bits - 1 if bits <= 16 else 65535, is_inverted, factor)


def _to_srgb(
    image: Image.Image, sample_format: _SampleFormat, label: str
) -> tuple[np.ndarray, np.ndarray | None]:
    """rgb (H, W, 3) and alpha (H, W) or None, uint8, of a loaded image."""
    profile = image.info.get("icc_profile")
    alpha = None
    key = image.info.get("transparency")
    if image.mode in ("P", "PA"):
        image = image.convert("RGBA")  # a transparent palette entry becomes alpha
    elif key is not None and image.mode in ("1", "L", "RGB", "I;16", "I;16B", "I;16L", "I"):
        alpha = _alpha_of_key(image, key, sample_format.key_factor)
    if image.mode in ("La", "RGBa"):  # premultiplied
        image = image.convert(image.mode.upper())
    if image.mode in ("LA", "RGBA"):
        *bands, alpha_band = image.split()
        alpha = np.asarray(alpha_band)
        image = Image.merge(image.mode[:-1], bands)
    elif image.mode.startswith("I") or image.mode == "F":
        image = Image.fromarray(_to_8_bit(image, sample_format))
    elif image.mode == "1":
        image = image.convert("L")
    return np.asarray(_apply_profile(image, profile, label)), alpha


def _alpha_of_key(image: Image.Image, key: object, factor: float) -> np.ndarray | None:
    """Alpha (H, W) that is 0 where a pixel has the one transparent colour of its file."""
    keys = np.atleast_1d(np.asarray(key))
    if not np.issubdtype(keys.dtype, np.number):
        return None
    values = np.asarray(image.convert("L") if image.mode == "1" else image)
    is_key = values == np.floor(keys * factor).astype(np.int64)
    if is_key.ndim == 3:
        is_key = is_key.all(axis=2)
    return np.where(is_key, 0, 255).astype(np.uint8)


def _to_8_bit(image: Image.Image, sample_format: _SampleFormat) -> np.ndarray:
    """Grey samples wider than 8 bits to uint8 (H, W).

    16-bit samples are scaled by their full range. 32-bit and float files do not say what white
    is: the smallest usual range that holds all values is taken, and failing that the values' own.
    """
    samples = np.asarray(image)
    if image.mode.startswith("I;16"):
        low, high = 0.0, float(sample_format.full_scale)
    else:
        samples = np.nan_to_num(samples.astype(np.float64), nan=0.0)
        low, high = 0.0, 255.0
        smallest, largest = float(samples.min()), float(samples.max())
        ranges = (1.0, 255.0, 65535.0) if image.mode == "F" else (255.0, 65535.0)
        fitting = [white for white in ranges if smallest >= 0 and largest <= white]
        if fitting:
            high = fitting[0]
        elif largest > smallest:
            low, high = smallest, largest
    # In float64 the difference of two float32 values cannot overflow.
    scaled = (samples.astype(np.float64) - low) * (255.0 / (high - low))
    grey = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
    return 255 - grey if sample_format.is_inverted else grey


def _apply_profile(image: Image.Image, profile_bytes: bytes | None, label: str) -> Image.Image:
    """An RGB image in sRGB, by the embedded profile where it fits and is sound."""
    if profile_bytes:
        try:
            return _convert_by_profile(image, profile_bytes)
        except Exception as error:  # what comes out of a damaged profile is not predictable
            logger.info("%s: colour profile ignored (%s)", label, error)
    if image.mode == "LAB":
        return _converted(image, ImageCms.createProfile("LAB"))
    return image if image.mode == "RGB" else image.convert("RGB")


def _convert_by_profile(image: Image.Image, profile_bytes: bytes) -> Image.Image:
    profile = ImageCms.ImageCmsProfile(io.BytesIO(profile_bytes))
    colour_space = profile.profile.xcolor_space.strip()
    mode = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK", "Lab": "LAB"}.get(colour_space)
    if mode == "RGB" and image.mode in ("L", "YCbCr", "RGBX"):
        image = image.convert("RGB")
    if image.mode != mode:
        raise ValueError(f"a profile for {colour_space} in an image of mode {image.mode}")
    if mode == "RGB" and _is_srgb(profile):
        return image  # bit for bit, instead of through a rounding colour engine
    return _converted(image, profile)


def _is_srgb(profile: ImageCms.ImageCmsProfile) -> bool:
    """Whether converting by the profile changes no colour by more than a grey level."""
    steps = np.linspace(0, 255, 9).astype(np.uint8)
    probe = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(9, 81, 3)
    converted = np.asarray(_converted(Image.fromarray(probe), profile))
    return int(np.abs(converted.astype(int) - probe).max()) <= 1


def _converted(image: Image.Image, profile: object) -> Image.Image:
    result = ImageCms.profileToProfile(
        image,
        profile,  # type: ignore[arg-type]
        _srgb_profile(),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB",
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    if result is None:
        raise ValueError("the colour engine gave no image")
    return result


@functools.cache
def _srgb_profile() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


# ------------------------------------------------------------------------------------- writing


def encode_png(
    photo: Photo, *, text: dict[str, str] | None = None, compress_level: int = 3
) -> bytes:
    """The bytes of a lossless 8-bit PNG, marked as sRGB.

    Args:
        photo: rgb (H, W, 3) uint8 and, when not None, alpha (H, W) uint8.
        text: keyword -> UTF-8 text, one iTXt chunk each; keywords of 1 to 79 Latin-1 characters.
        compress_level: 0 (fast, large) to 9 (slow, small).

    Raises:
        ShapeError: an array of another shape or type.
    """
    rgb, alpha = photo.rgb, photo.alpha
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.size == 0:
        raise ShapeError(
            f"encode_png: rgb {rgb.shape} {rgb.dtype}; needed: (H, W, 3) uint8, at least 1x1"
        )
    if alpha is not None and (alpha.dtype != np.uint8 or alpha.shape != rgb.shape[:2]):
        raise ShapeError(
            f"encode_png: alpha {alpha.shape} {alpha.dtype}; needed: {rgb.shape[:2]} uint8"
        )
    pixels = rgb if alpha is None else np.dstack([rgb, alpha])
    chunks = PngImagePlugin.PngInfo()
    chunks.add(b"sRGB", b"\x00")  # perceptual intent
    for keyword, value in (text or {}).items():
        chunks.add_itxt(keyword, value)
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(
        buffer, "PNG", pnginfo=chunks, compress_level=compress_level
    )
    return buffer.getvalue()


def save_png(
    path: str | Path, photo: Photo, *, text: dict[str, str] | None = None, overwrite: bool = False
) -> None:
    """Write a PNG so that nobody ever sees half of it; missing folders are created.

    The bytes go to a temporary file in the same folder, which then takes the name.

    Raises:
        OutputError: the file exists and `overwrite` is false, the name does not end in .png,
            or the place cannot be written to.
        ShapeError: as `encode_png`.
    """
    path = Path(path)
    if path.suffix.lower() != ".png":
        raise OutputError(f"{path}: only PNG is written; name it {path.name}.png for example")
    temporary = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        if path.is_dir():
            raise OutputError(f"{path}: a folder has this name; choose another")
        if path.exists() and not overwrite:
            raise OutputError(f"{path}: exists already; choose another name or allow overwriting")
        data = encode_png(photo, text=text)
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            temporary.write_bytes(data)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be written ({error.strerror or error}); choose another folder"
        ) from error


def list_images(folder: str | Path, *, recursive: bool = False) -> list[Path]:
    """The image files of a folder by their suffix, sorted; hidden files are left out.

    Raises:
        DataError: the folder is not there or cannot be read.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; give a folder of images")
    try:
        return sorted(
            path
            for path in (folder.rglob("*") if recursive else folder.iterdir())
            if path.suffix.lower() in IMAGE_SUFFIXES
            and not path.name.startswith(".")
            and path.is_file()
        )
    except OSError as error:
        reason = error.strerror or error
        raise DataError(f"{folder}: cannot be read ({reason}); check permissions") from error

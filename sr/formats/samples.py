"""Decoded samples of any kind to 8-bit sRGB."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFile, TiffImagePlugin

from sr.formats.encodings import HDR_WHITE_NITS, Encoding, convert, goes_beyond_white
from sr.formats.notes import Note
from sr.formats.profiles import by_profile, matrix_encoding, without_profile

_TAG_BITS_PER_SAMPLE, _TAG_PHOTOMETRIC, _TAG_SAMPLE_FORMAT = 258, 262, 339


@dataclass(frozen=True)
class SampleFormat:
    """What only the undecoded file says about its samples."""

    full_scale: int  # the value of white in a 16-bit mode
    is_signed: bool  # samples of 16 or 32 bits may be below 0; else 32 bits are all above
    is_inverted: bool  # white is 0 and Pillow has left it so
    key_factor: float  # a PNG transparent colour times this is the decoded value


def sample_format(image: ImageFile.ImageFile) -> SampleFormat:
    bits, is_inverted, is_signed = 16, False, False
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        tag = image.tag_v2.get(_TAG_BITS_PER_SAMPLE, (16,))
        bits = int(tag[0] if isinstance(tag, tuple) else tag)
        is_signed = image.tag_v2.get(_TAG_SAMPLE_FORMAT, (1,))[0] == 2
        is_inverted = image.mode.startswith("I;16") and image.tag_v2.get(_TAG_PHOTOMETRIC) == 0
    arguments = image.tile[0].args if image.tile else None
    rawmode = arguments if isinstance(arguments, str) else ""
    if isinstance(arguments, tuple) and arguments and isinstance(arguments[0], str):
        rawmode = arguments[0]
    factor = {"L;2": 85.0, "L;4": 17.0}.get(rawmode, 1.0)
    white = 2 ** (bits - is_signed) - 1
    return SampleFormat(white, is_signed, is_inverted, factor)


@dataclass(frozen=True)
class Decoded:
    """A picture as it lies in its file: rgb (H, W, 3) and alpha (H, W) or None, uint8, in sRGB."""

    rgb: np.ndarray
    alpha: np.ndarray | None = None
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True)
class Colour:
    """What a file says of its colours; nothing is sRGB.

    Attributes:
        profile: counts where it is sound and fits.
        encoding: else this.
    """

    profile: bytes | None = None
    encoding: Encoding | None = None


def to_srgb(image: Image.Image, sample_format: SampleFormat, colour: Colour, label: str) -> Decoded:
    """A loaded image of any mode."""
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
    found = by_profile(image, colour.profile, label) if colour.profile else None
    if found is not None:
        return Decoded(np.asarray(found), alpha)
    return _by_encoding(np.asarray(without_profile(image)), alpha, colour.encoding)


def deep_to_srgb(
    samples: np.ndarray,
    colour: Colour,
    label: str,
    *,
    alpha: np.ndarray | None = None,
    key: object = None,
) -> Decoded:
    """Samples of 16 bits, rounded once, when their colours are known.

    Args:
        samples: (H, W, 1 or 3 or 4) uint16: grey, RGB or CMYK.
        alpha: (H, W) uint16, or None.
        key: the colour that is transparent, or None.
    """
    if key is not None:
        is_key = (samples == np.atleast_1d(np.asarray(key))).all(axis=2)
        alpha = np.where(is_key, 0, 65535)
    if alpha is not None:
        alpha = rounded(alpha)
    mode = {1: "L", 3: "RGB", 4: "CMYK"}[samples.shape[2]]
    encoding = matrix_encoding(colour.profile) if colour.profile and mode == "RGB" else None
    if encoding is not None:
        return _by_encoding(samples, alpha, encoding)
    if colour.profile or mode == "CMYK":
        grey_levels = rounded(samples)
        image = Image.fromarray(grey_levels[..., 0] if mode == "L" else grey_levels, mode)
        found = by_profile(image, colour.profile, label) if colour.profile else None
        if found is not None or mode == "CMYK":
            return Decoded(np.asarray(found or without_profile(image)), alpha)
    if mode == "L":
        samples = samples.repeat(3, axis=2)
    return _by_encoding(samples, alpha, colour.encoding)


def rounded(samples: np.ndarray) -> np.ndarray:
    """16 bits to 8."""
    return ((samples.astype(np.uint32) + 128) // 257).astype(np.uint8)


def _by_encoding(
    samples: np.ndarray, alpha: np.ndarray | None, encoding: Encoding | None
) -> Decoded:
    """(H, W, 3) samples of 8 or 16 bits by what numbers say of them."""
    if encoding is None or encoding.is_srgb:
        return Decoded(samples if samples.dtype == np.uint8 else rounded(samples), alpha)
    notes: tuple[Note, ...] = ()
    if goes_beyond_white(samples, encoding):
        notes = (Note("tone_mapped", {"nits": HDR_WHITE_NITS}),)
    return Decoded(convert(samples, encoding), alpha, notes)


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


def _to_8_bit(image: Image.Image, sample_format: SampleFormat) -> np.ndarray:
    """Grey samples wider than 8 bits to uint8 (H, W).

    16-bit samples are scaled by their full range. 32-bit and float files do not say what white
    is: the smallest usual range that holds all values is taken, and failing that the values' own.
    """
    samples = np.asarray(image)
    if image.mode.startswith("I;16"):
        low, high = 0.0, float(sample_format.full_scale)
    else:
        if samples.dtype == np.int32 and not sample_format.is_signed:
            samples = samples.view(np.uint32)  # Pillow's integers have a sign, the file's have none
        samples = np.nan_to_num(samples.astype(np.float64), nan=0.0)
        low, high = 0.0, 255.0
        smallest, largest = float(samples.min()), float(samples.max())
        ranges = [255.0, 65535.0, float(sample_format.full_scale)]
        if image.mode == "F":
            ranges = [1.0, 255.0, 65535.0]
        elif sample_format.full_scale == 32767:
            ranges = [32767.0]
        fitting = [white for white in ranges if smallest >= 0 and largest <= white]
        if fitting:
            high = fitting[0]
        elif largest > smallest:
            low, high = smallest, largest
    # In float64 the difference of two float32 values cannot overflow.
    scaled = (samples.astype(np.float64) - low) * (255.0 / (high - low))
    grey = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
    return 255 - grey if sample_format.is_inverted else grey

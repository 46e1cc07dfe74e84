"""Embedded colour profiles: what they make of samples is sRGB.

The colour engine takes 8 bits. Profiles of a matrix and one curve, as pictures of 16 bits have
them, are read here as what they say: an `Encoding`.

Source: ICC.1:2022, sections 7.2, 10.6 (curveType) and 10.18 (parametricCurveType).
"""

from __future__ import annotations

import functools
import io
import logging
import struct
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageCms

from sr.formats.encodings import Encoding

logger = logging.getLogger(__name__)

# Linear light of sRGB in XYZ under D50, Bradford: the colorants of its own profiles.
SRGB_TO_D50 = np.array(
    [[0.4360747, 0.3850649, 0.1430804], [0.2225045, 0.7168786, 0.0606169],
     [0.0139322, 0.0971045, 0.7141733]]
)  # fmt: skip
COLORANTS, CURVES = (b"rXYZ", b"gXYZ", b"bXYZ"), (b"rTRC", b"gTRC", b"bTRC")
# parametricCurveType: its parameters in the order g a b c d e f, those that a kind lacks filled in.
PARAMETERS = {0: 1, 1: 3, 2: 4, 3: 5, 4: 7}


def by_profile(image: Image.Image, profile_bytes: bytes, label: str) -> Image.Image | None:
    """An image in sRGB by its embedded profile; None where that does not fit or is not sound."""
    try:
        return _convert_by_profile(image, profile_bytes)
    except Exception as error:  # what comes out of a damaged profile is not predictable
        logger.info("%s: colour profile ignored (%s)", label, error)
        return None


def without_profile(image: Image.Image) -> Image.Image:
    """An image of any mode in sRGB, as it is usually meant."""
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


def matrix_encoding(profile: bytes) -> Encoding | None:
    """The encoding that a profile says; None for every other kind, and for damaged ones."""
    try:
        tags = _tags(profile)
        is_plain = profile[16:24] == b"RGB XYZ " and b"A2B0" not in tags
        if not is_plain or len({tags[name] for name in CURVES}) != 1:
            return None
        columns = [np.array(struct.unpack(">3i", tags[name][8:20])) / 65536 for name in COLORANTS]
        decode = _curve(tags[CURVES[0]])
    except (KeyError, struct.error, ValueError):
        return None
    return decode and Encoding(np.linalg.inv(SRGB_TO_D50) @ np.stack(columns, axis=1), decode)


def _tags(profile: bytes) -> dict[bytes, bytes]:
    (count,) = struct.unpack(">I", profile[128:132])
    tags = {}
    for index in range(min(count, 100)):
        name, at, length = struct.unpack(">4sII", profile[132 + 12 * index : 144 + 12 * index])
        tags[name] = profile[at : at + length]
    return tags


def _curve(tag: bytes) -> Callable[[np.ndarray], np.ndarray] | None:
    """Encoded values, 0 to 1, to light."""
    if tag[:4] == b"curv":
        (count,) = struct.unpack(">I", tag[8:12])
        if count == 0:
            return lambda v: v
        values = np.frombuffer(tag[12 : 12 + 2 * count], ">u2").astype(np.float64)
        if count == 1:
            exponent = values[0] / 256
            return lambda v: v**exponent
        if len(values) != count:
            return None
        return lambda v: np.interp(v, np.linspace(0, 1, count), values / 65535)
    kind = int.from_bytes(tag[8:10], "big")
    if tag[:4] != b"para" or kind not in PARAMETERS:
        return None
    given = np.array(struct.unpack_from(f">{PARAMETERS[kind]}i", tag, 12)) / 65536
    g, a, b, c, d, e, f = np.pad(given, (0, 7 - len(given)))
    if kind in (1, 2):  # below -b/a it is flat, at c
        e = f = c if kind == 2 else 0.0
        c, d = 0.0, -b / a
    elif kind == 0:
        a, b, c, d, e, f = 1.0, 0.0, 0.0, 0.0, 0.0, 0.0
    return lambda v: np.where(v >= d, np.maximum(a * v + b, 0) ** g + e, c * v + f).clip(0, 1)

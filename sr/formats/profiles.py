"""Embedded colour profiles: what they make of samples is sRGB."""

from __future__ import annotations

import functools
import io
import logging

import numpy as np
from PIL import Image, ImageCms

logger = logging.getLogger(__name__)


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

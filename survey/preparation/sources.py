"""What a study is made of: photographs, finished pictures of them, and every method's version."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from survey.preparation.crops import cut, detailed, place
from survey.preparation.problems import Problem, refuse
from survey.study.errors import StudyError
from survey.study.protocol import Protocol
from survey.study.study import Crop, ImageRole, Stretch

if TYPE_CHECKING:
    from sr.inference.base import Upscaler

Measured = dict[str, float | None]
CONTEXT_PX = 48  # low-resolution pixels around a crop that models see too, as in the whole picture


def roles_of(count: int) -> list[ImageRole]:
    """What each of so many photographs is for, in order: of twelve or more the last two are for
    practice, the two before for warm-up and known answers; of fewer all count.
    """
    apart = 2 if count >= 12 else 0
    sizes: dict[ImageRole, int] = {"main": count - 2 * apart, "known": apart, "practice": apart}
    return [role for role, size in sizes.items() for _ in range(size)]


class Source(NamedTuple):
    """A photograph to take a crop of.

    Attributes:
        rgb: uint8 (H, W, 3), sRGB: the original; without originals the small picture that models
            enlarge, or what there is of one method where there is not even that.
        pictures: finished ones by method, each as large as the whole enlargement: files, or of
            frames of microscopes what is shown of them, (H, W) uint8.
        kind: what `rgb` is.
        crop: what the owner wants to be shown of it; None leaves it to the detail.
        stretch: of a frame, between which counts it is shown.
    """

    name: str
    rgb: np.ndarray
    role: ImageRole = "main"
    pictures: Mapping[str, Path | np.ndarray] = {}
    kind: str = "original"  # or "small", "version"
    crop: Crop | None = None
    stretch: Stretch | None = None

    @property
    def is_reduced(self) -> bool:
        """Whether a part larger than the window may be shown reduced: nothing is there but it."""
        return self.kind == "original" and not self.pictures

    def size(self, scale: int) -> tuple[int, int]:
        """Height and width of its versions, in whole multiples of the scale."""
        height, width = self.rgb.shape[:2]
        if self.kind == "small":
            return height * scale, width * scale
        return height - height % scale, width - width % scale

    def fits(self, protocol: Protocol, scale: int) -> bool:
        """Whether it is large enough for a crop."""
        height, width = self.size(scale)
        return height >= protocol.height and width >= protocol.width


def crop_of(source: Source, protocol: Protocol, scale: int) -> Crop:
    """The part of a photograph that its study shows: the owner's, or that with the most detail.

    Where there are finished pictures it is as large as the window and begins at multiples of the
    scale.

    Raises:
        StudyError: a finished picture that cannot be read.
    """
    from sr.images.resize import matlab_bicubic

    height, width = source.size(scale)
    if source.crop is not None:
        if source.is_reduced:
            return source.crop
        left, top = (
            min(start, side - needed) // scale * scale
            for start, side, needed in (
                (source.crop.left, width, protocol.width),
                (source.crop.top, height, protocol.height),
            )
        )
        return Crop(left, top, protocol.width, protocol.height, "owner")
    if source.is_reduced:
        return detailed(source.rgb, protocol)
    shown = source.rgb
    if source.kind == "small":
        finished = next(iter(source.pictures.values()), None)
        shown = (
            read_picture(finished) if finished is not None else matlab_bicubic(source.rgb, scale)
        )
    top, left = place(shown[:height, :width], protocol, math.lcm(8, scale))
    return Crop(left, top, protocol.width, protocol.height)


def make_versions(
    source: Source,
    crop: Crop,
    protocol: Protocol,
    upscalers: Mapping[str, Upscaler],
    scale: int,
    look: Callable[[], None] = lambda: None,
) -> dict[str, tuple[np.ndarray, Measured]]:
    """Every method's version of a photograph's crop, with its results against the original.

    Where there are finished pictures, the crop is a part of the whole at its own size, the same in
    all; models see what lies around it, as they did in the whole.

    Args:
        crop: of `crop_of`.
        look: called now and then; what it raises ends the work.

    Raises:
        StudyError: a finished picture that cannot be read or has another size.
    """
    from sr.images.photo import Photo
    from sr.images.resize import matlab_bicubic, nearest

    def enlarge(upscaler: Upscaler, photo: Photo) -> np.ndarray:
        look()
        return upscaler.upscale(photo, progress=lambda _: look()).rgb

    if source.is_reduced:
        original = cut(source.rgb, crop, protocol)
        small = Photo(matlab_bicubic(original, 1 / scale))
        made = {name: enlarge(upscaler, small) for name, upscaler in upscalers.items()}
        return _measured(made, original, scale)

    wholes = {method: read_picture(path) for method, path in source.pictures.items()}
    if problems := size_problems(source, {m: rgb.shape[:2] for m, rgb in wholes.items()}, scale):
        refuse(problems)
    left, top = crop.left, crop.top
    window = (slice(top, top + protocol.height), slice(left, left + protocol.width))
    made = {method: np.ascontiguousarray(rgb[window]) for method, rgb in wholes.items()}
    if upscalers and source.kind != "version":
        y0, x0 = (max(0, start // scale - CONTEXT_PX) for start in (top, left))
        y1 = (top + protocol.height) // scale + CONTEXT_PX
        x1 = (left + protocol.width) // scale + CONTEXT_PX
        region = source.rgb[y0:y1, x0:x1]
        if source.kind != "small":
            whole = source.rgb[scale * y0 : scale * y1, scale * x0 : scale * x1]
            rows, columns = (side - side % scale for side in whole.shape[:2])
            region = matlab_bicubic(np.ascontiguousarray(whole[:rows, :columns]), 1 / scale)
        inside = (
            slice(top - scale * y0, top - scale * y0 + protocol.height),
            slice(left - scale * x0, left - scale * x0 + protocol.width),
        )
        for name, upscaler in upscalers.items():
            enlarged = enlarge(upscaler, Photo(np.ascontiguousarray(region)))
            made[name] = np.ascontiguousarray(enlarged[inside])
    if "nearest" not in made:
        first = next(iter(made.values()))
        made["nearest"] = nearest(matlab_bicubic(first, 1 / scale), scale)
    if source.kind != "original":
        return {method: (pixels, {}) for method, pixels in made.items()}
    return _measured(made, np.ascontiguousarray(source.rgb[window]), scale)


def _measured(
    made: Mapping[str, np.ndarray], original: np.ndarray, scale: int
) -> dict[str, tuple[np.ndarray, Measured]]:
    """Versions with their results, and the original beside them."""
    from sr.metrics.fidelity import measure

    versions: dict[str, tuple[np.ndarray, Measured]] = {}
    for method, pixels in made.items():
        result = measure(pixels, original, crop_px=scale)
        rounded: dict[str, Any] = {"psnr_y": round(result.psnr_y, 3)}
        for key in ("ssim_y", "lpips_alex"):
            value = getattr(result, key)
            rounded[key] = None if value is None else round(value, 4)
        versions[method] = (pixels, rounded)
    return versions | {"original": (original, {})}


def read_picture(path: Path | np.ndarray) -> np.ndarray:
    """A finished picture: uint8 (H, W, 3), transparent parts on white.

    Args:
        path: of its file, or a grey picture itself, (H, W) uint8.

    Raises:
        StudyError: it cannot be read.
    """
    from sr.base.errors import ImageError
    from sr.images.reading import open_image

    if isinstance(path, np.ndarray):
        return np.repeat(path[..., None], 3, axis=2)
    try:
        return open_image(path).on_white().rgb
    except ImageError as error:
        raise StudyError(str(error)) from None


def size_problems(
    source: Source, sizes: Mapping[str, tuple[int, ...]], scale: int
) -> list[Problem]:
    """Finished pictures of a photograph that are not as large as its enlargement.

    One may lack the right and lower pixels that do not fill a multiple of the scale.

    Args:
        sizes: height and width by method.
    """
    cut_size = source.size(scale)
    whole = cut_size if source.kind == "small" else source.rgb.shape[:2]
    return [
        Problem(
            "size",
            path=source.pictures[method],
            method=method,
            photo=source.name,
            width=size[1],
            height=size[0],
            needed_width=whole[1],
            needed_height=whole[0],
        )
        for method, size in sizes.items()
        if tuple(size) not in (whole, cut_size)
    ]

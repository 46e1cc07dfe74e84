"""What a network in training makes of a few photographs: results, and pictures to look at."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

from sr.base.errors import BackboneError, DataError, ImageError, ShapeError
from sr.base.files import file_sha256
from sr.data.check import SkippedFile, header_size, in_parallel
from sr.data.pairs import Pair, open_pixels, validation_set
from sr.images.resize import matlab_bicubic
from sr.images.tensors import to_rgb, to_tensor
from sr.networks.reach import fitted

logger = logging.getLogger(__name__)

PICTURES = 3  # photographs that are shown
PICTURE_PX = 192  # side of the part of each that is shown
MOST_IMAGES, MOST_MEGAPIXELS = 32, 16.0  # of a large set a part, evenly spread, is enough


class Validation:
    """Pairs of images, as `evaluate` measures them, and what a network makes of the small ones.

    Args:
        folder: of HR images, or a data set, of which the part is taken that is measured on, with
            its own low-resolution images where it has them (`sr.data.pairs`); small enough to go
            through the network untiled; unreadable ones are left out with a warning.
        scale: integer factor.
        most: images that are measured; None takes up to MOST_IMAGES of MOST_MEGAPIXELS.

    Attributes:
        title: what it measures on; results of two of one title can be compared.
        paths: the HR files.

    Raises:
        DataError: no image in it can be read.
    """

    def __init__(self, folder: Path, *, scale: int, most: int | None = None) -> None:
        from sr.metrics.fidelity import Lpips, default_lpips

        self.scale = scale
        self.paths: list[Path] = []
        self.pairs: list[tuple[np.ndarray, np.ndarray]] = []
        data_set = validation_set(folder, scale=scale)
        chosen = _spread(data_set.pairs, most or _affordable(data_set.pairs))
        for pair in chosen:
            try:
                pixels = open_pixels(data_set, pair)
            except (DataError, ImageError, ShapeError) as error:
                logger.warning("validation without %s", SkippedFile.because(pair.hr, error))
                continue
            self.paths.append(pair.hr)
            self.pairs.append(pixels)
        if not self.pairs:
            raise DataError(f"{folder}: no image that can be validated on")
        count = f"{len(self.pairs)} of {len(data_set.pairs)}"
        self.title = f"{data_set.name} x{scale}, {count} images, {data_set.origin}"
        logger.info("validation on %s", self.title)
        self.lpips: Lpips | None = None
        try:
            self.lpips = default_lpips()
        except BackboneError as error:
            logger.warning("validation without LPIPS: %s", error)

    @property
    def names(self) -> list[str]:
        """Of its images."""
        return [path.stem for path in self.paths]

    def warn_of(self, trained_on: Iterable[Path]) -> None:
        """Say where its results will mean nothing: of images that are trained on, or copies."""
        by_size: defaultdict[int, list[Path]] = defaultdict(list)
        for path in set(trained_on):
            if path.is_file():
                by_size[path.stat().st_size].append(path)
        known = [path for path in self.paths if _is_among(path, by_size[path.stat().st_size])]
        if known:
            logger.warning(
                "%d of the %d images of --validate are trained on: their results will be too good",
                *(len(known), len(self.paths)),
            )

    def measure(self, model: nn.Module) -> tuple[dict[str, float], dict[str, np.ndarray]]:
        """Results and pictures of a network.

        Returns:
            Means of PSNR-Y (dB), SSIM-Y and, when it is to be had, LPIPS-Alex; and for the first
            images the middle of bicubic, network and original side by side, (H, 3 W, 3) uint8.
        """
        from sr.metrics.fidelity import measure

        device = next(model.parameters()).device
        sums: dict[str, float] = {}
        pictures: dict[str, np.ndarray] = {}
        for path, (lr, hr) in zip(self.paths, self.pairs, strict=True):
            # cuDNN's search for the fastest kernels, wanted in training, would run for each size.
            with torch.inference_mode(), torch.backends.cudnn.flags(enabled=True):
                enlarged = model(fitted(to_tensor(lr, device), model))
            prediction = to_rgb(enlarged[..., : hr.shape[0], : hr.shape[1]])
            result = measure(prediction, hr, crop_px=self.scale, lpips=self.lpips)
            for key in ("psnr_y", "ssim_y", "lpips_alex"):
                value = getattr(result, key)
                if value is not None:
                    sums[key] = sums.get(key, 0.0) + value / len(self.pairs)
            if len(pictures) < PICTURES:
                versions = (matlab_bicubic(lr, self.scale), prediction, hr)
                pictures[path.stem] = np.concatenate([_middle(image) for image in versions], axis=1)
        return sums, pictures


def _middle(image: np.ndarray) -> np.ndarray:
    """The middle of an (H, W, 3) image, PICTURE_PX on each side where it has them."""
    top, left = (max(0, (length - PICTURE_PX) // 2) for length in image.shape[:2])
    return image[top : top + PICTURE_PX, left : left + PICTURE_PX]


def _spread(pairs: Sequence[Pair], count: int) -> list[Pair]:
    """So many of them, evenly spread; all where there are no more."""
    if count >= len(pairs):
        return list(pairs)
    return [pairs[index * len(pairs) // count] for index in range(count)]


def _affordable(pairs: Sequence[Pair]) -> int:
    """How many images of a set take no longer to measure than a short checkpoint may."""
    probed = _spread(pairs, MOST_IMAGES)
    sizes = [s for s in in_parallel(header_size, [p.hr for p in probed]) if isinstance(s, tuple)]
    megapixels = sum(width * height for width, height in sizes) / 1e6 / max(1, len(sizes))
    return max(1, min(MOST_IMAGES, int(MOST_MEGAPIXELS / max(megapixels, 1e-6))))


def _is_among(path: Path, others: Sequence[Path]) -> bool:
    """Is it one of the files, which are as large, or equal to one?"""
    if any(path.samefile(other) for other in others):
        return True
    return bool(others) and file_sha256(path) in map(file_sha256, others)

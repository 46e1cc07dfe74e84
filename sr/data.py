"""Training photographs in memory, and random aligned crops from them on any device."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from sr.errors import DataError, ImageError, ShapeError
from sr.image_io import list_images, open_image
from sr.resize import matlab_bicubic, modcrop

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class UnreadableImage:
    """A file that was skipped, and why."""

    path: Path
    reason: str


def find_training_images(folder: Path) -> list[Path]:
    """The images of a folder, or of its `tiles` subfolder.

    Raises:
        DataError: no such folder, or no image in it.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; give the folder of training photographs")
    for candidate in (folder, folder / "tiles"):
        if candidate.is_dir() and (images := list_images(candidate)):
            return images
    raise DataError(f"{folder}: no images in it; needed PNG, JPEG, WebP, TIFF or BMP files")


class CropSampler:
    """All pixels of a set of photographs as two flat uint8 tensors, and random crops of them.

    Low-resolution images are made once, by MATLAB-equal bicubic, so crops see exactly what the
    benchmarks use. One gather does crop, flips and transposition of a whole batch.

    Args:
        images: files to load; unreadable ones are skipped and listed in `unreadable`.
        scale: integer factor.
        device: where the pixels live and batches are made.
        seed: of the sequence of crops.

    Raises:
        DataError: not one image is left.
    """

    def __init__(
        self,
        images: Sequence[Path],
        *,
        scale: int,
        device: torch.device,
        seed: int,
        min_lr_px: int,
    ) -> None:
        self.scale = scale
        self.device = device
        self.generator = torch.Generator().manual_seed(seed)
        self.unreadable: list[UnreadableImage] = []
        self.min_lr_px = min_lr_px
        hr_parts: list[np.ndarray] = []
        lr_parts: list[np.ndarray] = []
        sizes: list[tuple[int, int]] = []
        with ThreadPoolExecutor(max_workers=2) as pool:
            for loaded in pool.map(self._load, images):
                if isinstance(loaded, UnreadableImage):
                    self.unreadable.append(loaded)
                    logger.warning("skipped %s: %s", loaded.path, loaded.reason)
                    continue
                hr, lr = loaded
                hr_parts.append(hr.reshape(-1, 3))
                lr_parts.append(lr.reshape(-1, 3))
                sizes.append(lr.shape[:2])
        if not sizes:
            raise DataError(
                f"none of {len(images)} images can be used; first: {self.unreadable[0].reason}"
            )
        self.hr = torch.from_numpy(np.concatenate(hr_parts)).to(device)
        self.lr = torch.from_numpy(np.concatenate(lr_parts)).to(device)
        self.sizes = torch.tensor(sizes)
        areas = self.sizes.prod(dim=1)
        self.lr_start = torch.cumsum(areas, 0) - areas
        self.num_images = len(sizes)

    def _load(self, path: Path) -> tuple[np.ndarray, np.ndarray] | UnreadableImage:
        try:
            hr = modcrop(open_image(path).rgb, self.scale)
        except (ImageError, ShapeError) as error:
            return UnreadableImage(path, str(error))
        if min(hr.shape[:2]) < self.min_lr_px * self.scale:
            return UnreadableImage(
                path,
                f"{hr.shape[1]}x{hr.shape[0]} is smaller than a crop of "
                f"{self.min_lr_px * self.scale} px",
            )
        return hr, matlab_bicubic(hr, 1 / self.scale)

    @property
    def megapixels(self) -> float:
        """High-resolution megapixels held."""
        return self.hr.shape[0] / 1e6

    def batch(self, batch_size: int, lr_patch_px: int) -> tuple[Tensor, Tensor]:
        """Random aligned crops, each flipped and transposed at random (8 ways).

        Returns:
            LR (N, 3, p, p) and HR (N, 3, scale p, scale p), float32 in [0, 1], channels_last.
        """
        random = self.generator
        span = self.sizes - lr_patch_px + 1
        weight = span.prod(dim=1).double()
        which = torch.multinomial(weight, batch_size, replacement=True, generator=random)
        uniform = torch.rand(batch_size, 2, generator=random, dtype=torch.float64)
        corner = (uniform * span[which]).long()
        flips = torch.randint(0, 2, (batch_size, 3), generator=random)
        lr = self._gather(self.lr, 1, which, corner, flips, lr_patch_px)
        hr = self._gather(self.hr, self.scale, which, corner, flips, lr_patch_px)
        return lr, hr

    def _gather(
        self, flat: Tensor, factor: int, which: Tensor, corner: Tensor, flips: Tensor, side: int
    ) -> Tensor:
        """The crops at `factor` times the low resolution, as one indexed read."""
        side *= factor
        row, column = torch.arange(side), torch.arange(side)
        transpose, flip_y, flip_x = (flips[:, i, None, None].bool() for i in range(3))
        i = torch.where(transpose, column[None, None, :], row[None, :, None])
        j = torch.where(transpose, row[None, :, None], column[None, None, :])
        i = torch.where(flip_y, side - 1 - i, i) + corner[:, 0, None, None] * factor
        j = torch.where(flip_x, side - 1 - j, j) + corner[:, 1, None, None] * factor
        width = self.sizes[which, 1][:, None, None] * factor
        index = self.lr_start[which][:, None, None] * factor**2 + i * width + j
        pixels = flat[index.to(self.device, non_blocking=True)]  # (N, side, side, 3)
        return pixels.permute(0, 3, 1, 2).float().div_(255)

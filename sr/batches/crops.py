"""Random aligned crops of photographs, made on any device."""

from __future__ import annotations

import logging
from typing import Any

import torch
from torch import Tensor

from sr.base.machine import sent
from sr.batches.pixels import Pixels
from sr.data.check import SkippedFile, none_usable

logger = logging.getLogger(__name__)

DEVICE_SHARE = 0.5  # of an accelerator's free memory that pixels may take


class CropSampler:
    """Random crops of `Pixels`; one gather does crop, flips and transposition of a whole batch.

    A crop is taken from an image as often as it has places for it, or, with `by_epoch`, from
    every image once before any comes again.

    Args:
        pixels: decoded photographs.
        lr_patch_px: side of the low-resolution crops; smaller images are left out and listed.
        device: where batches are made; the pixels go there too where they fit.
        seed: of the sequence of crops.
        by_epoch: one crop of each image an epoch, in a new order each time.
        share: (part, of how many): every process draws the whole batch and makes its own part, so
            that several processes see what one would see.

    Raises:
        DataError: no image is large enough.
    """

    def __init__(
        self,
        pixels: Pixels,
        *,
        lr_patch_px: int,
        device: torch.device,
        seed: int,
        by_epoch: bool = False,
        share: tuple[int, int] = (0, 1),
    ) -> None:
        self.scale = pixels.scale
        self.lr_patch_px = lr_patch_px
        self.device = device
        self.by_epoch = by_epoch
        self.share = share
        self.generator = torch.Generator().manual_seed(seed)
        areas = pixels.sizes.prod(dim=1)
        is_large = (pixels.sizes >= lr_patch_px).all(dim=1)
        used = {path for path, large in zip(pixels.paths, is_large.tolist(), strict=True) if large}
        self.skipped = list(pixels.skipped) + [
            SkippedFile(path, f"smaller than a crop of {lr_patch_px * self.scale} px")
            for path in dict.fromkeys(pixels.paths)
            if path not in used
        ]
        self.sizes = pixels.sizes[is_large]
        self.lr_start = (torch.cumsum(areas, 0) - areas)[is_large]
        self.num_images = len(self.sizes)
        if not self.num_images:
            raise none_usable(self.skipped)
        self.megapixels = float((areas[is_large].sum() * self.scale**2).item()) / 1e6
        self.order = torch.empty(0, dtype=torch.int64)
        self.hr, self.lr = pixels.hr, pixels.lr
        if _has_room(device, pixels):
            self.hr, self.lr = self.hr.to(device), self.lr.to(device)

    def batch(self, batch_size: int) -> tuple[Tensor, Tensor]:
        """Random aligned crops, each flipped and transposed at random (8 ways).

        Args:
            batch_size: of all processes together.

        Returns:
            LR (N, 3, p, p) and HR (N, 3, scale p, scale p), float32 in [0, 1], channels_last; N is
            this process's part of the batch.
        """
        random = self.generator
        span = self.sizes - self.lr_patch_px + 1
        if self.by_epoch:
            which = self._next_in_order(batch_size)
        else:
            weight = span.prod(dim=1).double()
            which = torch.multinomial(weight, batch_size, replacement=True, generator=random)
        uniform = torch.rand(batch_size, 2, generator=random, dtype=torch.float64)
        corner = (uniform * span[which]).long()
        flips = torch.randint(0, 2, (batch_size, 3), generator=random)
        part, parts = self.share
        mine = slice(part * batch_size // parts, (part + 1) * batch_size // parts)
        which, corner, flips = which[mine], corner[mine], flips[mine]
        place = torch.stack([self.lr_start[which], self.sizes[which, 1], *corner.T, *flips.T])
        place = sent(place, self.lr.device)
        return self._gather(self.lr, 1, place), self._gather(self.hr, self.scale, place)

    def _next_in_order(self, count: int) -> Tensor:
        """The next images of the epoch; where it ends, the first of the next one."""
        while len(self.order) < count:
            more = torch.randperm(self.num_images, generator=self.generator)
            self.order = torch.cat([self.order, more])
        chosen, self.order = self.order[:count], self.order[count:]
        return chosen

    def _gather(self, flat: Tensor, factor: int, place: Tensor) -> Tensor:
        """The crops at `factor` times the low resolution, as one indexed read.

        Args:
            place: (7, N), low resolution: first pixel and width of the image; top, left; flips;
                on the device of `flat`.
        """
        at = flat.device
        side = self.lr_patch_px * factor
        place = place[:, :, None, None]
        start, (width, top, left) = place[0] * factor**2, place[1:4] * factor
        transpose, flip_y, flip_x = place[4:].bool()
        line = torch.arange(side, device=at)
        row, column = line[None, :, None], line[None, None, :]
        i = torch.where(transpose, column, row)
        j = torch.where(transpose, row, column)
        i = torch.where(flip_y, side - 1 - i, i) + top
        j = torch.where(flip_x, side - 1 - j, j) + left
        pixels = flat[start + i * width + j].to(self.device)  # (N, side, side, 3)
        return pixels.permute(0, 3, 1, 2).float().div_(255)

    def state_dict(self) -> dict[str, Any]:
        """What the next crops depend on."""
        return {
            "random": self.generator.get_state(),
            "order": self.order,
            "images": self.num_images,
        }

    def load_state_dict(self, state: dict[str, Any] | Tensor) -> None:
        """Go on from `state_dict` (or from the bare random state that older runs saved)."""
        if isinstance(state, Tensor):
            state = {"random": state, "order": self.order}
        self.generator.set_state(state["random"].cpu())
        self.order = state["order"].cpu()
        before = state.get("images", self.num_images)
        if before != self.num_images:
            logger.warning(
                "the saved run had %d images, now there are %d: it goes on with other crops",
                before, self.num_images,
            )  # fmt: skip
            self.order = self.order[:0]


def _has_room(device: torch.device, pixels: Pixels) -> bool:
    """May the pixels lie on the device itself?"""
    if device.type == "cpu":
        return False  # they are there
    if device.type != "cuda":
        return True
    free, _ = torch.cuda.mem_get_info(device)
    return pixels.hr.numel() + pixels.lr.numel() < DEVICE_SHARE * free

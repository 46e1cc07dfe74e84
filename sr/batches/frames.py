"""Random crops of pairs of frames: real ones, simulated from pictures, or drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from sr.base.errors import DataError
from sr.base.machine import sent
from sr.microscopy.data.frames import Frames, PairOfFrames

SCENES_HELD = 24
CROPS_A_SCENE = 16  # taken on the average before a scene makes room for a new one


class FrameSampler:
    """Random aligned crops of `Frames`, each flipped and transposed at random (8 ways).

    A few scenes are held and cropped; as training goes on, new ones take their places.

    Args:
        frames: what they are cropped from.
        lr_patch_px: side of the low-resolution crops.
        device: where batches go.
        seed: of scenes and crops.
        share: as of `CropSampler`.

    Raises:
        DataError: no scene is as large as a crop.
    """

    def __init__(
        self,
        frames: Frames,
        *,
        lr_patch_px: int,
        device: torch.device,
        seed: int,
        share: tuple[int, int] = (0, 1),
    ) -> None:
        self.frames = frames
        self.scale = frames.scale
        self.lr_patch_px = lr_patch_px
        self.device = device
        self.seed = seed
        self.share = share
        self.generator = torch.Generator().manual_seed(seed)
        self.skipped = list(frames.skipped)
        self.num_images = len(frames.pairs) or len(frames.pool)
        self.megapixels = sum(p.size for p in (*(hr for _, hr in frames.pairs), *frames.pool)) / 1e6
        self.crops = 0
        self.held = min(SCENES_HELD, len(frames.pairs) or SCENES_HELD)
        self.scenes: dict[int, PairOfFrames] = {}
        self._fill()
        smallest = min(min(lr.shape[1:]) for lr, _ in self.scenes.values())
        if smallest < lr_patch_px:
            raise DataError(
                f"a frame has a side of {smallest} px, less than a crop of {lr_patch_px}; "
                "give a smaller hr_patch_px"
            )

    def _fill(self) -> None:
        """Hold the scenes of this moment: which they are depends only on the crops so far."""
        first = self.crops // CROPS_A_SCENE
        self.scenes = {
            number: self.scenes.get(number) or self.frames.scene(number, self.seed)
            for number in range(first, first + self.held)
        }

    def batch(self, batch_size: int) -> tuple[Tensor, Tensor]:
        """Random crops.

        Args:
            batch_size: of all processes together.

        Returns:
            LR (N, raw_frames, p, p) and HR (N, 1, scale p, scale p) float32, channels_last; N is
            this process's part of the batch.
        """
        self._fill()
        numbers = sorted(self.scenes)
        chosen = torch.randint(len(numbers), (batch_size,), generator=self.generator)
        places = torch.rand(batch_size, 2, generator=self.generator, dtype=torch.float64)
        flips = torch.randint(0, 2, (batch_size, 3), generator=self.generator)
        self.crops += batch_size
        part, parts = self.share
        mine = range(part * batch_size // parts, (part + 1) * batch_size // parts)
        crops = [
            self._crop(self.scenes[numbers[int(chosen[i])]], places[i].tolist(), flips[i].tolist())
            for i in mine
        ]
        lr, hr = (
            sent(torch.from_numpy(np.stack(side)), self.device) for side in zip(*crops, strict=True)
        )
        return lr, hr

    def _crop(self, scene: PairOfFrames, place: list[float], flips: list[int]) -> PairOfFrames:
        lr, hr = scene
        side, scale = self.lr_patch_px, self.scale
        top, left = (int(p * (n - side + 1)) for p, n in zip(place, lr.shape[1:], strict=True))
        parts = (
            lr[:, top : top + side, left : left + side],
            hr[None, scale * top : scale * (top + side), scale * left : scale * (left + side)],
        )
        transpose, down, across = flips
        turned = [part[:, :: 1 - 2 * down, :: 1 - 2 * across] for part in parts]
        small, large = (
            np.ascontiguousarray(part.swapaxes(1, 2) if transpose else part) for part in turned
        )
        return small, large

    def state_dict(self) -> dict[str, Any]:
        """What the next crops depend on."""
        return {"random": self.generator.get_state(), "crops": self.crops}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from `state_dict`."""
        self.generator.set_state(state["random"].cpu())
        self.crops = int(state["crops"])
        self._fill()

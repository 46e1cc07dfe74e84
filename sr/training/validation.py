"""What a network in training makes of a few photographs: results, and pictures to look at."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import torch
from torch import nn

from sr.base.errors import BackboneError, DataError, ImageError, ShapeError
from sr.data.check import SkippedFile
from sr.data.pairs import measured_split
from sr.data.recognise import recognise
from sr.images.reading import open_image
from sr.images.resize import matlab_bicubic, modcrop
from sr.images.tensors import to_rgb, to_tensor
from sr.networks.reach import fitted

logger = logging.getLogger(__name__)

PICTURES = 3  # photographs that are shown
PICTURE_PX = 192  # side of the part of each that is shown


class Validation:
    """HR images and what a network makes of them after MATLAB's bicubic has shrunk them.

    Args:
        folder: of HR images, or a data set, of which the part is taken that is measured on
            (`sr.data.pairs`); small enough to go through the network untiled; unreadable ones
            are left out with a warning.
        scale: integer factor.

    Raises:
        DataError: no image in it can be read.
    """

    def __init__(self, folder: Path, *, scale: int) -> None:
        from sr.metrics.fidelity import Lpips, default_lpips

        self.scale = scale
        self.names: list[str] = []
        self.pairs: list[tuple[np.ndarray, np.ndarray]] = []
        photo_set = recognise(folder)
        split = measured_split(photo_set, scale) or photo_set.default_split
        logger.info("validation on %s; part: %s", photo_set.title, split)
        for path in photo_set.images(split):
            try:
                hr = modcrop(open_image(path).on_white().rgb, scale)
            except (ImageError, ShapeError) as error:
                logger.warning("validation without %s", SkippedFile.because(path, error))
                continue
            self.names.append(path.stem)
            self.pairs.append((matlab_bicubic(hr, 1 / scale), hr))
        if not self.pairs:
            raise DataError(f"{folder}: no image that can be validated on")
        self.lpips: Lpips | None = None
        try:
            self.lpips = default_lpips()
        except BackboneError as error:
            logger.warning("validation without LPIPS: %s", error)

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
        for name, (lr, hr) in zip(self.names, self.pairs, strict=True):
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
                pictures[name] = np.concatenate([_middle(image) for image in versions], axis=1)
        return sums, pictures


def _middle(image: np.ndarray) -> np.ndarray:
    """The middle of an (H, W, 3) image, PICTURE_PX on each side where it has them."""
    top, left = (max(0, (length - PICTURE_PX) // 2) for length in image.shape[:2])
    return image[top : top + PICTURE_PX, left : left + PICTURE_PX]

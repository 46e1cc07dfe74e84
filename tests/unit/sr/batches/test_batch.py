"""A batch of training, put together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from sr.batches.batch import next_batch
from sr.batches.crops import CropSampler
from sr.batches.pixels import load_pixels
from sr.data.pairs import Pair


def sampler(folder: Path, share: tuple[int, int] = (0, 1)) -> CropSampler:
    path = folder / "a.png"
    noise = np.random.default_rng(0).integers(0, 256, (96, 96, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    pixels = load_pixels([Pair(path, None)], scale=4)
    return CropSampler(pixels, lr_patch_px=8, device=torch.device("cpu"), seed=1, share=share)


def test_what_is_asked_for_is_in_the_batch_and_nothing_else(tmp_path: Path) -> None:
    plain = next_batch(sampler(tmp_path), 8)
    assert all(torch.equal(*both) for both in zip(plain, sampler(tmp_path).batch(8), strict=True))
    lr, hr = next_batch(sampler(tmp_path), 8, degradation="real_esrgan")
    assert torch.equal(hr, plain[1])
    assert not torch.equal(lr, plain[0])
    for share in ("pattern_share", "graphics_share"):
        lr, hr = next_batch(sampler(tmp_path), 8, **{share: 0.99})  # type: ignore[arg-type]
        assert not torch.equal(hr, plain[1])


def test_processes_make_the_batch_that_one_would(tmp_path: Path) -> None:
    asked = {"degradation": "real_esrgan", "pattern_share": 0.3, "graphics_share": 0.3}
    whole = next_batch(sampler(tmp_path), 8, **asked)  # type: ignore[arg-type]
    parts = [next_batch(sampler(tmp_path, (i, 2)), 8, **asked) for i in (0, 1)]  # type: ignore[arg-type]
    for together, *apart in zip(whole, *parts, strict=True):
        assert torch.equal(together, torch.cat(apart))

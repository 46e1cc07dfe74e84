"""Hugging Face's ZeroGPU: networks run on a borrowed GPU there, in a process of their own.

`spaces` is theirs and is there only; elsewhere nothing of this is used. It has to be imported
before torch, and has to find a decorated function while the app starts.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

from sr.images.photo import Photo

Work = TypeVar("Work", bound=Callable[..., Any])
GPU_SECONDS = 60  # asked for at a time; what is left is given back


def is_zero_gpu() -> bool:
    """Whether the app runs on ZeroGPU."""
    return os.environ.get("SPACES_ZERO_GPU") == "true"


def on_gpu(work: Work) -> Work:
    """The function, run on a GPU on ZeroGPU; the same function everywhere else."""
    if not is_zero_gpu():
        return work
    try:
        import spaces  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        return work
    decorated: Work = spaces.GPU(duration=GPU_SECONDS)(work)
    return decorated


@on_gpu
def upscale_on_gpu(model: str, photo: Photo) -> Photo:
    """The photo enlarged, in one go: neither progress nor a cancel crosses to that process."""
    from sr.inference.upscaler import get_upscaler

    return get_upscaler(model, device="cuda", precision="float32").upscale(photo)

"""What computes: the upscalers and metrics of `sr`, behind an interface that tests can replace."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from sr import __version__
from sr.errors import BackboneError
from sr.image_io import Photo
from sr.models import WEIGHTS_DIR, model_info

if TYPE_CHECKING:
    from sr.metrics import Measurement
    from sr.upscale import Progress

SCALE = 4
LIGHT_MODELS = ("nearest", "bicubic")  # no network: quick, and never in anyone's way
NETWORKS = ("srresnet_x4", "srgan_x4")
MODELS = LIGHT_MODELS + NETWORKS
LPIPS_RETRY_SECONDS = 600


class Engine(Protocol):
    """All the work the page asks for."""

    def upscale(
        self,
        model: str,
        photo: Photo,
        *,
        progress: Callable[[Progress], None],
        cancel: threading.Event,
    ) -> Photo:
        """The photo 4x larger; raises Cancelled soon after `cancel` is set."""

    def png_text(self, model: str) -> dict[str, str]:
        """What the result's PNG file says of its origin."""

    def version(self, model: str) -> str:
        """Changes whenever the model's results may change."""

    def measure(self, prediction: np.ndarray, reference: np.ndarray) -> Measurement:
        """PSNR, SSIM and LPIPS of a prediction."""


class SuperResolution:
    """The engine of the app: `sr`, loaded the first time it is needed."""

    def __init__(self, *, threads: int | None = None) -> None:
        self._threads = threads
        self._threads_lock = threading.Lock()
        self._lpips_note = ""
        self._lpips_retry_at = 0.0

    def upscale(
        self,
        model: str,
        photo: Photo,
        *,
        progress: Callable[[Progress], None],
        cancel: threading.Event,
    ) -> Photo:
        from sr.upscale import get_upscaler

        if model not in LIGHT_MODELS:
            self._set_threads()
        return get_upscaler(model).upscale(photo, progress=progress, cancel=cancel)

    def png_text(self, model: str) -> dict[str, str]:
        from sr.upscale import get_upscaler

        return get_upscaler(model).text()

    def version(self, model: str) -> str:
        weights = model_info(model).weights
        return f"{__version__}-{file_sha256(WEIGHTS_DIR / weights)[:16] if weights else 'none'}"

    def measure(self, prediction: np.ndarray, reference: np.ndarray) -> Measurement:
        from sr.metrics import default_lpips, measure

        self._set_threads()
        # Without features every attempt would try to download them: wait a while after a failure.
        if time.monotonic() < self._lpips_retry_at:
            found = measure(prediction, reference, lpips=None)
            notes = [note for note in (found.note, self._lpips_note) if note]
            return replace(found, note="; ".join(notes))
        try:
            lpips = default_lpips()
        except BackboneError as error:
            self._lpips_note = str(error)
            self._lpips_retry_at = time.monotonic() + LPIPS_RETRY_SECONDS
            return self.measure(prediction, reference)
        return measure(prediction, reference, lpips=lpips)

    def _set_threads(self) -> None:
        with self._threads_lock:
            if self._threads is not None:
                import torch

                torch.set_num_threads(self._threads)
                self._threads = None


@lru_cache(maxsize=8)
def _sha256_of(path: Path, mtime_ns: int, size: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def file_sha256(path: Path) -> str:
    """sha256 of a file, read again only when it has changed; "missing" when it is not there."""
    try:
        stat = path.stat()
    except OSError:
        return "missing"
    return _sha256_of(path, stat.st_mtime_ns, stat.st_size)

"""An engine for tests of the app: instant or slow on request, and counted."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from sr.base.errors import Cancelled, WeightsError
from sr.images.photo import Photo
from sr.images.resize import matlab_bicubic, nearest
from sr.inference.upscaler import Progress
from sr.metrics.result import Measurement
from sr.microscopy.files.frame import Frame

STEPS = 20


class FakeEngine:
    """Bicubic for every network, a little brighter or darker, in `seconds`.

    Args:
        seconds: what a network takes.
        missing: names of networks whose weights are not there.
    """

    def __init__(self, seconds: float = 0.0, missing: tuple[str, ...] = ()) -> None:
        self.seconds = seconds
        self.missing = missing
        self.calls: Counter[str] = Counter()  # upscalings that were started
        self.steps = 0  # of networks, that were done
        self.running = 0
        self.most_running = 0  # networks at a time
        self.stopped_at: float | None = None  # when a cancel was obeyed

    def upscale(
        self,
        model: str,
        photo: Photo | Frame,
        *,
        scale: int | None = None,
        progress: Callable[[Progress], None],
        cancel: threading.Event,
    ) -> Photo | Frame:
        self.calls[model] += 1
        scale = scale or 4
        if isinstance(photo, Frame):
            cancel.wait(self.seconds)
            pixels = photo.pixels.repeat(scale, 0).repeat(scale, 1)
            pixel_um = None if photo.pixel_um is None else photo.pixel_um / scale
            return replace(photo, pixels=pixels, pixel_um=pixel_um, notes=())
        if model == "nearest":
            return Photo(nearest(photo.rgb, scale))
        rgb = matlab_bicubic(photo.rgb, scale)
        alpha = None if photo.alpha is None else matlab_bicubic(photo.alpha, scale)
        if model == "bicubic":
            return Photo(rgb, alpha)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            for step in range(STEPS):
                if cancel.wait(self.seconds / STEPS):
                    self.stopped_at = time.monotonic()
                    raise Cancelled(f"{model}: stopped on request")
                self.steps += 1
                left = self.seconds * (STEPS - step - 1) / STEPS
                progress(Progress(step + 1, STEPS, self.seconds - left, left))
        finally:
            self.running -= 1
        shift = 10 if model == "srgan_x4" else -10
        return Photo(np.clip(rgb.astype(np.int16) + shift, 0, 255).astype(np.uint8), alpha)

    def png_text(self, model: str, scale: int | None = None) -> dict[str, str]:
        if model in self.missing:
            raise WeightsError(f"weights/{model}.safetensors is not there; see weights/README.md")
        return {"Nitidez-Model": model}

    def version(self, model: str) -> str:
        return "fake"

    def measure(
        self,
        prediction: np.ndarray,
        reference: np.ndarray,
        *,
        crop_px: int,
        cancel: threading.Event,
    ) -> Measurement:
        self.calls["measure"] += 1
        error = float(np.mean((prediction.astype(float) - reference) ** 2))
        psnr = float("inf") if error == 0 else 10 * np.log10(255**2 / error)
        return Measurement(psnr, 1 - error / 1e4, error / 1e3, None)

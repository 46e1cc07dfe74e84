"""What computes: the upscalers and metrics of `sr`, behind an interface that tests can replace."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from demo.hosting import zerogpu
from demo.work.choice import is_light
from sr import __version__
from sr.base.errors import Cancelled, SRError
from sr.images.photo import Photo
from sr.microscopy.files.frame import Frame
from sr.models.loading import weights_sha256
from sr.models.registry import chosen_scale

if TYPE_CHECKING:
    from torch import Tensor

    from sr.inference.upscaler import Progress
    from sr.metrics.fidelity import Lpips
    from sr.metrics.result import Measurement

LPIPS_WAIT_SECONDS = 5.0  # what a measurement waits for LPIPS to be loaded, the first time
LPIPS_TIMEOUT_SECONDS = 300.0  # after which a download counts as failed
LPIPS_RETRY_SECONDS = 600.0  # between two attempts
# Notes of a measurement without LPIPS, as keys of the page's texts.
LPIPS_LOADING, LPIPS_MISSING, TOO_SMALL = "lpips_loading", "lpips_missing", "measure_small"

logger = logging.getLogger(__name__)


class Engine(Protocol):
    """All the work the page asks for. A scale of None is the model's own."""

    def upscale(
        self,
        model: str,
        photo: Photo | Frame,
        *,
        scale: int | None = None,
        progress: Callable[[Progress], None],
        cancel: threading.Event,
    ) -> Photo | Frame:
        """The photo, or a microscope's frame, enlarged.

        Raises:
            Cancelled: soon after `cancel` is set.
        """

    def png_text(self, model: str, scale: int | None = None) -> dict[str, str]:
        """What the result's PNG file says of its origin."""

    def version(self, model: str) -> str:
        """Changes whenever the model's results may change."""

    def measure(
        self,
        prediction: np.ndarray,
        reference: np.ndarray,
        *,
        crop_px: int,
        cancel: threading.Event,
    ) -> Measurement:
        """PSNR, SSIM and LPIPS of a prediction; its note is a key of the page's texts.

        Raises:
            Cancelled: `cancel` was set.
            ShapeError: the two differ in size, or are too small.
        """


def text_of(engine: Engine, photo: Photo | Frame | None, model: str, scale: int) -> dict[str, str]:
    """What a result's file says of its origin."""
    if isinstance(photo, Frame):
        made = f"{photo.name} enlarged {scale} times by {model}"
        return {"Software": f"{made}, version {engine.version(model)}"}
    return engine.png_text(model, scale)


def watched(
    model: str, progress: Callable[[Progress], None], cancel: threading.Event
) -> Callable[[float], None]:
    """What a network calls with the share that it has done; it raises Cancelled on request."""
    began = time.perf_counter()

    def look(share: float) -> None:
        from sr.inference.upscaler import Progress

        if cancel.is_set():
            raise Cancelled(f"{model}: stopped on request")
        seconds = time.perf_counter() - began
        left = seconds * (1 - share) / share if share > 0 else None
        progress(Progress(round(1000 * share), 1000, seconds, left))

    return look


class SuperResolution:
    """The engine of the app: `sr`, loaded the first time it is needed.

    Args:
        threads: of the networks; None is one per core.
        engine: of `sr.inference.engines`, or "auto": the fastest one here.
        lpips_wait_seconds: how long the first measurement may wait for LPIPS.
    """

    def __init__(
        self,
        *,
        threads: int | None = None,
        engine: str = "auto",
        lpips_wait_seconds: float = LPIPS_WAIT_SECONDS,
    ) -> None:
        self._threads = threads
        self._engine = engine
        self._threads_lock = threading.Lock()
        self._lpips = LoadedLpips(lpips_wait_seconds)

    def upscale(
        self,
        model: str,
        photo: Photo | Frame,
        *,
        scale: int | None = None,
        progress: Callable[[Progress], None],
        cancel: threading.Event,
    ) -> Photo | Frame:
        from sr.inference.upscaler import get_upscaler

        if isinstance(photo, Frame):
            from sr.microscopy.enlarging.enlarger import enlarged

            self._set_threads()
            look = watched(model, progress, cancel)
            return enlarged(model, photo, scale or chosen_scale(model), look)
        if not is_light(model):
            self._set_threads()
            if zerogpu.is_zero_gpu():
                result = zerogpu.upscale_on_gpu(model, photo)
                if cancel.is_set():
                    raise Cancelled(f"{model}: stopped on request")
                return result
        upscaler = get_upscaler(model, scale=scale, engine=self._engine)
        return upscaler.upscale(photo, progress=progress, cancel=cancel)

    def png_text(self, model: str, scale: int | None = None) -> dict[str, str]:
        from sr.inference.upscaler import get_upscaler

        if zerogpu.is_zero_gpu():
            return get_upscaler(model, scale=scale, precision="float32", engine="torch").text()
        return get_upscaler(model, scale=scale, engine=self._engine).text()

    def version(self, model: str) -> str:
        if is_light(model):
            return f"{__version__}-none"
        try:
            return f"{__version__}-{weights_sha256(model)[:16]}"
        except SRError:
            return f"{__version__}-missing"

    def measure(
        self,
        prediction: np.ndarray,
        reference: np.ndarray,
        *,
        crop_px: int,
        cancel: threading.Event,
    ) -> Measurement:
        from sr.metrics.fidelity import measure

        self._set_threads()
        lpips, note = self._lpips.get()

        def distance(a: Tensor, b: Tensor) -> Tensor:
            if cancel.is_set():
                raise Cancelled("stopped on request")
            assert lpips is not None
            return lpips(a, b)

        found = measure(
            prediction, reference, crop_px=crop_px, lpips=None if lpips is None else distance
        )
        return replace(found, note=note or (TOO_SMALL if found.note else None))

    def _set_threads(self) -> None:
        with self._threads_lock:
            if self._threads is not None:
                import torch

                torch.set_num_threads(self._threads)
                self._threads = None


class LoadedLpips:
    """LPIPS, loaded by a thread of its own: its features may have to be downloaded.

    Args:
        wait_seconds: how long, from the beginning of the loading, `get` waits for its end.
    """

    def __init__(self, wait_seconds: float) -> None:
        self._wait_seconds = wait_seconds
        self._lock = threading.Lock()
        self._lpips: Lpips | None = None
        self._thread: threading.Thread | None = None
        self._since = 0.0  # when the last attempt began
        self._failed_at: float | None = None

    def get(self) -> tuple[Lpips | None, str | None]:
        """The distance, or None and why not yet."""
        with self._lock:
            now = time.monotonic()
            is_due = self._failed_at is None or now - self._failed_at > LPIPS_RETRY_SECONDS
            if self._thread is None and self._lpips is None and is_due:
                self._since, self._failed_at = now, None
                self._thread = threading.Thread(
                    target=self._load, name="nitidez-lpips", daemon=True
                )
                self._thread.start()
            thread = self._thread
        if thread is not None:
            thread.join(max(0.0, self._since + self._wait_seconds - time.monotonic()))
        with self._lock:
            if self._lpips is not None:
                return self._lpips, None
            late = time.monotonic() - self._since > LPIPS_TIMEOUT_SECONDS
            return None, LPIPS_MISSING if self._failed_at is not None or late else LPIPS_LOADING

    def _load(self) -> None:
        lpips: Lpips | None = None
        try:
            from sr.metrics.fidelity import default_lpips

            lpips = default_lpips()
        except Exception as error:
            logger.warning("no LPIPS: %s", error)
        with self._lock:
            self._lpips, self._thread = lpips, None
            self._failed_at = time.monotonic() if lpips is None else None

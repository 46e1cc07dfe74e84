"""The work behind the page: photos in, versions out, one inference at a time.

A job makes every version of one photo. Its interpolations run in a light lane, its networks and
metrics in a heavy one; each lane is one thread that gives every job a turn, one version long, so
that a large photo holds nobody's small one up for longer than a version takes. What was computed
once for the same pixels, model and weights is taken from the store.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from demo.hosting.process import give_back, give_way
from demo.work.choice import default_models, default_scale
from demo.work.curves import Curves, curves_of
from demo.work.engine import TOO_SMALL, Engine, text_of
from demo.work.job import (
    FAILED,
    ORIGINAL,
    BusyError,
    Job,
    Mode,
    TooManyOwnError,
    cancel_result,
    is_quick,
    job_of,
    measured_job_of,
    reason_of,
)
from demo.work.lanes import Lane
from demo.work.measurements import Measurements
from demo.work.pace import Pace
from demo.work.versions import ImageStore, file_of
from sr.base.errors import Cancelled, ShapeError, SRError
from sr.images.photo import Photo
from sr.images.reading import open_image
from sr.inference.transparency import of_width
from sr.microscopy.files.frame import Frame

if TYPE_CHECKING:
    from sr.metrics.result import Measurement

logger = logging.getLogger(__name__)


class Jobs:
    """Takes photos, makes their versions, keeps the results for a while.

    Args:
        engine: what computes.
        store: where results go.
        max_waiting: jobs in work or waiting at a time.
    """

    def __init__(self, engine: Engine, store: ImageStore, *, max_waiting: int = 16) -> None:
        self.engine = engine
        self.store = store
        self.max_waiting = max_waiting
        self._lock = threading.Lock()
        self._inference = threading.Lock()
        self._open: list[Job] = []
        self.pace = Pace()
        self.measurements = Measurements()
        self._aside = ThreadPoolExecutor(1, "nitidez-aside", give_way)
        self._light = Lane("nitidez-light", self._light_turn)
        self._heavy = Lane("nitidez-heavy", self._heavy_turn)

    def submit(
        self,
        photo: Photo | Frame,
        *,
        mode: Mode = "upscale",
        scale: int | None = None,
        width: int | None = None,
        models: Sequence[str] | None = None,
        visitor: str = "",
    ) -> Job:
        """Start on a photo.

        Args:
            photo: in mode "upscale", or if it is a microscope's frame, it is enlarged as it is;
                in mode "test" it is cut to a multiple of the scale, shrunk by it, and the versions
                of that are measured against it.
            mode: see `photo`.
            scale: how many times larger; None is the page's first. See `job_of`.
            width: in pixels, to which larger results are reduced.
            models: names of the versions to make; None is those the page shows at first.
            visitor: whose photo it is; visitors take turns.

        Raises:
            ShapeError: a photo of fewer pixels a side than the scale cannot be tested on.
            BusyError: too many photos are waiting.
            TooManyOwnError: too many of this visitor's are: more than half of all places.
        """
        with self._lock:
            self._check_places(visitor)
        scale = scale or default_scale()
        is_test = mode == "test" and isinstance(photo, Photo)
        job = measured_job_of(photo, scale) if is_test else job_of(photo, scale, width)  # type: ignore[arg-type]
        for key in [*(models or default_models(scale)), *([ORIGINAL] if is_test else [])]:
            job.add(key)
            self._take(job, key, renew=key != ORIGINAL)
        job.visitor = visitor
        if job.is_finished:
            job.release()
        else:
            with self._lock:
                self._check_places(visitor)
                self._open.append(job)
            self._light.add(job)
        return job

    def _check_places(self, visitor: str) -> None:
        self._open = [job for job in self._open if not job.is_finished]
        if len(self._open) >= self.max_waiting:
            raise BusyError(f"{len(self._open)} photos are waiting; try again in a minute")
        own = sum(job.visitor == visitor for job in self._open)
        if visitor and own >= max(1, self.max_waiting // 2):
            raise TooManyOwnError(f"{own} of your photos are waiting; wait for one of them")

    async def submit_in_thread(self, photo: Photo | Frame, **options: Any) -> Job:
        """`submit` with its options, without holding up the caller's loop. A job that nobody waits
        for any more when it is there (the visitor has left) is cancelled.
        """
        work = asyncio.ensure_future(asyncio.to_thread(self.submit, photo, **options))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            work.add_done_callback(cancel_result)
            raise

    def num_ahead(self, job: Job) -> int:
        """Unfinished jobs that came before this one."""
        with self._lock:
            jobs = [other for other in self._open if other is job or not other.is_finished]
        return jobs.index(job) if job in jobs else 0

    def measure(
        self,
        prediction: np.ndarray,
        reference: np.ndarray,
        *,
        crop_px: int,
        cancel: threading.Event,
    ) -> Measurement:
        """The engine's measurement, taking its turn with the inferences.

        Raises:
            Cancelled: `cancel` was set.
            ShapeError: the two differ in size, or are too small.
        """
        with self._inference:
            if cancel.is_set():
                raise Cancelled("stopped on request")
            return self.engine.measure(prediction, reference, crop_px=crop_px, cancel=cancel)

    async def curves(self, job: Job, pairs: Sequence[tuple[str, str]]) -> Curves:
        """From where on pairs of a job's versions look alike; takes its turn with inferences.

        Raises:
            Cancelled: the job was stopped meanwhile.
            SRError: a version's file is gone.
        """
        return await asyncio.get_running_loop().run_in_executor(
            self._aside, curves_of, job, tuple(pairs), self._inference
        )

    def close(self) -> None:
        """Stop all work; for the end of the server."""
        self._aside.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            for job in self._open:
                job.cancel()
        self._light.close()
        self._heavy.close()

    def _take(self, job: Job, key: str, *, renew: bool = False) -> bool:
        """Take a version from the store; whether it was there."""
        image = self.store.get(self._store_key(job, key), renew=renew)
        if image is None:
            return False
        job.update(key, state="ready", progress=1.0, image=image, cached=True)
        self._measure_from_memory(job, key)
        return True

    def result_key(self, key: str, model: str, scale: int, width: int | None = None) -> str:
        """The store's key of a model's version of the photo with this key."""
        size = f"x{scale}" if width is None else f"x{scale} to {width}"
        return f"{key}/{model}/{size}/{self.engine.version(model)}"

    def _store_key(self, job: Job, key: str) -> str:
        if key == ORIGINAL:
            return f"{job.reference_key}/{ORIGINAL}"
        return self.result_key(job.key, key, job.scale_of(key), job.reduced_to(key))

    def has(self, job: Job, key: str) -> bool:
        """Whether a version of a job's photo lies in the store, be it one of the job's or not."""
        return self.store.get(self._store_key(job, key)) is not None

    def _light_turn(self, job: Job) -> bool:
        """Make one light version; when all are made, pass the job to the heavy lane."""
        versions = [version for version in job.versions() if version.state == "waiting"]
        waiting = [version.key for version in versions if is_quick(version.key)]
        if waiting and not job.stop.is_set():
            self._make(job, waiting[0])
        if len(waiting) <= 1 or job.stop.is_set():
            self._heavy.add(job)
            return False
        return True

    def _heavy_turn(self, job: Job) -> bool:
        """Measure one version that is ready, or else make the next; True if there is more."""
        more = not job.stop.is_set() and self._work_on(job)
        job.release()
        give_back()
        return more

    def _work_on(self, job: Job) -> bool:
        for version in sorted(job.versions(), key=lambda v: v.key not in job.in_view):
            if job.is_done(version):
                continue
            if version.state == "ready":
                self._measure(job, version.key)
            else:
                with self._inference:
                    self._make(job, version.key)
            return not job.is_finished
        return False

    def _make(self, job: Job, key: str) -> None:
        """Make one version, from the store if another job has made it meanwhile."""
        job.update(key, state="running")
        try:
            if self._take(job, key):
                return
            # Loads the model, untimed.
            scale = job.scale_of(key)
            text = {} if key == ORIGINAL else text_of(self.engine, job.photo, key, scale)
            start = time.perf_counter()
            result = job.reference if key == ORIGINAL else self._upscale(job, key)
            seconds = time.perf_counter() - start
            if result is None or job.stop_of(key).is_set():
                return
            image = self.store.put(
                self._store_key(job, key),
                **file_of(result, text),
                seconds=seconds,
                mended_share=result.mended_share,
                notes=tuple(note for note in result.notes if note not in job.notes),
            )
            self.pace.learn(key, seconds, job.num_pixels(key))
            job.update(key, state="ready", progress=1.0, seconds_left=None, image=image)
            self._measure_from_memory(job, key)
        except Cancelled:
            job.update(key, state="cancelled", seconds_left=None)
        except Exception as error:  # one version's trouble must not end the lane
            logger.warning("%s: %s", key, error, exc_info=not isinstance(error, SRError))
            job.update(key, state="failed", seconds_left=None, error=reason_of(error))

    def _upscale(self, job: Job, model: str) -> Photo | Frame:
        if job.photo is None:
            raise Cancelled(f"{model}: stopped on request")
        tell = partial(job.tell, model)
        stop, scale = job.stop_of(model), job.scale_of(model)
        made = self.engine.upscale(model, job.photo, scale=scale, progress=tell, cancel=stop)
        return of_width(made, job.reduced_to(model)) if isinstance(made, Photo) else made

    def _measure(self, job: Job, key: str) -> None:
        version = job.version(key)
        if version.image is None or job.reference is None:
            job.update(key, measured=True)
            return
        try:
            prediction = open_image(version.image.path).rgb
            found = self.measure(prediction, job.reference.rgb, crop_px=job.scale, cancel=job.stop)
            self.measurements.remember(self._store_key(job, key), job.reference_key, found)
            job.update(key, measurement=found, measured=True)
        except Cancelled:
            return
        except ShapeError:
            job.update(key, measured=True, error=TOO_SMALL)
        except Exception:  # as above
            logger.exception("measuring %s failed", key)
            job.update(key, measured=True, error=FAILED)

    def _measure_from_memory(self, job: Job, key: str) -> None:
        if job.reference_size is None or key == ORIGINAL:
            return
        found = self.measurements.recall(self._store_key(job, key), job.reference_key)
        if found is not None:
            job.update(key, measurement=found, measured=True)

"""The work behind the page: photos in, versions out, one inference at a time.

A job makes every version of one photo. Its interpolations run in a light lane, its networks and
metrics in a heavy one; each lane is one thread that gives every job a turn, one version long, so
that a large photo holds nobody's small one up for longer than a version takes. What was computed
once for the same pixels, model and weights is taken from the store.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from demo.hosting.memory import give_back
from demo.upscale.cache import ImageStore, StoredImage, photo_key
from demo.upscale.engine import (
    LPIPS_LOADING,
    LPIPS_MISSING,
    TOO_SMALL,
    Engine,
    default_scale,
    is_light,
    models_of,
)
from sr.base.errors import Cancelled, ShapeError, SRError
from sr.formats.notes import Note
from sr.images.photo import Photo
from sr.images.reading import open_image
from sr.images.resize import matlab_bicubic, modcrop
from sr.images.writing import encode_png
from sr.inference.guard import mended_text

if TYPE_CHECKING:
    from sr.inference.upscaler import Progress
    from sr.metrics.result import Measurement

logger = logging.getLogger(__name__)

Mode = Literal["upscale", "test"]
State = Literal["waiting", "running", "ready", "failed", "cancelled"]
ORIGINAL = "original"
MEASUREMENTS_KEPT = 1000
NICENESS = 5
CURVE_PPDS = (15.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0)  # pixels per degree
CURVE_SIDE_PX = 640  # of the part in the middle that curves look at
FAILED = "failed_here"  # text of what went wrong on our side; the log has the details
FINISHED: tuple[State, ...] = ("ready", "failed", "cancelled")


class BusyError(SRError):
    """Too many photos are waiting already."""


class TooManyOwnError(BusyError):
    """Too many photos of this visitor are waiting already."""


@dataclass(frozen=True)
class Version:
    """One version of a photo, as it is now."""

    key: str  # a model's name, or "original"
    state: State = "waiting"
    progress: float = 0.0  # 0 to 1
    seconds_left: float | None = None
    image: StoredImage | None = None
    cached: bool = False  # taken from the store, not computed for this job
    measured: bool = False  # its measurement was tried
    measurement: Measurement | None = None
    error: str | None = None  # key of a text of the page


@dataclass(eq=False)
class Job:
    """One photo and its versions. Read it through `versions()`; end it with `cancel()`."""

    photo: Photo | None  # what the models are given; None once nothing more is to be done
    key: str  # photo_key of it
    height: int  # of the photo in pixels
    width: int
    scale: int  # by which every version is larger
    visitor: str = ""  # who takes turns with the others
    notes: tuple[Note, ...] = ()  # what there is to say of how the photo was taken
    reference: Photo | None = None  # what the versions are measured against; None as above
    reference_key: str = ""
    reference_size: tuple[int, int] | None = None  # height and width; None without a reference
    stop: threading.Event = field(default_factory=threading.Event)
    _versions: dict[str, Version] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _changes: int = 0

    @property
    def out_height(self) -> int:
        """Height of every version in pixels."""
        return self.height * self.scale

    @property
    def out_width(self) -> int:
        """Width of every version in pixels."""
        return self.width * self.scale

    @property
    def changes(self) -> int:
        """A number that grows with every change: look at it to see whether to look further."""
        return self._changes

    @property
    def is_finished(self) -> bool:
        """Whether nothing more will come."""
        return all(self._is_done(version) for version in self.versions())

    @property
    def is_cancelled(self) -> bool:
        """Whether it was stopped before it was finished."""
        return any(version.state == "cancelled" for version in self.versions())

    def versions(self) -> list[Version]:
        """Every version as it is now."""
        with self._lock:
            return list(self._versions.values())

    def version(self, key: str) -> Version:
        """One version as it is now."""
        with self._lock:
            return self._versions[key]

    def update(self, key: str, **changes: object) -> None:
        """Change a version; one that was cancelled stays so."""
        with self._lock:
            if self._versions[key].state != "cancelled":
                self._versions[key] = replace(self._versions[key], **changes)  # type: ignore[arg-type]
                self._changes += 1

    def cancel(self) -> None:
        """Stop the work. What is ready stays; the rest counts as cancelled from now on."""
        self.stop.set()
        with self._lock:
            for key, version in self._versions.items():
                if version.state not in FINISHED:
                    self._versions[key] = replace(version, state="cancelled", seconds_left=None)
            self._changes += 1

    def release(self) -> None:
        """Let go of the pixels when nothing more is to be done: jobs outlive their work."""
        if self.is_finished:
            self.photo = self.reference = None

    def _is_done(self, version: Version) -> bool:
        if version.state != "ready" or self.reference_size is None or self.stop.is_set():
            return version.state in FINISHED
        return version.measured or version.key == ORIGINAL


@dataclass(frozen=True)
class Curves:
    """The visible difference of pairs of versions against pixels per degree."""

    ppds: tuple[float, ...]
    differences: dict[tuple[str, str], list[float]]
    side_px: int | None  # of the part in the middle; None: the whole picture


def is_quick(key: str) -> bool:
    """Whether a version takes no network."""
    return key == ORIGINAL or is_light(key)


def middle(rgb: np.ndarray, side_px: int) -> np.ndarray:
    """The middle of an image (H, W, 3), at most `side_px` a side."""
    top, left = (max(0, (side - side_px) // 2) for side in rgb.shape[:2])
    return rgb[top : top + side_px, left : left + side_px]


class Lane:
    """A thread that gives each visitor, and of a visitor each job, one turn after another until
    none is left.
    """

    def __init__(self, name: str, turn: Callable[[Job], bool]) -> None:
        self._name = name
        self._turn = turn  # does one piece of a job's work; True when more of it is left
        self._jobs: OrderedDict[str, deque[Job]] = OrderedDict()  # by visitor, the next one first
        self._ready = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    def add(self, job: Job) -> None:
        """Queue a job; the thread starts with the first."""
        with self._ready:
            self._jobs.setdefault(job.visitor, deque()).append(job)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
            self._ready.notify()

    def close(self) -> None:
        """End the thread after the turn it is at."""
        with self._ready:
            self._closed = True
            self._ready.notify()

    def _run(self) -> None:
        give_way()
        while True:
            with self._ready:
                while not self._jobs and not self._closed:
                    self._ready.wait()
                if self._closed:
                    return
                visitor, jobs = self._jobs.popitem(last=False)
                job = jobs.popleft()
                if jobs:
                    self._jobs[visitor] = jobs  # behind the others
            if self._turn(job):
                self.add(job)
            del job  # while it waits, the thread keeps nobody's pixels


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
        self._seconds_per_pixel: dict[str, float] = {}
        self._measurements: OrderedDict[str, Measurement] = OrderedDict()
        self._aside = ThreadPoolExecutor(1, "nitidez-aside", give_way)
        self._light = Lane("nitidez-light", self._light_turn)
        self._heavy = Lane("nitidez-heavy", self._heavy_turn)

    def submit(
        self,
        photo: Photo,
        *,
        mode: Mode = "upscale",
        scale: int | None = None,
        models: Sequence[str] | None = None,
        visitor: str = "",
    ) -> Job:
        """Start on a photo.

        Args:
            photo: in mode "upscale" it is enlarged as it is; in mode "test" it is cut to a
                multiple of the scale, shrunk by it, and the versions of that are measured
                against it.
            mode: see `photo`.
            scale: how many times larger; None is the page's first.
            models: names of the versions to make; None is all of that scale.
            visitor: whose photo it is; visitors take turns.

        Raises:
            ShapeError: a photo of fewer pixels a side than the scale cannot be tested on.
            BusyError: too many photos are waiting.
            TooManyOwnError: too many of this visitor's are: more than half of all places.
        """
        with self._lock:
            self._check_places(visitor)
        scale = scale or default_scale()
        job = self._prepare(photo, mode, scale, models_of(scale) if models is None else models)
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

    async def submit_in_thread(
        self,
        photo: Photo,
        *,
        mode: Mode = "upscale",
        scale: int | None = None,
        models: Sequence[str] | None = None,
        visitor: str = "",
    ) -> Job:
        """`submit`, without holding up the caller's loop. A job that nobody waits for any more
        when it is there (the visitor has left) is cancelled.
        """
        work = asyncio.ensure_future(
            asyncio.to_thread(
                self.submit, photo, mode=mode, scale=scale, models=models, visitor=visitor
            )
        )
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            work.add_done_callback(_cancel_result)
            raise

    def num_ahead(self, job: Job) -> int:
        """Unfinished jobs that came before this one."""
        with self._lock:
            jobs = [other for other in self._open if other is job or not other.is_finished]
        return jobs.index(job) if job in jobs else 0

    def seconds_left(self, job: Job) -> float | None:
        """How long until everything is ready; None while nothing is known."""
        total = 0.0
        pace: float | None = None  # what the running network takes for the whole photo
        for version in job.versions():
            if version.state in FINISHED or is_quick(version.key):
                continue
            seconds = None
            if version.state == "running" and version.seconds_left is not None:
                seconds = version.seconds_left
                pace = seconds / max(1 - version.progress, 0.01)
            if seconds is None:
                seconds = self._estimate(version.key, job.out_height * job.out_width)
            if seconds is None:
                seconds = pace
            if seconds is None:
                return None
            total += seconds
        return total

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
            self._aside, self._curves, job, tuple(pairs)
        )

    def _curves(self, job: Job, pairs: tuple[tuple[str, str], ...]) -> Curves:
        from sr.evaluation.seen import visible_curves

        images = {key: job.version(key).image for pair in pairs for key in pair}
        with self._inference:
            pictures = {
                key: middle(open_image(image.path).on_white().rgb, CURVE_SIDE_PX)
                for key, image in images.items()
                if image is not None
            }
            found = visible_curves(
                pictures,
                [pair for pair in pairs if set(pair) <= set(pictures)],
                CURVE_PPDS,
                stop=job.stop.is_set,
            )
        give_back()
        if not found:
            raise Cancelled("stopped on request")
        is_part = max(job.out_height, job.out_width) > CURVE_SIDE_PX
        return Curves(CURVE_PPDS, found, CURVE_SIDE_PX if is_part else None)

    def close(self) -> None:
        """Stop all work; for the end of the server."""
        self._aside.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            for job in self._open:
                job.cancel()
        self._light.close()
        self._heavy.close()

    def remember(self, result_key: str, reference_key: str, measurement: Measurement) -> None:
        """Keep the measurement of a version against a reference."""
        if measurement.note in (LPIPS_LOADING, LPIPS_MISSING):
            return  # the next one may be whole
        with self._lock:
            self._measurements[f"{result_key}|{reference_key}"] = measurement
            while len(self._measurements) > MEASUREMENTS_KEPT:
                self._measurements.popitem(last=False)

    def _prepare(self, photo: Photo, mode: Mode, scale: int, models: Sequence[str]) -> Job:
        reference, notes = None, photo.notes
        if mode == "test":
            if min(photo.height, photo.width) < scale:
                raise ShapeError(
                    f"the photo is {photo.width} x {photo.height} px; a test needs at least"
                    f" {scale} x {scale}: take a larger one, or upscale it"
                )
            photo = photo.on_white()
            notes = photo.notes
            reference = Photo(modcrop(photo.rgb, scale))
            photo = Photo(matlab_bicubic(reference.rgb, 1 / scale))
        job = Job(photo, photo_key(photo), photo.height, photo.width, scale, notes=notes)
        if reference is not None:
            job.reference, job.reference_key = reference, photo_key(reference)
            job.reference_size = (reference.height, reference.width)
        for key in [*models, ORIGINAL] if reference is not None else models:
            image = self.store.get(self._store_key(job, key), renew=key != ORIGINAL)
            job._versions[key] = Version(key)
            if image is not None:
                job.update(key, state="ready", progress=1.0, image=image, cached=True)
                self._measure_from_memory(job, key)
        return job

    def result_key(self, key: str, model: str, scale: int) -> str:
        """The store's key of a model's version of the photo with this key."""
        return f"{key}/{model}/x{scale}/{self.engine.version(model)}"

    def _store_key(self, job: Job, key: str) -> str:
        if key == ORIGINAL:
            return f"{job.reference_key}/{ORIGINAL}"
        return self.result_key(job.key, key, job.scale)

    def _light_turn(self, job: Job) -> bool:
        """Make one light version; when all are made, pass the job to the heavy lane."""
        waiting = [
            version.key
            for version in job.versions()
            if version.state == "waiting" and is_quick(version.key)
        ]
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
        for version in job.versions():
            if job._is_done(version):
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
        store_key = self._store_key(job, key)
        try:
            image = self.store.get(store_key)
            if image is not None:
                job.update(key, state="ready", progress=1.0, image=image, cached=True)
                self._measure_from_memory(job, key)
                return
            text = (
                {} if key == ORIGINAL else self.engine.png_text(key, job.scale)
            )  # loads the model, untimed
            start = time.perf_counter()
            result = job.reference if key == ORIGINAL else self._upscale(job, key)
            seconds = time.perf_counter() - start
            if result is None or job.stop.is_set():
                return
            image = self.store.put(
                store_key,
                encode_png(result, text=text | mended_text(result)),
                width=result.width,
                height=result.height,
                seconds=seconds,
                mended_share=result.mended_share,
            )
            self._seconds_per_pixel[key] = seconds / (result.width * result.height)
            job.update(key, state="ready", progress=1.0, seconds_left=None, image=image)
            self._measure_from_memory(job, key)
        except Cancelled:
            job.update(key, state="cancelled", seconds_left=None)
        except SRError as error:
            logger.warning("%s: %s", key, error)
            job.update(key, state="failed", seconds_left=None, error=FAILED)
        except Exception:  # one version's trouble must not end the lane
            logger.exception("%s failed", key)
            job.update(key, state="failed", seconds_left=None, error=FAILED)

    def _upscale(self, job: Job, model: str) -> Photo:
        def report(progress: Progress) -> None:
            share = progress.done / max(1, progress.total)
            job.update(model, progress=share, seconds_left=progress.seconds_left)

        if job.photo is None:
            raise Cancelled(f"{model}: stopped on request")
        return self.engine.upscale(
            model, job.photo, scale=job.scale, progress=report, cancel=job.stop
        )

    def _measure(self, job: Job, key: str) -> None:
        version = job.version(key)
        if version.image is None or job.reference is None:
            job.update(key, measured=True)
            return
        try:
            prediction = open_image(version.image.path).rgb
            measurement = self.measure(
                prediction, job.reference.rgb, crop_px=job.scale, cancel=job.stop
            )
            self.remember(self._store_key(job, key), job.reference_key, measurement)
            job.update(key, measurement=measurement, measured=True)
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
        with self._lock:
            found = self._measurements.get(f"{self._store_key(job, key)}|{job.reference_key}")
        if found is not None:
            job.update(key, measurement=found, measured=True)

    def _estimate(self, model: str, num_pixels: int) -> float | None:
        known = dict(self._seconds_per_pixel)
        rates = [known[key] for key in known if not is_quick(key)]
        rate = known.get(model, max(rates, default=None))
        return None if rate is None else rate * num_pixels


def give_way() -> None:
    """Let this thread, and those it starts, compute when others have nothing to do: answers of
    the survey are in a hurry, networks are not. Linux only, where threads have a niceness.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


def _cancel_result(work: asyncio.Future[Job]) -> None:
    if not work.cancelled() and work.exception() is None:
        work.result().cancel()

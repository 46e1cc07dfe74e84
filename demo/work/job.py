"""One photo and its versions, as they are now."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field, replace
from math import ceil
from typing import TYPE_CHECKING, Literal

from demo.work.choice import is_light, network_scale
from demo.work.versions import StoredImage, photo_key
from sr.base.errors import ImageError, ShapeError, SRError
from sr.formats.notes import Note
from sr.images.photo import Photo
from sr.images.resize import matlab_bicubic, modcrop
from sr.microscopy.files.frame import Frame
from sr.models.registry import model_info

if TYPE_CHECKING:
    from sr.inference.upscaler import Progress
    from sr.metrics.result import Measurement

Mode = Literal["upscale", "test"]
State = Literal["waiting", "running", "ready", "failed", "cancelled"]
ORIGINAL = "original"
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

    photo: Photo | Frame | None  # what the models are given; None once nothing more is to be done
    key: str  # photo_key of it
    height: int  # of the photo in pixels
    width: int
    scale: int  # by which versions are larger, but those of models of another factor
    target_width: int | None = None  # in pixels, that larger versions are reduced to
    visitor: str = ""  # who takes turns with the others
    notes: tuple[Note, ...] = ()  # what there is to say of how the photo was taken
    reference: Photo | None = None  # what the versions are measured against; None as above
    reference_key: str = ""
    reference_size: tuple[int, int] | None = None  # height and width; None without a reference
    in_view: frozenset[str] = frozenset()  # keys of the versions that are looked at now
    stop: threading.Event = field(default_factory=threading.Event)
    _stops: dict[str, threading.Event] = field(default_factory=dict)
    _scales: dict[str, int] = field(default_factory=dict)
    _versions: dict[str, Version] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _changes: int = 0

    @property
    def out_height(self) -> int:
        """Height of the versions in pixels, but of those of models of another factor."""
        return ceil(self.height * (self.out_width / self.width) - 1e-9)

    @property
    def out_width(self) -> int:
        """Width of the same in pixels."""
        return self.target_width or self.width * self.scale

    def scale_of(self, key: str) -> int:
        """The factor that a model enlarges by, also of one that is no version yet."""
        if key == ORIGINAL:
            return self.scale
        if key not in self._scales:
            try:
                self._scales[key] = self._scale_for(model_info(key).scales)
            except SRError:  # a file that is no longer there: its version will fail
                return self.scale
        return self._scales[key]

    def _scale_for(self, scales: tuple[int, ...]) -> int:
        if self.target_width is None:
            return self.scale if self.scale in scales else max(scales)
        reaching = [scale for scale in scales if scale * self.width >= self.target_width]
        return min(reaching, default=max(scales))

    def num_pixels(self, key: str) -> int:
        """That a model makes, before they are reduced."""
        return self.height * self.width * self.scale_of(key) ** 2

    def reduced_to(self, key: str) -> int | None:
        """The width that a version is reduced to; None where it stays as it was made."""
        target = self.target_width
        return target if target and target < self.scale_of(key) * self.width else None

    def size_of(self, key: str) -> tuple[int, int]:
        """Width and height of a version in pixels."""
        if self.scale_of(key) * self.width >= self.out_width and self.target_width:
            return self.out_width, self.out_height
        return self.scale_of(key) * self.width, self.scale_of(key) * self.height

    @property
    def changes(self) -> int:
        """A number that grows with every change: look at it to see whether to look further."""
        return self._changes

    @property
    def is_finished(self) -> bool:
        """Whether nothing more will come."""
        return all(self.is_done(version) for version in self.versions())

    @property
    def is_cancelled(self) -> bool:
        """Whether it was stopped before it was finished."""
        return self.stop.is_set() and any(v.state == "cancelled" for v in self.versions())

    def versions(self) -> list[Version]:
        """Every version as it is now."""
        with self._lock:
            return list(self._versions.values())

    def version(self, key: str) -> Version:
        """One version as it is now."""
        with self._lock:
            return self._versions[key]

    def add(self, key: str) -> None:
        """One version more is to be made."""
        with self._lock:
            self._versions[key] = Version(key)

    def update(self, key: str, **changes: object) -> None:
        """Change a version; one that was cancelled stays so."""
        with self._lock:
            if self._versions[key].state != "cancelled":
                self._versions[key] = replace(self._versions[key], **changes)  # type: ignore[arg-type]
                self._changes += 1

    def tell(self, key: str, progress: Progress) -> None:
        """Note how far a version is."""
        share = progress.done / max(1, progress.total)
        self.update(key, progress=share, seconds_left=progress.seconds_left)

    def cancel(self) -> None:
        """Stop the work. What is ready stays; the rest counts as cancelled from now on."""
        self.stop.set()
        with self._lock:
            for key, version in self._versions.items():
                self.stop_of(key).set()
                if version.state not in FINISHED:
                    self._versions[key] = replace(version, state="cancelled", seconds_left=None)
            self._changes += 1

    def cancel_version(self, key: str) -> None:
        """Stop the work on one version; the others go on."""
        with self._lock:
            version = self._versions.get(key)
            if version is None or version.state in FINISHED:
                return
            self.stop_of(key).set()
            self._versions[key] = replace(version, state="cancelled", seconds_left=None)
            self._changes += 1

    def stop_of(self, key: str) -> threading.Event:
        """What is set when a version is to be made no further."""
        return self._stops.setdefault(key, threading.Event())

    def release(self) -> None:
        """Let go of the pixels when nothing more is to be done: jobs outlive their work."""
        if self.is_finished:
            self.photo = self.reference = None

    def is_done(self, version: Version) -> bool:
        """Whether nothing more will come of a version."""
        if version.state != "ready" or self.reference_size is None or self.stop.is_set():
            return version.state in FINISHED
        return version.measured or version.key == ORIGINAL


def is_quick(key: str) -> bool:
    """Whether a version takes no network."""
    return key == ORIGINAL or is_light(key)


def job_of(photo: Photo | Frame, scale: int, width: int | None = None) -> Job:
    """A job that enlarges a photo, or a microscope's frame, as it is, by a factor or to a width.
    Where no network has the factor, the nearest larger one's results are reduced.
    """
    key = photo_key(photo)
    if network_scale(scale) != scale:
        width = scale * photo.width
    return Job(photo, key, photo.height, photo.width, scale, width, notes=photo.notes)


def measured_job_of(photo: Photo, scale: int) -> Job:
    """A job that shrinks a photo, cut to a multiple of the scale, and measures what is made of it
    against the photo.

    Raises:
        ShapeError: a photo of fewer pixels a side than the scale.
    """
    if min(photo.height, photo.width) < scale:
        raise ShapeError(
            f"the photo is {photo.width} x {photo.height} px; a test needs at least"
            f" {scale} x {scale}: take a larger one, or upscale it"
        )
    seen = photo.on_white()
    reference = Photo(modcrop(seen.rgb, scale))
    job = job_of(Photo(matlab_bicubic(reference.rgb, 1 / scale)), scale)
    job.notes = seen.notes
    job.reference, job.reference_key = reference, photo_key(reference)
    job.reference_size = (reference.height, reference.width)
    return job


def reason_of(error: Exception) -> str:
    """Why a version failed, as the key of a text of the page."""
    kind = error.kind if isinstance(error, ImageError) else ""
    return f"image_{kind}" if kind == "frame_memory" else FAILED


def cancel_result(work: asyncio.Future[Job]) -> None:
    """Cancel the job that a future holds, if it came to be."""
    if not work.cancelled() and work.exception() is None:
        work.result().cancel()

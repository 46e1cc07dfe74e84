"""Several photos at once: one after the other, and their results in one zip."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from demo.photos.fitting import fitted
from demo.photos.problems import Problem, StoreFullError, UploadError, problem_of
from demo.photos.uploads import UploadLimits, clean_name, read_upload, uploaded_file
from demo.web.rates import TooOftenError
from demo.work.choice import frame_models, frame_scale
from demo.work.job import BusyError, Job
from demo.work.jobs import Jobs
from demo.work.saving import write_list
from demo.work.versions import StoredImage
from sr.base.errors import ImageTooLargeError
from sr.images.photo import Photo
from sr.microscopy.files.frame import Frame, is_frame, only_frame
from sr.models.registry import network_scales, scale_for_width

MOST_PHOTOS = 100  # at once
MOST_OF_STORE = 0.5  # of the disk space of all results, that one batch may take
TICK_SECONDS = 0.25
WAIT_SECONDS = 2.0  # before asking again for a place

State = Literal["waiting", "running", "ready", "failed", "cancelled"]


@dataclass
class Item:
    """One photo of a batch."""

    name: str  # of its file, with the folders it lay in
    path: Path | None  # None: it could not be sent
    state: State = "waiting"
    problem: Problem | None = None
    job: Job | None = None

    def results(self) -> list[tuple[str, StoredImage]]:
        """Model and file of each version that is ready."""
        versions = self.job.versions() if self.job is not None else []
        return [(version.key, version.image) for version in versions if version.image is not None]


@dataclass(eq=False)
class Batch:
    """Photos that were sent together, enlarged by the same models."""

    items: list[Item]
    num_left_out: int = 0  # beyond MOST_PHOTOS
    token: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    is_stopped: bool = False
    seconds_left: float | None = None

    @property
    def is_finished(self) -> bool:
        """Whether nothing more will come."""
        return all(item.state not in ("waiting", "running") for item in self.items)

    @property
    def share(self) -> float:
        """Of the photos that are done, 0 to 1."""
        done = sum(item.state not in ("waiting", "running") for item in self.items)
        return done / max(1, len(self.items))

    def results(self) -> list[tuple[str, StoredImage]]:
        """Name in the zip, without suffix, and file of all that is ready; no name twice."""
        taken: set[str] = set()
        found = []
        for item in self.items:
            for model, image in item.results():
                name = f"{name_in_zip(item.name)}_{model}"
                unique, number = name, 1
                while unique.casefold() in taken:
                    number += 1
                    unique = f"{name} ({number})"
                taken.add(unique.casefold())
                found.append((unique, image))
        return found

    def anew(self) -> Batch:
        """The same photos, to be enlarged otherwise."""
        return Batch([Item(item.name, item.path) for item in self.items], self.num_left_out)

    def cancel(self) -> None:
        """Stop; what is ready stays."""
        self.is_stopped = True
        for item in self.items:
            if item.state in ("waiting", "running"):
                item.state = "cancelled"
            if item.job is not None:
                item.job.cancel()

    async def work(
        self,
        jobs: Jobs,
        limits: UploadLimits,
        request: Any,
        *,
        scale: int,
        models: Callable[[int], Sequence[str]],
        width: int | None = None,
    ) -> AsyncIterator[None]:
        """Enlarge one after the other; yields whenever there may be something new to show.

        Args:
            scale: how many times larger.
            models: of a scale, those that enlarge.
            width: of every result in pixels; then every photo has a scale of its own.
        """

        async def begin(item: Item, path: Path) -> Job | None:
            photo = await self._read(path, limits, request)
            if photo is None:
                return None
            times, target, chosen = scale, width, models
            if isinstance(photo, Frame):
                times, target, chosen = frame_scale(), None, frame_networks
            elif width is not None:
                times = scale_for_width(network_scales(), photo.width, width)
            return await self._submit(
                item, jobs, photo, scale=times, width=target, models=chosen(times),
                visitor=request.session_hash or "",
            )  # fmt: skip

        began, done = time.monotonic(), 0
        try:
            for item in self.items:
                if item.state != "waiting":
                    continue
                item.state = "running"
                yield
                try:
                    self._check_room(jobs)
                    if item.path is None:
                        raise UploadError(item.name)
                    job = await begin(item, item.path)
                    while job is not None and not job.is_finished:
                        yield
                        await asyncio.sleep(TICK_SECONDS)
                except Exception as error:
                    item.problem, item.state = problem_of(error, limits, scale), "failed"
                if self.is_stopped:
                    return
                if item.state == "running":
                    item.state = "ready" if item.results() else "failed"
                done += 1
                waiting = sum(other.state == "waiting" for other in self.items)
                self.seconds_left = (time.monotonic() - began) / done * waiting
                entries = [(name, image.token) for name, image in self.results()]
                await asyncio.to_thread(write_list, jobs.store.folder, self.token, entries)
                yield
        finally:
            if not self.is_finished:  # the browser has gone
                self.cancel()

    async def _read(self, path: Path, limits: UploadLimits, request: Any) -> Photo | Frame | None:
        """A photo, as soon as this visitor may send one more; None when it was stopped."""
        while not self.is_stopped:
            try:
                limits.photos.take(request)
            except TooOftenError as error:
                await asyncio.sleep(min(WAIT_SECONDS, error.seconds))
                continue
            return await asyncio.to_thread(read_any, path, limits.max_megapixels)
        return None

    async def _submit(
        self, item: Item, jobs: Jobs, photo: Photo | Frame, **options: Any
    ) -> Job | None:
        """The job of a photo, as soon as there is a place for it; None when it was stopped."""
        while not self.is_stopped:
            try:
                item.job = await jobs.submit_in_thread(photo, **options)
            except BusyError:
                await asyncio.sleep(WAIT_SECONDS)
                continue
            if self.is_stopped:
                item.job.cancel()
            return item.job
        return None

    def _check_room(self, jobs: Jobs) -> None:
        held = sum(image.num_bytes for _, image in self.results())
        if held > MOST_OF_STORE * jobs.store.max_bytes:
            raise StoreFullError("the results of these photos take all the room they may")


def frame_networks(scale: int) -> list[str]:
    """The networks that enlarge frames of microscopes."""
    return [model.name for model in frame_models() if model.network and model.scale == scale]


def read_any(path: Path, max_megapixels: float) -> Photo | Frame:
    """The photo of an upload, reduced where it is too large, or a microscope's frame.

    Raises:
        FileNotFoundError: it was deleted meanwhile.
        ImageError: not an image, or larger than any that is reduced; a stack of frames.
    """
    found = uploaded_file(path)
    if is_frame(found):
        return only_frame(found, max_megapixels=max_megapixels)
    try:
        return read_upload(found, max_megapixels=max_megapixels)
    except ImageTooLargeError:
        return fitted(found, "reduced", max_megapixels=max_megapixels)


def name_in_zip(name: str) -> str:
    """A file's name in a zip, without suffix: folders stay, and none leads out of it."""
    parts = [part for part in PurePosixPath(name.replace("\\", "/")).parts if part != "/"]
    folders = [clean_name(f"{part}.x") for part in parts[:-1] if part.strip(". ")]
    return "/".join([*folders[-4:], clean_name(parts[-1] if parts else "")])


def batch_of(files: object, *, num_left_out: object = 0) -> Batch | None:
    """The batch that a browser says; None where it says nothing that is one."""
    if not isinstance(files, list):
        return None
    items = []
    for file in files[:MOST_PHOTOS]:
        if not isinstance(file, dict):
            return None
        path, name = file.get("path"), str(file.get("name") or "")[:300]
        items.append(Item(name, Path(path) if isinstance(path, str) else None))
    left_out = len(files) - len(items) + (num_left_out if isinstance(num_left_out, int) else 0)
    return Batch(items, max(0, left_out)) if items else None

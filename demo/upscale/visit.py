"""What happens to a photo in the page: chosen, read, worked on, shown as it becomes ready."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr

from demo.frames.taking import shot_of, taken
from demo.photos.batch import Batch
from demo.photos.fitting import PREVIEW_PX, Box, Large, fitted, preview
from demo.photos.problems import problem_of
from demo.photos.uploads import UploadLimits, read_upload, uploaded_file
from demo.upscale.page import curve_pairs
from demo.upscale.samples import preload, sample_photo, small_photo
from demo.upscale.session import MODES, OWN_WIDTH, Choice, Session, Sessions, width_of
from demo.web.i18n import Language, language_of
from demo.web.rates import TooOftenError
from demo.work.choice import (
    chosen_models,
    default_scale,
    frame_scale,
    is_light,
    look_at,
    page_scales,
)
from demo.work.job import BusyError, Mode, TooManyOwnError
from demo.work.jobs import Jobs
from sr.base.errors import ImageTooLargeError, SRError, WidthError
from sr.images.photo import Photo
from sr.images.writing import encode_png
from sr.inference.transparency import reduced
from sr.microscopy.files.frame import Frame, is_frame, read_frame
from sr.models.registry import network_scales, scale_for_width

logger = logging.getLogger(__name__)

TICK_SECONDS = 0.25
Show = Callable[[Session], list[Any]]


def told(event: gr.EventData, key: str) -> Any:
    """What the browser says with an event; None where it says nothing of it."""
    try:
        return getattr(event, key, None)
    except TypeError:  # an event without any data
        return None


@dataclass(frozen=True)
class Visits:
    """The open pages of a server, and what they have in common."""

    limits: UploadLimits
    jobs: Jobs
    sessions: Sessions

    def open(
        self, request: gr.Request, language: str | None, mode: Mode, scale: int, width: object
    ) -> Session:
        """A page's session, with the language, mode and size the page shows now."""
        session = self.sessions.get(request.session_hash)
        session.language = language_of(language or request.headers.get("accept-language"))
        session.mode = mode if mode in MODES else "upscale"
        session.width = width_of(width) if scale == OWN_WIDTH and mode != "test" else None
        if session.width is None:
            session.scale = scale if scale in page_scales() else default_scale()
        return session

    async def run(
        self, session: Session, choice: Choice, request: gr.Request, show: Show
    ) -> AsyncIterator[list[Any]]:
        """Work on a choice and keep the page up to date until it is finished or replaced.

        What is refused for now takes nothing away: the photo and the results before stay.
        """
        try:
            if not self.is_known(session, choice):
                self.limits.photos.take(request)
        except TooOftenError as error:
            session.problem = problem_of(error, self.limits, session.scale)
            yield show(session)
            return
        before = session.choice, session.job, session.condition, session.shot
        turn = session.start()
        session.choice = choice  # from now on the mode asks for this one
        mode, scale, width = session.mode, session.scale, session.width
        try:
            small = default_scale() if width else scale  # of an example: the same for every width
            photo = await asyncio.to_thread(self.read, choice, mode, small)
            if isinstance(photo, Large):
                if session.turn == turn:
                    session.large = photo
                    yield show(session)
                return
            shot = shot_of(photo) if isinstance(photo, Frame) else None
            if shot is not None:
                scale, width = frame_scale(), None
            elif width is not None:
                scale = session.scale = scale_for_width(network_scales(), photo.width, width)
            # A test shrinks the photo, and then it is clean.
            condition = None
            if mode == "upscale" and isinstance(photo, Photo):
                condition = await asyncio.to_thread(look_at, photo)
            job = await self.jobs.submit_in_thread(
                photo,
                mode=mode,
                scale=scale,
                width=width,
                models=session.chosen(is_frame=shot is not None),
                visitor=request.session_hash or "",
            )
            del photo  # the job has it, as long as it needs it
        except Exception as error:
            if session.turn == turn:
                session.problem = problem_of(error, self.limits, scale)
                is_refused = isinstance(error, (BusyError, TooManyOwnError))
                nothing = choice if isinstance(error, WidthError) else None, None, None, None
                is_refused |= isinstance(error, WidthError) and before[0] == choice
                session.choice, session.job, session.condition, session.shot = (
                    before if is_refused else nothing
                )
                yield show(session)
            return
        if session.turn != turn:  # another photo was chosen meanwhile
            job.cancel()
            return
        session.job, session.condition, session.shot = job, condition, shot
        told: tuple[int, Language] | None = None
        try:
            while session.turn == turn:
                finished = job.is_finished
                now = (job.changes, session.language)
                if now != told or finished:
                    told = now
                    yield show(session)
                if finished:
                    return
                await asyncio.sleep(TICK_SECONDS)
        finally:
            # Reached without an end when the browser has gone: nobody is waiting any more.
            if session.turn == turn and not job.is_finished and session.job is job:
                job.cancel()

    def is_known(self, session: Session, choice: Choice) -> bool:
        """Whether every chosen version of this photo, as it is looked at now, lies in the store:
        going back and forth between models costs nothing.
        """
        job, is_frame = session.job, session.shot is not None
        scale = frame_scale() if is_frame else session.scale
        measured = session.mode == "test" and not is_frame
        if job is None or choice != session.choice or job.scale != scale:
            return False
        if measured != (job.reference_size is not None):
            return False
        if not is_frame and session.width is not None and session.width != job.target_width:
            return False
        return all(self.jobs.has(job, name) for name in session.chosen())

    async def run_batch(
        self, session: Session, batch: Batch, request: gr.Request, show: Show
    ) -> AsyncIterator[list[Any]]:
        """Work on several photos and keep the page up to date until all are done or replaced."""
        session.leave_batch()
        session.start()
        session.choice, session.batch = None, batch
        scale, width = session.scale, session.width

        def networks(scale: int) -> list[str]:
            models = chosen_models(scale, session.models.get(scale, ()))
            return [name for name in models if not is_light(name)] or models

        work = batch.work(
            self.jobs, self.limits, request, scale=scale, width=width, models=networks
        )
        async for _ in work:
            if session.batch is not batch:
                batch.cancel()
                return
            yield show(session)
        yield show(session)

    async def compare(self, session: Session) -> AsyncIterator[None]:
        """Compute from where on versions look alike, once for a photo; yields at every change."""
        job, turn = session.job, session.turn
        if job is not None and job.is_finished and session.curves is None:
            if session.curve_state == "busy":
                return
            session.curve_state = "busy"
            yield
            state, found = "failed", None
            try:
                found = await self.jobs.curves(job, curve_pairs(job))
                state = "idle"
            except SRError as error:
                logger.warning("no curve: %s", error)
            except Exception:
                logger.exception("no curve")
            finally:
                if session.turn == turn:
                    session.curves, session.curve_state = found, state
        yield

    def read(self, choice: Choice, mode: Mode, scale: int) -> Photo | Frame | Large:
        """The photo of a choice, or a microscope's frame. One that is too large is made to fit as
        it was said; a test simply reduces it more; else it comes back as a question.

        Raises:
            FileNotFoundError: the upload was deleted meanwhile.
            SRError: not an image, or larger than any that is made to fit.
        """
        if choice.sample is not None:
            preload(self.jobs, choice.sample, scale)
            is_test = mode == "test"
            return sample_photo(choice.sample) if is_test else small_photo(choice.sample, scale)
        if choice.path is None:
            raise FileNotFoundError(choice.name)
        path, most = uploaded_file(choice.path), self.limits.max_megapixels
        if not choice.is_photo and is_frame(path):
            return self.read_frame(path, choice, most)
        if choice.fit is not None:
            return fitted(path, choice.fit, max_megapixels=most)
        try:
            return read_upload(path, max_megapixels=most)
        except ImageTooLargeError:
            if mode == "test":
                return fitted(path, "reduced", max_megapixels=most)
        return self.too_large(*preview(path), most, f"preview/{path}")

    def read_frame(self, path: Path, choice: Choice, most: float) -> Frame | Large:
        """A frame of a microscope; a part of it has to be named where it is too large."""
        from sr.microscopy.enlarging.enlarger import most_megapixels

        most = min(most, most_megapixels() or most)
        box = choice.fit if isinstance(choice.fit, Box) else None
        frame = taken(path, choice.frame, box, most)
        if frame is not None:
            return frame
        whole = read_frame(path, choice.frame)
        small = reduced(whole.on_white(), min(whole.width, PREVIEW_PX))
        large = self.too_large(small, whole.width, whole.height, most, f"preview/{path}")
        return replace(large, can_be_reduced=False)

    def too_large(self, small: Photo, width: int, height: int, most: float, key: str) -> Large:
        """The question which part of a photo is to be taken."""
        image = self.jobs.store.put(
            key, encode_png(small), width=small.width, height=small.height, seconds=0
        )
        return Large(width, height, most, image.url)

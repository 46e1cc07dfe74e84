"""What one open page shows: its photo, its language, its job. All of it is on the server."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from demo.frames.look import Look
from demo.frames.taking import Shot
from demo.photos.batch import Batch
from demo.photos.fitting import Fit, Large
from demo.photos.problems import Problem
from demo.web.i18n import Language
from demo.work.choice import chosen_frame_models, chosen_models, default_scale, page_scales
from demo.work.curves import Curves
from demo.work.job import Job, Mode
from demo.work.saving import SaveAs
from sr.metrics.condition import Condition
from sr.models.between import BETWEEN

MAX_SESSIONS = 500
USUAL_WIDTH = 1920  # of results in pixels, before there are any
MODES: tuple[Mode, ...] = ("upscale", "test")
OWN_WIDTH = 0  # in the place of a scale: a width is asked for


@dataclass(frozen=True)
class Choice:
    """The photo that was chosen: an uploaded file, or an example."""

    name: str  # the file's name, or the example's
    path: Path | None = None
    sample: str | None = None
    fit: Fit | None = None  # of a photo that is too large
    frame: str | None = None  # of a microscope's stack: a number, or "mean"
    is_photo: bool = False  # though it looks like a microscope's


@dataclass
class Session:
    """One open page."""

    language: Language = "en"
    mode: Mode = "upscale"
    scale: int = field(default_factory=default_scale)
    width: int | None = None  # of the results in pixels, where it is asked for in place of a scale
    models: dict[int, tuple[str, ...]] = field(default_factory=dict)  # chosen ones, by scale
    save: SaveAs = field(default_factory=SaveAs)
    batch: Batch | None = None  # several photos that were sent together
    choice: Choice | None = None
    large: Large | None = None  # the photo, where it is too large and nothing was said of that
    shot: Shot | None = None  # of the job, where it enlarges a frame of a microscope
    look: Look = field(default_factory=Look)  # how such a frame is shown
    frame_models: tuple[str, ...] = ()  # chosen for such frames
    condition: Condition | None = None  # what can be seen of the photo's past
    job: Job | None = None
    problem: Problem | None = None
    curves: Curves | None = None  # of the job, when somebody asked
    curve_state: str = "idle"  # "busy" or "failed" while there are none
    turn: int = 0  # grows with every new choice, so that an older one knows it is over

    @property
    def is_working(self) -> bool:
        """Whether something is made for it now."""
        in_work = [work for work in (self.job, self.batch) if work is not None]
        return any(not work.is_finished for work in in_work)

    def chosen(self, *, is_frame: bool | None = None) -> list[str]:
        """The models that are shown, in order.

        Args:
            is_frame: whether it is of a microscope; None says the job.
        """
        if self.shot is not None if is_frame is None else is_frame:
            return chosen_frame_models(self.frame_models)
        wanted = self.models.get(self.scale, ())
        return chosen_models(self.scale, wanted, is_test=self.mode == "test")

    def proposed_width(self) -> int:
        """The width to begin with where one is to be typed: that of the results as they are."""
        return self.width or (self.job.out_width if self.job is not None else USUAL_WIDTH)

    def look_at(self, panes: Iterable[str]) -> None:
        """These panes are looked at: their versions are made before others."""
        if self.job is not None:
            self.job.in_view = frozenset(self._version(pane) for pane in panes)

    def leave_out(self, pane: str) -> None:
        """Make this version no further, and choose its model no more."""
        key = self._version(pane)
        if self.job is None:
            return
        self.job.cancel_version(key)
        rest = tuple(name for name in self.chosen() if name != key)
        if rest and self.shot is not None:
            self.frame_models = rest
        elif rest:
            self.models[self.scale] = rest

    def _version(self, pane: str) -> str:
        """The version that a pane shows."""
        versions = self.job.versions() if self.job is not None else []
        return next((v.key for v in versions if pane_of(v.key) == pane), pane)

    def remember(self, models: Mapping[Any, Any]) -> None:
        """Take models that were chosen in an earlier visit, by scale, as far as they are there."""
        for scale in page_scales():
            names = models.get(str(scale))
            if isinstance(names, list):
                self.models.setdefault(scale, tuple(chosen_models(scale, map(str, names))))

    def start(self) -> int:
        """Stop what is running and make room for something new; the number of the turn."""
        if self.job is not None:
            self.job.cancel()
        self.job = None
        self.condition = self.large = self.shot = None
        self.problem = None
        self.curves = None
        self.curve_state = "idle"
        self.turn += 1
        return self.turn

    def leave_batch(self) -> None:
        """Stop work on several photos, and show them no more."""
        if self.batch is not None:
            self.batch.cancel()
        self.batch = None


def width_of(value: object) -> int | None:
    """A width in pixels that a browser says; None where it says none."""
    if not isinstance(value, int | float) or not 1 <= value <= 1e6:  # nor one that is no number
        return None
    return round(value)


def pane_of(key: str) -> str:
    """The pane of a version. All steps of the slider have one: what is compared with it stays."""
    return "between" if BETWEEN in key else key


class Sessions:
    """Open pages by session hash; the oldest go when there are too many."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sessions: OrderedDict[str, Session] = OrderedDict()

    def get(self, session_hash: str | None) -> Session:
        """The session of a page, a new one if it has none."""
        key = session_hash or ""
        with self._lock:
            session = self._sessions.setdefault(key, Session())
            self._sessions.move_to_end(key)
            while len(self._sessions) > MAX_SESSIONS:
                oldest = self._sessions.popitem(last=False)[1]
                oldest.leave_batch()
                oldest.start()
            return session

    def leave(self, session_hash: str | None) -> None:
        """Stop the work of a page that was left, or whose connection broke for a moment: what is
        finished stays, for the page may still be there.
        """
        with self._lock:
            session = self._sessions.get(session_hash or "")
        if session is None:
            return
        if session.batch is not None:
            session.batch.cancel()
        if session.job is None:
            session.turn += 1  # a photo that is being read
        else:
            session.job.cancel()

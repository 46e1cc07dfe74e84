"""Photographs of an open study are not enlarged here: raters could compare what comes out with what
they are shown, and know which is which.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from demo.work.job import Job
from demo.work.jobs import Jobs
from sr.base.errors import SRError
from sr.images.likeness import NEAR_COPY_POINTS, Points, points_of, shared_points
from sr.images.photo import Photo
from sr.images.reading import open_image
from sr.microscopy.files.frame import Frame
from survey.session.survey import Survey
from survey.study.errors import SurveyError
from survey.study.settings import DEFAULT_STUDY
from survey.study.study import Study

logger = logging.getLogger(__name__)


class StudyPhotoError(SRError):
    """A photograph of an open study, or a near copy of one."""


class KeptBack:
    """Knows the photographs of a survey's study.

    Args:
        get_survey: of whose study, while it is open.
        shown: photographs by name that the page itself shows with the methods' names; the default
            study, which is for trying out, has them too, and they are not kept back for it.
    """

    def __init__(self, get_survey: Callable[[], Survey], *, shown: frozenset[str]) -> None:
        self._get_survey = get_survey
        self._shown = shown
        self._lock = threading.Lock()
        self._known: tuple[Study, list[Points]] | None = None

    def check(self, photo: Photo) -> None:
        """Refuse a photograph of the study.

        Raises:
            StudyPhotoError: it is one, or a reduced, cut, mirrored or compressed copy.
        """
        kept = self.points()
        if not kept:
            return
        here = points_of(photo.on_white().rgb)
        if any(shared_points(here, one) >= NEAR_COPY_POINTS for one in kept):
            raise StudyPhotoError(
                "this photograph is part of a study that is being rated; it can be enlarged here "
                "when the study is closed"
            )

    def points(self) -> list[Points]:
        """What stands out in each photograph that is kept back, and in its mirror image; it is
        looked for once a study. Nothing where no study is open.
        """
        try:
            survey = self._get_survey()
            return self._points(survey.study) if survey.status()["state"] == "open" else []
        except (SurveyError, SRError) as error:
            logger.warning("no photograph is kept back: %s", error)
            return []

    def _points(self, study: Study) -> list[Points]:
        with self._lock:
            if self._known is None or self._known[0] is not study:
                shown = self._shown if study.name == DEFAULT_STUDY else ()
                originals = [
                    open_image(study.path(image.versions[study.protocol.best].id)).rgb
                    for image in study.images
                    if image.name not in shown
                ]
                both = [np.ascontiguousarray(rgb[:, ::way]) for rgb in originals for way in (1, -1)]
                self._known = (study, [points_of(rgb) for rgb in both])
            return self._known[1]


class DiscreetJobs(Jobs):
    """Jobs that look at a photo before they take it.

    Args:
        check: raises at one that is not to be worked on; of a frame, at what it looks like.
    """

    def __init__(self, *args: Any, check: Callable[[Photo], None], **options: Any) -> None:
        super().__init__(*args, **options)
        self._check = check

    def submit(self, photo: Photo | Frame, **options: Any) -> Job:
        """See `Jobs.submit`.

        Raises:
            SRError: what `check` raises, too.
        """
        self._check(photo.on_white() if isinstance(photo, Frame) else photo)
        return super().submit(photo, **options)

"""Why there is nothing to show: errors as people are told them."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass, field
from html import escape

from demo.photos.fitting import LARGEST_MEGAPIXELS
from demo.photos.kept_back import StudyPhotoError
from demo.photos.uploads import UploadLimits
from demo.web.i18n import Language, number_short, say
from demo.web.rates import TooOftenError
from demo.work.job import BusyError, TooManyOwnError
from sr.base.errors import ImageError, ImageTooLargeError, ShapeError, SRError, WidthError

logger = logging.getLogger(__name__)


class StoreFullError(SRError):
    """The results of one visitor take all the room they may."""


class UploadError(SRError):
    """A file could not be sent."""


@dataclass(frozen=True)
class Problem:
    """Why there is nothing to show.

    Attributes:
        key: of the text for people.
        values: what that text and the detail's name.
        detail: what exactly was wrong, in English.
        detail_key: of the same in every language of the page; "" where there is none.
    """

    key: str
    values: dict[str, object] = field(default_factory=dict)
    detail: str = ""
    detail_key: str = ""


def problem_html(problem: Problem | None, language: Language) -> str:
    """A message that stays until something else is chosen."""
    if problem is None:
        return ""
    values = {
        name: number_short(language, value) if isinstance(value, (int, float)) else value
        for name, value in problem.values.items()
    }
    detail = problem.detail
    in_language = 'lang="en"'
    if problem.detail_key:
        detail = say(language, problem.detail_key, **values)
        in_language = f'lang="{language}"'
    shown = f'<p class="detail" {in_language}>{escape(detail)}</p>' if detail else ""
    return (
        f'<div class="problem" role="alert"><p><strong>'
        f"{escape(say(language, 'error_title'))}</strong> "
        f"{escape(say(language, problem.key, **values))}</p>{shown}</div>"
    )


def image_problem(key: str, error: ImageError, values: dict[str, object]) -> Problem:
    """What to tell a person about a file that cannot be taken."""
    detail_key = f"image_{error.kind}" if error.kind else ""
    if error.kind.startswith("frame_"):
        key = "error_not_frame"
    return Problem(key, values | error.values, str(error), detail_key)


def problem_of(error: Exception, limits: UploadLimits, scale: int) -> Problem:
    """What to tell a person about an error."""
    match error:
        case ImageTooLargeError():
            most = max(LARGEST_MEGAPIXELS, limits.max_megapixels)
            limit: dict[str, object] = {"limit": most}
            return image_problem("error_too_large", error, limit)
        case ImageError():
            return image_problem("error_not_image", error, {})
        case WidthError():
            return Problem("error_width", {"least": error.least, "most": error.most})
        case ShapeError():
            return Problem("error_too_small", {"scale": scale})
        case TooManyOwnError():
            return Problem("error_busy_own")
        case BusyError():
            return Problem("error_busy")
        case TooOftenError():
            return Problem("error_too_often", {"seconds": math.ceil(error.seconds)})
        case UploadError():
            return Problem("error_upload", {"megabytes": limits.max_upload_mb})
        case StudyPhotoError():
            return Problem("error_study_photo")
        case StoreFullError():
            return Problem("error_full")
        case FileNotFoundError():
            return Problem("error_gone")
    logger.error("a photo could not be taken", exc_info=error)
    return Problem("error_other")

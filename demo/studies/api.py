"""What the owner's page of studies does, without HTTP."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from demo.photos.uploads import said
from demo.results.api import Caller, NotOwnerError
from demo.studies.asked import Stage, order_of
from demo.web.http import PageError, fields
from demo.web.i18n import LANGUAGES, Language, label_of
from sr.base.errors import ImageError, SRError
from survey.preparation.order import Checked, check
from survey.preparation.problems import Problem, ProblemsError
from survey.session.protected import ProtectedSurvey
from survey.studies import shelf
from survey.studies.making import Making
from survey.study.errors import InvalidAnswerError, StudyError, SurveyError
from survey.study.plan import plan_of
from survey.study.protocol import MOST_METHODS

SMALL_PX = 480


class OrderError(PageError):
    """A study cannot be made so; the text says why, in English."""

    key = "studies_refused"


class StudiesApi:
    """The studies of a server.

    Args:
        get_survey: called within a request.
        folder: for uploads on their way into a study.
    """

    def __init__(self, get_survey: Callable[[], ProtectedSurvey], folder: Path) -> None:
        self._get_survey = get_survey
        self._folder = folder
        self._making = Making(lambda: get_survey().survey.clock())

    def listed(self, caller: Caller) -> dict[str, Any]:
        """All studies, what they can be made of, and how far the one is that is being made."""
        check_owner(caller)
        survey = self._get_survey().survey
        studies = [
            one | {"labels": {m: _words(m, one["labels"]) for m in one["methods"]}}
            for one in shelf.studies_of(survey)
        ]
        told = self._making.told()
        if told and (problem := self._making.problem) is not None:
            told["error"] = error_of(problem)
        return {
            "studies": studies,
            "is_fixed": survey.is_fixed,
            "models": models(),
            "most_methods": MOST_METHODS,
            "making": told,
        }

    def plan(self, caller: Caller, body: dict[str, Any]) -> dict[str, Any]:
        """What a study would ask of people and show of photographs; nothing is written.

        Raises:
            ProblemsError: names everything that does not fit.
            SurveyError, SRError: it cannot be made.
        """
        check_owner(caller)
        asked = fields(body, name=str, order=dict)
        shelf.folder_of(self._get_survey().survey, asked["name"])
        stage = Stage(self._folder)
        try:
            return plan_told(check(order_of(asked["order"], stage)), asked["name"])
        finally:
            stage.remove()

    def prepare(self, caller: Caller, body: dict[str, Any]) -> dict[str, Any]:
        """Begin to make a study.

        Raises:
            MakingError: one is being made.
            SurveyError: it cannot be made.
        """
        check_owner(caller)
        asked = fields(body, name=str, order=dict)
        folder = shelf.folder_of(self._get_survey().survey, asked["name"])
        stage = Stage(self._folder)
        try:
            self._making.begin(order_of(asked["order"], stage), folder, ended=stage.remove)
        except BaseException:
            stage.remove()
            raise
        return self.listed(caller)

    def cancel(self, caller: Caller, body: dict[str, Any]) -> dict[str, Any]:
        """End what is being made."""
        check_owner(caller)
        fields(body)
        self._making.cancel()
        self._making.wait(2.0)
        return self.listed(caller)

    def change(self, caller: Caller, body: dict[str, Any]) -> dict[str, Any]:
        """Open, close, archive, take out of the archive or copy a study.

        Raises:
            SurveyError: it cannot be done.
        """
        check_owner(caller)
        protected = self._get_survey()
        match body:
            case {"open": str(name), "confirmed": bool(is_confirmed), **rest} if not rest:
                shelf.open_study(protected, name, is_confirmed=is_confirmed)
            case {"close": str(name), **rest} if not rest:
                shelf.close_study(protected, name)
            case {"archive": str(name), **rest} if not rest:
                shelf.archive_study(protected, name)
            case {"take_out": str(name), **rest} if not rest:
                shelf.archive_study(protected, name, is_archived=False)
            case {"copy": str(name), "as": str(new_name), **rest} if not rest:
                shelf.copy_of(protected.survey, name, new_name)
            case _:
                raise InvalidAnswerError(
                    f"got {sorted(body)}; needed open, close, archive, take_out or copy"
                )
        return self.listed(caller)


def check_owner(caller: Caller) -> None:
    """Nothing, if the owner asks.

    Raises:
        NotOwnerError: somebody else does.
    """
    if not caller.is_owner:
        raise NotOwnerError("only the owner may do this; sign in first")


def models() -> list[dict[str, Any]]:
    """Models that can be compared: by name, with titles, the factors they enlarge by, and what
    they enlarge.
    """
    from sr.models.entries.shipped import FRAME_MODELS
    from sr.models.registry import known_models
    from survey.preparation.frames import CUBIC

    known = known_models() | FRAME_MODELS
    return [
        {
            "name": model.name,
            "titles": _words(model.name, {}),
            "scales": list(model.scales),
            "is_network": bool(model.network),
            "is_default": model.is_default or model.name in FRAME_MODELS,
            "is_for_photographs": model.name not in FRAME_MODELS,
            "is_for_frames": model.name == CUBIC or model.name in FRAME_MODELS,
        }
        for model in known.values()
        if max(model.scales) > 1
    ]


def _words(method: str, labels: dict[str, dict[str, str]]) -> dict[Language, str]:
    return {each: labels.get(method, {}).get(each) or label_of(each, method) for each in LANGUAGES}


def plan_told(checked: Checked, name: str) -> dict[str, Any]:
    """A plan as the page gets it, with the crop of every photograph and the size it lies in."""
    study, crops = checked.sketch(name), []
    for source, image in zip(checked.sources, study.images, strict=True):
        assert image.crop is not None
        height, width = source.rgb.shape[:2] if source.is_reduced else source.size(checked.scale)
        crops.append(
            {"photo": source.name, "of": [width, height], "role": source.role}
            | {"box": list(image.crop[:4]), "by": image.crop.by, "is_reduced": source.is_reduced}
            | {"picture": picture_of(source.rgb) if source.stretch else None}
        )
    protocol = checked.protocol
    return {
        "plan": plan_of(study) | {"methods": len(protocol.rated) or len(protocol.methods)},
        "scale": checked.scale,
        "window": [protocol.width, protocol.height],
        "crops": crops,
        "left_out": checked.left_out,
    }


def picture_of(rgb: np.ndarray) -> str:
    """What browsers cannot show by themselves, small: a PNG as the address of an image."""
    from PIL import Image

    picture, content = Image.fromarray(rgb[..., 0]), io.BytesIO()
    picture.thumbnail((SMALL_PX, SMALL_PX))
    picture.save(content, "PNG")
    return f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"


def error_of(error: Exception) -> dict[str, Any]:
    """An error as the page gets it: its key, in English what exactly, and the single problems."""
    if isinstance(error, ProblemsError):
        return {"key": error.key, "detail": "", "problems": [_problem(p) for p in error.problems]}
    if isinstance(error, SurveyError) and type(error) is not StudyError:
        return {"key": error.key, "detail": str(error) if error.status < 500 else ""}
    if isinstance(error, SurveyError | SRError):
        return {"key": OrderError.key, "detail": str(error)}
    return {"key": "survey_error", "detail": ""}


def _problem(problem: str) -> dict[str, Any]:
    """A problem without the places of files on this server."""
    if not isinstance(problem, Problem):
        return {"kind": "other", "values": {"text": str(problem)}}
    left_out = ("path", "folder", "reason", "error")
    values = {k: v for k, v in problem.values.items() if k not in left_out}
    error = problem.values.get("error")
    if isinstance(error, ImageError) and error.kind:
        return {"kind": "told", "values": {"why": {each: said(error, each) for each in LANGUAGES}}}
    if "path" in problem.values:
        values["file"] = Path(problem.values["path"]).name
    is_photo = problem.kind == "unreadable" and "method" not in values
    return {"kind": "unreadable_photo" if is_photo else problem.kind, "values": values}

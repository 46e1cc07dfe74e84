"""What the class's answers come to while they come in: tables and figures for the results tab.

The analysis takes seconds, so it is made anew at most once in a while, and never twice for the same
answers.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from survey.reporting import public
from survey.reporting.export import measurements_of
from survey.reporting.page.report_page import Origin, section
from survey.reporting.page.words import Language, method_name, number, say, scaled
from survey.reporting.report import need_libraries, occasion_of, report_files, zip_bytes
from survey.session.owner import check_margins
from survey.session.survey import Survey
from survey.storage.repository import study_row
from survey.storage.responses import answers_stamp, counts, invitations, read_responses
from survey.study.errors import SurveyError

if TYPE_CHECKING:
    import pandas as pd

    from survey.statistics.questions.summary import Asked
    from survey.study.study import Study, Version

SECONDS = 20.0  # between two analyses, however many answers come


class ResultsClosedError(SurveyError):
    """Results are for the owner until the owner opens them."""

    key = "results_closed"
    status = 403


@dataclass(frozen=True)
class Shown:
    """One edition of the results in one language."""

    stamp: str  # of the answers it rests on
    html: str
    images: list[dict[str, Any]]  # see `Results.shown`


class Results:
    """The results of one survey, kept until there are newer answers.

    Args:
        get_survey: may raise SurveyError.
        seconds: between two analyses.
    """

    def __init__(self, get_survey: Callable[[], Survey], *, seconds: float = SECONDS) -> None:
        self._get_survey = get_survey
        self._seconds = seconds
        self._lock = threading.Lock()
        self._made: dict[tuple[str, Language, bool, bool, float, float], tuple[float, Shown]] = {}

    def shown(
        self, language: Language, *, is_public: bool, simulated: bool = False, study: str = ""
    ) -> Shown:
        """The results as of now, or of a moment ago.

        `images` has `id`, `name` and `versions` of each main photograph; a version has `id`,
        `label` and `caption`, in which its scores and measurements stand as far as they are known.

        Args:
            is_public: nothing that points to a person.
            simulated: count simulated raters, too; only the owner may.
            study: another one than raters get; only the owner may.

        Raises:
            SurveyError: the survey cannot run, or a library is missing.
        """
        survey = self._get_survey()
        survey = survey.of(study) if study else survey
        asked = asked_of(survey, simulated)
        margins = asked.margin, asked.share_margin
        key = (survey.study_name, language, is_public, simulated, *margins)
        with self._lock:
            stamp = answers_stamp(survey.store)
            made_at, made = self._made.get(key, (-math.inf, None))
            if made and (made.stamp == stamp or time.monotonic() < made_at + self._seconds):
                return made
            fresh = self._make(survey, stamp, language, is_public, simulated, asked)
            self._made[key] = (time.monotonic(), fresh)
            return fresh

    def _make(
        self, survey: Survey, stamp: str, language: Language, is_public: bool, simulated: bool,
        asked: Asked,
    ) -> Shown:  # fmt: skip
        need_libraries()
        from survey.reporting.page.drawing import View, encode
        from survey.reporting.page.figures import draw_all
        from survey.statistics.questions.summary import analyse

        study = survey.study
        responses = read_responses(survey.store, study.name, simulated)
        measurements = measurements_of(study)
        if is_public:
            analysis = public.public_analysis(
                responses, lambda chosen: analyse(chosen, measurements, asked)
            )
        else:
            analysis = analyse(responses, measurements, asked)
        view = View(language, is_public, analysis.labels, analysis.facts["scale"])
        figures = {
            name: encode(figure, ".svg") for name, figure in draw_all(analysis, view).items()
        }
        occasion = {} if is_public else occasion_of(responses)
        origin = Origin(study, is_public, occasion)
        html = section(analysis, origin, figures, language)
        return Shown(stamp, html, _images(study, analysis.mos, language))

    def export(
        self, language: Language, *, is_public: bool, simulated: bool = False, study: str = ""
    ) -> bytes:
        """The report's zip.

        Raises:
            SurveyError: see `shown`.
        """
        survey = self._get_survey()
        survey = survey.of(study) if study else survey
        responses = read_responses(survey.store, survey.study.name, simulated)
        files = report_files(
            responses,
            survey.study,
            is_public=is_public,
            language=language,
            asked=asked_of(survey, simulated),
        )
        return zip_bytes(files)


def asked_of(
    survey: Survey,
    simulated: bool,
    *,
    margin: float | None = None,
    share_margin: float | None = None,
) -> Asked:
    """What an analysis of a survey is asked: its methods in order, who started and how, margins.

    Args:
        simulated: simulated raters count, too.
        margin, share_margin: for this analysis, in the place of what the owner set.

    Raises:
        MarginError: they cannot be margins.
    """
    from survey.statistics.questions.summary import Asked

    found = counts(survey.store, survey.study_name)
    started = found["started"] + (found["simulated"]["started"] if simulated else 0)
    row = study_row(survey.store, survey.study_name) or {}
    protocol, own = survey.study.protocol, bool(row.get("margins_set_at"))
    asked = Asked(
        order=protocol.methods, labels=survey.study.labels, started=started,
        invitations=invitations(survey.store, survey.study_name), scale=protocol.scale,
        crossing=protocol.angle_pair if protocol.compared else None,
    )  # fmt: skip
    if own:
        asked = replace(
            asked, margin=row["margin"], share_margin=row["share_margin"],
            margins_from="owner", margins_set_at=row["margins_set_at"],
        )  # fmt: skip
    if margin is None and share_margin is None:
        return asked
    margin = asked.margin if margin is None else margin
    share_margin = asked.share_margin if share_margin is None else share_margin
    check_margins(margin, share_margin)
    return replace(
        asked, margin=margin, share_margin=share_margin, margins_from="report", margins_set_at=""
    )


def margins_of(survey: Survey) -> dict[str, float]:
    """The margins as the owner reads and sets them; {} while there is no study."""
    try:
        asked = asked_of(survey, False)
    except SurveyError:
        return {}
    return {"margin": asked.margin, "percent": round(100 * asked.share_margin, 6)}


def _images(study: Study, means: pd.DataFrame, language: Language) -> list[dict[str, Any]]:
    """Each main image with its versions, and what is known of them as a line of text."""
    rows = means[means["ppd_bin"] == "all"].set_index(["image", "method"])
    images = []
    for image in study.main:
        versions = []
        for method, version in image.versions.items():
            row = rows.loc[(image.id, method)] if (image.id, method) in rows.index else None
            versions.append(
                {
                    "id": version.id,
                    "label": method_name(language, method, study.labels),
                    "caption": _caption(version, row, language, study.protocol.scale),
                }
            )
        images.append({"id": image.id, "name": image.name, "versions": versions})
    return images


def _caption(version: Version, row: Any, language: Language, scale: str) -> str:
    parts = []
    if row is not None and not math.isnan(row["mos"]):
        known = not math.isnan(row["ci95_low"])
        key = "version_mos" if known else "version_mos_alone"
        parts.append(
            say(
                language,
                scaled(language, key, scale),
                mos=number(language, row["mos"]),
                low=number(language, row["ci95_low"]),
                high=number(language, row["ci95_high"]),
                n=int(row["n"]),
            )
        )
    if version.psnr_y is not None:
        parts.append(f"PSNR {number(language, version.psnr_y)} dB")
    if version.ssim_y is not None:
        parts.append(f"SSIM {number(language, version.ssim_y, 4)}")
    if version.lpips_alex is not None:
        parts.append(f"LPIPS {number(language, version.lpips_alex, 3)}")
    return " · ".join(parts)

"""Everything about a study in one zip file: python -m survey report. Equal data, equal bytes."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sr import __version__
from survey.reporting.export import data_files, measurements_of, table_bytes
from survey.reporting.formats import pwcmp_csv, sureal_json
from survey.reporting.page.words import LANGUAGES, UNKNOWN, Language
from survey.study.errors import SurveyError

if TYPE_CHECKING:
    import pandas as pd

    from survey.statistics.questions.summary import Asked
    from survey.study.study import Study

CODEBOOK = Path(__file__).parent / "text" / "codebook.md"
MOMENT = (1980, 1, 1, 0, 0, 0)  # of every file in the zip; the data's own times are in the tables


class ReportError(SurveyError):
    """The report cannot be made or written."""


def report_files(
    responses: pd.DataFrame,
    study: Study,
    *,
    is_public: bool,
    language: Language,
    asked: Asked | None = None,
    has_responses: bool = False,
) -> dict[str, bytes]:
    """The files of a report by their names in the zip.

    Args:
        responses: of `read_responses`.
        is_public: leave out all that could point to a person.
        has_responses: single responses in the public edition all the same, see `public.WHY`.
        language: that report.html opens in; it holds both.
        asked: what the owner has decided; the order of methods is the study's without it.

    Raises:
        ReportError: a library that reports need is not installed.
    """
    need_libraries()
    from survey.reporting import public
    from survey.reporting.page.drawing import View, encode
    from survey.reporting.page.figures import draw_all
    from survey.reporting.page.photographs import photographs_of
    from survey.reporting.page.report_page import Origin, page
    from survey.statistics.questions.summary import Asked, analyse

    asked = asked or Asked(
        order=study.protocol.methods, labels=study.labels, scale=study.protocol.scale
    )
    measurements = measurements_of(study)
    if is_public:
        analysis = public.public_analysis(
            responses, lambda chosen: analyse(chosen, measurements, asked)
        )
        shown = public.public_responses(public.with_numbers(responses)) if has_responses else None
        files = data_files(shown, analysis.mos, analysis.preferences, study)
    else:
        analysis = analyse(responses, measurements, asked)
        files = data_files(responses, analysis.mos, analysis.preferences, study)
        files |= {
            "raters.csv": table_bytes(analysis.raters),
            "sureal.json": sureal_json(analysis.ratings, study.name),
            "pwcmp.csv": pwcmp_csv(analysis.pairs),
        }
    files |= {
        "versions.csv": table_bytes(analysis.versions),
        "correlations.csv": table_bytes(analysis.correlations),
        "mapping.csv": table_bytes(analysis.mapping),
        "statistics.json": _json(analysis.to_json()),
        "protocol.json": _json(_protocol(study)),
        "codebook.md": CODEBOOK.read_bytes(),
    }
    pictures: dict[Language, dict[str, bytes]] = {}
    for each in LANGUAGES:
        pictures[each] = {}
        view = View(each, is_public, analysis.labels, analysis.facts["scale"])
        for name, figure in draw_all(analysis, view).items():
            pictures[each][name] = encode(figure, ".svg")
            files[f"figures/{each}/{name}.svg"] = pictures[each][name]
            files[f"figures/{each}/{name}.png"] = encode(figure, ".png")
    occasion = {} if is_public else occasion_of(responses)
    origin = Origin(study, is_public, occasion)
    photographs = photographs_of(study)
    files["report.html"] = page(analysis, origin, pictures, first=language, photographs=photographs)
    files["manifest.json"] = _json(_manifest(files, analysis.facts, study, is_public))
    return files


def occasion_of(responses: pd.DataFrame) -> dict[str, str]:
    """When, in which languages and on which displays people answered; {} without answers."""
    if responses.empty:
        return {}
    people = responses.groupby("participant")
    numbers = {name: people[name].median().dropna() for name in ("ppi", "distance_cm", "ppd")}

    def middle(name: str) -> str:
        return f"{numbers[name].median():.0f}" if len(numbers[name]) else UNKNOWN

    ppd = numbers["ppd"]
    return {
        "first": str(responses["created_at"].min())[:10],
        "last": str(responses["created_at"].max())[:10],
        "languages": ", ".join(sorted(set(responses["language"].dropna()))),
        "ppi": middle("ppi"),
        "distance": middle("distance_cm"),
        "ppd": middle("ppd"),
        "low": f"{ppd.min():.0f}" if len(ppd) else UNKNOWN,
        "high": f"{ppd.max():.0f}" if len(ppd) else UNKNOWN,
        "known": str(len(ppd)),
        "raters": str(len(people)),
        "version": __version__,
    }


def zip_bytes(files: Mapping[str, bytes]) -> bytes:
    """A zip of files by name, in order of name, with one moment for all."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, MOMENT)
            entry.external_attr = 0o644 << 16
            entry.create_system = 3
            archive.writestr(entry, files[name], zipfile.ZIP_DEFLATED, compresslevel=6)
    return content.getvalue()


def need_libraries() -> None:
    try:
        import evalica  # noqa: F401
        import seaborn  # noqa: F401
        import statsmodels  # noqa: F401
    except ImportError as error:
        raise ReportError(
            f"reports need {error.name}: python -m pip install -r requirements.txt"
        ) from error


def _json(value: Any) -> bytes:
    text = json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()


def _protocol(study: Study) -> dict[str, Any]:
    return {
        "study": study.name,
        "created_at": study.created_at,
        "sha256": study.protocol.sha256,
        "protocol": dataclasses.asdict(study.protocol),
    }


def _manifest(
    files: Mapping[str, bytes], facts: Mapping[str, Any], study: Study, is_public: bool
) -> dict[str, Any]:
    return {
        "app": f"Nitidez {__version__}",
        "study": study.name,
        "study_created_at": study.created_at,
        "protocol_sha256": study.protocol.sha256,
        "models": study.models,
        "images": {
            image.id: {version.method: version.sha256 for version in image.versions.values()}
            for image in study.images
        },
        "raters": facts["raters"],
        "invitations": facts["invitations"],
        "includes_simulated": facts["includes_simulated"],
        "is_public": is_public,
        "files": {
            name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
            for name, data in sorted(files.items())
        },
    }

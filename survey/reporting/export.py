"""Ratings as CSV: one row a response, and what they come to; the columns are in docs/survey.md."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sr import __version__
from sr.base.files import csv_text, write_atomically
from sr.base.spreadsheets import for_excel
from survey.reporting.formats import pwcmp_csv, sureal_json
from survey.reporting.page.words import Language, method_name
from survey.statistics.estimates.attention import TOLD
from survey.statistics.estimates.data import read_pairs, read_ratings
from survey.statistics.estimates.mos import mos_table
from survey.statistics.estimates.pairs import pair_table
from survey.statistics.questions.balance import leaving
from survey.statistics.questions.correlation import (
    correlation_table,
    mapping_table,
    version_table,
)
from survey.statistics.questions.summary import Asked
from survey.study.errors import SurveyError
from survey.study.study import Study

if TYPE_CHECKING:
    import pandas as pd

    from survey.statistics.questions.correlation import Measurements

# Where a spreadsheet may begin a cell (it need not split at commas, nor heed our quotes then), and
# what it takes for a formula there.
FORMULA = re.compile(r"""^(?=[\t\n])|(^|[;,|\t\n])(?=["'\s]*[=+\-@\uff1d\uff0b\uff0d\uff20])""")


class ExportError(SurveyError):
    """The output folder cannot be written."""


def csv_bytes(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> bytes:
    """UTF-8 CSV in which no text can start a formula in a spreadsheet.

    Missing values are empty, truth is true or false, floats have at most six significant digits
    after what is exact.
    """
    return csv_text(columns, ([_cell(row[c]) for c in columns] for row in rows)).encode()


def _cell(value: Any) -> str:
    import pandas as pd

    if value is None or value is pd.NA:
        return ""
    if isinstance(value, str):
        value = value.replace("\r\n", "\n").replace("\r", "\n")
        # An apostrophe makes a spreadsheet read text; programs see it, and docs/survey.md says so.
        return FORMULA.sub(lambda found: f"{found[0]}'", value)
    if value is True or value is False or type(value).__name__ == "bool_":
        return "true" if value else "false"
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.10g}"
    return str(value)


def table_bytes(frame: pd.DataFrame) -> bytes:
    """A table as `csv_bytes`."""
    return csv_bytes(list(frame.columns), frame.to_dict("records"))


def measurements_of(study: Study) -> Measurements:
    """PSNR, SSIM and LPIPS of a study's versions by (image, method)."""
    return {
        (image.id, version.method): {
            "psnr_y": version.psnr_y,
            "ssim_y": version.ssim_y,
            "lpips_alex": version.lpips_alex,
        }
        for image in study.images
        for version in image.versions.values()
    }


def measure_files(versions: pd.DataFrame) -> dict[str, bytes]:
    """What measures foretell, by file name.

    Args:
        versions: of `version_table`.
    """
    return {
        "versions.csv": table_bytes(versions),
        "correlations.csv": table_bytes(correlation_table(versions)),
        "mapping.csv": table_bytes(mapping_table(versions)),
    }


def data_files(
    responses: pd.DataFrame | None, mos: pd.DataFrame, pairs: pd.DataFrame, study: Study
) -> dict[str, bytes]:
    """The tables of an export and of a report by name.

    Args:
        responses: as they are shown, None without; what a person told at the end is left to
            raters.csv.
        mos: of `mos_table`.
        pairs: of `pair_table`.
    """
    mos = mos.copy()
    mos.insert(0, "study", study.name)
    files = {
        "mos_summary.csv": table_bytes(mos),
        "pairs_summary.csv": table_bytes(pairs),
        "methods.csv": methods_bytes(study),
    }
    if responses is not None:
        single = responses.drop(columns=list(TOLD), errors="ignore")
        files["responses.csv"] = table_bytes(single)
    return files


def images_bytes(study: Study) -> bytes:
    """Which photograph each image of a study is, by the owner's name for it, its role, and what is
    shown of it.
    """
    shown = ("left", "top", "width", "height", "by")
    rows = [
        {"image": image.id, "name": image.name, "role": image.role}
        | {f"crop_{name}": getattr(image.crop, name, None) for name in shown}
        for image in study.images
    ]
    return csv_bytes(("image", "name", "role", *(f"crop_{name}" for name in shown)), rows)


def methods_bytes(study: Study) -> bytes:
    """What the methods of a study are called in each language."""
    columns: dict[str, Language] = {"label_en": "en", "label_pt": "pt-BR"}
    rows = [
        {"method": method}
        | {name: method_name(tag, method, study.labels) for name, tag in columns.items()}
        for method in study.protocol.methods
    ]
    return csv_bytes(("method", *columns), rows)


def export_files(
    responses: pd.DataFrame, study: Study, *, asked: Asked | None = None, excel: bool = False
) -> dict[str, bytes]:
    """The files of an export by name; equal data give equal bytes.

    Args:
        asked: what the owner has decided.
        excel: tables also for spreadsheets; see `sr.base.spreadsheets`.
    """
    order = study.protocol.methods
    ratings, choices = read_ratings(responses, order), read_pairs(responses, order)
    ways = max(1, int(len(ratings.methods) > 1) + int(len(choices.compared) > 0))
    mos = mos_table(ratings, is_dcr=study.protocol.beside_original)
    asked = asked or Asked()
    pairs = pair_table(choices, asked.share_margin, ways)
    versions = version_table(ratings, measurements_of(study))
    files = {**data_files(responses, mos, pairs, study), "images.csv": images_bytes(study)}
    files |= measure_files(versions)
    files["pwcmp.csv"] = pwcmp_csv(choices)
    if excel:
        tables = {name.removesuffix(".csv"): data.decode() for name, data in files.items()}
        files |= for_excel(tables, "tables")
    files["sureal.json"] = sureal_json(ratings, study.name)
    people = leaving(responses, asked.started)
    manifest = {
        "app": f"Nitidez {__version__}",
        "study": study.name,
        "study_created_at": study.created_at,
        "protocol_sha256": study.protocol.sha256,
        "models": study.models,
        "versions": {
            version.id: {"image": image.id, "method": version.method, "sha256": version.sha256}
            for image in study.images
            for version in image.versions.values()
        },
        "responses": len(responses),
        "raters": int(responses.participant.nunique()),
        "invitations": dict(asked.invitations),
        "people": {name: people[name] for name in ("started", "answered", "finished", "left_in")},
        "margins": {"scores": asked.margin, "preference": asked.share_margin},
        "includes_simulated": bool(responses.simulated.any()),
        "files": {
            name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
            for name, data in files.items()
        },
    }
    text = json.dumps(manifest, indent=2, sort_keys=True, ensure_ascii=False)
    return files | {"manifest.json": f"{text}\n".encode()}


def write_export(files: Mapping[str, bytes], folder: Path) -> None:
    """Write an export into a folder, which is made when it is not there; each file whole or not.

    Raises:
        ExportError: it cannot be written.
    """
    try:
        for name, data in files.items():
            write_atomically(folder / name, data)
    except OSError as error:
        raise ExportError(
            f"{folder}: {error.strerror}; give another folder with --output"
        ) from error

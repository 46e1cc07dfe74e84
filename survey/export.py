"""Ratings as CSV: one row a response, and what they come to. The README documents the columns."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sr import __version__
from survey.errors import SurveyError
from survey.study import Study

if TYPE_CHECKING:
    import pandas as pd

MOS_COLUMNS = ("study", "method", "image", "n", "mos", "sd", "ci95_low", "ci95_high")
PAIR_COLUMNS = ("method_a", "method_b", "n", "a", "b", "tie")
ALL_IMAGES = "all"
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\n")


class ExportError(SurveyError):
    """The output folder cannot be written."""


def csv_bytes(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> bytes:
    """UTF-8 CSV in which no text can start a formula in a spreadsheet.

    Missing values are empty, truth is true or false, floats have at most six significant digits
    after what is exact.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(row[column]) for column in columns])
    return text.getvalue().encode("utf-8")


def _cell(value: Any) -> str:
    import pandas as pd

    if value is None or value is pd.NA:
        return ""
    if isinstance(value, str):
        value = value.replace("\r\n", "\n").replace("\r", "\n")
        # An apostrophe makes a spreadsheet read text; programs see it, and the README says so.
        return f"'{value}" if value.startswith(FORMULA_STARTS) else value
    if value is True or value is False or type(value).__name__ == "bool_":
        return "true" if value else "false"
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.10g}"
    return str(value)


def mos_rows(responses: pd.DataFrame, study: str) -> list[dict[str, Any]]:
    """Mean opinion scores of each version, and of each method over all images.

    A version's interval is Student's t over its ratings. A method's is Student's t over the raters'
    own means, because ratings of one person are not independent. One rater gives no interval.

    Args:
        responses: of `Store.responses`; only counted ratings (role "main") are used.

    Source: ITU-R BT.500-15, section on mean scores and confidence intervals.
    """
    rated = responses[(responses.role == "main") & (responses.kind == "rating")]
    rows = []
    for (method, image), group in rated.groupby(["method", "image"], sort=True):
        scores = [float(score) for score in group.score]
        rows.append({"study": study, "method": method, "image": image, **interval(scores)})
    for method, group in rated.groupby("method", sort=True):
        means = group.groupby("participant").score.mean().astype(float).tolist()
        over_raters = interval(means)
        scores = [float(score) for score in group.score]
        pooled = interval(scores)
        over_raters |= {"n": len(scores), "mos": pooled["mos"], "sd": pooled["sd"]}
        rows.append({"study": study, "method": method, "image": ALL_IMAGES, **over_raters})
    return rows


def interval(values: Sequence[float]) -> dict[str, float | int]:
    """n, mean, standard deviation (n - 1) and the 95 % interval of the mean, within 1 to 5."""
    n = len(values)
    if n == 0:
        nan = math.nan
        return {"n": 0, "mos": nan, "sd": nan, "ci95_low": nan, "ci95_high": nan}
    mean = sum(values) / n
    if n == 1:
        nan = math.nan
        return {"n": 1, "mos": mean, "sd": nan, "ci95_low": nan, "ci95_high": nan}
    from scipy.stats import t

    sd = math.sqrt(sum((value - mean) ** 2 for value in values) / (n - 1))
    half = float(t.ppf(0.975, n - 1)) * sd / math.sqrt(n)
    return {
        "n": n,
        "mos": mean,
        "sd": sd,
        "ci95_low": max(1.0, mean - half),
        "ci95_high": min(5.0, mean + half),
    }


def pair_rows(responses: pd.DataFrame, study: Study) -> list[dict[str, Any]]:
    """How often each method of a pair was preferred, whichever side it was on."""
    met = responses[(responses.role == "main") & (responses.kind == "pair")]
    rows = []
    for a, b in study.protocol.compared:
        sides = [(a, b), (b, a)]
        chosen = [
            row.preferred
            for row in met.itertuples()
            if (row.method_left, row.method_right) in sides
        ]
        rows.append(
            {
                "method_a": a,
                "method_b": b,
                "n": len(chosen),
                "a": chosen.count(a),
                "b": chosen.count(b),
                "tie": chosen.count("tie"),
            }
        )
    return rows


def export_files(responses: pd.DataFrame, study: Study) -> dict[str, bytes]:
    """The files of an export by name; equal data give equal bytes."""
    records = responses.to_dict("records")
    files = {
        "responses.csv": csv_bytes(list(responses.columns), records),
        "mos_summary.csv": csv_bytes(MOS_COLUMNS, mos_rows(responses, study.name)),
        "pairs_summary.csv": csv_bytes(PAIR_COLUMNS, pair_rows(responses, study)),
    }
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
        "responses": len(records),
        "raters": int(responses.participant.nunique()),
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
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            temporary = folder / f".{name}.new"
            temporary.write_bytes(data)
            temporary.replace(folder / name)
    except OSError as error:
        raise ExportError(
            f"{folder}: {error.strerror}; give another folder with --output"
        ) from error

"""The tables of an evaluation: for the terminal, as CSV, Markdown and JSON, and read back."""

from __future__ import annotations

import csv
import dataclasses
import json
import math
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sr import __version__
from sr.base.errors import DataError
from sr.base.files import csv_text, write_file
from sr.evaluation.correlations import CAPTION, Correlation
from sr.evaluation.paper import note_of
from sr.evaluation.results import Evaluation, ImageRow, Row

PROTOCOL = (
    "x{scale}; PSNR (dB) and SSIM (11x11 Gaussian window) on BT.601 luma (Y) after cutting "
    "{scale} px from every border; LPIPS v0.1 (AlexNet) on whole RGB images, lower is better; "
    "means over images; seconds: mean per image, upscaling only"
)
# column -> heading for people; the order of the table
HEADINGS = {
    "dataset": "set",
    "model": "model",
    "training_set": "trained on",
    "images": "images",
    "psnr_y": "PSNR-Y",
    "paper_psnr_y": "paper",
    "ssim_y": "SSIM-Y",
    "paper_ssim_y": "paper",
    "paper_ssim_daala": "paper (daala)",
    "lpips_alex": "LPIPS",
    "dists": "DISTS",
    "niqe": "NIQE (no reference)",
    "seconds": "seconds",
}
OPTIONAL = (
    "training_set",
    "paper_psnr_y",
    "paper_ssim_y",
    "paper_ssim_daala",
    "dists",
    "niqe",
    "seconds",
)
OF_ORIGINALS = ("psnr_y", "ssim_y", "lpips_alex")  # none of them where no set has originals
CORRELATION_HEADINGS = {
    "dataset": "set",
    "model": "model",
    "metric": "metric",
    "measure": "texture measure",
    "n": "n",
    "rho": "rho",
    "p": "p",
}
COLUMNS = tuple(field.name for field in dataclasses.fields(Row))
PER_IMAGE_COLUMNS = tuple(field.name for field in dataclasses.fields(ImageRow))
DECIMALS = {
    "psnr_y": 2,
    "paper_psnr_y": 2,
    "ssim_y": 4,
    "paper_ssim_y": 4,
    "paper_ssim_daala": 4,
    "lpips_alex": 4,
    "dists": 4,
    "niqe": 2,
    "seconds": 3,
    "rho": 2,
}
CSV_DECIMALS = DECIMALS | {"psnr_y": 3, "niqe": 4}


def format_cell(row: Row | ImageRow | Correlation, column: str) -> str:
    """A value as it stands in a table for people, with the decimals that mean something."""
    value = getattr(row, column)
    if value is None:
        return ""
    if column == "p":
        return "<0.001" if value < 0.001 else f"{value:.3f}"
    if isinstance(value, float):
        return f"{value:.{DECIMALS[column]}f}"
    return str(value)


def headings_of(rows: Sequence[Row]) -> dict[str, str]:
    """The columns of a table of means; those that only some tables need are left out if empty."""
    optional: tuple[str, ...] = OPTIONAL
    if all(row.psnr_y is None and row.niqe is not None for row in rows):
        optional += OF_ORIGINALS
    return {
        column: heading
        for column, heading in HEADINGS.items()
        if column not in optional or any(format_cell(row, column) for row in rows)
    }


def cells(
    rows: Sequence[Row] | Sequence[Correlation], headings: Mapping[str, str]
) -> list[list[str]]:
    """The rows as text, in the order of the headings."""
    return [[format_cell(row, column) for column in headings] for row in rows]


def caption(result: Evaluation) -> list[str]:
    """How the results were measured and what they leave out, a sentence each."""
    sentences = [_protocol(result), *result.notes]
    if any(row.paper_psnr_y is not None for row in result.rows):
        sentences.insert(1, note_of(row.paper for row in result.rows))
    if result.reused:
        sentences.append(f"{result.reused} of {len(result.images)} results are of an earlier run")
    if result.failures:
        sentences.append(left_out(result))
    return sentences


def _protocol(result: Evaluation) -> str:
    scale = " or ".join(map(str, result.scales))
    if all(row.psnr_y is None and row.niqe is not None for row in result.rows):
        return (
            f"x{scale}; NIQE after cutting {scale} px from every border; means over images; "
            "seconds: mean per image, upscaling only"
        )
    return PROTOCOL.format(scale=scale)


def left_out(result: Evaluation) -> str:
    """How many images are missing in the means."""
    count = len(result.failures)
    were = "image was" if count == 1 else "images were"
    return f"{count} {were} left out; the means are over the others"


def to_markdown(result: Evaluation, correlations: Sequence[Correlation] = ()) -> str:
    """The table with its caption, the correlations with texture, and the images left out."""
    lines = ["# Evaluation", "", *_markdown_table(result.rows, headings_of(result.rows)), ""]
    lines += [f"- {sentence}." for sentence in caption(result)]
    if correlations:
        lines += ["", "## Which images are hard", ""]
        lines += _markdown_table(correlations, CORRELATION_HEADINGS)
        lines += ["", f"{CAPTION}."]
    if result.failures:
        lines += ["", "## Left out", "", *(f"- {failure}" for failure in result.failures)]
    return "\n".join(lines) + "\n"


def to_json(result: Evaluation, correlations: Sequence[Correlation] = ()) -> str:
    """The same for programs: rows, correlations, caption, images left out."""
    document = {
        "program": f"nitidez sr {__version__}",
        "protocol": _protocol(result),
        "notes": caption(result)[1:],
        "rows": [_plain(row) for row in result.rows],
        "texture": {"caption": CAPTION, "rows": [_plain(row) for row in correlations]},
        "left_out": result.failures,
    }
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def to_csv(rows: Iterable[Row]) -> str:
    """The means as CSV with a heading; None is an empty cell."""
    return csv_text(
        COLUMNS,
        (
            [
                f"{value:.{CSV_DECIMALS[column]}f}" if isinstance(value, float) else value
                for column, value in dataclasses.asdict(row).items()
            ]
            for row in rows
        ),
    )


def per_image_csv(rows: Iterable[ImageRow]) -> str:
    """The single results as CSV with a heading, with every digit that was kept."""
    return csv_text(PER_IMAGE_COLUMNS, (dataclasses.astuple(row) for row in rows))


class PerImageFile:
    """The single results of an evaluation, on the disk as soon as they are there.

    Rows of sets, models and images that are not measured again stay in the file.

    Args:
        path: a CSV file; it need not exist.

    Raises:
        DataError: it exists and is something else.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows = {_name(row): row for row in read_per_image(path)} if path.exists() else {}

    def keep(self, dataset: str, image: str, rows: Sequence[ImageRow]) -> None:
        """Put an image's rows in the place of those of the same models.

        Without rows (it was left out) what was known of the image is dropped.
        """
        known = dict(self.rows)
        if not rows:
            self.rows = {n: r for n, r in known.items() if (n[0], n[2]) != (dataset, image)}
        self.rows.update({_name(row): row for row in rows})
        if self.rows != known:
            write_file(self.path, per_image_csv(self.rows.values()).encode())


def read_per_image(path: Path) -> list[ImageRow]:
    """The rows of a per-image CSV.

    Raises:
        DataError: not such a file, or a cell that is no number.
    """
    kinds = typing.get_type_hints(ImageRow)
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            there = {*(reader.fieldnames or ()), "dists", "niqe"}  # which older files lack
            if missing := [column for column in PER_IMAGE_COLUMNS if column not in there]:
                raise DataError(
                    f"{path}: has no column {', '.join(missing)}; needed a file written by "
                    "python -m sr evaluate --per-image (name another file to begin anew)"
                )
            return [
                ImageRow(**{c: _parse(row.get(c), kinds[c]) for c in PER_IMAGE_COLUMNS})
                for row in reader
            ]
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(f"{path}: not a readable table of results ({error})") from error


def _name(row: ImageRow) -> tuple[str, str, str]:
    return row.dataset, row.model, row.image


def _parse(text: str | None, kind: Any) -> Any:
    if kind is str:
        return text or ""
    if not text and isinstance(kind, types.UnionType):
        return None
    return float(text or "nothing")


def _plain(row: Row | Correlation) -> dict[str, Any]:
    """A row for JSON, which knows no infinity."""
    return {
        key: str(value) if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in dataclasses.asdict(row).items()
    }


def _markdown_table(
    rows: Sequence[Row] | Sequence[Correlation], headings: Mapping[str, str]
) -> list[str]:
    numeric = {"images", "n", "p", *DECIMALS}
    lines = [
        "| " + " | ".join(headings.values()) + " |",
        "|" + "|".join("---:" if column in numeric else "---" for column in headings) + "|",
    ]
    for row in rows:
        line = (format_cell(row, column).replace("|", "\\|") for column in headings)
        lines.append("| " + " | ".join(line) + " |")
    return lines

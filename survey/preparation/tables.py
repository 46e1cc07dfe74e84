"""Tables of a study's owner: where pictures are, what is shown of them, what methods are called."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from survey.preparation.problems import refuse
from survey.study.errors import StudyError
from survey.study.study import Crop

CROP_COLUMNS, SIZE_COLUMNS = ("photo", "left", "top"), ("width", "height")
LABEL_COLUMNS = {"label_en": "en", "label_pt": "pt-BR"}
LONGEST_LABEL = 60
Labels = dict[str, dict[str, str]]  # by method, then by language tag


def read_table(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    """The rows of a CSV, split at commas, semicolons or tabs.

    Raises:
        StudyError: it cannot be read, is empty or lacks a column.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            dialect = csv.Sniffer().sniff(file.readline(), ",;\t")
            file.seek(0)
            rows = list(csv.DictReader(file, dialect=dialect))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise StudyError(f"{path}: not a table that can be read ({error})") from None
    if not rows or not set(columns) <= set(rows[0]):
        raise StudyError(f"{path}: needed rows under the columns {', '.join(columns)}")
    return rows


def crops_of_table(path: Path) -> dict[str, Crop]:
    """Crops by photograph, from the columns photo, left, top and, for parts that are to be reduced,
    width and height; 0 where these are not given.

    Raises:
        StudyError: not such a table; names all lines that are wrong.
    """
    found: dict[str, Crop] = {}
    problems: list[str] = []
    for number, row in enumerate(read_table(path, CROP_COLUMNS), start=2):
        photo = (row["photo"] or "").strip()
        sides = [(row.get(name) or "").strip() for name in (*CROP_COLUMNS[1:], *SIZE_COLUMNS)]
        if not photo or not all(side.isdecimal() for side in sides[:2] + [s for s in sides if s]):
            problems.append(f"{path}: line {number}: needed a photo and whole numbers of pixels")
        elif photo in found:
            problems.append(f"{path}: line {number}: a second crop of {photo}")
        else:
            left, top, width, height = (int(side or 0) for side in sides)
            found[photo] = Crop(left, top, width, height, "owner")
    refuse(problems)
    return found


def labels_of_table(path: Path) -> Labels:
    """What methods are called, from the columns method, label_en and label_pt, or one of these.

    Raises:
        StudyError: not such a table; names all lines that are wrong.
    """
    rows = read_table(path, ("method",))
    if not set(LABEL_COLUMNS) & set(rows[0]):
        raise StudyError(f"{path}: needed the columns label_en and label_pt, or one of them")
    found: Labels = {}
    problems: list[str] = []
    for number, row in enumerate(rows, start=2):
        method = (row["method"] or "").strip()
        label = {tag: (row.get(name) or "").strip() for name, tag in LABEL_COLUMNS.items()}
        if not method or method in found:
            problems.append(f"{path}: line {number}: needed a method, each once")
        elif max(map(len, label.values())) > LONGEST_LABEL:
            problems.append(f"{path}: line {number}: more than {LONGEST_LABEL} characters")
        else:
            found[method] = {tag: text for tag, text in label.items() if text}
    refuse(problems)
    return {method: label for method, label in found.items() if label}

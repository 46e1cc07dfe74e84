"""Finished pictures that a study compares: folders or a table, matched with the photographs."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from sr.base.errors import SRError
from sr.formats.kinds import list_images
from sr.images.finished import NAME, match_pictures
from survey.preparation.sources import Source, check_sizes, read_picture, roles_of
from survey.study.errors import StudyError

COLUMNS = ("photo", "method", "path")
Pictures = dict[str, dict[str, Path]]  # by photograph, then by method


def pictures_of_folders(stems: Sequence[str], folders: Mapping[str, Path]) -> Pictures:
    """The picture of every photograph in every folder.

    Raises:
        StudyError: names everything that is missing or could be two.
    """
    found: Pictures = {stem: {} for stem in stems}
    problems: list[str] = []
    for method, folder in folders.items():
        files, missing = match_pictures(stems, folder)
        problems += missing
        for stem, path in files.items():
            found[stem][method] = path
    _refuse(problems)
    return found


def pictures_of_table(path: Path) -> Pictures:
    """Those of a CSV with the columns photo, method and path, relative to the table.

    Raises:
        StudyError: not such a table, files that are not there, or methods without a picture of
            some photograph; names all.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            dialect = csv.Sniffer().sniff(file.readline(), ",;\t")
            file.seek(0)
            rows = list(csv.DictReader(file, dialect=dialect))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise StudyError(f"{path}: not a table that can be read ({error})") from None
    if not rows or not set(COLUMNS) <= set(rows[0]):
        raise StudyError(f"{path}: needed rows under the columns {', '.join(COLUMNS)}")
    found: Pictures = {}
    problems: list[str] = []
    for number, row in enumerate(rows, start=2):
        photo, method, place = ((row[column] or "").strip() for column in COLUMNS)
        file_path = path.parent / place
        if not photo or not NAME.fullmatch(method) or not place:
            problems.append(f"line {number}: needed a photo, a method's name and a path")
        elif method in found.setdefault(photo, {}):
            problems.append(f"line {number}: a second picture of {photo} by {method}")
        elif not file_path.is_file():
            problems.append(f"line {number}: {file_path} is not there")
        else:
            found[photo][method] = file_path
    methods = list(dict.fromkeys(method for by_method in found.values() for method in by_method))
    problems += [
        f"no picture of {photo} by {method}"
        for photo, by_method in found.items()
        for method in methods
        if method not in by_method
    ]
    _refuse([f"{path}: {problem}" for problem in problems])
    return found


def sources_of_pictures(table: Pictures | None, folders: Mapping[str, Path]) -> list[Source]:
    """Photographs of which there are finished pictures alone: those of a table or of folders.

    Raises:
        StudyError: pictures that are missing or cannot be read.
    """
    if table is None:
        all_stems = [[path.stem for path in list_images(folder)] for folder in folders.values()]
        stems = min(all_stems, key=lambda stems: sum(map(len, stems)))  # those without an ending
        table = pictures_of_folders(stems, folders)
    return [
        Source(stem, read_picture(next(iter(by_method.values()))), role, by_method, "version")
        for role, (stem, by_method) in zip(roles_of(len(table)), table.items(), strict=True)
    ]


def check_pictures(sources: Sequence[Source], scale: int) -> None:
    """Read every finished picture once, before anything is written.

    Raises:
        StudyError: names every one that cannot be read or has another size.
    """
    problems: list[str] = []
    for source in sources:
        sizes: dict[str, tuple[int, ...]] = {}
        for method, path in source.pictures.items():
            try:
                sizes[method] = read_picture(path).shape[:2]
            except (StudyError, SRError) as error:
                problems.append(str(error))
        try:
            check_sizes(source, sizes, scale)
        except StudyError as error:
            problems.append(str(error))
    _refuse(problems)


def _refuse(problems: Sequence[str]) -> None:
    if problems:
        count = f"{len(problems)} problems:\n" if len(problems) > 1 else ""
        raise StudyError(count + "\n".join(problems))

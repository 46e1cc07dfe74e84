"""Finished pictures that a study compares: folders or a table, matched with the photographs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sr.base.errors import SRError
from sr.formats.kinds import list_images
from sr.images.finished import NAME, candidates
from survey.preparation.problems import Problem, refuse
from survey.preparation.sources import Source, read_picture, roles_of, size_problems
from survey.preparation.tables import read_table
from survey.study.errors import StudyError

COLUMNS = ("photo", "method", "path")
Pictures = dict[str, dict[str, Path]]  # by photograph, then by method


def pictures_of_folders(
    stems: Sequence[str],
    folders: Mapping[str, Path],
    listed: Callable[[Path], Sequence[Path]] | None = None,
) -> tuple[Pictures, list[Problem]]:
    """The picture of every photograph in every folder, and what is missing or could be two.

    Args:
        listed: the files of a folder that count; None: images.
    """
    found: Pictures = {stem: {} for stem in stems}
    problems: list[Problem] = []
    for method, folder in folders.items():
        count = None if listed is None else listed(folder)
        for stem, files in candidates(stems, folder, count).items():
            told: dict[str, Any] = {"folder": folder, "method": method, "photo": stem}
            if len(files) == 1:
                found[stem][method] = files[0]
            elif files:
                names = ", ".join(path.name for path in files)
                problems.append(Problem("ambiguous", files=names, **told))
            else:
                problems.append(Problem("missing", **told))
    return found, problems


def pictures_of_table(path: Path) -> Pictures:
    """Those of a CSV with the columns photo, method and path, relative to the table.

    Raises:
        StudyError: not such a table, files that are not there, or methods without a picture of
            some photograph; names all.
    """
    rows = read_table(path, COLUMNS)
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
    refuse([f"{path}: {problem}" for problem in problems])
    return found


def sources_of_pictures(
    table: Pictures | None, folders: Mapping[str, Path]
) -> tuple[list[Source], list[Problem]]:
    """Photographs of which there are finished pictures alone: those of a table or of folders, and
    what is missing.

    Raises:
        StudyError: pictures that cannot be read.
    """
    problems: list[Problem] = []
    if table is None:
        all_stems = [[path.stem for path in list_images(folder)] for folder in folders.values()]
        stems = min(all_stems, key=lambda stems: sum(map(len, stems)))  # those without an ending
        table, problems = pictures_of_folders(stems, folders)
        table = {stem: by_method for stem, by_method in table.items() if by_method}
    sources = [
        Source(stem, read_picture(next(iter(by_method.values()))), role, by_method, "version")
        for role, (stem, by_method) in zip(roles_of(len(table)), table.items(), strict=True)
    ]
    return sources, problems


def picture_problems(sources: Sequence[Source], scale: int) -> list[Problem]:
    """Finished pictures that cannot be read or have another size; each is read once."""
    problems: list[Problem] = []
    for source in sources:
        sizes: dict[str, tuple[int, ...]] = {}
        for method, path in source.pictures.items():
            try:
                sizes[method] = read_picture(path).shape[:2]
            except (StudyError, SRError) as error:
                told = {"method": method, "photo": source.name}
                problems.append(Problem("unreadable", reason=str(error), path=path, **told))
        problems += size_problems(source, sizes, scale)
    return problems

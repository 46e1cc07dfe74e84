"""Folders of finished pictures: which file is whose version, by its name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from sr.base.errors import DataError
from sr.formats.kinds import list_images

NAME = re.compile(r"[^\W_][\w .+-]{0,39}")


def parse_named_folder(text: str) -> tuple[str, Path]:
    """`NAME=FOLDER` of a command line: what a method is called, and where its pictures are.

    Raises:
        DataError: no such form, a name that cannot be a file's, or no such folder.
    """
    name, path = parse_named_picture(text)
    if not path.is_dir():
        raise DataError(f"--pictures {text}: no such folder {path}")
    return name, path


def parse_named_picture(text: str) -> tuple[str, Path]:
    """The same of a file or a folder.

    Raises:
        DataError: no such form, a name that cannot be a file's, or nothing there.
    """
    name, equals, path = text.partition("=")
    name = name.strip()
    if not equals or not path:
        raise DataError(f"--pictures {text}: needed NAME=FOLDER, such as MINE=results/mine")
    if not NAME.fullmatch(name) or name.endswith((" ", ".")):
        raise DataError(
            f"--pictures {text}: {name!r} cannot be a name; needed 1 to 40 letters, digits, spaces "
            "or . _ + -, beginning with a letter or digit"
        )
    if not Path(path).exists():
        raise DataError(f"--pictures {text}: no such folder {path}")
    return name, Path(path)


def candidates(
    stems: Sequence[str], folder: Path, files: Sequence[Path] | None = None
) -> dict[str, list[Path]]:
    """The files of a folder that could be each photograph's.

    A file belongs to a photograph by its stem, in any case of letters; where there is none of that
    stem, by one that goes on with something else than a letter or digit, or with x and a digit, as
    `baby_x4.png`, `baby-mine.png` and `babyx4.png` do for `baby`.

    Args:
        stems: of the photographs.
        folder: of the pictures; other files in it are left alone.
        files: those that count; None: images.

    Raises:
        DataError: the folder cannot be read.
    """
    files = list_images(folder) if files is None else files
    return {
        stem: [path for path in files if path.stem.casefold() == stem.casefold()]
        or [path for path in files if _goes_on(path.stem, stem, stems)]
        for stem in stems
    }


def match_pictures(stems: Sequence[str], folder: Path) -> tuple[dict[str, Path], list[str]]:
    """The picture of each photograph in a folder; see `candidates`.

    Returns:
        Files by stem, and for every photograph without one file what is wrong.

    Raises:
        DataError: the folder cannot be read.
    """
    found: dict[str, Path] = {}
    problems: list[str] = []
    for stem, files in candidates(stems, folder).items():
        if len(files) == 1:
            found[stem] = files[0]
        elif files:
            names = ", ".join(path.name for path in files)
            problems.append(f"{folder}: {names} could all be {stem}'s; keep one")
        else:
            problems.append(f"{folder}: no picture of {stem}")
    return found, problems


def _goes_on(name: str, stem: str, stems: Sequence[str]) -> bool:
    """Whether a file's stem is a photograph's with an ending, and not a longer photograph's."""
    name = name.casefold()
    owners = [other for other in stems if _is_ending(name, other.casefold())]
    return bool(owners) and max(owners, key=len) == stem


def _is_ending(name: str, stem: str) -> bool:
    return name.startswith(stem) and re.match(r"[\W_]|x\d", name[len(stem) :]) is not None

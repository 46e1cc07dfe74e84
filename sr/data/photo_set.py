"""What a folder turned out to hold, and the look through folders that finds it out."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sr.base.errors import DataError
from sr.formats.kinds import list_images

SEARCH_DEPTH = 5  # folders below the given one that are looked through
NAMED = 5  # names a remark lists before it only counts


@dataclass(frozen=True)
class PhotoSet:
    """What a folder turned out to hold.

    Attributes:
        kind: voc2012 (or another year), unsplash, bsds300, bsds500, div2k, benchmark, folder; or
            folders, of photographs.
        name: what tables call it, such as "Set5".
        title: one line for people.
        splits: high-resolution files by the name of their part.
        default_split: the part that training uses when none is named.
        low_resolution: scale -> high-resolution file -> its low-resolution file.
        problems: what does not fit together; nothing is left out silently.
    """

    kind: str
    name: str
    title: str
    splits: Mapping[str, tuple[Path, ...]]
    default_split: str
    low_resolution: Mapping[int, Mapping[Path, Path]] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    def images(self, split: str | None = None) -> tuple[Path, ...]:
        """The high-resolution files of a part (None: the default one).

        Raises:
            DataError: no such part.
        """
        name = split or self.default_split
        if name not in self.splits:
            raise DataError(
                f"{self.title}: no part {name!r}; known: {', '.join(sorted(self.splits))}"
            )
        return self.splits[name]

    @property
    def is_benchmark(self) -> bool:
        """Is it a set that results are measured on?"""
        return self.kind == "benchmark"


def folders_below(folder: Path, depth: int | None = SEARCH_DEPTH) -> Iterator[Path]:
    """Folders below, sorted; hidden ones are left out.

    Links are followed, except to a folder that was seen or that the link lies in.

    Args:
        depth: how deep; None is all the way.
    """
    yield from _walk(folder, depth, {folder.resolve(), *folder.resolve().parents})


def _walk(folder: Path, depth: int | None, seen: set[Path]) -> Iterator[Path]:
    if depth == 0:
        return
    try:
        names = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir())
    except OSError:  # no permission: what is in it cannot be used either
        return
    for name in names:
        child = folder / name
        real = child.resolve()
        if name.startswith((".", "__MACOSX")) or real in seen:
            continue
        seen.add(real)
        yield child
        yield from _walk(child, None if depth is None else depth - 1, seen)


def find_folders(folder: Path, pattern: str, *, include_self: bool = False) -> list[Path]:
    """Folders whose whole name matches, the innermost of doubled ones, sorted."""
    expression = re.compile(pattern, re.IGNORECASE)
    found = [path for path in folders_below(folder) if expression.fullmatch(path.name)]
    if include_self and expression.fullmatch(folder.resolve().name):
        found.append(folder)
    doubled = {path.parent for path in found if path.parent.name == path.name}
    return sorted(path for path in found if path not in doubled)


def children(folder: Path) -> list[Path]:
    """The folders in a folder, sorted; as `folders_below`."""
    return list(folders_below(folder, 1))


def images_by_folder(folder: Path) -> dict[Path, list[Path]]:
    """The images below a folder by the folder they lie in; not those in itself."""
    found = {path: list_images(path) for path in folders_below(folder, None)}
    return {path: images for path, images in found.items() if images}


def images_below(folder: Path) -> list[Path]:
    """All images in a folder and below it, sorted."""
    below = [path for images in images_by_folder(folder).values() for path in images]
    return sorted(list_images(folder) + below)


def text_lines(path: Path) -> list[str]:
    """The lines of a text file that are not empty; none where there is no such file."""
    if not path.is_file():
        return []
    text = path.read_text(encoding="utf-8", errors="replace")
    return [line for line in text.splitlines() if line.strip()]


def some(names: Sequence[str]) -> str:
    """The first names, and how many there are."""
    shown = ", ".join(names[:NAMED])
    return shown if len(names) <= NAMED else f"{shown}, ... ({len(names)} in all)"

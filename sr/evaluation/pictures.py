"""Folders of finished pictures as methods: matched, and checked before anything is measured."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from sr.base.errors import ConfigError, DataError
from sr.data.check import SkippedFile, fitting, header_size, in_parallel
from sr.data.pairs import DataSet
from sr.evaluation.methods import Enlarges, Method
from sr.images.finished import match_pictures, parse_named_folder

MOST_SAID = 20  # problems in one message; the rest are counted


def named_folders(texts: Iterable[str]) -> dict[str, Path]:
    """The folders of `--pictures NAME=FOLDER`, by name.

    Raises:
        DataError: another form, no such folder, or one name twice.
    """
    named: dict[str, Path] = {}
    for name, folder in map(parse_named_folder, texts):
        if name in named:
            raise DataError(f"--pictures: {name} is the name of two folders; rename one")
        named[name] = folder
    return named


def picture_methods(
    folders: Mapping[str, Path], data_sets: Sequence[DataSet], *, limit: int | None = None
) -> list[Method]:
    """A method for each folder, whose pictures are those of the data sets' originals.

    Pictures are looked for in `FOLDER/DATASET` where there is such a folder, as `--save` writes
    them, and in FOLDER otherwise. They are as large as their originals, or as what the
    low-resolution image covers of them.

    Args:
        folders: by the methods' names.
        data_sets: all of one scale.
        limit: only the first images of each data set.

    Raises:
        DataError: pictures are missing, cannot be read or have another size; all of them are named.
        ConfigError: the same originals twice, degraded in several ways.
    """
    if folders and len({one.degradation for one in data_sets}) > 1:
        raise ConfigError(
            "finished pictures were made from one kind of small images; give one --degradation"
        )
    problems: list[str] = []
    methods = []
    for name, folder in folders.items():
        files: dict[Path, Path] = {}
        for data_set in data_sets:
            originals: dict[str, Path] = {}
            for pair in data_set.pairs[:limit]:
                other = originals.setdefault(pair.hr.stem, pair.hr)
                if other != pair.hr:
                    problems.append(f"{other} and {pair.hr.name}: two originals of one name")
            inside = folder / data_set.name
            found, wrong = match_pictures(list(originals), inside if inside.is_dir() else folder)
            problems += [f"{name}: {line}" for line in wrong]
            files |= {originals[stem]: path for stem, path in found.items()}
        problems += [f"{name}: {line}" for line in _of_other_sizes(files, data_sets[0])]
        methods.append(Method(name, _no_model, data_sets[0].scale, folder=folder, files=files))
    if problems:
        raise DataError(_said(problems))
    return methods


def _of_other_sizes(files: Mapping[Path, Path], data_set: DataSet) -> Iterator[str]:
    """What is wrong with the sizes of pictures by original, a line each."""
    scale = data_set.scale
    sizes = in_parallel(header_size, [*files.keys(), *files.values()])
    measured = dict(zip([*files.keys(), *files.values()], sizes, strict=True))
    for original, path in files.items():
        wanted, size = measured[original], measured[path]
        if isinstance(size, SkippedFile):
            yield str(size)
        elif not isinstance(wanted, SkippedFile):  # else it is left out, and listed, later
            small = fitting(wanted, scale) if data_set.has_original else wanted
            width, height = (scale * side for side in small)
            if size != (width, height) and not (data_set.has_original and size == wanted):
                yield (
                    f"{path} is {size[0]}x{size[1]}, needed {width}x{height} as {original.name} "
                    f"at x{scale}"
                )


def _said(problems: Sequence[str]) -> str:
    lines = [f"  {line}" for line in problems[:MOST_SAID]]
    if len(problems) > MOST_SAID:
        lines.append(f"  and {len(problems) - MOST_SAID} more")
    return "\n".join(["finished pictures do not fit; nothing was measured:", *lines])


def _no_model() -> Enlarges:
    raise ConfigError("finished pictures are read, not made")

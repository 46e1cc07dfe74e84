"""Which file becomes which: the outputs of a folder of images, planned before any work."""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from sr.base.errors import DataError, OutputError
from sr.formats.kinds import IMAGE_SUFFIXES, list_images

NAMED = 20  # names that an error shows; the rest is counted


def plan_outputs(
    source: Path, target: Path, suffix: str, *, recursive: bool = False
) -> list[tuple[Path, Path]]:
    """Every image of a folder and the file it becomes, in the same folders below `target`.

    The name is the image's with another suffix; images that would share one keep their whole
    name before it. Results that lie in the folder of the images are not taken for images.

    Args:
        source: the folder of the images.
        target: the folder of the results; it need not be there.
        suffix: of the results, such as ".png".
        recursive: with the folders within; linked ones are followed.

    Raises:
        DataError: no images.
        OutputError: the two folders are the same, `target` is a file, or two images would
            still share a file (on some systems); all of those are named.
    """
    if target.exists() and not target.is_dir():
        raise OutputError(f"{target} is a file; a folder of images needs a folder for the results")
    if target.resolve() == source.resolve():
        raise OutputError(f"{target}: results need another folder than the images they come from")
    inside = os.path.join(os.path.abspath(target), "")
    images = [
        image
        for image in list_images(source, recursive=recursive)
        if not os.path.abspath(image).startswith(inside)
    ]
    if not images:
        deeper = "" if recursive else "; --recursive looks into the folders within"
        suffixes = " ".join(sorted(IMAGE_SUFFIXES))
        raise DataError(f"{source}: no images (looked for {suffixes}){deeper}")
    places = [target / image.relative_to(source).parent for image in images]
    outputs = [place / f"{image.stem}{suffix}" for image, place in zip(images, places, strict=True)]
    shared = _shared(outputs)
    while True:
        outputs = [
            place / f"{image.name}{suffix}" if _key(output) in shared else output
            for image, place, output in zip(images, places, outputs, strict=True)
        ]
        more = _shared(outputs)
        if more <= shared:
            break
        shared |= more
    if more:
        raise OutputError(_clash(images, outputs, more))
    return list(zip(images, outputs, strict=True))


def check_output(source: Path, output: Path, *, force: bool) -> None:
    """Refuse, before any work, an output that cannot or must not be written.

    Raises:
        OutputError: it exists and force is off, is the input itself, or has no folder to lie in.
    """
    if output.is_dir():
        raise OutputError(f"{output} is a folder; name a file in it")
    if output.exists():
        if source.exists() and output.samefile(source):
            raise OutputError(f"{output} is the input itself; give another name")
        if not force:
            raise OutputError(
                f"{output} exists; --force overwrites it, --skip-existing passes it over"
            )
    parent = next(folder for folder in output.absolute().parents if folder.exists())
    if not parent.is_dir():
        raise OutputError(f"{parent} is a file, not a folder to write {output.name} in")
    if not os.access(parent, os.W_OK):
        raise OutputError(f"{parent}: no permission to write {output.name} in this folder")


def _key(path: Path) -> str:
    """The same for names that some system takes for one: capitals, accents put together."""
    return unicodedata.normalize("NFC", str(path)).casefold()


def _shared(outputs: Sequence[Path]) -> set[str]:
    return {key for key, count in Counter(map(_key, outputs)).items() if count > 1}


def _clash(images: Sequence[Path], outputs: Sequence[Path], shared: set[str]) -> str:
    names = [
        str(image) for image, output in zip(images, outputs, strict=True) if _key(output) in shared
    ]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return (
        f"{len(names)} images would share an output with another, their names being the same but "
        f"for capitals or accents: {', '.join(names[:NAMED])}{more}; rename them"
    )

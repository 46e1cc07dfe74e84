"""Look at every file of a data set: sizes, what cannot be read, pairs that do not match."""

from __future__ import annotations

import logging
import os
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from PIL import ImageFile

from sr.base.errors import DataError, SRError
from sr.base.files import file_sha256, write_atomically
from sr.data.photo_set import PhotoSet, some
from sr.formats.kinds import HEADER_BYTES, IMAGE_SUFFIXES, image_class
from sr.images import reading

logger = logging.getLogger(__name__)

BITS_PER_SAMPLE = 258  # a tag of TIFF
SKIPPED_SHOWN = 10  # files named in the log
T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class SkippedFile:
    """A file that cannot be used, and why."""

    path: Path
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"

    @classmethod
    def because(cls, path: Path, error: SRError) -> SkippedFile:
        """The file with the error's text, which may begin with its name."""
        text = str(error).removeprefix(f"{path}: ").removeprefix(f"{path.name}: ")
        return cls(path, text)


@dataclass(frozen=True)
class Report:
    """What `check` found.

    Sizes are width x height of the high-resolution images that can be read. `mismatched` are pairs
    whose low-resolution size is not the high-resolution one divided by the scale, rounded down.
    `kinds` counts what else is to be known of the originals: grey ones, 16 bits, of which only 12
    are used, several frames in a file. `copies` are equal to another file, byte by byte.
    """

    title: str
    kind: str
    images: dict[str, int]
    pairs: dict[int, int]
    readable: int
    megapixels: float
    smallest: tuple[int, int] | None
    median: tuple[int, int] | None
    largest: tuple[int, int] | None
    unreadable: tuple[SkippedFile, ...]
    mismatched: tuple[SkippedFile, ...]
    problems: tuple[str, ...]
    kinds: dict[str, int] = field(default_factory=dict)
    copies: tuple[SkippedFile, ...] = ()

    @property
    def is_clean(self) -> bool:
        """Nothing to complain of?"""
        return not (self.unreadable or self.mismatched or self.problems)

    def as_json(self) -> dict[str, Any]:
        """The report for programs."""
        plain = asdict(self)
        for key in ("unreadable", "mismatched", "copies"):
            plain[key] = [{**entry, "path": str(entry["path"])} for entry in plain[key]]
        return plain


def check(
    photo_set: PhotoSet,
    *,
    quick: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Open every image and every low-resolution partner.

    Args:
        quick: read only the headers; damage further inside is not noticed.
        progress: called with (files done, of how many).
    """
    originals = sorted({path for files in photo_set.splits.values() for path in files})
    partners = sorted({p for found in photo_set.low_resolution.values() for p in found.values()})
    sizes: dict[Path, tuple[int, int]] = {}
    unreadable: list[SkippedFile] = []
    files = originals + partners
    for done, (path, result) in enumerate(
        zip(files, in_parallel(header_size if quick else _decoded_size, files), strict=True), 1
    ):
        if isinstance(result, SkippedFile):
            unreadable.append(result)
        else:
            sizes[path] = result
        if progress is not None:
            progress(done, len(files))
    readable = sorted((sizes[p] for p in originals if p in sizes), key=lambda s: s[0] * s[1])
    return Report(
        title=photo_set.title,
        kind=photo_set.kind,
        images={name: len(paths) for name, paths in photo_set.splits.items()},
        pairs={scale: len(found) for scale, found in sorted(photo_set.low_resolution.items())},
        readable=len(readable),
        megapixels=round(sum(w * h for w, h in readable) / 1e6, 1),
        smallest=readable[0] if readable else None,
        median=readable[len(readable) // 2] if readable else None,
        largest=readable[-1] if readable else None,
        unreadable=tuple(unreadable),
        mismatched=tuple(_mismatched(photo_set, sizes)),
        problems=(*photo_set.problems, *_broken_links(originals)),
        kinds=dict(
            Counter(
                kind
                for kinds in in_parallel(partial(_kinds, quick=quick), originals)
                for kind in kinds
            )
        ),
        copies=tuple(_copies(originals)),
    )


def _broken_links(files: Sequence[Path]) -> Iterator[str]:
    """Of the folders that the files lie in: links to images that are not there."""
    for folder in sorted({path.parent for path in files}):
        links = (path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES)
        broken = sorted(path.name for path in links if path.is_symlink() and not path.exists())
        if broken:
            yield f"links to nothing in {folder.name}: {some(broken)}"


def _copies(files: Sequence[Path]) -> Iterator[SkippedFile]:
    """Files that are equal to one before them; only those of one size are read."""
    by_size: defaultdict[int, list[Path]] = defaultdict(list)
    for path in files:
        if path.is_file():
            by_size[path.stat().st_size].append(path)
    for alike in by_size.values():
        first: dict[str, Path] = {}
        for path in alike if len(alike) > 1 else ():
            digest = file_sha256(path)
            if digest in first:
                yield SkippedFile(path, f"a copy of {first[digest].name}")
            first.setdefault(digest, path)


def _kinds(path: Path, *, quick: bool) -> list[str]:
    """What is to be known of a file beside its size; nothing of one that cannot be read.

    Args:
        quick: do not decode, so that no 12 bits are seen.
    """
    try:
        with path.open("rb") as stream:
            header = stream.read(HEADER_BYTES)
            reader = image_class(header)
            if reader is None:
                return []
            stream.seek(0)
            with reader(stream) as image:
                bits = _bits(image, header)
                found = ["of several frames"] if getattr(image, "n_frames", 1) > 1 else []
                if image.mode in ("1", "L", "LA", "I", "F") or image.mode.startswith("I;16"):
                    found.append("grey")
                if bits == 16:
                    found.append("of 16 bits")
                    is_seen = image.mode.startswith("I;16") and not quick
                    if is_seen and 255 < np.asarray(image).max() < 4096:
                        found.append("of 12 bits in 16")
                return found
    except Exception:  # what is wrong with it is told where it is decoded
        logger.debug("%s: no kind", path, exc_info=True)
        return []


def _bits(image: ImageFile.ImageFile, header: bytes) -> int:
    """Of a sample: as PNG and TIFF say it; Pillow gives colours of 16 bits in 8."""
    if header.startswith(b"\x89PNG"):
        return header[24]
    said = getattr(image, "tag_v2", {}).get(BITS_PER_SAMPLE, 8)
    return int(said[0] if isinstance(said, tuple) else said)


def _mismatched(photo_set: PhotoSet, sizes: dict[Path, tuple[int, int]]) -> Iterator[SkippedFile]:
    for scale, found in sorted(photo_set.low_resolution.items()):
        for hr, lr in found.items():
            if hr in sizes and lr in sizes and sizes[lr] != fitting(sizes[hr], scale):
                needed = "x".join(map(str, fitting(sizes[hr], scale)))
                yield SkippedFile(
                    lr,
                    f"{sizes[lr][0]}x{sizes[lr][1]}, needed {needed} "
                    f"({hr.name} is {sizes[hr][0]}x{sizes[hr][1]}, scale {scale})",
                )


def fitting(size: tuple[int, int], scale: int) -> tuple[int, int]:
    """The low-resolution size (width, height) that belongs to a high-resolution one."""
    return size[0] // scale, size[1] // scale


def header_size(path: Path) -> tuple[int, int] | SkippedFile:
    """Width and height, the right way up, from the header alone."""
    try:
        return reading.header_size(path)
    except SRError as error:
        return SkippedFile.because(path, error)


def _decoded_size(path: Path) -> tuple[int, int] | SkippedFile:
    try:
        photo = reading.open_image(path)
    except SRError as error:
        return SkippedFile.because(path, error)
    return photo.width, photo.height


def report_skipped(skipped: Sequence[SkippedFile], folder: Path) -> None:
    """Say which files were left out: the first in the log, all in `skipped.txt` of a folder."""
    for file in skipped[:SKIPPED_SHOWN]:
        logger.warning("skipped %s", file)
    if skipped:
        path = folder / "skipped.txt"
        write_atomically(path, "".join(f"{file}\n" for file in skipped).encode())
        if len(skipped) > SKIPPED_SHOWN:
            logger.warning("%d files skipped in all, see %s", len(skipped), path)


def none_usable(skipped: Sequence[SkippedFile]) -> DataError:
    """What to raise where every file had to be skipped."""
    first = f"; first: {skipped[0]}" if skipped else ""
    return DataError(f"none of {len(skipped)} images can be used{first}")


def _one_blas_thread() -> AbstractContextManager[object]:
    """Keeps numpy's matrix products from starting threads inside of threads, which would mostly
    wait for one another: six times the work for reduced photographs on two cores.
    """
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:  # it only costs time
        return nullcontext()
    limits: AbstractContextManager[object] = threadpool_limits(1, user_api="blas")
    return limits


def in_parallel(work: Callable[[T], R], items: Sequence[T] | Iterable[T]) -> Iterator[R]:
    """Results in order, from as many threads as there are cores, only a few ahead of the reader."""
    workers = os.cpu_count() or 1
    waiting: deque[Future[R]] = deque()
    with _one_blas_thread(), ThreadPoolExecutor(max_workers=workers) as pool:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > 4 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

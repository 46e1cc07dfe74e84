"""All pixels of a set of photographs, decoded once: in memory, or in a memory-mapped cache."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock
from torch import Tensor

from sr.base.errors import ImageError, ShapeError
from sr.base.machine import free_memory_bytes
from sr.data.check import SkippedFile, header_size, in_parallel, none_usable
from sr.data.pairs import Pair
from sr.images.reading import open_image
from sr.images.resize import matlab_bicubic, modcrop

logger = logging.getLogger(__name__)

FORMAT = 1  # of the cache; another number makes caches anew
MEMORY_SHARE = 0.4  # of the free memory that decoded pixels may take

PROBED = 16  # pixels of an image that tell it from another of its name and size
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Pixels:
    """Photographs and their low-resolution versions, laid end to end.

    Attributes:
        hr: (scale^2 P, 3) uint8, image after image, row by row.
        lr: (P, 3) uint8 in the same order.
        sizes: (N, 2) int64, height and width of each low-resolution image.
        paths: the file of each image; one file may give several, see `load_pixels`.
        skipped: files that could not be used, and why.
        origin: where the low-resolution versions are from, in a sentence.
    """

    scale: int
    hr: Tensor
    lr: Tensor
    sizes: Tensor
    paths: tuple[Path, ...]
    skipped: tuple[SkippedFile, ...]
    origin: str = ""

    @property
    def sha256(self) -> str:
        """Differs when other images are there, or the same in other sizes: of a few pixels each."""
        areas = self.sizes.prod(dim=1, keepdim=True)
        starts = torch.cumsum(areas, 0) - areas
        sample = self.lr[starts + areas * torch.arange(PROBED) // PROBED]
        names = "\n".join(path.name for path in self.paths)
        digest = hashlib.sha256(f"{self.scale}\n{names}\n{self.sizes.tolist()}".encode())
        digest.update(sample.contiguous().numpy().tobytes())
        return digest.hexdigest()


def load_pixels(
    pairs: Sequence[Pair],
    *,
    scale: int,
    fractions: Sequence[float] = (),
    cache: Path | None = None,
    progress: Progress | None = None,
) -> Pixels:
    """Decode every pair, in parallel; files that cannot be read are skipped and listed.

    Args:
        fractions: each photograph is there once more for each of them, reduced by bicubic to this
            fraction of its height and width, with a low-resolution image by bicubic. What a large
            sensor took is soft from pixel to pixel; reduced, it is as finely detailed as the small
            images of test sets.
        cache: folder that keeps the decoded pixels as memory-mapped files; None holds them in
            memory. A cache is made whole or not at all, and anew when a file has changed.
        progress: called with (files done, of how many).

    Raises:
        DataError: not one image is left.
    """
    if cache is None:
        hr_parts: list[np.ndarray] = []
        lr_parts: list[np.ndarray] = []
        index = _decode(pairs, scale, fractions, hr_parts.append, lr_parts.append, progress)
        return Pixels(
            scale,
            torch.from_numpy(np.concatenate(hr_parts)),
            torch.from_numpy(np.concatenate(lr_parts)),
            *_parsed(index),
        )
    folder = cache / f"x{scale}-{_fingerprint(pairs, scale, fractions)}"
    cache.mkdir(parents=True, exist_ok=True)
    with FileLock(cache / f".{folder.name}.lock"):
        if not _is_whole(folder):
            _build(folder, pairs, scale, fractions, progress)
    index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    hr, lr = (_mapped(folder / f"{name}.u8") for name in ("hr", "lr"))
    return Pixels(scale, hr, lr, *_parsed(index))


def _decode(
    pairs: Sequence[Pair],
    scale: int,
    fractions: Sequence[float],
    keep_hr: Callable[[np.ndarray], object],
    keep_lr: Callable[[np.ndarray], object],
    progress: Progress | None,
) -> dict[str, Any]:
    """Give all pixels, as (P, 3) arrays in order, to two receivers; returns the index."""
    index: dict[str, Any] = {"sizes": [], "paths": [], "skipped": []}
    results = in_parallel(lambda pair: _load(pair, scale, fractions), pairs)
    for done, (pair, loaded) in enumerate(zip(pairs, results, strict=True), 1):
        if isinstance(loaded, SkippedFile):
            index["skipped"].append([str(loaded.path), loaded.reason])
        else:
            for hr, lr in loaded:
                keep_hr(hr.reshape(-1, 3))
                keep_lr(lr.reshape(-1, 3))
                index["sizes"].append(lr.shape[:2])
                index["paths"].append(str(pair.hr))
        if progress is not None:
            progress(done, len(pairs))
    if not index["sizes"]:
        raise none_usable([SkippedFile(Path(path), reason) for path, reason in index["skipped"]])
    return index


def _load(
    pair: Pair, scale: int, fractions: Sequence[float]
) -> list[tuple[np.ndarray, np.ndarray]] | SkippedFile:
    """The photograph with its low-resolution image, then its reductions with theirs."""
    path = pair.hr
    try:
        rgb = open_image(path).on_white().rgb
        hr = modcrop(rgb, scale)
        if pair.lr is None:
            lr = matlab_bicubic(hr, 1 / scale)
        else:
            path = pair.lr
            lr = np.ascontiguousarray(open_image(path).on_white().rgb)
        if (lr.shape[0] * scale, lr.shape[1] * scale) != hr.shape[:2]:
            return SkippedFile(
                path,
                f"{lr.shape[1]}x{lr.shape[0]} is not {scale} times smaller than "
                f"{hr.shape[1]}x{hr.shape[0]} of {pair.hr.name}",
            )
    except (ImageError, ShapeError) as error:
        return SkippedFile.because(path, error)
    loaded = [(np.ascontiguousarray(hr), lr)]
    for fraction in fractions:
        with contextlib.suppress(ShapeError):  # nothing is left of a photograph so small
            hr = modcrop(matlab_bicubic(rgb, fraction), scale)
            loaded.append((np.ascontiguousarray(hr), matlab_bicubic(hr, 1 / scale)))
    return loaded


def _parsed(index: dict[str, Any]) -> tuple[Tensor, tuple[Path, ...], tuple[SkippedFile, ...]]:
    return (
        torch.tensor(index["sizes"]),
        tuple(map(Path, index["paths"])),
        tuple(SkippedFile(Path(path), reason) for path, reason in index["skipped"]),
    )


# The cache


def _fingerprint(pairs: Sequence[Pair], scale: int, fractions: Sequence[float]) -> str:
    """Of every file's path, size and time, so that a changed file is noticed."""
    digest = hashlib.sha256(" ".join(map(str, (FORMAT, scale, *fractions))).encode())
    for pair in pairs:
        for path in (pair.hr, pair.lr):
            if path is not None:
                about = path.stat()
                line = f"{path.resolve()} {about.st_size} {about.st_mtime_ns}\n"
                digest.update(line.encode())
    return digest.hexdigest()[:16]


def _build(
    folder: Path,
    pairs: Sequence[Pair],
    scale: int,
    fractions: Sequence[float],
    progress: Progress | None,
) -> None:
    work = folder.with_name(f".{folder.name}.building")
    shutil.rmtree(work, ignore_errors=True)  # of a run that was killed
    shutil.rmtree(folder, ignore_errors=True)
    work.mkdir()
    logger.info("decoding %d images into %s", len(pairs), folder)
    with (work / "hr.u8").open("wb") as hr, (work / "lr.u8").open("wb") as lr:
        index = _decode(
            pairs,
            scale,
            fractions,
            lambda part: hr.write(part.data),
            lambda part: lr.write(part.data),
            progress,
        )
        for file in (hr, lr):
            file.flush()
            os.fsync(file.fileno())
        index["bytes"] = [hr.tell(), lr.tell()]
    with (work / "index.json").open("w", encoding="utf-8") as text:
        json.dump(index, text)
        text.flush()
        os.fsync(text.fileno())
    os.rename(work, folder)


def _is_whole(folder: Path) -> bool:
    try:
        index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
        sizes = [(folder / f"{name}.u8").stat().st_size for name in ("hr", "lr")]
        return bool(index["bytes"] == sizes)
    except (OSError, ValueError, KeyError):
        return False


def _mapped(path: Path) -> Tensor:
    size = path.stat().st_size
    flat = torch.from_file(str(path), shared=False, size=size, dtype=torch.uint8)
    return flat.reshape(-1, 3)


# Memory or cache?


def choose_cache(
    option: str,
    pairs: Sequence[Pair],
    *,
    scale: int,
    fractions: Sequence[float] = (),
    processes: int = 1,
) -> Path | None:
    """Where the pixels go: None for memory.

    Args:
        option: "memory", a folder, or "auto": memory where they fit, else `default_cache()`.
        processes: that train on this machine; in memory each has pixels of its own, while a cache
            serves all of them.
    """
    if option == "memory":
        return None
    if option != "auto":
        return Path(option)
    free = free_memory_bytes()
    needed = processes * _needed_bytes(pairs, scale, fractions)
    if free is None or needed < MEMORY_SHARE * free:
        return None
    return default_cache()


def default_cache() -> Path:
    """`nitidez/pixels` in the user's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "nitidez" / "pixels"


def _needed_bytes(pairs: Sequence[Pair], scale: int, fractions: Sequence[float]) -> float:
    sizes = in_parallel(header_size, [pair.hr for pair in pairs])
    pixels = sum(size[0] * size[1] for size in sizes if not isinstance(size, SkippedFile))
    copies = 1 + sum(fraction**2 for fraction in fractions)
    return 2 * 3 * pixels * copies * (1 + 1 / scale**2)  # twice: the parts and the whole

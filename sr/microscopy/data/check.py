"""What a folder of pairs of frames holds, and which of them cannot be used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from sr.base.errors import ImageError
from sr.data.check import SkippedFile
from sr.microscopy.data.loading import load_pair
from sr.microscopy.data.pairs import PairSet
from sr.microscopy.files.reading import read_stack


def check_pairs(
    found: PairSet, *, progress: Callable[[int, int], None] | None = None
) -> dict[str, Any]:
    """Load every pair: its size, scale and grid, and whether both show the same.

    Returns:
        "title", "pairs", "parts", "scales", "grids", "pixels_nm" (counted), "unusable" and
        "problems" (lines).
    """
    kinds: Counter[str] = Counter()
    grids: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    unusable: list[str] = []
    for done, files in enumerate(found.pairs, 1):
        try:
            pair = load_pair(files)
            kinds[f"x{pair.scale} {pair.lr.shape[1]}x{pair.lr.shape[0]}"] += 1
            grids[pair.grid] += 1
            sizes["unknown" if pair.pixel_um is None else f"{1000 * pair.pixel_um:.1f}"] += 1
        except ImageError as error:
            unusable.append(str(SkippedFile.because(files.lr, error)))
        if progress is not None:
            progress(done, len(found.pairs))
    parts = {split: _count(found, split) for split in ("train", "val")}
    return {
        "title": found.title,
        "pairs": len(found.pairs),
        "parts": parts,
        "scales": dict(kinds),
        "grids": dict(grids),
        "pixels_nm": dict(sizes),
        "unusable": unusable,
        "problems": list(found.problems),
    }


def described(report: dict[str, Any]) -> list[str]:
    """A report as lines for people."""
    said = {
        "parts": report["parts"],
        "sizes": report["scales"],
        "grids": report["grids"],
        "pixel, nm": report["pixels_nm"],
    }
    lines = [report["title"]]
    for name, counts in said.items():
        lines.append(f"{name:13} {', '.join(f'{kind}: {n}' for kind, n in counts.items())}")
    lines += [f"unusable      {line}" for line in report["unusable"]]
    lines += [f"does not fit  {line}" for line in report["problems"]]
    return lines


def _count(found: PairSet, split: str) -> int:
    groups = {pair.group for pair in found.pairs}
    if split == "val" and len(groups) < 2:
        return 0
    return len(found.part(split))


def holds_frames(found: PairSet) -> bool:
    """Whether pairs are of one channel in files of microscopes, not photographs in TIFF."""
    suffixes = {".mrc", ".dv", ".npy", ".tif", ".tiff", ".czi", ".nd2", ".lif"}
    first = found.pairs[0].lr
    if any(pair.lr.suffix.lower() not in suffixes for pair in found.pairs):
        return False
    if first.suffix.lower() not in (".tif", ".tiff"):
        return True
    try:
        return len(read_stack(first).planes) > 0
    except ImageError:
        return False

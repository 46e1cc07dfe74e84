"""Pairs of wide field and super-resolution as laboratories publish them, found in a folder."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sr.base.errors import DataError
from sr.microscopy.files.reading import READERS

LEVEL = re.compile(r"level_(\d+)", re.IGNORECASE)
CELL = re.compile(r"Cell_?(\d+)", re.IGNORECASE)
VALIDATION_CELLS = 5  # the authors' own: cells 1 to 5
EVERY_TENTH = 10  # group is for validation, where there are no numbers of cells
LOW_NAMES = ("lr", "wf", "lq", "lowres", "low", "widefield", "input", "raw", "test_wf")
HIGH_NAMES = ("hr", "gt", "hq", "highres", "high", "sim", "target", "reference", "test_gt")


@dataclass(frozen=True)
class PairFiles:
    """Two files that show the same.

    Attributes:
        lr: a wide-field frame, or the raw frames whose mean is one.
        hr: the super-resolved picture.
        group: the cell; pairs of one group never stand on both sides of a split.
        level: of signal; 0 where it is not said.
    """

    lr: Path
    hr: Path
    group: str
    level: int = 0


@dataclass(frozen=True)
class PairSet:
    """What a folder holds.

    Attributes:
        title: in words.
        pairs: in a fixed order.
        problems: files without a partner.
    """

    title: str
    pairs: tuple[PairFiles, ...]
    problems: tuple[str, ...] = ()

    def part(self, split: str | None) -> tuple[PairFiles, ...]:
        """The pairs of a part: "train", "val" or "all"; None is "train".

        Raises:
            DataError: no such part, or nothing in it.
        """
        wanted = split or "train"
        if wanted not in ("train", "val", "all"):
            raise DataError(f"no part {wanted!r} of a set of frames; known: train, val, all")
        groups = sorted({pair.group for pair in self.pairs})
        chosen = {
            group
            for place, group in enumerate(groups)
            if wanted == "all" or (wanted == "val") == _is_validation(group, place, len(groups))
        }
        found = tuple(pair for pair in self.pairs if pair.group in chosen)
        if not found:
            raise DataError(f"{self.title}: nothing in its part {wanted!r}; --split all takes all")
        return found


def _is_validation(group: str, place: int, count: int) -> bool:
    """Whether a cell is for validation: the authors' first five, or every tenth group."""
    cell = CELL.search(group)
    if cell is not None and count > VALIDATION_CELLS:
        return int(cell[1]) <= VALIDATION_CELLS
    return count > 1 and place % EVERY_TENTH == 0


def find_pairs(folder: Path) -> PairSet | None:
    """The pairs of a folder, in the first layout that fits; None where there are none.

    Raises:
        DataError: no such folder.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder")
    for find in LAYOUTS:
        pairs, problems = find(folder)
        if pairs:
            cells = len({pair.group for pair in pairs})
            title = f"{find.__doc__}: {len(pairs)} pairs of {cells} cells or fields"
            return PairSet(title, tuple(pairs), tuple(problems))
    return None


Found = tuple[list[PairFiles], list[str]]


def _biosr(folder: Path) -> Found:
    """BioSR, a folder a cell"""
    pairs: list[PairFiles] = []
    problems: list[str] = []
    for cell in sorted({path.parent for path in folder.rglob("RawSIMData_level_*.mrc")}):
        is_er = cell.name == "RawSIMData"
        home = cell.parent if is_er else cell
        for lr in sorted(cell.glob("RawSIMData_level_*.mrc")):
            level = _level_of(lr)
            names = [f"GTSIM/GTSIM_level_{level:02}.mrc"] if is_er else []
            names += ["SIM_gt_a.mrc", "SIM_gt.mrc"]
            hr = next((home / name for name in names if (home / name).is_file()), None)
            if hr is None:
                problems.append(f"{lr.relative_to(folder)}: no super-resolved picture beside it")
                continue
            pairs.append(PairFiles(lr, hr, str(home.relative_to(folder)), level))
    return pairs, problems


def _derived(folder: Path) -> Found:
    """Pictures cut from BioSR, with folders ..._wf and ..._gt"""
    pairs: list[PairFiles] = []
    problems: list[str] = []
    for low in sorted(path for path in folder.rglob("*_wf") if path.is_dir()):
        high = low.with_name(low.name[:-3] + "_gt")
        for lr in _frames(low):
            hr = _same_stem(high, lr.stem)
            if hr is None:
                problems.append(f"{lr.relative_to(folder)}: none of that name in {high.name}")
                continue
            group = f"{low.parent.relative_to(folder)}/{high.name}/{lr.stem}"
            pairs.append(PairFiles(lr, hr, group, _level_of(lr)))
    return pairs, problems


def _w2s(folder: Path) -> Found:
    """W2S, averages of 1 to 400 frames and SIM"""
    pairs: list[PairFiles] = []
    problems: list[str] = []
    for sim in sorted(path for path in folder.rglob("sim") if path.is_dir()):
        for low in sorted(sim.parent.glob("avg*")):
            for lr in sorted(low.glob("*.npy")):
                hr = sim / lr.name
                if not hr.is_file():
                    problems.append(f"{lr.relative_to(folder)}: none of that name in sim")
                    continue
                group = f"{sim.parent.relative_to(folder)}/{lr.stem.split('_')[0]}"
                count = low.name.removeprefix("avg")
                pairs.append(PairFiles(lr, hr, group, int(count) if count.isdigit() else 0))
    return pairs, problems


def _folders(folder: Path) -> Found:
    """A folder of low-resolution and one of high-resolution frames"""
    inside = {path.name.lower(): path for path in folder.iterdir() if path.is_dir()}
    low = next((inside[name] for name in LOW_NAMES if name in inside), None)
    high = next((inside[name] for name in HIGH_NAMES if name in inside), None)
    if low is None or high is None:
        return [], []
    pairs: list[PairFiles] = []
    problems: list[str] = []
    for lr in _frames(low):
        hr = _same_stem(high, lr.stem)
        if hr is None:
            problems.append(f"{lr.relative_to(folder)}: none of that name in {high.name}")
            continue
        cell = CELL.search(lr.stem)
        pairs.append(PairFiles(lr, hr, cell[0] if cell else lr.stem, _level_of(lr)))
    return pairs, problems


LAYOUTS: tuple[Callable[[Path], Found], ...] = (_biosr, _derived, _w2s, _folders)


def _frames(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.suffix.lower() in READERS)


def _same_stem(folder: Path, stem: str) -> Path | None:
    return next((folder / f"{stem}{s}" for s in READERS if (folder / f"{stem}{s}").is_file()), None)


def _level_of(path: Path) -> int:
    found = LEVEL.search(path.as_posix())
    return int(found[1]) if found else 0

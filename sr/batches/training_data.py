"""Which photographs a training reads: a folder as it is, and what of it."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

import torch

from sr.base.errors import DataError
from sr.batches.crops import CropSampler
from sr.batches.frames import FrameSampler
from sr.batches.pixels import Pixels, Progress, choose_cache, load_pixels
from sr.data.pairs import LowResolution, training_pairs
from sr.data.photo_set import PhotoSet
from sr.data.recognise import Layout, recognise
from sr.microscopy.data.frames import Frames
from sr.microscopy.data.training import training_frames

Sampler = CropSampler | FrameSampler

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainingData:
    """A choice of photographs.

    Attributes:
        folder: a data set as it was downloaded, photographs, or as of `training_frames`.
        source: what it holds, photographs or frames of microscopes.
        layout: as of `recognise`.
        split: part of the data set; None is its training part.
        low_resolution: as of `training_pairs`.
        fractions: as of `load_pixels`.
        list_file: names of the files to keep, one a line; None keeps all.
        cache: as of `choose_cache`.
        validated: files that are validated on; where they are in the training part, and the set
            has a part "train" that is without them, that one is trained on.
    """

    folder: Path
    source: Literal["photographs", "microscopy"] = "photographs"
    layout: Layout = "auto"
    split: str | None = None
    low_resolution: LowResolution = "auto"
    fractions: tuple[float, ...] = ()
    list_file: Path | None = None
    cache: str = "auto"
    validated: tuple[Path, ...] = ()

    @cached_property
    def photo_set(self) -> PhotoSet:
        """What the folder holds.

        Raises:
            DataError: nothing that is known here.
        """
        return recognise(self.folder, layout=self.layout)

    @cached_property
    def part(self) -> str | None:
        """The part that is trained on, where it is not the set's own training part."""
        if self.split or not self.validated:
            return self.split
        taken = {path.resolve() for path in self.validated}
        whole, train = (
            {path.resolve() for path in images}
            for images in (self.photo_set.images(), self.photo_set.splits.get("train", ()))
        )
        return "train" if train and whole & taken and not train & taken else None

    @property
    def name(self) -> str:
        """What the weights say they were trained on."""
        sizes = " ".join(f"{size:g}" for size in self.fractions)
        details = [
            self.part,
            self.list_file.name if self.list_file else None,
            f"multiscale {sizes}" if sizes else None,
        ]
        name = self.folder.resolve().name
        said = ", ".join(detail for detail in details if detail)
        return f"{name} ({said})" if said else name

    def load(
        self,
        *,
        scale: int,
        raw_frames: int = 1,
        processes: int = 1,
        progress: Progress | None = None,
    ) -> Pixels | Frames:
        """The pictures, decoded; what was found and what does not fit is logged.

        Args:
            raw_frames: see `training_frames`; photographs have none.
            processes: that load the same on this machine.
            progress: called with (files done, of how many).

        Raises:
            DataError: nothing usable is there.
        """
        if self.source == "microscopy":
            return training_frames(
                self.folder, scale=scale, split=self.split, raw_frames=raw_frames
            )
        photo_set = self.photo_set
        logger.info("%s", photo_set.title)
        if self.part != self.split:
            logger.info("trained on is the part %s, because others are validated on", self.part)
        if photo_set.is_benchmark:
            logger.warning(
                "%s is a test set: results on it will mean nothing for what learns from it",
                self.folder.name,
            )
        for problem in photo_set.problems:
            logger.warning("%s", problem)
        pairs, origin = training_pairs(
            photo_set,
            scale=scale,
            split=self.part,
            low_resolution=self.low_resolution,
            only=None if self.list_file is None else _names(self.list_file),
        )
        logger.info("%s", origin)
        cache = choose_cache(
            self.cache, pairs, processes=processes, scale=scale, fractions=self.fractions
        )
        pixels = load_pixels(
            pairs, scale=scale, fractions=self.fractions, cache=cache, progress=progress
        )
        return replace(pixels, origin=origin)


def sampler_of(
    pixels: Pixels | Frames,
    *,
    lr_patch_px: int,
    device: torch.device,
    seed: int,
    by_epoch: bool = False,
    share: tuple[int, int] = (0, 1),
) -> Sampler:
    """Random crops of what was loaded; the arguments are those of `CropSampler`."""
    where = {"lr_patch_px": lr_patch_px, "device": device, "seed": seed, "share": share}
    if isinstance(pixels, Frames):
        return FrameSampler(pixels, **where)  # type: ignore[arg-type]
    return CropSampler(pixels, by_epoch=by_epoch, **where)  # type: ignore[arg-type]


def _names(list_file: Path) -> set[str]:
    """The lines of a list that are not empty; names may hold blanks."""
    try:
        lines = list_file.read_text(encoding="utf-8-sig").splitlines()
        return {line.strip() for line in lines} - {""}
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{list_file}: not a readable list of file names ({error})") from None

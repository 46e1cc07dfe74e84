"""One pair in memory: one frame each, on one grid, in the same counts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.ndimage import gaussian_filter

from sr.base.errors import ImageError
from sr.microscopy.data.pairs import PairFiles
from sr.microscopy.files.grid import CENTRE, CORNER, moved_to_centre, registration
from sr.microscopy.files.reading import read_stack
from sr.microscopy.files.stack import MEAN
from sr.microscopy.scores.fitted import linear_fit

FIT_BLUR_PX = 4.0  # low-resolution pixels; beside it the blur of the optics is little


@dataclass(frozen=True)
class LoadedPair:
    """A pair that fills the same area.

    Attributes:
        name: of the low-resolution file.
        raw: (N, H, W) float32: the raw frames of SIM, or the one frame there is.
        hr: (scale H, scale W) float32, moved to the grid of `lr`, in its own counts.
        grid: the one it was on.
        pixel_um: of `lr`; None where the file does not say.
    """

    name: str
    raw: np.ndarray
    hr: np.ndarray
    scale: int
    grid: str
    pixel_um: float | None

    @cached_property
    def lr(self) -> np.ndarray:
        """The wide field, (H, W) float32: the mean of the raw frames."""
        mean: np.ndarray = self.raw.mean(axis=0, dtype=np.float64).astype(np.float32)
        return mean

    def given(self, raw_frames: int) -> np.ndarray:
        """What a network looks at: (raw_frames, H, W), the wide field where that is 1.

        Raises:
            ImageError: the file has another number of raw frames.
        """
        if raw_frames == 1:
            return self.lr[None]
        if len(self.raw) != raw_frames:
            raise ImageError(
                f"{self.name}: {len(self.raw)} frame{'s' if len(self.raw) > 1 else ''} in it; the "
                f"network looks at {raw_frames} raw ones together"
            )
        return self.raw

    def hr_in_counts_of_lr(self) -> np.ndarray:
        """HR times and plus what makes it, blurred, LR: the brightness that a network learns."""
        small = gaussian_filter(self.lr.astype(np.float64), FIT_BLUR_PX)
        blurred = gaussian_filter(self.hr.astype(np.float64), FIT_BLUR_PX * self.scale)
        blocks = blurred.reshape(small.shape[0], self.scale, small.shape[1], self.scale)
        gain, offset = linear_fit(blocks.mean(axis=(1, 3)), small)
        result: np.ndarray = (gain * self.hr + offset).astype(np.float32)
        return result


def load_pair(files: PairFiles, *, grid: str = "auto") -> LoadedPair:
    """Read a pair and put it on one grid, once, so that flips and interpolations agree.

    Args:
        grid: "corner" or "centre", as of `sr.microscopy.files.grid`; "auto" measures it.

    Raises:
        ImageError: unreadable, sizes that are no whole multiple, or not registered.
    """
    low, high = read_stack(files.lr), read_stack(files.hr).chosen(None)
    lr, hr = (stack.planes[0].astype(np.float32) for stack in (low.chosen(MEAN), high))
    scale = hr.shape[0] // lr.shape[0]
    if scale < 1 or (scale * lr.shape[0], scale * lr.shape[1]) != hr.shape:
        raise ImageError(
            f"{files.lr.name}: {lr.shape[1]}x{lr.shape[0]}, and {files.hr.name} is "
            f"{hr.shape[1]}x{hr.shape[0]}; needed a whole multiple"
        )
    if grid == "auto":
        found = registration(lr, hr, scale)
        named = found.grid(scale)
        if named is None:
            raise ImageError(
                f"{files.lr.name} and {files.hr.name} are not registered: moved by "
                f"{found.down:.1f} px down and {found.across:.1f} px across, correlation "
                f"{found.correlation:.2f}; were both read by the same program, which does not "
                "transpose?"
            )
        grid = named
    if grid == CORNER:
        hr = moved_to_centre(hr, scale)
    raw = low.planes.astype(np.float32)
    return LoadedPair(files.lr.name, raw, hr, scale, grid or CENTRE, low.pixel_um)

"""How a page shows the frame of a microscope: the same table and limits for all its versions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from demo.work.job import Job
from demo.work.versions import StoredImage
from sr.microscopy.files.levels import Levels
from sr.microscopy.files.stretch import GREY, LUTS, shared_limits

ROUTE = "frames"  # where frames are served, as they are shown and as they are


@dataclass(frozen=True)
class Look:
    """A table of colours, and limits in counts.

    Attributes:
        lut: a key of LUTS.
        limits: as somebody set them; None: those within which every version can be seen.
    """

    lut: str = GREY
    limits: Levels | None = None

    def limits_for(self, job: Job | None) -> Levels | None:
        """The limits that all versions share now; None where there is none yet."""
        if self.limits is not None:
            return self.limits
        images = [version.image for version in job.versions()] if job is not None else []
        found = [image.limits for image in images if image is not None and image.limits is not None]
        return shared_limits(found) if found else None

    def changed(self, said: Mapping[str, Any]) -> Look:
        """As a browser asks for it; what makes no sense changes nothing."""
        look = self
        if said.get("lut") in LUTS:
            look = replace(look, lut=str(said["lut"]))
        if said.get("auto"):
            look = replace(look, limits=None)
        low, high = number_of(said.get("low")), number_of(said.get("high"))
        if low is not None and high is not None and low < high:
            look = replace(look, limits=Levels(low, high))
        return look


def number_of(value: object) -> float | None:
    """A finite number that somebody typed; None for anything else."""
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if math.isfinite(number) and abs(number) < 1e12 else None


def frame_pane(image: StoredImage, look: Look, limits: Levels, is_ome: bool) -> dict[str, str]:
    """Where the viewer finds a version: stretched to look at, with its counts to download."""
    asked = f"low={limits.low:.9g}&high={limits.high:.9g}&lut={look.lut}"
    return {
        "url": f"{ROUTE}/{image.token}.png?{asked}",
        "download_url": f"{ROUTE}/{image.token}.tif",
        "suffix": ".ome.tif" if is_ome else ".tif",
    }

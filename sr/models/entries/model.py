"""What is known of a model that a person can choose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

INTERPOLATION_SCALES = (2, 3, 4, 6, 8)
Origin = Literal["computed", "trained", "mixture", "file"]
NOT_KNOWN = "not known"  # the licence of a file that nobody has told of
# What made the small pictures a network learned from.
BICUBIC = "MATLAB's bicubic"
PHOTO = "blur, noise, JPEG and resizing, twice over, as Wang et al. 2021 (arXiv:2107.10833)"


@dataclass(frozen=True, kw_only=True)
class Model:
    """A model a person can choose, with what is known of it.

    Attributes:
        name: by which it is chosen.
        title: what people call it.
        scale: by how much it enlarges; for an interpolation, where nothing else is said.
        description: in one sentence.
        network: its name in `sr.networks.registry`, or of a file the architecture it is of;
            "" for an interpolation.
        weights: file in `weights/`, or its whole path; None for interpolations and mixtures.
        origin: "computed" by a formula, "trained" here, a "mixture" of two that were, or a
            "file" of somebody else's.
        between: of a mixture, the two models it lies between.
        share: of a mixture, of the way from the first to the second.
        domain: what pictures it is for.
        degradation: what made the small pictures it learned from.
        licence: of the weights.
        source: where the weights are from.
        trains_as: of a file of somebody else's, the registered network that training can go on
            from with its weights; "" where there is none.
        is_default: whether it is shown where people have not chosen others.
        sha256, parameters, data, metrics: those of `weights/manifest.json` where they are empty.
    """

    name: str
    title: str
    scale: int
    description: str
    network: str = ""
    weights: str | None = None
    origin: Origin = "trained"
    between: tuple[str, str] | None = None
    share: float = 0.0
    domain: str = "photographs"
    degradation: str = ""
    licence: str = "MIT"
    source: str = "trained here"
    paper: str = ""
    departures: str = ""
    trains_as: str = ""
    is_default: bool = False
    sha256: str = ""
    parameters: int = 0
    data: str = ""
    metrics: Mapping[str, Any] = field(default_factory=dict)

    @property
    def scales(self) -> tuple[int, ...]:
        """All factors it can enlarge by."""
        return (self.scale,) if self.network else INTERPOLATION_SCALES

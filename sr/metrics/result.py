"""What a measurement comes to; apart from `sr.metrics.fidelity`, which brings torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Measurement:
    """How far a picture is from its reference. None: could not be measured, `note` says why."""

    psnr_y: float
    ssim_y: float | None
    lpips_alex: float | None
    note: str | None = None

"""Models for frames of microscopes, as settings of `sr.models.entries.model.Model`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SIMULATED = "drawn scenes and SIM pictures, through the optics of wide field, at nine signal levels"
COMMON: Mapping[str, Any] = {
    "scale": 2,
    "domain": "fluorescence microscopy: frames of one channel, pixels of about 62.6 nm",
    "degradation": SIMULATED,
}

ENTRIES: tuple[Mapping[str, Any], ...] = (
    {
        **COMMON,
        "name": "dfcan_x2",
        "title": "DFCAN",
        "description": "DFCAN, from wide field to SIM",
        "network": "dfcan",
        "weights": "dfcan_x2.safetensors",
        "paper": "Qiao et al. 2021, doi 10.1038/s41592-020-01048-5",
        "departures": "image skip in the place of the sigmoid; spectra of 32 pixels; MSE on a "
        "fixed range; simulated pairs",
    },
    {
        **COMMON,
        "name": "unet_cascade_x2",
        "title": "Cascade of U-Nets",
        "description": "three U-Nets with Fourier attention, from wide field to SIM",
        "network": "unet_cascade",
        "weights": "unet_cascade_x2.safetensors",
        "paper": "after the idea of Gong et al. 2021, doi 10.2528/PIER21110904",
        "departures": "only the idea is known: widths, depths and how stages are joined are ours; "
        "MSE on a fixed range; simulated pairs",
    },
)

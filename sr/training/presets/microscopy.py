"""Recipes for microscopy, as settings of `sr.training.recipes.Training`."""

from __future__ import annotations

from typing import Any

Settings = dict[str, Any]

# Qiao et al. 2021: MSE and 0.1 (1 - SSIM), Adam at 1e-4, batches of 4 crops of 128 to 256 pixels.
# Departures: the loss is taken on a fixed range (sr.microscopy.files.levels) in the place of each
# batch's minimum and maximum, so that the level is learned too; cosine in the place of halving
# where validation stands still.
DFCAN: Settings = {
    "name": "dfcan_x2",
    "source": "microscopy",
    "network": "dfcan",
    "scale": 2,
    "iterations": 200_000,
    "batch_size": 4,
    "hr_patch_px": 256,
    "learning_rate": 1e-4,
    "schedule": "cosine",
    "pixel_loss": "mse_ssim",
}

# The same network for an hour on one core: small crops, spectra as small as they are.
FAST: Settings = {
    "network_args": {"spectrum_px": 32, "image_skip": True},
    "iterations": 40_000,
    "hr_patch_px": 64,
    "learning_rate": 5e-4,
    "warmup_iterations": 100,
    "ema_decay": 0.998,
    "clip_norm": 0.05,
    "pixel_loss": "mse",
}

# The generator's loss and 0.1 times the opponent's opinion. Departure: one step of each, where the
# paper's code makes three of the generator.
DFGAN: Settings = {
    **DFCAN,
    "name": "dfgan_x2",
    "network": "dfgan",
    "batch_size": 2,
    "adversarial_weight": 0.1,
    "discriminator": "dfgan",
    "discriminator_learning_rate": 2e-5,
}

UNET_CASCADE: Settings = {
    **DFCAN,
    "name": "unet_cascade_x2",
    "network": "unet_cascade",
}

SMOKE: Settings = {
    "iterations": 4,
    "warmup_iterations": 1,
    "batch_size": 2,
    "hr_patch_px": 32,
}
SMOKE_DFCAN: Settings = {
    "network_args": {"num_groups": 1, "num_blocks": 1, "num_features": 8, "spectrum_px": 16}
}

PRESETS: dict[str, Settings] = {
    "dfcan": DFCAN,
    "dfcan_fast": DFCAN | FAST,
    "dfcan_smoke": DFCAN | FAST | SMOKE | SMOKE_DFCAN,
    "dfgan": DFGAN,
    "dfgan_fast": DFGAN
    | FAST
    | {
        "network_args": {"num_groups": 4, "num_blocks": 4, "spectrum_px": 32},
        "adversarial_weight": 1e-4,
        "discriminator_learning_rate": 1e-4,
        "learning_rate": 1e-4,
    },
    "dfgan_smoke": DFGAN | FAST | SMOKE | SMOKE_DFCAN,
    "unet_cascade": UNET_CASCADE,
    "unet_cascade_fast": UNET_CASCADE | FAST | {"network_args": {"spectrum_px": 32}},
    "unet_cascade_smoke": UNET_CASCADE
    | FAST
    | SMOKE
    | {"network_args": {"num_stages": 2, "num_features": 8, "spectrum_px": 16}},
}

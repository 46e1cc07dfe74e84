"""Recipes of ESRGAN, Real-ESRGAN and SRCNN, as settings of `sr.training.recipes.Training`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Settings = Mapping[str, Any]

# Wang et al. 2018 (arXiv:1809.00219), section 4.1, in the authors' later settings: L1; then L1 on
# conv5_4 before its ReLU, a relativistic opponent and a hundredth of L1. 16 crops of 128x128.
# Departure: rates fall by a cosine, where the second stage halved them four times.
ESRGAN_PSNR: Settings = {
    "name": "rrdb_x4",
    "network": "rrdb",
    "hr_patch_px": 128,
    "learning_rate": 2e-4,
    "schedule": "cosine",
    "pixel_loss": "l1",
}
ESRGAN: Settings = {
    **ESRGAN_PSNR,
    "name": "esrgan_x4",
    "initial": "rrdb_x4",
    "iterations": 400_000,
    "learning_rate": 1e-4,
    "pixel_weight": 1e-2,
    "content": "esrgan",
    "content_weight": 1.0,
    "adversarial": "relativistic",
    "adversarial_weight": 5e-3,
    "discriminator": "esrgan",
}

# Wang et al. 2021 (arXiv:2107.10833), section 4.1: L1 alone; then L1, five layers of VGG19 and a
# tenth of the U-Net's opinion. 48 crops of 256x256. Departure: the target is not sharpened.
REAL_ESRGAN_PSNR: Settings = {
    **ESRGAN_PSNR,
    "name": "rrdb_photo_x4",
    "initial": "rrdb_x4",
    "degradation": "real_esrgan",
    "batch_size": 48,
    "hr_patch_px": 256,
    "schedule": "constant",
}
REAL_ESRGAN: Settings = {
    **REAL_ESRGAN_PSNR,
    "name": "real_esrgan_x4",
    "initial": "rrdb_photo_x4",
    "iterations": 400_000,
    "learning_rate": 1e-4,
    "content": "real_esrgan",
    "content_weight": 1.0,
    "adversarial_weight": 0.1,
    "discriminator": "unet",
}

# Six blocks for hours on two cores. The second stage is that of `srgan_fast`, made relativistic.
LIGHT_PSNR: Settings = {
    "name": "rrdb_light_x4",
    "network": "rrdb",
    "network_args": {"num_blocks": 6, "num_features": 32, "growth": 16},
    "iterations": 20_000,
    "batch_size": 8,
    "learning_rate": 6e-4,
    "schedule": "cosine",
    "warmup_iterations": 100,
    "clip_norm": 0.5,
    "pattern_share": 0.02,
    "graphics_share": 0.05,
    "pixel_loss": "l1",
}
LIGHT: Settings = {
    **LIGHT_PSNR,
    "name": "esrgan_light_x4",
    "initial": "rrdb_light_x4",
    "iterations": 5_000,
    "learning_rate": 2e-4,
    "warmup_iterations": 20,
    "ema_decay": 0.998,
    "clip_norm": 1.0,
    "content": "lpips_vgg16",
    "content_weight": 1.0,
    "adversarial": "relativistic",
    "adversarial_weight": 0.08,
    "discriminator": "vgg16",
    "discriminator_learning_rate": 2e-4,
    "discriminator_warmup": 100,
}

# Dong et al. 2014, section 4: MSE, SGD with momentum, initial values of standard deviation 0.001,
# a tenth of the rate for the last layer. Departures: crops of 36 in place of 33 (a multiple of 4),
# MATLAB's bicubic alone made the small pictures.
SRCNN_PAPER: Settings = {
    "name": "srcnn_x4",
    "network": "srcnn",
    "iterations": 10_000_000,
    "batch_size": 128,
    "hr_patch_px": 36,
    "optimizer": "sgd",
    "last_layer_rate": 0.1,
}

# The wider network, for minutes: what bicubic lacks, by Muon, with luma's decibels as the loss.
SRCNN_FAST: Settings = {
    "name": "srcnn_x4",
    "network": "srcnn",
    "network_args": {"kernel": 5, "residual": True},
    "iterations": 20_000,
    "batch_size": 8,
    "hr_patch_px": 96,
    "optimizer": "muon",
    "learning_rate": 1e-3,
    "schedule": "cosine",
    "warmup_iterations": 100,
    "clip_norm": 1.0,
    "pattern_share": 0.02,
    "graphics_share": 0.02,
    "pixel_loss": "psnr",
    "pixel_weight": 0.004,
}

SMOKE: Settings = {"batch_size": 2, "hr_patch_px": 32, "iterations": 4, "warmup_iterations": 1}

PRESETS: Mapping[str, Settings] = {
    "esrgan": ESRGAN,
    "esrgan_light": LIGHT,
    "esrgan_light_psnr": LIGHT_PSNR,
    "esrgan_psnr": ESRGAN_PSNR,
    "esrgan_smoke": {
        **LIGHT,
        **SMOKE,
        "network_args": {"num_blocks": 1, "num_features": 8, "growth": 4},
        "initial": "",
        "content": "none",
        "content_weight": 0.0,
        "discriminator": "esrgan",
        "discriminator_warmup": 1,
    },
    "real_esrgan": REAL_ESRGAN,
    "real_esrgan_psnr": REAL_ESRGAN_PSNR,
    "srcnn_fast": SRCNN_FAST,
    "srcnn_paper": SRCNN_PAPER,
    "srcnn_smoke": {**SRCNN_FAST, **SMOKE},
}

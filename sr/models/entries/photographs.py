"""Models for photographs, in the order people see, as settings of `entries.model.Model`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sr.models.entries.model import BICUBIC, PHOTO

NO_BATCH_NORM = (
    "no batch norm; bilinear image skip from input to output; images in [0, 1] on both sides"
)

ENTRIES: tuple[Mapping[str, Any], ...] = (
    {
        "name": "nearest",
        "title": "Nearest",
        "scale": 4,
        "description": "every pixel repeated as a square, no filter",
        "origin": "computed",
        "source": "computed",
    },
    {
        "name": "bicubic",
        "title": "Bicubic",
        "scale": 4,
        "description": "bicubic interpolation as in MATLAB's imresize",
        "origin": "computed",
        "source": "computed",
        "paper": "Keys 1981, a = -0.5",
        "is_default": True,
    },
    {
        "name": "srresnet_x4",
        "title": "SRResNet",
        "scale": 4,
        "description": "SRResNet, trained for the smallest pixel error",
        "network": "srresnet",
        "weights": "srresnet_x4.safetensors",
        "degradation": BICUBIC,
        "paper": "Ledig et al. 2017, arXiv:1609.04802v5",
        "departures": f"{NO_BATCH_NORM}; L1 loss, later PSNR of luma",
        "is_default": True,
    },
    {
        "name": "srgan_x4",
        "title": "SRGAN",
        "scale": 4,
        "description": "SRGAN, trained to look like a photograph",
        "network": "srresnet",
        "weights": "srgan_x4.safetensors",
        "degradation": BICUBIC,
        "paper": "Ledig et al. 2017, arXiv:1609.04802v5",
        "departures": f"{NO_BATCH_NORM}; content loss LPIPS on VGG16 with L1; its opponent in "
        "training sees through VGG16",
        "is_default": True,
    },
    {
        "name": "srcnn_x4",
        "title": "SRCNN",
        "scale": 4,
        "description": "SRCNN, three convolutions that sharpen the luma of bicubic",
        "network": "srcnn",
        "weights": "srcnn_x4.safetensors",
        "degradation": BICUBIC,
        "paper": "Dong et al. 2014, arXiv:1501.00092",
        "departures": "learns what bicubic lacks; pads in training; Muon, PSNR of luma as the loss",
    },
    {
        "name": "srresnet_photo_x4",
        "title": "SRResNet for photos as they are",
        "scale": 4,
        "description": "SRResNet, trained on photographs with noise, blur and JPEG in them",
        "network": "srresnet",
        "weights": "srresnet_photo_x4.safetensors",
        "domain": "photographs as phones and messengers leave them",
        "degradation": PHOTO,
        "departures": f"{NO_BATCH_NORM}; L1 loss",
    },
    {
        "name": "srgan_photo_x4",
        "title": "SRGAN for photos as they are",
        "scale": 4,
        "description": "SRGAN, trained on photographs with noise, blur and JPEG in them",
        "network": "srresnet",
        "weights": "srgan_photo_x4.safetensors",
        "domain": "photographs as phones and messengers leave them",
        "degradation": PHOTO,
        "departures": f"{NO_BATCH_NORM}; content loss LPIPS on VGG16 with L1; its opponent in "
        "training sees through VGG16, not the U-Net of Real-ESRGAN",
    },
    {
        "name": "srresnet_x2",
        "title": "SRResNet",
        "scale": 2,
        "description": "SRResNet, trained for the smallest pixel error",
        "network": "srresnet",
        "weights": "srresnet_x2.safetensors",
        "degradation": BICUBIC,
        "paper": "Ledig et al. 2017, arXiv:1609.04802v5",
        "departures": f"{NO_BATCH_NORM}; PSNR of luma as the loss; x2, the paper has x4 alone",
        "is_default": True,
    },
    {
        "name": "srgan_x2",
        "title": "SRGAN",
        "scale": 2,
        "description": "SRGAN, trained to look like a photograph",
        "network": "srresnet",
        "weights": "srgan_x2.safetensors",
        "degradation": BICUBIC,
        "paper": "Ledig et al. 2017, arXiv:1609.04802v5",
        "departures": f"{NO_BATCH_NORM}; losses as srgan_x4; x2, the paper has x4 alone",
        "is_default": True,
    },
)

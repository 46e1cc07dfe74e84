"""Training recipes: frozen dataclasses, and the presets people choose from by name."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sr.training.presets import esrgan, microscopy


@dataclass(frozen=True, kw_only=True)
class Training:
    """One training stage. A stage with `adversarial_weight` 0 has no discriminator."""

    name: str = "srresnet_x4"  # what the weights file will be called
    scale: int = 4
    source: Literal["photographs", "microscopy"] = "photographs"  # what it learns from
    network: str = "srresnet"  # see sr.networks.registry
    network_args: Mapping[str, Any] = field(default_factory=dict)  # the others have their defaults
    initial: str = ""  # model name or weights file to start from; "" starts from scratch

    iterations: int = 1_000_000  # the schedule's length; --minutes ends it earlier
    epochs: int = 0  # one crop of every image is an epoch; sets the iterations when not 0
    batch_size: int = 16
    hr_patch_px: int = 96
    optimizer: Literal["adam", "muon", "sgd"] = "adam"
    learning_rate: float = 1e-4
    last_layer_rate: float = 1.0  # share of the rate for the last layer; not with muon
    schedule: Literal["constant", "cosine", "step"] = "constant"  # step: x 0.1 at half-way
    warmup_iterations: int = 0
    ema_decay: float = 0.999
    clip_norm: float = 0.0  # largest gradient norm of the generator; 0 does not clip
    degradation: Literal["bicubic", "real_esrgan"] = "bicubic"  # see sr.batches.degradations
    pattern_share: float = 0.0  # crops replaced by pixel-fine patterns, see sr.batches.patterns
    graphics_share: float = 0.0  # crops replaced by drawn pictures, see sr.batches.graphics
    seed: int = 0

    pixel_loss: Literal["l1", "mse", "charbonnier", "psnr", "mse_ssim"] = "mse"
    pixel_weight: float = 1.0
    content: Literal[
        "none", "vgg19_54", "vgg19_22", "esrgan", "real_esrgan", "vgg16_53", "lpips_vgg16", "dists"
    ] = "none"  # see sr.objectives.losses
    content_weight: float = 0.0
    tv_weight: float = 0.0  # of total variation
    adversarial: Literal["vanilla", "relativistic", "hinge"] = "vanilla"
    adversarial_weight: float = 0.0
    discriminator: Literal["srgan", "patch", "esrgan", "vgg16", "unet", "dfgan"] = "srgan"
    discriminator_learning_rate: float = 1e-4
    discriminator_warmup: int = 0  # discriminator steps before the generator moves

    @property
    def loss_weights(self) -> dict[str, float]:
        """Of every loss, by the name it is logged with."""
        return {
            "g/pixel": self.pixel_weight,
            "g/content": self.content_weight,
            "g/tv": self.tv_weight,
            "g/adversarial": self.adversarial_weight,
            "d/real": 1.0,
            "d/fake": 1.0,
        }


WITHOUT_NORM = {"batch_norm": False, "image_skip": True}
SMOKE = WITHOUT_NORM | {"num_blocks": 1, "num_features": 8}  # a network for seconds

# Ledig et al. 2017, section 3.2: MSE, Adam, 1e6 updates at 1e-4, 16 crops of 96x96.
# Departure: the mean square is taken on [0, 1], not [-1, 1]; Adam is blind to that factor of 4.
SRRESNET_PAPER = Training()

# The same network without batch norm and with an image skip, for hours on two cores. The patterns
# keep it from running away on what photographs do not hold (sr.batches.patterns).
SRRESNET_FAST = Training(
    network_args=WITHOUT_NORM,
    iterations=20_000,
    learning_rate=6e-4,
    schedule="cosine",
    warmup_iterations=100,
    clip_norm=0.5,
    pattern_share=0.02,
    graphics_share=0.05,
    pixel_loss="l1",
)

# Section 3.2: 1e5 updates at 1e-4, then 1e5 at 1e-5, from SRResNet (--set initial=FILE, trained
# with srresnet_paper); VGG19 conv5_4 features rescaled by 1/12.75, which is the loss times 0.006,
# and 1e-3 adversarial.
SRGAN_PAPER = Training(
    name="srgan_x4",
    initial="srresnet_x4",
    iterations=200_000,
    schedule="step",
    pixel_weight=0.0,
    content="vgg19_54",
    content_weight=(1 / 12.75) ** 2,
    adversarial_weight=1e-3,
)

# Table 1's SRGAN-VGG22: features of a shallower layer.
SRGAN_PAPER_VGG22 = dataclasses.replace(SRGAN_PAPER, content="vgg19_22")

# What fits into an hour on two cores: learned perceptual distance on VGG16 for the content,
# a pixel term that holds colours, and an opponent on VGG16's features, which is strong at once.
SRGAN_FAST = Training(
    name="srgan_x4",
    network_args=WITHOUT_NORM,
    initial="srresnet_x4",
    iterations=5_000,
    batch_size=8,
    learning_rate=2e-4,
    schedule="cosine",
    warmup_iterations=20,
    ema_decay=0.998,
    clip_norm=1.0,
    pattern_share=0.02,
    graphics_share=0.05,
    pixel_loss="l1",
    pixel_weight=1.0,
    content="lpips_vgg16",
    content_weight=1.0,
    adversarial_weight=0.08,
    discriminator="vgg16",
    discriminator_learning_rate=2e-4,
    discriminator_warmup=100,
)

# Photographs as they are: degradation and discriminator of Real-ESRGAN (Wang et al. 2021), in two
# stages. Departures: the network is SRResNet; LPIPS on VGG16 in the place of VGG19's five layers.
PHOTO_PSNR = dataclasses.replace(
    SRRESNET_FAST,
    name="srresnet_photo_x4",
    initial="srresnet_x4",
    degradation="real_esrgan",
    hr_patch_px=128,
    learning_rate=4e-4,
)
PHOTO_GAN = dataclasses.replace(
    SRGAN_FAST,
    name="srgan_photo_x4",
    initial="srresnet_photo_x4",
    degradation="real_esrgan",
    hr_patch_px=128,
    learning_rate=1e-4,
    adversarial_weight=0.1,
    discriminator="unet",
    discriminator_learning_rate=1e-4,
)

# LPIPS in the place of the VGG loss, with a pixel term that holds colours, from the network that
# ships. Measure with another backbone (AlexNet): a network wins the metric it was trained for.
SRGAN_LPIPS = Training(
    name="srgan_x4",
    network_args=WITHOUT_NORM,
    initial="srresnet_x4",
    iterations=200_000,
    learning_rate=1e-4,
    schedule="step",
    clip_norm=1.0,
    pixel_loss="l1",
    pixel_weight=1.0,
    content="lpips_vgg16",
    content_weight=0.3,
    adversarial_weight=5e-3,
    discriminator_warmup=500,
)

# Two course experiments: 100 epochs at 1e-5, batches of 64 and 16. An epoch is one crop of every
# image. Losses: mean square, 0.006 VGG16 and 1e-3 adversarial. They begin with the network that
# ships, because from nothing so small a rate gets nowhere in so few updates.
VOC2012 = Training(
    name="srgan_x4",
    network_args=WITHOUT_NORM,
    initial="srresnet_x4",
    epochs=100,
    batch_size=64,
    learning_rate=1e-5,
    discriminator_learning_rate=1e-5,
    pixel_loss="mse",
    pixel_weight=1.0,
    content="vgg16_53",
    content_weight=0.006,
    adversarial_weight=1e-3,
)
UNSPLASH = dataclasses.replace(VOC2012, batch_size=16)

SRRESNET_SMOKE = dataclasses.replace(
    SRRESNET_FAST,
    network_args=SMOKE,
    batch_size=2,
    hr_patch_px=32,
    iterations=4,
    warmup_iterations=1,
)
SRGAN_SMOKE = dataclasses.replace(
    SRGAN_FAST,
    network_args=SMOKE,
    batch_size=2,
    hr_patch_px=32,
    iterations=4,
    initial="",
    content="none",
    content_weight=0.0,
    discriminator="srgan",
    discriminator_warmup=1,
)

PRESETS: dict[str, Training] = {
    "photo_gan": PHOTO_GAN,
    "photo_psnr": PHOTO_PSNR,
    "srresnet_fast": SRRESNET_FAST,
    "srresnet_paper": SRRESNET_PAPER,
    "srresnet_smoke": SRRESNET_SMOKE,
    "srgan_fast": SRGAN_FAST,
    "srgan_lpips": SRGAN_LPIPS,
    "srgan_paper": SRGAN_PAPER,
    "srgan_paper_vgg22": SRGAN_PAPER_VGG22,
    "srgan_smoke": SRGAN_SMOKE,
    "unsplash": UNSPLASH,
    "voc2012": VOC2012,
    **{
        name: Training(**settings)
        for name, settings in {**esrgan.PRESETS, **microscopy.PRESETS}.items()
    },
}

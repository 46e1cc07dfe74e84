"""Training presets: frozen dataclasses, and overrides that refuse what they do not know."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sr.base.errors import ConfigError
from sr.models.registry import MODELS


@dataclass(frozen=True, kw_only=True)
class Training:
    """One training stage. A stage with `adversarial_weight` 0 has no discriminator."""

    name: str = "srresnet_x4"  # what the weights file will be called
    scale: int = 4
    num_blocks: int = 16
    num_features: int = 64
    batch_norm: bool = True
    image_skip: bool = False
    initial: str = ""  # model name or weights file to start from; "" starts from scratch

    iterations: int = 1_000_000  # the schedule's length; --minutes ends it earlier
    epochs: int = 0  # one crop of every image is an epoch; sets the iterations when not 0
    batch_size: int = 16
    hr_patch_px: int = 96
    optimizer: Literal["adam", "muon"] = "adam"
    learning_rate: float = 1e-4
    schedule: Literal["constant", "cosine", "step"] = "constant"  # step: x 0.1 at half-way
    warmup_iterations: int = 0
    ema_decay: float = 0.999
    clip_norm: float = 0.0  # largest gradient norm of the generator; 0 does not clip
    degradation: Literal["bicubic", "real_esrgan"] = "bicubic"  # see sr.batches.degradations
    pattern_share: float = 0.0  # crops replaced by pixel-fine patterns, see sr.batches.patterns
    graphics_share: float = 0.0  # crops replaced by drawn pictures, see sr.batches.graphics
    seed: int = 0

    pixel_loss: Literal["l1", "mse", "psnr"] = "mse"  # see sr.objectives.losses
    pixel_weight: float = 1.0
    content: Literal["none", "vgg19_54", "vgg19_22", "vgg16_53", "lpips_vgg16"] = "none"
    content_weight: float = 0.0
    adversarial_weight: float = 0.0
    discriminator: Literal["srgan", "patch", "vgg16"] = "srgan"  # see sr.networks.discriminators
    discriminator_learning_rate: float = 1e-4
    discriminator_warmup: int = 0  # discriminator steps before the generator moves


# Ledig et al. 2017, section 3.2: MSE, Adam, 1e6 updates at 1e-4, 16 crops of 96x96.
# Departure: the mean square is taken on [0, 1], not [-1, 1]; Adam is blind to that factor of 4.
SRRESNET_PAPER = Training()

# The same network without batch norm and with an image skip, for hours on two cores. The patterns
# keep it from running away on what photographs do not hold (sr.batches.patterns).
SRRESNET_FAST = Training(
    batch_norm=False,
    image_skip=True,
    iterations=20_000,
    learning_rate=6e-4,
    schedule="cosine",
    warmup_iterations=100,
    clip_norm=0.5,
    pattern_share=0.02,
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
    batch_norm=False,
    image_skip=True,
    initial="srresnet_x4",
    iterations=5_000,
    batch_size=8,
    learning_rate=2e-4,
    schedule="cosine",
    warmup_iterations=20,
    ema_decay=0.998,
    clip_norm=1.0,
    pattern_share=0.02,
    pixel_loss="l1",
    pixel_weight=1.0,
    content="lpips_vgg16",
    content_weight=1.0,
    adversarial_weight=0.08,
    discriminator="vgg16",
    discriminator_learning_rate=2e-4,
    discriminator_warmup=100,
)

# LPIPS in the place of the VGG loss, with a pixel term that holds colours, from the network that
# ships. Measure with another backbone (AlexNet): a network wins the metric it was trained for.
SRGAN_LPIPS = Training(
    name="srgan_x4",
    batch_norm=False,
    image_skip=True,
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
    batch_norm=False,
    image_skip=True,
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
    num_blocks=1,
    num_features=8,
    batch_size=2,
    hr_patch_px=32,
    iterations=4,
    warmup_iterations=1,
)
SRGAN_SMOKE = dataclasses.replace(
    SRGAN_FAST,
    num_blocks=1,
    num_features=8,
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
}


def with_iterations(config: Training, num_images: int) -> Training:
    """The configuration with its epochs counted out: one crop of every image is an epoch."""
    if not config.epochs:
        return config
    iterations = math.ceil(config.epochs * num_images / config.batch_size)
    return dataclasses.replace(config, iterations=iterations)


def override(config: Training, assignments: Sequence[str]) -> Training:
    """A copy with `KEY=VALUE` assignments applied, each of the field's own type.

    Raises:
        ConfigError: no "=", an unknown name, or a value that is not of the type.
    """
    fields = {field.name: field for field in dataclasses.fields(config)}
    changes: dict[str, Any] = {}
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        if not equals:
            raise ConfigError(f"--set {assignment}: needed KEY=VALUE")
        if key not in fields:
            raise ConfigError(f"no setting {key!r}; known: {', '.join(sorted(fields))}")
        changes[key] = _parse(key, text, type(getattr(config, key)), str(fields[key].type))
    result = dataclasses.replace(config, **changes)
    check(result)
    return result


def _parse(key: str, text: str, kind: type, declared: str) -> Any:
    if declared.startswith("Literal["):
        choices = [part.strip(" \"'") for part in declared[8:-1].split(",")]
        if text not in choices:
            raise ConfigError(f"{key}={text}: needed one of {', '.join(choices)}")
        return text
    try:
        if kind is bool:
            return {"true": True, "false": False}[text.lower()]
        return kind(text)
    except (KeyError, ValueError):
        raise ConfigError(f"{key}={text}: needed a value of type {kind.__name__}") from None


def check(config: Training) -> None:
    """Refuse settings that cannot work together.

    Raises:
        ConfigError: says which and why.
    """
    scales = {info.name: info.scale for info in MODELS.values() if info.weights}
    if config.name not in scales:
        raise ConfigError(f"name={config.name}: needed one of {', '.join(sorted(scales))}")
    if config.scale != scales[config.name]:
        raise ConfigError(
            f"scale={config.scale}: {config.name} enlarges {scales[config.name]} times"
        )
    if config.adversarial_weight and config.discriminator_warmup >= config.iterations:
        raise ConfigError(
            f"discriminator_warmup={config.discriminator_warmup} of {config.iterations} "
            "iterations: the generator would never move; needed fewer, or more iterations"
        )
    for key in ("pattern_share", "graphics_share"):
        if not 0 <= getattr(config, key) < 1:
            raise ConfigError(f"{key}={getattr(config, key)}: needed 0 or more, below 1")
    if config.hr_patch_px % config.scale or config.hr_patch_px <= 0:
        raise ConfigError(
            f"hr_patch_px={config.hr_patch_px}: needed a positive multiple of {config.scale}"
        )
    if config.adversarial_weight and config.hr_patch_px % 16:
        raise ConfigError(
            f"hr_patch_px={config.hr_patch_px}: the discriminator needs a multiple of 16"
        )
    for key in ("batch_size", "iterations", "num_blocks", "num_features"):
        if getattr(config, key) < 1:
            raise ConfigError(f"{key}={getattr(config, key)}: needed 1 or more")
    if config.epochs < 0:
        raise ConfigError(f"epochs={config.epochs}: needed 0 (count iterations) or more")
    if not config.learning_rate > 0:
        raise ConfigError(f"learning_rate={config.learning_rate}: needed a positive number")
    if (config.content == "none") != (config.content_weight == 0):
        raise ConfigError(
            f"content={config.content} with content_weight={config.content_weight}: "
            "a content loss needs a positive weight, and a weight needs a content loss"
        )
    if not (config.pixel_weight or config.content_weight or config.adversarial_weight):
        raise ConfigError("all loss weights are 0; needed at least one positive weight")

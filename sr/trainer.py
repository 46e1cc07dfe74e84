"""One training stage: networks, losses, optimisers, averaged weights; and one update of them."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from sr.checkpoint import load_model, read_header
from sr.config import Training, check
from sr.data import CropSampler
from sr.errors import ConfigError, SRError, WeightsError
from sr.losses import (
    build_content_loss,
    discriminator_loss,
    generator_adversarial_loss,
    pixel_loss,
)
from sr.models import MODELS, verified_weights
from sr.models.discriminators import SRGANDiscriminator
from sr.models.srresnet import SRResNet
from sr.optim import Muon
from sr.upscale import has_fast_bfloat16

STAGE_KEYS = ("iterations", "seconds", "seed", "data", "images", "training")


class TrainingDiverged(SRError):
    """A loss became infinite or not a number; the last good state is kept."""


def autocast_dtype(device: torch.device, precision: str) -> torch.dtype | None:
    """bfloat16 where the machine multiplies it faster than float32, else None.

    Args:
        precision: "auto", "float32" or "bfloat16".
    """
    if precision == "float32" or (precision == "auto" and not has_fast_bfloat16(device)):
        return None
    return torch.bfloat16


class Trainer:
    """One stage: networks, optimisers, averaged weights, data; `step` does one update.

    Args:
        config: the preset, resolved.
        data: where batches come from.
        device: where it runs.
        precision: "auto", "float32" or "bfloat16" for the convolutions.

    Raises:
        BackboneError: the content loss has no features.
        WeightsError: `config.initial` cannot be read or is another network.
    """

    def __init__(
        self, config: Training, data: CropSampler, *, device: torch.device, precision: str = "auto"
    ) -> None:
        check(config)
        torch.manual_seed(config.seed)
        self.config = config
        self.data = data
        self.device = device
        self.dtype = autocast_dtype(device, precision)
        self.iteration = 0
        self.seconds = 0.0
        self.earlier_stages = earlier_stages(config)
        self.generator = self._place(build_generator(config))
        self.average = build_generator(config).to(device)
        self.average.load_state_dict(self.generator.state_dict())
        self.average.eval().requires_grad_(False)
        self.optimizers = generator_optimizers(self.generator, config)
        self.pixel = pixel_loss(config.pixel_loss)
        content = build_content_loss(config.content)
        self.content = None if content is None else self._place(content)
        self.discriminator: nn.Module | None = None
        if config.adversarial_weight:
            self.discriminator = self._place(SRGANDiscriminator(hr_patch_px=config.hr_patch_px))
            self.optimizers.append(
                torch.optim.Adam(
                    self.discriminator.parameters(), lr=config.discriminator_learning_rate
                )
            )
        self.base_rates = [[g["lr"] for g in o.param_groups] for o in self.optimizers]

    def _place(self, module: nn.Module) -> nn.Module:
        placed: nn.Module = module.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        return placed

    def _autocast(self) -> Any:
        return torch.autocast(
            self.device.type, dtype=self.dtype or torch.bfloat16, enabled=self.dtype is not None
        )

    def step(self, progress: float) -> dict[str, float]:
        """One update of the generator, and of the discriminator if there is one.

        Args:
            progress: how much of the schedule is done, 0 to 1; sets the learning rate.

        Returns:
            The losses, named `g/pixel`, `g/content`, `g/adversarial`, `d/real`, `d/fake`.

        Raises:
            TrainingDiverged: a loss is not finite; no weight was changed by this step.
        """
        config = self.config
        rate = learning_rate_factor(config, self.iteration, progress)
        for optimizer, bases in zip(self.optimizers, self.base_rates, strict=True):
            for group, base in zip(optimizer.param_groups, bases, strict=True):
                group["lr"] = base * rate
        lr, hr = self.data.batch(config.batch_size, config.hr_patch_px // config.scale)
        with self._autocast():
            prediction = self.generator(lr)
        prediction = prediction.float()
        losses: dict[str, Tensor] = {}
        if self.discriminator is not None:
            losses |= self._discriminator_losses(prediction.detach(), hr)
        moves = self.discriminator is None or self.iteration >= config.discriminator_warmup
        if moves:
            losses |= self._generator_losses(prediction, hr)
        values = {name: float(loss.detach()) for name, loss in losses.items()}
        if not all(math.isfinite(value) for value in values.values()):
            raise TrainingDiverged(
                f"iteration {self.iteration}: {values}; the last saved state is good: resume from "
                "it with a smaller learning_rate"
            )
        self._update(losses, moves)
        self.iteration += 1
        return values

    def _discriminator_losses(self, fake: Tensor, real: Tensor) -> dict[str, Tensor]:
        assert self.discriminator is not None
        with self._autocast():
            real_logits, fake_logits = self.discriminator(real), self.discriminator(fake)
        on_real, on_fake = discriminator_loss(real_logits.float(), fake_logits.float())
        return {"d/real": on_real, "d/fake": on_fake}

    def _generator_losses(self, prediction: Tensor, hr: Tensor) -> dict[str, Tensor]:
        losses = {"g/pixel": self.pixel(prediction, hr)}
        with self._autocast():
            if self.content is not None:
                losses["g/content"] = self.content(prediction, hr)
            if self.discriminator is not None:
                self.discriminator.requires_grad_(False)  # its own gradient is not wanted here
                losses["g/adversarial"] = generator_adversarial_loss(
                    self.discriminator(prediction).float()
                )
                self.discriminator.requires_grad_(True)
        return losses

    def _update(self, losses: dict[str, Tensor], moves: bool) -> None:
        config = self.config
        weights = {
            "g/pixel": config.pixel_weight,
            "g/content": config.content_weight,
            "g/adversarial": config.adversarial_weight,
            "d/real": 1.0,
            "d/fake": 1.0,
        }
        # One graph: the discriminator's losses see a detached picture, so gradients do not mix.
        torch.stack([weights[n] * loss.float() for n, loss in losses.items()]).sum().backward()
        if config.clip_norm and moves:
            nn.utils.clip_grad_norm_(self.generator.parameters(), config.clip_norm)
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad()
        decay = min(config.ema_decay, (1 + self.iteration) / (10 + self.iteration))
        with torch.no_grad():
            for ours, theirs in zip(
                self.average.state_dict().values(),
                self.generator.state_dict().values(),
                strict=True,
            ):
                if ours.is_floating_point():
                    ours.lerp_(theirs, 1 - decay)
                else:
                    ours.copy_(theirs)

    def state_dict(self) -> dict[str, Any]:
        """All that a run needs to go on as if it had never stopped."""
        return {
            "config": dataclasses.asdict(self.config),
            "iteration": self.iteration,
            "seconds": self.seconds,
            "generator": self.generator.state_dict(),
            "average": self.average.state_dict(),
            "discriminator": self.discriminator.state_dict() if self.discriminator else {},
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "crops": self.data.generator.get_state(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from `state_dict`.

        Raises:
            ConfigError: the state is of another configuration.
        """
        ours = dataclasses.asdict(self.config)
        changed = sorted(k for k in ours if state["config"].get(k) != ours[k] and k != "iterations")
        if changed:
            raise ConfigError(
                f"--resume: the saved run has other settings ({', '.join(changed)}); give the same "
                "--set values, or another --output folder"
            )
        self.iteration, self.seconds = state["iteration"], state["seconds"]
        self.generator.load_state_dict(state["generator"])
        self.average.load_state_dict(state["average"])
        if self.discriminator is not None:
            self.discriminator.load_state_dict(state["discriminator"])
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.data.generator.set_state(state["crops"])


def build_generator(config: Training) -> SRResNet:
    """The generator of a preset, from `config.initial` where that is given.

    Raises:
        WeightsError: the initial weights cannot be read or belong to another network.
    """
    fresh = SRResNet(
        num_blocks=config.num_blocks,
        num_features=config.num_features,
        scale=config.scale,
        batch_norm=config.batch_norm,
        image_skip=config.image_skip,
    )
    if not config.initial:
        return fresh
    model = load_model(initial_weights(config))
    if not isinstance(model, SRResNet) or model.config != fresh.config:
        raise WeightsError(
            f"{config.initial}: its network {model.config} is not the preset's {fresh.config}; "
            "use --set initial=FILE, or --set initial= to start from scratch"
        )
    return model.train()


def initial_weights(config: Training) -> Path:
    """The file `config.initial` stands for: a model of `weights/`, or a file's own name."""
    known = config.initial in MODELS
    return verified_weights(config.initial) if known else Path(config.initial)


def earlier_stages(config: Training) -> list[dict[str, Any]]:
    """How the initial weights were made, the first stage first; empty when from scratch."""
    if not config.initial:
        return []
    about = read_header(initial_weights(config))["about"]
    stage = {key: about.get(key) for key in STAGE_KEYS}
    return [*about.get("stages", []), stage]


def generator_optimizers(model: nn.Module, config: Training) -> list[torch.optim.Optimizer]:
    """Adam as in the paper; or Muon for the 3x3 convolutions and Adam at half its rate else."""
    if config.optimizer == "adam":
        return [torch.optim.Adam(model.parameters(), lr=config.learning_rate, betas=(0.9, 0.999))]
    matrices: list[nn.Parameter] = []
    others: list[nn.Parameter] = []
    for name, parameter in model.named_parameters():
        inner = parameter.ndim == 4 and not name.startswith(("head", "tail"))
        (matrices if inner else others).append(parameter)
    return [
        Muon(matrices, learning_rate=config.learning_rate),
        torch.optim.Adam(others, lr=config.learning_rate / 2),
    ]


def learning_rate_factor(config: Training, iteration: int, progress: float) -> float:
    """What the base rates are multiplied with."""
    warmup = min(1.0, (iteration + 1) / max(1, config.warmup_iterations))
    if config.schedule == "cosine":
        return warmup * (0.5 + 0.5 * math.cos(math.pi * min(1.0, progress)))
    if config.schedule == "step":
        return warmup * (1.0 if progress < 0.5 else 0.1)
    return warmup

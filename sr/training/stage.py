"""One training stage: networks, losses, optimisers, averaged weights; and one update of them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from sr.base.errors import ConfigError, SRError
from sr.batches.batch import next_batch
from sr.batches.crops import CropSampler
from sr.batches.frames import FrameSampler
from sr.networks.discriminators import VggDiscriminator
from sr.objectives.adversarial import (
    build_discriminator,
    discriminator_loss,
    generator_adversarial_loss,
)
from sr.objectives.losses import LpipsLoss, build_content_loss, pixel_loss, total_variation
from sr.objectives.optimizers import adam, generator_optimizers, learning_rate_factor
from sr.training.distributed import Group
from sr.training.initial import autocast_dtype, build_generator, earlier_stages
from sr.training.recipes import Training
from sr.training.settings import check, refuse_others

Seen = Tensor | list[Tensor]  # images, or their features on sr.objectives.losses.LPIPS_LAYERS


class Found(NamedTuple):
    """What a batch told: the names of its losses; their values, then the norms of the gradients."""

    names: list[str]
    values: Tensor


class TrainingDiverged(SRError):
    """A loss or a gradient became infinite or not a number; the last good state is kept."""


class Trainer:
    """One stage: networks, optimisers, averaged weights, data; `step` does one update.

    Args:
        config: the preset, resolved.
        data: where batches come from.
        device: where it runs.
        precision: "auto", "float32" or "bfloat16" for the convolutions.
        group: the processes that train together; each has its share of every batch.

    Attributes:
        compute: from LR and HR to what they told, with gradients left in the networks; this is
            `gradients`, in whose place `sr.training.accelerate` puts a faster way.

    Raises:
        BackboneError: the content loss has no features.
        ConfigError: settings that cannot work together.
        WeightsError: `config.initial` cannot be read or is another network.
    """

    def __init__(
        self,
        config: Training,
        data: CropSampler | FrameSampler,
        *,
        device: torch.device,
        precision: str = "auto",
        group: Group | None = None,
    ) -> None:
        check(config)
        self.group = group or Group()
        if config.batch_size % self.group.size:
            raise ConfigError(
                f"batch_size={config.batch_size}: needed a multiple of {self.group.size} processes"
            )
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
        self.pixel = pixel_loss(config.pixel_loss)
        content = build_content_loss(config.content)
        self.content = None if content is None else self._place(content)
        self.discriminator: nn.Module | None = None
        if config.adversarial_weight:
            self.discriminator = self._place(
                build_discriminator(config.discriminator, hr_patch_px=config.hr_patch_px)
            )
        self.optimizers = generator_optimizers(self.generator, config)
        if self.discriminator is not None:
            rate = config.discriminator_learning_rate
            self.optimizers.append(adam(self.discriminator.parameters(), learning_rate=rate))
        self.base_rates = [[g["lr"] for g in o.param_groups] for o in self.optimizers]
        # What is called in an update: wrapped to share gradients, perhaps compiled.
        self.generate: Callable[[Tensor], Tensor] = self.group.wrap(self.generator)
        self.look: Callable[[Tensor], Seen] = self._seen
        self.compare: Callable[[Seen, Seen], Tensor] | None = self.content
        self.judge: Callable[[Seen], Tensor] | None = None
        if self.discriminator is not None:
            self.judge = self.group.wrap(self.discriminator)
        self.verdict: dict[str, Any] = {
            "kind": config.adversarial,
            "others": self.group.batch_mean,
        }
        self.compute: Callable[[Tensor, Tensor], Found] = self.gradients
        # What the average follows, of the generator as it is now: wrapped, with its batch norms.
        networks = (self.average, self.generator)
        self._followed, self._copied = (
            [[t for t in network.state_dict().values() if wanted(t)] for network in networks]
            for wanted in (torch.is_floating_point, lambda t: not t.is_floating_point())
        )

    def _place(self, module: nn.Module) -> nn.Module:
        placed: nn.Module = module.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        return placed

    @property
    def generator_moves(self) -> bool:
        """Whether the next update is of the generator too, not of the discriminator alone."""
        return self.discriminator is None or self.iteration >= self.config.discriminator_warmup

    def step(self, progress: float) -> dict[str, float]:
        """One update of the generator, and of the discriminator if there is one.

        Args:
            progress: how much of the schedule is done, 0 to 1; sets the learning rate.

        Returns:
            The losses, named as in `Training.loss_weights`, each the mean over all processes.

        Raises:
            TrainingDiverged: a loss or gradient is not finite; it changed no weight.
        """
        self._set_learning_rates(progress)
        losses = self._finite(self.compute(*self.batch()))
        for optimizer in self.optimizers:
            optimizer.step()
        if self.generator_moves:
            self._follow()
        self.iteration += 1
        return losses

    def _set_learning_rates(self, progress: float) -> None:
        factor = learning_rate_factor(self.config, self.iteration, progress)
        for optimizer, bases in zip(self.optimizers, self.base_rates, strict=True):
            for group, base in zip(optimizer.param_groups, bases, strict=True):
                group["lr"] = base * factor

    def batch(self) -> tuple[Tensor, Tensor]:
        """The next LR and HR crops, this process's share of them."""
        config = self.config
        return next_batch(
            self.data,
            config.batch_size,
            degradation=config.degradation,
            pattern_share=config.pattern_share,
            graphics_share=config.graphics_share,
        )

    def gradients(self, lr: Tensor, hr: Tensor) -> Found:
        """Losses of a batch, backwards; leaves the clipped gradients in the networks.

        It never looks at a value on the device, so that a GPU need not be waited for.
        """
        for optimizer in self.optimizers:
            optimizer.zero_grad()
        losses = self._losses(lr, hr)
        weights = self.config.loss_weights
        # One graph: the discriminator's losses see a detached picture, so gradients do not mix.
        torch.stack([weights[n] * loss.float() for n, loss in losses.items()]).sum().backward()
        values = torch.stack([loss.detach().float() for loss in losses.values()])
        return Found([*losses], torch.cat([self.group.mean(values), self._clip()]))

    def _losses(self, lr: Tensor, hr: Tensor) -> dict[str, Tensor]:
        """Every loss of a batch by its name; the generator's only where it moves."""
        moves = self.generator_moves
        losses: dict[str, Tensor] = {}
        with self._autocast():
            with torch.set_grad_enabled(moves):
                prediction = self.generate(lr).float()
                fake = self.look(prediction)
            with torch.no_grad():
                real = self.look(hr)
            if self.judge is not None:
                logits = self.judge(real).float(), self.judge(_detached(fake)).float()
                losses["d/real"], losses["d/fake"] = discriminator_loss(*logits, **self.verdict)
        if moves:
            losses["g/pixel"] = self.pixel(prediction, hr)
            if self.config.tv_weight:
                losses["g/tv"] = total_variation(prediction)
            with self._autocast():
                if self.compare is not None:
                    losses["g/content"] = self.compare(fake, real)
                if self.discriminator is not None:
                    self.discriminator.requires_grad_(False)  # its own gradient is not wanted here
                    logits_of_fake = self.discriminator(fake).float()
                    losses["g/adversarial"] = generator_adversarial_loss(
                        logits_of_fake, logits[0].detach(), **self.verdict
                    )
                    self.discriminator.requires_grad_(True)
        return losses

    def _seen(self, image: Tensor) -> Seen:
        """What perceptual losses look at: the image, or its features where all of them use those.

        VGG16 is most of the work of a GAN's update; so it looks at every image once.
        """
        through_vgg16 = isinstance(self.discriminator, VggDiscriminator)
        if through_vgg16 and isinstance(self.content, LpipsLoss):
            return self.content.maps(image)
        return image

    def _autocast(self) -> Any:
        return torch.autocast(
            self.device.type, dtype=self.dtype or torch.bfloat16, enabled=self.dtype is not None
        )

    def _clip(self) -> Tensor:
        """The norms of the gradients of the networks that learn; the generator's are clipped."""
        norms = []
        if self.generator_moves:
            norms.append(_gradient_norm(self.generator))
            if self.config.clip_norm:
                nn.utils.clip_grads_with_norm_(
                    self.generator.parameters(), self.config.clip_norm, norms[0]
                )
        if self.discriminator is not None:
            norms.append(_gradient_norm(self.discriminator))
        return torch.stack(norms).float()

    def _finite(self, found: Found) -> dict[str, float]:
        """The losses as numbers, one look at the device for all of them."""
        numbers = found.values.tolist()
        losses = dict(zip(found.names, numbers, strict=False))
        if not all(math.isfinite(number) for number in numbers):
            raise TrainingDiverged(
                f"iteration {self.iteration}: {losses}, gradient norms {numbers[len(losses) :]}; "
                "--resume --set learning_rate=, with a smaller one, goes on"
            )
        return losses

    @torch.no_grad()
    def _follow(self) -> None:
        """Move the averaged weights towards the newest ones."""
        decay = min(self.config.ema_decay, (1 + self.iteration) / (10 + self.iteration))
        get_ema_multi_avg_fn(decay)(*self._followed, 0)
        for our, their in zip(*self._copied, strict=True):
            our.copy_(their)

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
            "crops": self.data.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from `state_dict`.

        Raises:
            ConfigError: the state is of another configuration.
        """
        refuse_others(self.config, state["config"])
        self.iteration, self.seconds = state["iteration"], state["seconds"]
        self.generator.load_state_dict(state["generator"])
        self.average.load_state_dict(state["average"])
        if self.discriminator is not None:
            self.discriminator.load_state_dict(state["discriminator"])
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.data.load_state_dict(state["crops"])


def _detached(seen: Seen) -> Seen:
    return seen.detach() if isinstance(seen, Tensor) else [x.detach() for x in seen]


def _gradient_norm(module: nn.Module) -> Tensor:
    return nn.utils.get_total_norm([p.grad for p in module.parameters() if p.grad is not None])

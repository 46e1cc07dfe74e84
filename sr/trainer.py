"""One training stage: networks, losses, optimisers, averaged weights; and one update of them."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from sr.checkpoint import load_model, read_header
from sr.config import Training, check
from sr.data import CropSampler
from sr.distributed import Group
from sr.errors import ConfigError, SRError, WeightsError
from sr.losses import (
    LpipsLoss,
    build_content_loss,
    build_discriminator,
    discriminator_loss,
    generator_adversarial_loss,
    pixel_loss,
)
from sr.models import MODELS, verified_weights
from sr.models.discriminators import VggDiscriminator
from sr.models.srresnet import SRResNet
from sr.optim import generator_optimizers, learning_rate_factor
from sr.patterns import with_patterns
from sr.speed import count_flops
from sr.upscale import has_fast_bfloat16
from sr.winograd import WinogradConvolutions

logger = logging.getLogger(__name__)

STAGE_KEYS = ("iterations", "seconds", "seed", "data", "images", "training")


Seen = Tensor | list[Tensor]  # images, or their features on sr.losses.LPIPS_LAYERS


class TrainingDiverged(SRError):
    """A loss or a gradient became infinite or not a number; the last good state is kept."""


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
        group: the processes that train together; each has its share of every batch.
        compile: let torch.compile make the networks faster; plain ones are used where it fails.
        winograd: on a CPU, do convolutions by sr.winograd where a C compiler is found.

    Raises:
        BackboneError: the content loss has no features.
        ConfigError: settings that cannot work together.
        WeightsError: `config.initial` cannot be read or is another network.
    """

    def __init__(
        self,
        config: Training,
        data: CropSampler,
        *,
        device: torch.device,
        precision: str = "auto",
        group: Group | None = None,
        compile: bool = False,
        winograd: bool = True,
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
        self.flops: float | None = None  # of one update, counted in the first full one
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
        # What is called in training: wrapped to share gradients, perhaps compiled.
        self.generate: Callable[[Tensor], Tensor] = self.group.wrap(self.generator)
        self.judge: Callable[[Seen], Tensor] | None = None
        self.optimizers = generator_optimizers(self.generator, config)
        if self.discriminator is not None:
            self.judge = self.group.wrap(self.discriminator)
            self.optimizers.append(
                torch.optim.Adam(
                    self.discriminator.parameters(),
                    lr=config.discriminator_learning_rate,
                    fused=True,
                )
            )
        self.base_rates = [[g["lr"] for g in o.param_groups] for o in self.optimizers]
        self._plain = (self.generate, self.judge)
        self._wants_compile = compile
        self.uses_winograd = winograd and device.type == "cpu"

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
            The losses, named `g/pixel`, `g/content`, `g/adversarial`, `d/real`, `d/fake`, each the
            mean over all processes.

        Raises:
            TrainingDiverged: a loss or gradient is not finite; no weight was changed by this step.
        """
        config = self.config
        rate = learning_rate_factor(config, self.iteration, progress)
        for optimizer, bases in zip(self.optimizers, self.base_rates, strict=True):
            for group, base in zip(optimizer.param_groups, bases, strict=True):
                group["lr"] = base * rate
        moves = self.discriminator is None or self.iteration >= config.discriminator_warmup
        if self.flops is None and moves:
            losses, self.flops = count_flops(lambda: self._gradients(moves))
        elif self._wants_compile and moves:
            losses = self._first_compiled(moves)
        else:
            losses = self._gradients(moves)
        values = self._checked(losses, moves)
        for optimizer in self.optimizers:
            optimizer.step()
            # A fused one changes weights unseen by torch, and sr.winograd keeps filters of weights
            # that are frozen at the moment, as the discriminator's are in the generator's loss.
            torch.autograd.graph.increment_version(
                [p for group in optimizer.param_groups for p in group["params"]]
            )
            optimizer.zero_grad()
        if moves:
            self._follow()
        self.iteration += 1
        return values

    def _gradients(self, moves: bool) -> dict[str, Tensor]:
        """Losses of a new batch, with their gradients in the networks."""
        with WinogradConvolutions() if self.uses_winograd else nullcontext():
            return self._plain_gradients(moves)

    def _plain_gradients(self, moves: bool) -> dict[str, Tensor]:
        config = self.config
        lr, hr = self.data.batch(config.batch_size)
        if config.pattern_share:
            lr, hr = with_patterns(
                lr,
                hr,
                share=config.pattern_share,
                generator=self.data.generator,
                part=self.data.share,
            )
        with torch.set_grad_enabled(moves), self._autocast():
            prediction = self.generate(lr)
        prediction = prediction.float()
        with self._autocast():
            with torch.set_grad_enabled(moves):
                fake = self._seen(prediction)
            with torch.no_grad():
                real = self._seen(hr)
        losses: dict[str, Tensor] = {}
        if self.discriminator is not None:
            losses |= self._discriminator_losses(_detached(fake), real)
        if moves:
            losses["g/pixel"] = self.pixel(prediction, hr)
            losses |= self._generator_losses(fake, real)
        weights = {
            "g/pixel": config.pixel_weight,
            "g/content": config.content_weight,
            "g/adversarial": config.adversarial_weight,
            "d/real": 1.0,
            "d/fake": 1.0,
        }
        # One graph: the discriminator's losses see a detached picture, so gradients do not mix.
        torch.stack([weights[n] * loss.float() for n, loss in losses.items()]).sum().backward()
        return {name: loss.detach() for name, loss in losses.items()}

    def _seen(self, image: Tensor) -> Seen:
        """What perceptual losses look at: the image, or its features where all of them use those.

        VGG16 is most of the work of a GAN's update; so it looks at every image once.
        """
        through_vgg16 = isinstance(self.discriminator, VggDiscriminator)
        if through_vgg16 and isinstance(self.content, LpipsLoss):
            return self.content.maps(image)
        return image

    def _discriminator_losses(self, fake: Seen, real: Seen) -> dict[str, Tensor]:
        assert self.judge is not None
        with self._autocast():
            real_logits, fake_logits = self.judge(real), self.judge(fake)
        on_real, on_fake = discriminator_loss(real_logits.float(), fake_logits.float())
        return {"d/real": on_real, "d/fake": on_fake}

    def _generator_losses(self, fake: Seen, real: Seen) -> dict[str, Tensor]:
        losses = {}
        with self._autocast():
            if self.content is not None:
                losses["g/content"] = self.content(fake, real)
            if self.discriminator is not None:
                self.discriminator.requires_grad_(False)  # its own gradient is not wanted here
                losses["g/adversarial"] = generator_adversarial_loss(
                    self.discriminator(fake).float()
                )
                self.discriminator.requires_grad_(True)
        return losses

    def _checked(self, losses: dict[str, Tensor], moves: bool) -> dict[str, float]:
        """The losses as numbers, after clipping; one look at the device for all of them."""
        values = self.group.mean(torch.stack([loss.float() for loss in losses.values()]))
        norms = []
        if moves:
            norms.append(_gradient_norm(self.generator))
            if self.config.clip_norm:
                nn.utils.clip_grads_with_norm_(
                    self.generator.parameters(), self.config.clip_norm, norms[0]
                )
        if self.discriminator is not None:
            norms.append(_gradient_norm(self.discriminator))
        found = torch.cat([values, torch.stack(norms).float()])
        named = dict(zip(losses, found.tolist(), strict=False))
        if not bool(torch.isfinite(found).all()):
            for optimizer in self.optimizers:
                optimizer.zero_grad()
            raise TrainingDiverged(
                f"iteration {self.iteration}: {named}, gradient norms "
                f"{[float(norm) for norm in norms]}; resume with a smaller learning_rate"
            )
        return named

    @torch.no_grad()
    def _follow(self) -> None:
        """Move the averaged weights towards the newest ones."""
        decay = min(self.config.ema_decay, (1 + self.iteration) / (10 + self.iteration))
        for ours, theirs in zip(
            self.average.state_dict().values(), self.generator.state_dict().values(), strict=True
        ):
            if ours.is_floating_point():
                ours.lerp_(theirs, 1 - decay)
            else:
                ours.copy_(theirs)

    def _first_compiled(self, moves: bool) -> dict[str, Tensor]:
        """The first update with compiled networks; with the plain ones where that fails."""
        self._wants_compile = False
        crops = self.data.state_dict()
        try:
            self.generate = torch.compile(self.generate)
            self.judge = None if self.judge is None else torch.compile(self.judge)
            return self._gradients(moves)
        except Exception as error:  # compilers fail in many ways, none of which matters here
            if self.group.size > 1:
                raise  # the other processes may have gone on
            first_line = (str(error).splitlines() or [""])[0]
            logger.warning("not compiled: %s: %s", type(error).__name__, first_line)
            self.generate, self.judge = self._plain
            self.data.load_state_dict(crops)
            for optimizer in self.optimizers:
                optimizer.zero_grad()
            return self._gradients(moves)

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
        ours = dataclasses.asdict(self.config)
        # a state of an older version lacks the newer settings, which then had their defaults
        theirs = dataclasses.asdict(Training()) | state["config"]
        changed = sorted(k for k in ours if theirs[k] != ours[k] and k != "iterations")
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
        self.data.load_state_dict(state["crops"])


def _detached(seen: Seen) -> Seen:
    return seen.detach() if isinstance(seen, Tensor) else [x.detach() for x in seen]


def _gradient_norm(module: nn.Module) -> Tensor:
    return nn.utils.get_total_norm([p.grad for p in module.parameters() if p.grad is not None])


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

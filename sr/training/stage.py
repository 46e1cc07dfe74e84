"""One training stage: networks, losses, optimisers, averaged weights; and one update of them."""

from __future__ import annotations

import dataclasses
import logging
import math
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from sr.base.errors import ConfigError, SRError, WeightsError
from sr.batches.batch import next_batch
from sr.batches.crops import CropSampler
from sr.inference.upscaler import has_fast_bfloat16
from sr.kernels.winograd import WinogradConvolutions
from sr.models.registry import MODELS, verified_weights
from sr.models.weights_file import load_model, read_header
from sr.networks.discriminators import VggDiscriminator
from sr.networks.registry import build, described
from sr.objectives.losses import (
    LpipsLoss,
    build_content_loss,
    build_discriminator,
    discriminator_loss,
    generator_adversarial_loss,
    pixel_loss,
)
from sr.objectives.optimizers import generator_optimizers, learning_rate_factor
from sr.training.distributed import Group
from sr.training.graphs import GraphedUpdate
from sr.training.recipes import Training
from sr.training.settings import check, comparable, network_config
from sr.training.speed import count_flops

logger = logging.getLogger(__name__)

STAGE_KEYS = ("iterations", "seconds", "seed", "data", "images", "training")


Seen = Tensor | list[Tensor]  # images, or their features on sr.objectives.losses.LPIPS_LAYERS
Found = tuple[list[str], Tensor]  # names of the losses; their values, then gradient norms


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
        winograd: on a CPU, do convolutions by sr.kernels.winograd where a C compiler is found.
        cuda_graph: on a GPU, replay an update's kernels as one graph; plain launches are used
            where that fails.

    On a GPU the processor runs one update ahead: losses are told, and found not to be finite, one
    update late.

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
        cuda_graph: bool = True,
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
        networks = (self.average, self.generator)  # wrapped: it may have another batch norm now
        self._followed, self._copied = (
            [[t for t in network.state_dict().values() if wanted(t)] for network in networks]
            for wanted in (torch.is_floating_point, lambda t: not t.is_floating_point())
        )
        self.judge: Callable[[Seen], Tensor] | None = None
        self.look: Callable[[Tensor], Seen] = self._seen
        self.compare: Callable[[Seen, Seen], Tensor] | None = self.content
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
        self._wants_compile = compile
        self._wants_graph = cuda_graph and device.type == "cuda" and self.group.size == 1
        self._graph: GraphedUpdate[Found] | None = None
        self._unread: tuple[list[str], Tensor, torch.cuda.Event] | None = None
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
            mean over all processes. On a GPU those of the update before this one, at first none.

        Raises:
            TrainingDiverged: a loss or gradient is not finite. On a CPU it changed no weight; on a
                GPU it is found one update late, so go on from what was saved.
        """
        config = self.config
        rate = learning_rate_factor(config, self.iteration, progress)
        for optimizer, bases in zip(self.optimizers, self.base_rates, strict=True):
            for group, base in zip(optimizer.param_groups, bases, strict=True):
                group["lr"] = base * rate
        moves = self.discriminator is None or self.iteration >= config.discriminator_warmup
        if self._graph is not None and moves:
            found = self._graph(*self._batch())
        elif self.flops is None and moves:
            losses, self.flops = count_flops(lambda: self._gradients(moves))
            found = self._clipped(losses, moves)
        elif not self.is_ready and moves:
            with self._convolutions():
                found = self._prepared_gradients()
        else:
            found = self._clipped(self._gradients(moves), moves)
        values = self._read(found)
        for optimizer in self.optimizers:
            optimizer.step()
            # A fused one changes weights unseen by torch, and sr.kernels.winograd keeps filters of
            # weights that are frozen at the moment, as the discriminator's are in the generator's
            # loss.
            torch.autograd.graph.increment_version(
                [p for group in optimizer.param_groups for p in group["params"]]
            )
        if self._graph is None:
            self._clear_gradients()
        if moves:
            self._follow()
        self.iteration += 1
        return values

    @property
    def is_ready(self) -> bool:
        """Whether the next update runs at full speed: operations counted, all compiled."""
        waits = self._wants_compile or self._wants_graph
        return self.flops is not None and not waits

    def _gradients(self, moves: bool) -> dict[str, Tensor]:
        """Losses of a new batch, with their gradients in the networks."""
        with self._convolutions():
            return self._gradients_of(*self._batch(), moves)

    def _convolutions(self) -> AbstractContextManager[object]:
        return WinogradConvolutions() if self.uses_winograd else nullcontext()

    def _batch(self) -> tuple[Tensor, Tensor]:
        config = self.config
        return next_batch(
            self.data,
            config.batch_size,
            degradation=config.degradation,
            pattern_share=config.pattern_share,
            graphics_share=config.graphics_share,
        )

    def _gradients_of(self, lr: Tensor, hr: Tensor, moves: bool) -> dict[str, Tensor]:
        config = self.config
        with torch.set_grad_enabled(moves), self._autocast():
            prediction = self.generate(lr)
        prediction = prediction.float()
        with self._autocast():
            with torch.set_grad_enabled(moves):
                fake = self.look(prediction)
            with torch.no_grad():
                real = self.look(hr)
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
            if self.compare is not None:
                losses["g/content"] = self.compare(fake, real)
            if self.discriminator is not None:
                self.discriminator.requires_grad_(False)  # its own gradient is not wanted here
                losses["g/adversarial"] = generator_adversarial_loss(
                    self.discriminator(fake).float()
                )
                self.discriminator.requires_grad_(True)
        return losses

    def _clipped(self, losses: dict[str, Tensor], moves: bool) -> Found:
        """The losses and the norms of the gradients, which are clipped now."""
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
        return [*losses], torch.cat([values, torch.stack(norms).float()])

    def _read(self, found: Found) -> dict[str, float]:
        """The losses as numbers, one look at the device for all of them.

        On a GPU those of the update before this one, so that it never waits.
        """
        names, on_device = found
        if on_device.device.type == "cuda":
            unread, event = self._unread, torch.cuda.Event()
            self._unread = (names, on_device.to("cpu", non_blocking=True), event)
            event.record()
            if unread is None:
                return {}
            names, on_device, event = unread
            event.synchronize()
        numbers = on_device.tolist()
        named = dict(zip(names, numbers, strict=False))
        if not all(math.isfinite(number) for number in numbers):
            self._clear_gradients()
            raise TrainingDiverged(
                f"iteration {self.iteration}: {named}, gradient norms "
                f"{numbers[len(names) :]}; resume with a smaller learning_rate"
            )
        return named

    def _clear_gradients(self) -> None:
        for optimizer in self.optimizers:
            optimizer.zero_grad()

    @torch.no_grad()
    def _follow(self) -> None:
        """Move the averaged weights towards the newest ones."""
        decay = min(self.config.ema_decay, (1 + self.iteration) / (10 + self.iteration))
        ours, theirs = self._followed
        get_ema_multi_avg_fn(decay)(ours, theirs, 0)
        for our, their in zip(*self._copied, strict=True):
            our.copy_(their)

    def _prepared_gradients(self) -> Found:
        """The first update with compiled networks or a graph; without what fails."""
        lr, hr = self._batch()
        if self._wants_compile:
            self._wants_compile = False
            plain = (self.generate, self.judge, self.look, self.compare)
            try:
                self.generate = torch.compile(self.generate, dynamic=False)
                self.look = torch.compile(self.look, dynamic=False)
                if self.judge is not None:
                    self.judge = torch.compile(self.judge, dynamic=False)
                if self.compare is not None:
                    self.compare = torch.compile(self.compare, dynamic=False)
                losses = self._gradients_of(lr, hr, True)
            except Exception as error:  # compilers fail in many ways, none of which matters here
                if self.group.size > 1:
                    raise  # the other processes may have gone on
                logger.warning("not compiled: %s: %s", type(error).__name__, _first_line(error))
                self.generate, self.judge, self.look, self.compare = plain
            else:
                if not self._wants_graph:
                    return self._clipped(losses, True)
            self._clear_gradients()
        if self._wants_graph:
            self._wants_graph = False
            try:
                self._graph = GraphedUpdate(
                    lambda lr, hr: self._clipped(self._gradients_of(lr, hr, True), True),
                    lr, hr, clear=self._clear_gradients,
                )  # fmt: skip
                return self._graph(lr, hr)
            except Exception as error:  # such as an operation that cannot be captured
                logger.warning("no CUDA graph: %s: %s", type(error).__name__, _first_line(error))
                self._graph = None
                self._clear_gradients()
        return self._clipped(self._gradients_of(lr, hr, True), True)

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
        ours = comparable(dataclasses.asdict(self.config))
        theirs = comparable(state["config"])
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


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0]


def _detached(seen: Seen) -> Seen:
    return seen.detach() if isinstance(seen, Tensor) else [x.detach() for x in seen]


def _gradient_norm(module: nn.Module) -> Tensor:
    return nn.utils.get_total_norm([p.grad for p in module.parameters() if p.grad is not None])


def build_generator(config: Training) -> nn.Module:
    """The generator of a preset, from `config.initial` where that is given.

    Raises:
        WeightsError: the initial weights cannot be read or belong to another network.
    """
    wanted = (config.network, network_config(config))
    if not config.initial:
        return build(*wanted)
    model = load_model(initial_weights(config))
    found = described(model)
    if found != wanted:
        raise WeightsError(
            f"{config.initial}: its network {found} is not the preset's {wanted}; "
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

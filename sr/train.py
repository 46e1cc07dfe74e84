"""The training loop: one stage by its preset, by wall clock, resumable, killed at no loss."""

from __future__ import annotations

import argparse
import csv
import dataclasses
import json
import logging
import math
import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from tqdm import tqdm

from sr import __version__
from sr.checkpoint import load_model, save_model, write_atomically
from sr.config import PRESETS, Training, check, override
from sr.data import CropSampler, find_training_images
from sr.errors import ConfigError, DataError, SRError, WeightsError
from sr.image_io import list_images, open_image
from sr.losses import (
    build_content_loss,
    discriminator_loss,
    generator_adversarial_loss,
    pixel_loss,
)
from sr.models.discriminators import SRGANDiscriminator
from sr.models.srresnet import SRResNet
from sr.optim import Muon
from sr.resize import matlab_bicubic, modcrop

logger = logging.getLogger(__name__)


class TrainingDiverged(SRError):
    """A loss became infinite or not a number; the last good state is kept."""


def autocast_dtype(device: torch.device, precision: str) -> torch.dtype | None:
    """bfloat16 where the machine multiplies it faster than float32, else None.

    Args:
        precision: "auto", "float32" or "bfloat16".
    """
    from sr.upscale import has_fast_bfloat16

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
        random.seed(config.seed)
        self.config = config
        self.data = data
        self.device = device
        self.dtype = autocast_dtype(device, precision)
        self.iteration = 0
        self.seconds = 0.0
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
    model = load_model(Path(config.initial))
    if not isinstance(model, SRResNet) or model.config != fresh.config:
        raise WeightsError(
            f"{config.initial}: its network {model.config} is not the preset's {fresh.config}; "
            "use --set initial=FILE, or --set initial= to start from scratch"
        )
    return model.train()


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


class Run:
    """A folder with a training run: state, averaged weights, log; and the loop that fills it.

    Args:
        folder: `state.pt`, `<name>.safetensors` (averaged weights), `log.csv`, `config.json`.
        validation: folder of HR images whose PSNR-Y is measured at every checkpoint, or None.
    """

    def __init__(
        self,
        trainer: Trainer,
        folder: Path,
        *,
        data_name: str,
        minutes: float | None,
        checkpoint_minutes: float = 3.0,
        validation: Path | None = None,
    ) -> None:
        self.trainer = trainer
        self.folder = folder
        self.data_name = data_name
        self.minutes = minutes
        self.checkpoint_seconds = 60 * checkpoint_minutes
        self.validation = validation
        self.stop = False
        folder.mkdir(parents=True, exist_ok=True)
        config = json.dumps(dataclasses.asdict(trainer.config), indent=2) + "\n"
        write_atomically(folder / "config.json", config.encode())

    @property
    def weights_path(self) -> Path:
        """The averaged weights of the newest checkpoint."""
        return self.folder / f"{self.trainer.config.name}.safetensors"

    def resume(self) -> None:
        """Load the newest state of the folder; its iterations and seconds count on.

        Raises:
            DataError: there is none, or it cannot be read.
        """
        path = self.folder / "state.pt"
        try:
            state = torch.load(path, weights_only=True, map_location=self.trainer.device)
        except FileNotFoundError:
            raise DataError(f"{path}: nothing to resume; start without --resume") from None
        except Exception as error:
            raise DataError(f"{path}: not a training state ({error})") from error
        self.trainer.load_state_dict(state)
        logger.info("resumed at iteration %d", self.trainer.iteration)

    def progress(self) -> float:
        """How much of the budget (iterations or minutes, whichever is nearer) is used."""
        done = self.trainer.iteration / self.trainer.config.iterations
        if self.minutes is not None:
            done = max(done, self.trainer.seconds / (60 * self.minutes))
        return done

    def train(self) -> dict[str, float]:
        """Train to the end of the budget, saving every few minutes and at the end.

        Returns:
            The last row of the log.

        Raises:
            TrainingDiverged: with the state of the last checkpoint on disk.
        """
        trainer = self.trainer
        sums: dict[str, float] = {}
        count = 0
        row: dict[str, float] = {}
        last_save = time.perf_counter()
        with _stop_on_signal(self), tqdm(total=100.0, unit="%", disable=None) as bar:
            while not self.stop and self.progress() < 1:
                start = time.perf_counter()
                losses = trainer.step(self.progress())
                trainer.seconds += time.perf_counter() - start
                count += 1
                for name, value in losses.items():
                    sums[name] = sums.get(name, 0.0) + value
                bar.n = round(100 * min(1.0, self.progress()), 2)
                bar.set_postfix(iteration=trainer.iteration, refresh=False)
                bar.refresh()
                if time.perf_counter() - last_save > self.checkpoint_seconds:
                    row = self.save(sums, count)
                    sums, count, last_save = {}, 0, time.perf_counter()
        if count or not row:
            row = self.save(sums, count)
        return row

    def save(self, sums: dict[str, float], count: int) -> dict[str, float]:
        """Write weights, state and a row of the log, each atomically."""
        trainer = self.trainer
        row: dict[str, float] = {
            "iteration": trainer.iteration,
            "seconds": round(trainer.seconds, 1),
            **{name: value / max(1, count) for name, value in sorted(sums.items())},
        }
        if self.validation is not None:
            row["psnr_y"] = validation_psnr_y(trainer.average, self.validation)
        about = {
            "version": __version__,
            "iterations": trainer.iteration,
            "seconds": row["seconds"],
            "seed": trainer.config.seed,
            "data": self.data_name,
            "images": trainer.data.num_images,
            "training": dataclasses.asdict(trainer.config),
            "log": row,
        }
        save_model(self.weights_path, trainer.average, name=trainer.config.name, about=about)
        temporary = self.folder / ".state.pt"
        torch.save(trainer.state_dict(), temporary)
        temporary.replace(self.folder / "state.pt")
        self._log(row)
        logger.info("%s", "  ".join(f"{k} {v:.5g}" for k, v in row.items()))
        return row

    def _log(self, row: dict[str, float]) -> None:
        path = self.folder / "log.csv"
        rows: list[dict[str, Any]] = []
        if path.is_file():
            with path.open(newline="") as file:
                rows = [r for r in csv.DictReader(file) if int(r["iteration"]) < row["iteration"]]
        rows.append({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()})
        columns = list(dict.fromkeys(key for r in rows for key in r))
        text = ",".join(columns) + "\n"
        text += "".join(",".join(str(r.get(c, "")) for c in columns) + "\n" for r in rows)
        write_atomically(path, text.encode())


def validation_psnr_y(model: nn.Module, folder: Path) -> float:
    """Mean PSNR-Y in dB, 4 px cropped, on a folder of HR images shrunk by MATLAB's bicubic."""
    from sr.metrics import psnr

    device = next(model.parameters()).device
    values = []
    for path in list_images(folder):
        hr = modcrop(open_image(path).rgb, 4)
        lr = matlab_bicubic(hr, 1 / 4)
        pair = [
            torch.from_numpy(a).permute(2, 0, 1)[None].to(device).float() / 255 for a in (lr, hr)
        ]
        with torch.inference_mode():
            prediction = (model(pair[0]).clamp(0, 1) * 255).round() / 255
        values.append(float(psnr(prediction, pair[1], crop_px=4)))
    if not values:
        raise DataError(f"{folder}: no images to validate on")
    return sum(values) / len(values)


@contextmanager
def _stop_on_signal(run: Run) -> Iterator[None]:
    """SIGTERM and SIGINT end the run after the current update, with everything saved."""

    def handler(signum: int, frame: object) -> None:
        run.stop = True

    previous = {s: signal.signal(s, handler) for s in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for signum, old in previous.items():
            signal.signal(signum, old)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `python -m sr train`."""
    parser.add_argument("preset", metavar="PRESET", help=f"one of: {', '.join(sorted(PRESETS))}")
    parser.add_argument(
        "--data", metavar="FOLDER", type=Path, required=True, help="folder of photographs"
    )
    parser.add_argument(
        "--output", metavar="FOLDER", type=Path, required=True, help="weights, state and log"
    )
    parser.add_argument(
        "--minutes", metavar="N", type=float, help="wall-clock budget (default: the iterations)"
    )
    parser.add_argument(
        "--set",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="override one setting of the preset; may be given more than once",
    )
    parser.add_argument("--resume", action="store_true", help="go on from the output folder")
    parser.add_argument(
        "--list", metavar="FILE", type=Path, help="train on the file names in FILE, one a line"
    )
    parser.add_argument(
        "--validate", metavar="FOLDER", type=Path, help="HR images; PSNR-Y at every checkpoint"
    )
    parser.add_argument(
        "--checkpoint-minutes", metavar="N", type=float, default=3.0, help="(default: 3)"
    )
    parser.add_argument("--threads", metavar="N", type=int, help="CPU threads (default: all)")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda (default: auto)")
    parser.add_argument(
        "--precision",
        choices=("auto", "float32", "bfloat16"),
        default="auto",
        help="(default: auto)",
    )


def run(args: argparse.Namespace) -> int:
    """`python -m sr train`: returns the exit status.

    Raises:
        SRError: whatever the arguments, the data or the run make impossible.
    """
    from sr.upscale import choose_device

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if args.preset not in PRESETS:
        raise ConfigError(f"no preset {args.preset!r}; known: {', '.join(sorted(PRESETS))}")
    if args.minutes is not None and not args.minutes > 0:
        raise ConfigError(f"--minutes {args.minutes}: needed a positive number")
    config = override(PRESETS[args.preset], args.set)
    if not args.resume and (args.output / "state.pt").exists():
        raise ConfigError(f"{args.output}: holds a run; give --resume or another --output folder")
    if args.threads:
        torch.set_num_threads(args.threads)
    device = choose_device(args.device)
    images = find_training_images(args.data)
    if args.list is not None:
        images = _listed(images, args.list)
    data = CropSampler(
        images,
        scale=config.scale,
        device=device,
        seed=config.seed,
        min_lr_px=config.hr_patch_px // config.scale,
    )
    logger.info(
        "%d images, %.1f megapixels, %d skipped",
        data.num_images,
        data.megapixels,
        len(data.unreadable),
    )
    trainer = Trainer(config, data, device=device, precision=args.precision)
    training = Run(
        trainer,
        args.output,
        data_name=args.data.resolve().name + (f" ({args.list.name})" if args.list else ""),
        minutes=args.minutes,
        checkpoint_minutes=args.checkpoint_minutes,
        validation=args.validate,
    )
    if args.resume:
        training.resume()
    training.train()
    logger.info("wrote %s", training.weights_path)
    return 0


def _listed(images: list[Path], list_file: Path) -> list[Path]:
    try:
        names = set(list_file.read_text(encoding="utf-8").split())
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{list_file}: not a readable list of file names ({error})") from None
    chosen = [path for path in images if path.name in names]
    if not chosen:
        raise DataError(f"{list_file}: names none of the {len(images)} images")
    return chosen

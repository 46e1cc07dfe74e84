"""Training by wall clock: a folder that holds the run, saved as it goes; python -m sr train."""

from __future__ import annotations

import argparse
import csv
import dataclasses
import json
import logging
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn
from tqdm import tqdm

from sr import __version__
from sr.checkpoint import save_model, write_atomically
from sr.config import PRESETS, override
from sr.data import CropSampler, find_training_images
from sr.errors import BackboneError, ConfigError, DataError
from sr.image_io import list_images, open_image
from sr.resize import matlab_bicubic, modcrop
from sr.trainer import Trainer
from sr.upscale import choose_device

logger = logging.getLogger(__name__)


class Run:
    """A folder with a training run: state, averaged weights, log; and the loop that fills it.

    Args:
        folder: `state.pt`, `<name>.safetensors` (averaged weights), `log.csv`, `config.json`.
        validation: what is measured at every checkpoint, or None.
    """

    def __init__(
        self,
        trainer: Trainer,
        folder: Path,
        *,
        data_name: str,
        minutes: float | None,
        checkpoint_minutes: float = 3.0,
        validation: Validation | None = None,
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
            row |= self.validation.measure(trainer.average)
        about = {
            "version": __version__,
            "iterations": trainer.iteration,
            "seconds": row["seconds"],
            "seed": trainer.config.seed,
            "data": self.data_name,
            "images": trainer.data.num_images,
            "training": dataclasses.asdict(trainer.config),
            "stages": trainer.earlier_stages,
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


class Validation:
    """HR images and what a network makes of them after MATLAB's bicubic has shrunk them 4x.

    Args:
        folder: of HR images, small enough to go through the network untiled.

    Raises:
        DataError: no images in it.
    """

    def __init__(self, folder: Path) -> None:
        from sr.metrics import Lpips, default_lpips

        self.pairs = []
        for path in list_images(folder):
            hr = modcrop(open_image(path).rgb, 4)
            self.pairs.append((matlab_bicubic(hr, 1 / 4), hr))
        if not self.pairs:
            raise DataError(f"{folder}: no images to validate on")
        self.lpips: Lpips | None = None
        try:
            self.lpips = default_lpips()
        except BackboneError as error:
            logger.warning("validation without LPIPS: %s", error)

    def measure(self, model: nn.Module) -> dict[str, float]:
        """Means of PSNR-Y (dB), SSIM-Y and, when it is to be had, LPIPS-Alex."""
        from sr.metrics import measure

        device = next(model.parameters()).device
        sums: dict[str, float] = {}
        for lr, hr in self.pairs:
            batch = torch.from_numpy(lr).permute(2, 0, 1)[None].to(device).float() / 255
            with torch.inference_mode():
                prediction = (model(batch)[0].clamp(0, 1) * 255).round().byte()
            result = measure(prediction.permute(1, 2, 0).cpu().numpy(), hr, lpips=self.lpips)
            for key in ("psnr_y", "ssim_y", "lpips_alex"):
                value = getattr(result, key)
                if value is not None:
                    sums[key] = sums.get(key, 0.0) + value / len(self.pairs)
        return sums


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
        "--validate", metavar="FOLDER", type=Path, help="HR images, measured at every checkpoint"
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
        validation=None if args.validate is None else Validation(args.validate),
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

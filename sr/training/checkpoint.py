"""What a run keeps in its folder: the state it goes on from, its last weights and its best."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from sr.base.errors import ConfigError, DataError, WeightsError
from sr.base.files import atomic_file, remove_leftovers
from sr.metrics.backbones import files_used
from sr.models.files.weights_file import read_header, save_model
from sr.runs.record import check_record
from sr.training.initial import precision_name
from sr.training.recipes import Training
from sr.training.settings import refuse_others
from sr.training.stage import Trainer

logger = logging.getLogger(__name__)

STATE = "state.pt"


def read_state(folder: Path, device: torch.device | str = "cpu") -> dict[str, Any]:
    """The newest state of a run.

    Raises:
        DataError: there is none, or it cannot be read.
    """
    path = folder / STATE
    try:
        state: dict[str, Any] = torch.load(path, weights_only=True, map_location=device)
    except FileNotFoundError:
        raise DataError(f"{path}: nothing to resume; start without --resume") from None
    except Exception as error:
        raise DataError(f"{path}: not a training state ({error})") from error
    return state


def refuse_folder(folder: Path, config: Training, *, resume: bool, **now: Any) -> None:
    """Refuse a folder that cannot be trained into, before anything slow begins.

    Args:
        resume: whether the run in it is to go on.
        now: what is known already of `check_record`'s.

    Raises:
        ConfigError: it holds a run that is not to go on, or one of other settings.
        DataError: there is nothing to go on from.
    """
    if resume:
        refuse_others(config, read_state(folder)["config"])
        check_record(folder, now)
    elif (folder / STATE).exists():
        raise ConfigError(f"{folder}: holds a run; give --resume or another --output folder")


class Checkpoints:
    """The files of a run that are written together.

    Args:
        folder: `state.pt`; `<name>.safetensors`, the averaged weights, and beside them
            `<name>-best.safetensors`, those of the best validation.
    """

    def __init__(self, trainer: Trainer, folder: Path) -> None:
        self.trainer = trainer
        self.folder = folder
        self.state_path = folder / STATE
        self.weights_path = folder / f"{trainer.config.name}.safetensors"
        self.best_path = folder / f"{trainer.config.name}-best.safetensors"

    def check_data(self, name: str, sha256: str) -> None:
        """A run goes on with the data it began with; what an older one says less of is a warning.

        Raises:
            ConfigError: other data.
        """
        if not self.weights_path.is_file():
            return
        about = read_header(self.weights_path)["about"]
        known = about.get("data_sha256")
        text = (
            f"{self.folder}: began with {about.get('data')} ({about.get('images')} images); "
            f"{name} ({self.trainer.data.num_images} images) is other data"
        )
        if known and sha256 and known != sha256:
            raise ConfigError(
                f"{text}: give the same, or begin another --output folder with "
                f"--set initial={self.weights_path}"
            )
        if not known and about.get("data") != name:
            logger.warning("%s", text)

    def remove_leftovers(self) -> None:
        """What a killed process left."""
        for path in (self.state_path, self.weights_path, self.best_path):
            remove_leftovers(path)

    def write(self, about: Mapping[str, Any], *, wall_seconds: float) -> None:
        """State and weights, each atomically; the best ones where these are better.

        Args:
            about: what the weights say of themselves; its `log` holds the validation.
            wall_seconds: that the run has taken until now.
        """
        with atomic_file(self.state_path) as file:
            torch.save(self.trainer.state_dict() | {"wall_seconds": wall_seconds}, file)
        self._save(self.weights_path, self.trainer.average, about)
        if self._is_best(about):
            self._save(self.best_path, self.trainer.average, about)

    def _save(self, path: Path, network: nn.Module, about: Mapping[str, Any]) -> None:
        save_model(path, network, name=self.trainer.config.name, about=about)

    def _is_best(self, about: Mapping[str, Any]) -> bool:
        """By LPIPS where pictures are to look right, else by PSNR; of one and the same validation.

        What has been measured on other pictures says nothing of which is better.
        """
        metric, sign = criterion(self.trainer.config, about["log"])
        if metric is None:
            return False
        try:
            before = read_header(self.best_path)["about"]
        except WeightsError:
            return True
        known = before["log"].get(metric)
        same = before.get("validation") == about["validation"]
        return not same or known is None or sign * about["log"][metric] > sign * known


def criterion(config: Training, row: Mapping[str, float]) -> tuple[str | None, int]:
    """What says which checkpoint is better, and +1 where more is; None without a validation."""
    is_perceptual = bool(config.content_weight or config.adversarial_weight)
    if is_perceptual and "lpips_alex" in row:
        return "lpips_alex", -1
    return ("psnr_y", 1) if "psnr_y" in row else (None, 0)


def what_it_learns_from(trainer: Trainer, **data: str) -> dict[str, Any]:
    """What a record says a run began with, so that it goes on with the same."""
    return {
        "recipe": dataclasses.asdict(trainer.config),
        **data,
        "images": trainer.data.num_images,
        "backbones": files_used(trainer.content, trainer.discriminator),
        "precision": precision_name(trainer.dtype),
    }

"""What a stage begins with: device, precision, crops, weights from scratch or of another stage."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import torch
from torch import nn

from sr.base.errors import WeightsError
from sr.base.files import file_sha256
from sr.base.machine import choose_device, has_fast_bfloat16, keep_freed_memory
from sr.batches.pixels import Pixels
from sr.batches.training_data import Sampler, sampler_of
from sr.metrics.backbones import files_used
from sr.microscopy.data.frames import Frames
from sr.models.files.opening import is_ours, open_trainable
from sr.models.files.weights_file import read_header
from sr.models.registry import known_models, verified_weights
from sr.networks.registry import build, described
from sr.objectives.adversarial import build_discriminator
from sr.objectives.losses import build_content_loss
from sr.training.distributed import Group
from sr.training.recipes import Training
from sr.training.settings import network_config, with_iterations

logger = logging.getLogger(__name__)

STAGE_KEYS = ("iterations", "seconds", "seed", "data", "images", "training")


def autocast_dtype(device: torch.device, precision: str) -> torch.dtype | None:
    """bfloat16 where the machine multiplies it faster than float32, else None.

    Args:
        precision: "auto", "float32" or "bfloat16".
    """
    if precision == "float32" or (precision == "auto" and not has_fast_bfloat16(device)):
        return None
    return torch.bfloat16


def precision_name(dtype: torch.dtype | None) -> str:
    """What `autocast_dtype` comes to, in a word."""
    return str(dtype or torch.float32).removeprefix("torch.")


def prepared_device(name: str, threads: int | None) -> torch.device:
    """The device of that name, and torch set up to train fast on it.

    Raises:
        ConfigError: as `choose_device`.
    """
    if threads:
        torch.set_num_threads(threads)
    keep_freed_memory()
    torch.set_flush_denormal(True)  # numbers so near to zero that processors are slow at them
    device = choose_device(name)
    if device.type == "cuda":
        torch.backends.cudnn.benchmark = True  # shapes never change in training
        torch.set_float32_matmul_precision("high")
        if device.index is not None:
            torch.cuda.set_device(device)  # streams and events are made on the current one
    return device


def try_out(config: Training, device: torch.device, precision: str) -> dict[str, Any]:
    """Build what a stage needs, so that what cannot be had is told before photographs are decoded.

    Returns:
        What is known of it, as `check_record` compares it.

    Raises:
        SRError: weights of another network, or features that are not to be had.
    """
    build_generator(config)
    parts = [build_content_loss(config.content)]
    if config.adversarial_weight:
        parts.append(build_discriminator(config.discriminator, hr_patch_px=config.hr_patch_px))
    dtype = autocast_dtype(device, precision)
    return {"backbones": files_used(*parts), "precision": precision_name(dtype)}


def sampler(
    pixels: Pixels | Frames, config: Training, device: torch.device, group: Group
) -> tuple[Sampler, Training]:
    """The crops of a configuration, and the configuration with its epochs counted out."""
    data = sampler_of(
        pixels,
        lr_patch_px=config.hr_patch_px // config.scale,
        device=device,
        seed=config.seed,
        by_epoch=config.epochs > 0,
        share=(group.rank, group.size),
    )
    config = with_iterations(config, data.num_images)
    logger.info(
        "%d images, %.1f megapixels, %d skipped",
        data.num_images, data.megapixels, len(data.skipped),
    )  # fmt: skip
    if config.epochs:
        logger.info(
            "%d epochs of one crop of every image: %d iterations", config.epochs, config.iterations
        )
    return data, config


def build_generator(config: Training) -> nn.Module:
    """The generator of a preset, from `config.initial` where that is given.

    Initial weights of the same network at another scale give what fits, its trunk; the rest, such
    as the upsampling, starts from scratch.

    Raises:
        WeightsError: the initial weights cannot be read or belong to another network.
    """
    wanted = (config.network, network_config(config))
    if not config.initial:
        return build(*wanted)
    model = open_trainable(initial_weights(config))
    found = described(model)
    if found[0] == wanted[0] and found[1] | {"scale": config.scale} == wanted[1] != found[1]:
        return _trunk_of(model, build(*wanted), f"{config.initial} enlarges {model.scale} times")
    if found != wanted:
        raise WeightsError(
            f"{config.initial}: its network {found} is not the preset's {wanted}; "
            "use --set initial=FILE, or --set initial= to start from scratch"
        )
    return model.train()


def _trunk_of(model: nn.Module, network: nn.Module, what: str) -> nn.Module:
    """`network` with the tensors of `model` that have the same name and shape; says which not."""
    ours, theirs = network.state_dict(), model.state_dict()
    fitting = {k: v for k, v in theirs.items() if k in ours and v.shape == ours[k].shape}
    network.load_state_dict({**ours, **fitting})
    rest = ", ".join(sorted({key.rpartition(".")[0] for key in ours if key not in fitting}))
    logger.info("%s: its trunk is taken, and from scratch is %s", what, rest or "nothing")
    return network.train()


def initial_weights(config: Training) -> Path:
    """The file `config.initial` stands for: a model by its name, or a file's own name."""
    is_file = Path(config.initial).is_file() or config.initial not in known_models()
    return Path(config.initial) if is_file else verified_weights(config.initial)


def earlier_stages(config: Training) -> list[dict[str, Any]]:
    """How the initial weights were made, the first stage first; empty when from scratch."""
    if not config.initial:
        return []
    path = initial_weights(config)
    if not is_ours(path):
        return [{"data": f"not known: {path.name}", "sha256": file_sha256(path)}]
    about = read_header(path)["about"]
    stage = {key: about.get(key) for key in STAGE_KEYS}
    return [*about.get("stages", []), stage]

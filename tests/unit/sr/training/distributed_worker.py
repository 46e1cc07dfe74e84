"""Started by torchrun: the gradients of one process's part of a batch, written by the leader."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import torch

from sr.batches.crops import CropSampler
from sr.batches.pixels import load_pixels
from sr.data.pairs import training_pairs
from sr.data.recognise import recognise
from sr.training.distributed import process_group
from sr.training.recipes import PRESETS
from sr.training.settings import override
from sr.training.stage import Trainer

SETTINGS = {
    "without batch norm": ("srresnet_smoke", ["batch_size=4", "pattern_share=0.5"]),
    "batch norm, adversarial": (
        "srgan_smoke",
        ["batch_size=4", "batch_norm=true", "discriminator_warmup=0"],
    ),
    "relativistic": (
        "srgan_smoke",
        ["batch_size=4", "adversarial=relativistic", "discriminator_warmup=0"],
    ),
}


def gradients(folder: Path) -> dict[str, dict[str, torch.Tensor]]:
    """Gradients of every setting after one batch, and the statistics of every batch norm, those of
    the averaged network too.
    """
    torch.set_num_threads(1)
    found = {}
    with process_group(torch.device("cpu")) as (group, device):
        assert group.here == group.size  # all on this machine
        pixels = load_pixels(training_pairs(recognise(folder), scale=4)[0], scale=4)
        for name, (preset, changes) in SETTINGS.items():
            config = override(PRESETS[preset], changes)
            share = (group.rank, group.size)
            data = CropSampler(pixels, lr_patch_px=8, device=device, seed=5, share=share)
            # without kernels: their other rounding turns the sign of single features
            trainer = Trainer(config, data, device=device, group=group, precision="float32")
            trainer.compute(*trainer.batch())
            trainer._follow()
            networks = [trainer.generator, trainer.discriminator]
            values = {}
            for index, network in enumerate(n for n in networks if n is not None):
                for key, parameter in network.named_parameters():
                    assert parameter.grad is not None, key
                    values[f"{index}.{key}"] = parameter.grad
                values |= {f"{index}.{key}": buffer for key, buffer in network.named_buffers()}
            buffers = trainer.average.named_buffers()
            values |= {f"average.{key}": buffer for key, buffer in buffers}
            found[name] = values
    return found


if __name__ == "__main__":
    result = gradients(Path(sys.argv[1]))
    torch.save(result, f"{sys.argv[2]}.{os.environ['RANK']}")

"""What browsers need to run SRResNet in WebAssembly: the module out of C, and files of weights."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sr.base.errors import ConfigError
from sr.kernels.tiles import SOURCE as WINOGRAD
from sr.models.export import NEEDED, ExportError

SOURCE = Path(__file__).with_name("network.c")
COMPILE_SECONDS = 300
FEATURES_STEP = 8  # features come in multiples of this many
MOST_CHANNELS = 256  # of a convolution, as in crew.js
OPTIONS = (
    *("-target", "wasm32-freestanding", "-std=c11", "-O3", "-fno-math-errno", "-s"),
    *("-msimd128", "-matomics", "-mbulk-memory", "-nostdlib", "-fvisibility=default"),
    *("-Wl,--no-entry", "-Wl,--import-memory", "-Wl,--shared-memory"),
    *("-Wl,--max-memory=4294901760", "-Wl,-z,stack-size=65536", "-Wl,--export-dynamic"),
    *("-Wl,--export=__stack_pointer", "-Wl,--export=__heap_base"),
)


def module() -> bytes:
    """network.c as WebAssembly.

    Raises:
        ExportError: no compiler, or it failed.
    """
    if find_spec("ziglang") is None:
        raise ExportError(f"C becomes WebAssembly by ziglang: {NEEDED}")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        made = Path(folder) / "network.wasm"
        compiler = (sys.executable, "-m", "ziglang", "cc")
        command = [*compiler, *OPTIONS, f"-I{WINOGRAD.parent}", str(SOURCE), "-o", str(made)]
        try:
            subprocess.run(
                command, check=True, capture_output=True, text=True, timeout=COMPILE_SECONDS
            )
        except subprocess.CalledProcessError as error:
            raise ExportError(f"{SOURCE.name} was not compiled: {error.stderr.strip()}") from None
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ExportError(f"{SOURCE.name} was not compiled: {error}") from None
        return made.read_bytes()


def weights(network: Any, least_halved: int) -> bytes:
    """A network's weights in the order in which srresnet.js multiplies with them, as safetensors.

    Args:
        network: SRResNet without batch norm.
        least_halved: tensors of as many numbers are kept in half precision.

    Raises:
        ConfigError: a network of another form.
    """
    import torch
    from safetensors.torch import save

    from sr.networks.srresnet import SRResNet, shuffled_weight

    if (
        not isinstance(network, SRResNet)
        or network.config["batch_norm"]
        or not network.image_skip
        or (features := int(network.config["num_features"])) % FEATURES_STEP
        or max(network.factors) ** 2 * features > MOST_CHANNELS
    ):
        raise ConfigError(
            f"{type(network).__name__} {getattr(network, 'config', '')}: the site takes SRResNet "
            f"without batch norm, with the image's skip, with a multiple of {FEATURES_STEP} "
            f"features and at most {MOST_CHANNELS} channels before a pixel shuffle"
        )
    found: dict[str, Any] = {}

    def add(name: str, conv: Any, activation: Any = None) -> None:
        found[f"{name}.weight"], found[f"{name}.bias"] = conv.weight, conv.bias
        if activation is not None:
            found[f"{name}.slope"] = activation.weight

    add("first", network.head, network.head_activation)
    # (O, 3, k, k) to (k, 3 k, O): of each row of a filter, pixel by pixel
    found["first.weight"] = network.head.weight.permute(2, 3, 1, 0).flatten(1, 2)
    for number, block in enumerate(network.body):
        add(f"blocks.{number}.0", block.conv1, block.activation)  # type: ignore[union-attr]
        add(f"blocks.{number}.1", block.conv2)  # type: ignore[union-attr]
    add("body", network.body_conv)
    ups = list(zip(network.factors, network.upsample, network.upsample_activation, strict=True))
    for number, (factor, conv, activation) in enumerate(ups):
        add(f"up.{number}", conv, activation)
        if number < len(ups) - 1:  # a pixel's channels together, as they are shuffled
            for kind in ("weight", "bias"):
                channels = found[f"up.{number}.{kind}"].unflatten(0, (-1, factor**2))
                found[f"up.{number}.{kind}"] = channels.transpose(0, 1).flatten(0, 1)
    factor = network.factors[-1]
    found["last.weight"] = shuffled_weight(network.tail.weight, factor)
    found["last.bias"] = network.tail.bias.repeat_interleave(factor**2)  # type: ignore[union-attr]
    return save(
        {
            name: tensor.detach()
            .to(torch.float16 if tensor.numel() >= least_halved else torch.float32)
            .contiguous()
            for name, tensor in found.items()
        }
    )

"""How fast and how large the upscaler runs on this machine, in one run."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from sr.base.errors import ConfigError, SRError
from sr.base.files import write_atomically
from sr.base.machine import cpu_name, has_fast_bfloat16, matrix_rate
from sr.commands.console import PRECISIONS
from sr.images.photo import Photo
from sr.images.tensors import to_rgb, to_tensor
from sr.images.writing import encode_png
from sr.inference.engines import ENGINES
from sr.inference.network import NetworkUpscaler
from sr.inference.upscaler import get_upscaler
from sr.models.entries.shipped import MODELS
from sr.models.loading import load_named
from sr.networks.srresnet import SRResNet


def flops_of(work: Callable[[], object]) -> int:
    """Multiplications and additions of what torch does in it, as its layers count them."""
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        work()
    return int(counter.get_total_flops())


def plain_forward(model: nn.Module, lr: Tensor) -> Tensor:
    """The network layer by layer as its paper draws it: what speed is compared with."""
    if not isinstance(model, SRResNet):
        return cast(Tensor, model(lr))
    shallow = model.head_activation(model.head(lr))
    x = shallow + model.body_norm(model.body_conv(model.body(shallow)))
    blocks = zip(model.factors, model.upsample, model.upsample_activation, strict=True)
    for factor, conv, activation in blocks:
        x = activation(F.pixel_shuffle(conv(x), factor))
    out: Tensor = model.tail(x)
    if model.image_skip:
        out = out + F.interpolate(
            lr, scale_factor=model.scale, mode="bilinear", align_corners=False
        )
    return out


def median_seconds(works: Sequence[Callable[[], object]], repeats: int) -> list[float]:
    """Median wall time of each, after one unmeasured round; they take turns, so that what else
    the machine does slows all of them.
    """
    times: list[list[float]] = [[] for _ in works]
    for number in range(repeats + 1):
        for work, taken in zip(works, times, strict=True):
            start = time.perf_counter()
            work()
            if number:
                taken.append(time.perf_counter() - start)
    return [statistics.median(taken) for taken in times]


def sample_photo(side: int) -> Photo:
    """A smooth coloured pattern with fine noise; only the time to write a PNG depends on it."""
    y, x = np.mgrid[:side, :side] / 16
    waves = np.stack([np.sin(x), np.cos(y), np.sin(x + y)], axis=-1) * 100 + 128
    noise = np.random.default_rng(0).normal(0, 10, waves.shape)
    return Photo((waves + noise).clip(0, 255).astype(np.uint8))


def memory_of_fresh_process(
    model: str, side: int, precision: str = "auto"
) -> tuple[float | None, float]:
    """Peak resident MiB and seconds of a fresh process that enlarges a side x side photograph.

    Raises:
        SRError: the process failed.
    """
    code = (
        "import time\n"
        "from sr.commands.benchmark import sample_photo\n"
        "from sr.base.machine import peak_memory_mib\n"
        "from sr.inference.upscaler import get_upscaler\n"
        f"photo = sample_photo({side})\n"
        f"upscaler = get_upscaler({model!r}, device='cpu', precision={precision!r})\n"
        "start = time.perf_counter()\n"
        "upscaler.upscale(photo)\n"
        "seconds = time.perf_counter() - start\n"
        "print(peak_memory_mib() or 'unknown', seconds)\n"
    )
    root = Path(__file__).resolve().parents[2]
    result = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    if result.returncode != 0:
        last = (result.stderr.strip().splitlines() or ["no message"])[-1]
        raise SRError(
            f"the process that measures memory ended with {result.returncode} ({last}); "
            "try a smaller --memory-size"
        )
    mebibytes, seconds = result.stdout.split()
    return None if mebibytes == "unknown" else float(mebibytes), float(seconds)


def upscalers_by_engine(model: str, precision: str) -> dict[str, NetworkUpscaler]:
    """The model through every engine that can run it on this machine's CPU; the chosen one first.

    Raises:
        ConfigError: no network.
    """
    chosen = get_upscaler(model, device="cpu", precision=precision)
    if not isinstance(chosen, NetworkUpscaler):
        raise ConfigError(f"{model}: needed a network, such as srresnet_x4")
    found = {chosen.engine.name: chosen}
    for engine in ENGINES:
        if engine not in found:
            with suppress(SRError):
                other = get_upscaler(model, device="cpu", precision=precision, engine=engine)
                found[engine] = cast(NetworkUpscaler, other)
    return found


def benchmark(
    model: str, *, side: int, repeats: int, memory_side: int, precision: str = "auto"
) -> dict[str, object]:
    """Speed of every engine against the plain network; the chosen one's rate, agreement, memory."""
    upscalers = upscalers_by_engine(model, precision)
    upscaler = next(iter(upscalers.values()))
    photo = sample_photo(side)
    megapixels = (upscaler.scale * side) ** 2 / 1e6
    lr = to_tensor(photo.rgb)
    plain = load_named(model).network
    with torch.inference_mode():
        exact = to_rgb(plain_forward(plain, lr))
        plain_seconds, *taken = median_seconds(
            [
                lambda: plain_forward(plain, lr),
                *(partial(other.upscale, photo) for other in upscalers.values()),
            ],
            repeats,
        )
    seconds = taken[0]
    result = upscaler.upscale(photo)
    within = np.abs(result.rgb.astype(int) - exact.astype(int)).max(axis=2) <= 1
    gflop = flops_of(lambda: plain_forward(plain, lr)) / 1e9
    dtype = torch.bfloat16 if upscaler.precision == "bfloat16" else torch.float32
    matrix = matrix_rate(torch.device("cpu"), dtype) / 1e9
    (png_seconds,) = median_seconds([lambda: encode_png(result)], repeats)
    mebibytes, large_seconds = memory_of_fresh_process(model, memory_side, upscaler.precision)
    return {
        "machine": f"{cpu_name()}, {torch.get_num_threads()} threads, torch {torch.__version__}",
        "model": model,
        "precision": upscaler.precision,
        "fast_bfloat16": has_fast_bfloat16(torch.device("cpu")),
        "engine": f"{upscaler.engine.name} {upscaler.engine.version}",
        "input_px": side,
        "plain_seconds_per_output_megapixel": round(plain_seconds / megapixels, 3),
        **{
            f"{engine}_seconds_per_output_megapixel": round(some / megapixels, 3)
            for engine, some in zip(upscalers, taken, strict=True)
        },
        "seconds_per_output_megapixel": round(seconds / megapixels, 3),
        "times_faster": round(plain_seconds / seconds, 2),
        "pixels_within_1_grey_level_percent": round(100 * float(within.mean()), 4),
        "gflop_per_second": round(gflop / seconds, 1),
        "matrix_gflop_per_second": round(matrix, 1),
        "share_of_matrix_rate_percent": round(100 * gflop / seconds / matrix, 1),
        "png_seconds_per_output_megapixel": round(png_seconds / megapixels, 3),
        "memory_input_px": memory_side,
        "peak_memory_mib": None if mebibytes is None else round(mebibytes),
        "seconds_for_memory_input": round(large_seconds, 1),
    }


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `python -m sr benchmark`."""
    parser.add_argument(
        "--model",
        metavar="NAME",
        default=next(name for name, info in MODELS.items() if info.network),
        help="a network that python -m sr models lists (default: %(default)s)",
    )
    parser.add_argument(
        "--size", metavar="PX", type=int, default=256, help="side of the input (default: 256)"
    )
    parser.add_argument(
        "--memory-size",
        metavar="PX",
        type=int,
        default=1024,
        help="side of the input whose peak memory is measured (default: 1024)",
    )
    parser.add_argument(
        "--repeats", metavar="N", type=int, default=5, help="the median counts (default: 5)"
    )
    parser.add_argument(
        "--precision",
        choices=PRECISIONS,
        default="auto",
        help=f"one of: {', '.join(PRECISIONS)} (default: auto, the faster one here)",
    )
    parser.add_argument("--json", metavar="FILE", type=Path, help="also write the results there")


def run(args: argparse.Namespace) -> int:
    """`python -m sr benchmark`: returns the exit status."""
    for name in ("size", "memory_size", "repeats"):
        if getattr(args, name) < 1:
            raise ConfigError(f"--{name.replace('_', '-')} {getattr(args, name)}: needed 1 or more")
    results = benchmark(
        args.model,
        side=args.size,
        repeats=args.repeats,
        memory_side=args.memory_size,
        precision=args.precision,
    )
    for key, value in results.items():
        print(f"{key.replace('_', ' '):44} {value}")
    if args.json is not None:
        write_atomically(args.json, (json.dumps(results, indent=2) + "\n").encode())
    return 0

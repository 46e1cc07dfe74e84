"""The command line: python -m sr upscale | evaluate | data | train | study | models | benchmark.

Errors are one line on stderr, `error: ...`, with exit status 2; `--debug` shows where they arose.
What needs torch is imported by the commands themselves, after their arguments have been checked.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

from sr import __version__
from sr.base.errors import ConfigError, DataError, OutputError, SRError
from sr.commands.console import (
    add_device_arguments,
    format_table,
    positive_float,
    positive_int,
    progress_bar,
)
from sr.models.registry import INTERPOLATION_SCALES, MODELS, Model, chosen_scale, list_models

if TYPE_CHECKING:
    from sr.images.image_io import Photo
    from sr.inference.upscaler import Upscaler

EXIT_ERROR = 2
EXIT_INTERRUPTED = 130
DEFAULT_MODEL = "srresnet_x4"
TILE_BAR = "{desc}: {percentage:3.0f}% |{bar}| {elapsed}, {remaining} left"
DEFAULT_MAX_MEGAPIXELS = 50.0
WEIGHTS_SUFFIX = ".safetensors"
MODULES = {  # of commands that are not in the module of their name
    "mix": "sr.models.mix",
    "study": "sr.commands.sweep",
}
COMMANDS = {
    "upscale": "Upscale one image or a folder of images.",
    "evaluate": "Measure models on folders of images: PSNR, SSIM, LPIPS and time.",
    "data": "Check data sets as they lie on disk, or download them.",
    "train": "Train a network from a preset.",
    "study": "Compare settings by short trainings over a grid.",
    "mix": "Write the network that lies between two weights files.",
    "models": "List the models with what is known of them.",
    "benchmark": "Measure speed and memory of the upscaler on this machine.",
}


class Parser(argparse.ArgumentParser):
    """argparse with this program's way of saying an error."""

    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_ERROR, f"error: {message}\nsee {self.prog} --help\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    argv = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in argv
    interrupts = count_interrupts()
    try:
        arguments = build_parser(argv).parse_args(argv)
        return int(arguments.run(arguments))
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    except (SRError, OSError, MemoryError) as error:
        if debug:
            traceback.print_exc()
        report_error(str(error) or type(error).__name__)
        return EXIT_ERROR
    except Exception as error:
        if interrupts:  # libraries turn Ctrl-C during their import into errors of their own
            print("interrupted", file=sys.stderr)
            return EXIT_INTERRUPTED
        if debug:
            raise
        if _is_out_of_memory(error):
            report_error(
                "the device has not enough memory; needed less at once: a smaller --tile, or in "
                "training --set batch_size or hr_patch_px (--debug says more)"
            )
            return EXIT_ERROR
        report_error(f"{type(error).__name__}: {error} (this is a fault of the program; --debug)")
        return EXIT_ERROR


def _is_out_of_memory(error: Exception) -> bool:
    """torch's own errors; it need not be imported to tell them."""
    return type(error).__name__ == "OutOfMemoryError" or "DefaultCPUAllocator" in str(error)


def count_interrupts() -> list[int]:
    """A list that grows with every Ctrl-C, which raises KeyboardInterrupt as ever.

    Where Ctrl-C is ignored or already handled in another way, it stays so.
    """
    seen: list[int] = []

    def handle(number: int, _frame: FrameType | None) -> NoReturn:
        seen.append(number)
        raise KeyboardInterrupt

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, handle)
    return seen


def report_error(message: str) -> None:
    """One `error: ...` line on stderr."""
    print(f"error: {message}", file=sys.stderr)


def build_parser(argv: Sequence[str] = ()) -> Parser:
    """The parser of every command.

    `evaluate`, `data`, `train`, `study` and `benchmark` define their own arguments in modules, some
    slow to import, so those are added only when `argv` asks for that command.
    """
    common = Parser(add_help=False)
    common.add_argument("--debug", action="store_true", help="show the traceback of an error")
    parser = Parser(
        prog="python -m sr",
        description="Super-resolution: upscale images, measure and train models.",
        epilog="Each command has its own help, e.g.: python -m sr upscale --help",
    )
    parser.add_argument("--version", action="version", version=f"nitidez sr {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    asked = next((word for word in argv if not word.startswith("-")), None)
    for name, sentence in COMMANDS.items():
        command = commands.add_parser(
            name,
            help=sentence,
            description=sentence,
            parents=[common],
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if name in ADD_ARGUMENTS:
            ADD_ARGUMENTS[name](command)
        elif name == asked:
            module = importlib.import_module(MODULES.get(name, f"sr.commands.{name}"))
            module.add_arguments(command)
            command.set_defaults(run=module.run)
    return parser


# upscale


def add_upscale_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `python -m sr upscale`."""
    parser.add_argument(
        "input", metavar="INPUT", type=Path, help="image file or folder of images (any common kind)"
    )
    parser.add_argument(
        "output",
        metavar="OUTPUT",
        help="PNG file, or folder; folders are created, files are not overwritten without --force",
    )
    parser.add_argument(
        "--model",
        metavar="NAME",
        default=DEFAULT_MODEL,
        help=f"one of: {', '.join(MODELS)}; or a {WEIGHTS_SUFFIX} file of sr train "
        f"(default: {DEFAULT_MODEL})",
    )
    parser.add_argument(
        "--scale",
        metavar="N",
        type=positive_int,
        help="how many times larger, for interpolations: "
        f"{', '.join(map(str, INTERPOLATION_SCALES))} (default: the model's own)",
    )
    parser.add_argument("--force", action="store_true", help="overwrite files that exist")
    parser.add_argument(
        "--max-megapixels",
        metavar="MP",
        type=positive_float,
        default=DEFAULT_MAX_MEGAPIXELS,
        help="refuse larger inputs (default: %(default)g)",
    )
    add_device_arguments(parser)
    parser.epilog = (
        "Example:\n  python -m sr upscale photo.jpg photo_x4.png --model srgan_x4\n"
        "  python -m sr upscale photos/ enlarged/"
    )
    parser.set_defaults(run=run_upscale)


def run_upscale(arguments: argparse.Namespace) -> int:
    """Upscale a file or the images of a folder; in a folder a bad file does not stop the others."""
    from sr.images.image_io import open_image

    if not arguments.model.endswith(WEIGHTS_SUFFIX):
        chosen_scale(arguments.model, arguments.scale)
    is_folder = arguments.input.is_dir()
    jobs = plan_outputs(arguments.input, arguments.output)
    upscaler: Upscaler | None = None
    failed = 0
    for source, output in jobs:
        try:
            check_output(source, output, force=arguments.force)
            photo = open_image(source, max_megapixels=arguments.max_megapixels)
        except SRError as error:
            if not is_folder:
                raise
            failed += 1
            _report_image(source, error)
            continue
        if upscaler is None:  # without it every image would fail alike: this error ends the run
            upscaler = _load_upscaler(arguments.model, arguments)
        try:
            upscale_file(upscaler, photo, source, output)
        except SRError as error:
            if not is_folder:
                raise
            failed += 1
            _report_image(source, error)
    if failed:
        report_error(f"{failed} of {len(jobs)} images failed, {len(jobs) - failed} were upscaled")
    return EXIT_ERROR if failed else 0


def _report_image(source: Path, error: SRError) -> None:
    text = str(error)
    report_error(text if source.name in text else f"{source}: {text}")


def plan_outputs(source: Path, output: str) -> list[tuple[Path, Path]]:
    """Which file each input image becomes: STEM.png in a folder, with the whole name on a clash.

    Raises:
        DataError: an input folder without images.
        OutputError: one image's output is not a .png; the output folder is the input folder.
    """
    from sr.images.image_io import IMAGE_SUFFIXES, list_images

    target = Path(output)
    if not source.is_dir():
        if target.is_dir() or output.endswith(("/", os.sep)):
            return [(source, target / f"{source.stem}.png")]
        if target.suffix.lower() != ".png":
            raise OutputError(
                f"{target}: the result is written as PNG; give a name that ends in .png, "
                "or a folder that exists"
            )
        return [(source, target)]
    if target.exists() and not target.is_dir():
        raise OutputError(f"{target} is a file; a folder of images needs a folder for the results")
    if target.resolve() == source.resolve():
        raise OutputError(f"{target}: results need another folder than the images they come from")
    images = list_images(source)
    if not images:
        suffixes = " ".join(sorted(IMAGE_SUFFIXES))
        raise DataError(f"{source}: no images (looked for {suffixes})")
    stems = [image.stem.lower() for image in images]
    return [
        (image, target / f"{image.stem if stems.count(stem) == 1 else image.name}.png")
        for image, stem in zip(images, stems, strict=True)
    ]


def check_output(source: Path, output: Path, *, force: bool) -> None:
    """Refuse, before any work, an output that cannot or must not be written.

    Raises:
        OutputError: it exists and force is off, is the input itself, or has no folder to lie in.
    """
    if output.is_dir():
        raise OutputError(f"{output} is a folder; name a .png file in it")
    if output.exists():
        if source.exists() and output.samefile(source):
            raise OutputError(f"{output} is the input itself; give another name")
        if not force:
            raise OutputError(f"{output} exists; --force overwrites it")
    parent = next(folder for folder in output.absolute().parents if folder.exists())
    if not parent.is_dir():
        raise OutputError(f"{parent} is a file, not a folder to write {output.name} in")
    if not os.access(parent, os.W_OK):
        raise OutputError(f"{parent}: no permission to write {output.name} in this folder")


def upscale_file(upscaler: Upscaler, photo: Photo, source: Path, output: Path) -> None:
    """Upscale one photo into a PNG, with a bar and a line about the result."""
    from sr.images.image_io import save_png

    start = time.perf_counter()
    with progress_bar(desc=source.name, bar_format=TILE_BAR) as show:
        result = upscaler.upscale(photo, progress=lambda p: show(p.done, p.total))
    seconds = time.perf_counter() - start
    output.parent.mkdir(parents=True, exist_ok=True)
    save_png(output, result, text=upscaler.text(result), overwrite=True)
    print(
        f"{output}: {photo.width}x{photo.height} to {result.width}x{result.height} "
        f"with {upscaler.name} in {seconds:.1f} s"
    )
    if result.mended_share:
        print(
            f"  bicubic stands in {100 * result.mended_share:.3g} % of it, where {upscaler.name} "
            "did not give back what went in"
        )


# models


def add_models_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `python -m sr models`."""
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")
    parser.epilog = "Example:\n  python -m sr models --json"
    parser.set_defaults(run=run_models)


def run_models(arguments: argparse.Namespace) -> int:
    """Print the registry."""
    models = list_models()
    if arguments.json:
        print(json.dumps([asdict(model) for model in models], indent=2, ensure_ascii=False))
        return 0
    rows = [
        (model.name, f"{model.parameters:,}", _scales(model), model.description) for model in models
    ]
    print(format_table(("name", "parameters", "scale", "what"), rows))
    for model in models:
        facts = [("paper", model.paper), ("departures", model.departures), ("data", model.data)]
        facts += [("metrics", line) for line in _describe_metrics(model.metrics)]
        if model.network:
            print(f"\n{model.name}")
            for name, fact in facts:
                print(f"  {name:10}  {fact or '-'}")
    return 0


def _scales(model: Model) -> str:
    """`x4`, or `x2 x3 x4 x6 x8` of an interpolation."""
    return " ".join(f"x{scale}" for scale in model.scales)


def _describe_metrics(metrics: Mapping[str, Any]) -> list[str]:
    """A line for each data set: `Set5: psnr_y 31.2, ssim_y 0.881, lpips_alex 0.191`."""
    lines = []
    for data_set, values in metrics.items():
        if not isinstance(values, Mapping):
            values = {"": values}
        figures = ", ".join(
            f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
            for name, value in values.items()
        )
        lines.append(f"{data_set}: {figures}")
    return lines


# shared


def _load_upscaler(name: str, arguments: argparse.Namespace) -> Upscaler:
    from sr.inference.upscaler import get_upscaler, upscaler_from_file

    how: dict[str, Any] = {
        "device": arguments.device,
        "precision": arguments.precision,
        "tile_px": arguments.tile,
    }
    if not name.endswith(WEIGHTS_SUFFIX):
        return get_upscaler(name, scale=arguments.scale, **how)
    upscaler = upscaler_from_file(name, **how)
    if arguments.scale not in (None, upscaler.scale):
        raise ConfigError(f"{name} enlarges {upscaler.scale} times, not {arguments.scale}")
    return upscaler


ADD_ARGUMENTS: dict[str, Callable[[argparse.ArgumentParser], None]] = {
    "upscale": add_upscale_arguments,
    "models": add_models_arguments,
}

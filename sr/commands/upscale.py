"""python -m sr upscale: one image, or the images of a folder."""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sr.base.errors import ConfigError, DataError, OutputError, SRError
from sr.commands.console import (
    EXIT_ERROR,
    add_inference_arguments,
    positive_float,
    positive_int,
    progress_bar,
    report_error,
)
from sr.models.registry import INTERPOLATION_SCALES, MODELS, chosen_scale

if TYPE_CHECKING:
    from sr.images.photo import Photo
    from sr.inference.upscaler import Upscaler

DEFAULT_MODEL = "srresnet_x4"
TILE_BAR = "{desc}: {percentage:3.0f}% |{bar}| {elapsed}, {remaining} left"
DEFAULT_MAX_MEGAPIXELS = 50.0
WEIGHTS_SUFFIX = ".safetensors"


def add_arguments(parser: argparse.ArgumentParser) -> None:
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
    add_inference_arguments(parser)
    parser.epilog = (
        "Example:\n  python -m sr upscale photo.jpg photo_x4.png --model srgan_x4\n"
        "  python -m sr upscale photos/ enlarged/"
    )


def run(arguments: argparse.Namespace) -> int:
    """Upscale a file or the images of a folder; in a folder a bad file does not stop the others."""
    from sr.images.reading import open_image

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
    from sr.formats.kinds import IMAGE_SUFFIXES, list_images

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
    from sr.images.writing import save_png

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
    for note in photo.notes:
        print(f"  {note}")
    if result.mended_share:
        print(
            f"  bicubic stands in {100 * result.mended_share:.3g} % of it, where {upscaler.name} "
            "did not give back what went in"
        )


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

"""python -m sr upscale: one image, or the images of a folder."""

from __future__ import annotations

import argparse
import math
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sr.base.errors import ConfigError, OutputError, SRError
from sr.commands.console import (
    EXIT_ERROR,
    add_between_arguments,
    add_inference_arguments,
    check_quality,
    mixtures_asked_for,
    percent,
    positive_float,
    positive_int,
    progress_bar,
    report_error,
)
from sr.formats.decode import About
from sr.images.folders import check_output, plan_outputs
from sr.images.metadata import LEVELS, dpi_for, exif_for, texts_for
from sr.images.reading import open_image
from sr.images.writing import (
    DEFAULT_QUALITY,
    FORMATS,
    check_fits,
    encode_lossy,
    encode_png,
    format_of,
    write_picture,
)
from sr.microscopy.enlarging import command as frames
from sr.models.entries.model import INTERPOLATION_SCALES
from sr.models.entries.shipped import MODELS
from sr.models.files.community import SUFFIXES, is_weights_file
from sr.models.registry import chosen_scale, model_info, nearest_larger, scale_for_width

if TYPE_CHECKING:
    from sr.images.photo import Photo
    from sr.inference.upscaler import Upscaler

DEFAULT_MODEL = "srresnet_x4"
TILE_BAR = "{desc}: {percentage:3.0f}% |{bar}| {elapsed}, {remaining} left"
DEFAULT_MAX_MEGAPIXELS = 50.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `python -m sr upscale`."""
    parser.add_argument(
        "input", metavar="INPUT", type=Path, help="image file or folder of images (any common kind)"
    )
    parser.add_argument(
        "output",
        metavar="OUTPUT",
        help="PNG, JPEG or WebP file, or folder; folders are created, files are not overwritten "
        "without --force",
    )
    parser.add_argument(
        "--model",
        metavar="NAME",
        help=f"one of: {', '.join(MODELS)}, or of the folder NITIDEZ_MODELS; or a weights file, of "
        f"sr train or of somebody else's ({', '.join(SUFFIXES)}) (default: {DEFAULT_MODEL})",
    )
    add_between_arguments(parser, several=False)
    size = parser.add_mutually_exclusive_group()
    size.add_argument(
        "--scale",
        metavar="N",
        type=positive_int,
        help="how many times larger, for interpolations: "
        f"{', '.join(map(str, INTERPOLATION_SCALES))} (default: the model's own)",
    )
    size.add_argument(
        "--width",
        metavar="PX",
        type=positive_int,
        help="of the result: enlarged by the smallest factor that reaches it, then reduced by "
        "bicubic",
    )
    parser.add_argument(
        "--format", choices=tuple(FORMATS), help="what is written (default: by OUTPUT's name, png)"
    )
    parser.add_argument(
        "--quality",
        metavar="N",
        type=percent,
        help=f"of JPEG and WebP, 1 to 100 (default: {DEFAULT_QUALITY})",
    )
    parser.add_argument(
        "--metadata",
        choices=LEVELS,
        default=LEVELS[0],
        help="of the input: drop it, keep date, author and resolution, or all, the place too "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--recursive", action="store_true", help="the folders within the folder too"
    )
    existing = parser.add_mutually_exclusive_group()
    existing.add_argument("--force", action="store_true", help="overwrite files that exist")
    existing.add_argument(
        "--skip-existing",
        action="store_true",
        help="pass over images whose output exists: goes on with an interrupted run",
    )
    parser.add_argument(
        "--max-megapixels",
        metavar="MP",
        type=positive_float,
        default=DEFAULT_MAX_MEGAPIXELS,
        help="refuse larger inputs (default: %(default)g)",
    )
    frames.add_frame_arguments(parser)
    add_inference_arguments(parser)
    parser.epilog = (
        "Example:\n  python -m sr upscale photo.jpg photo_x4.png --model srgan_x4\n"
        "  python -m sr upscale photo.jpg wide.png --width 2560\n"
        "  python -m sr upscale photos/ enlarged/ --recursive --skip-existing"
    )


def run(arguments: argparse.Namespace) -> int:
    """Upscale a file or the images of a folder; in a folder a bad file does not stop the others.

    Several processes (torchrun) share the images of a folder among them.
    """
    if mixtures := mixtures_asked_for(arguments):
        if arguments.model is not None:
            raise ConfigError("--model and --between both name the network; leave one out")
        arguments.model = mixtures[0]
    if arguments.model is not None and not is_weights_file(arguments.model):
        chosen_scale(arguments.model, arguments.scale)
    if frames.is_for_frames(arguments):
        arguments.model = arguments.model or DEFAULT_MODEL
        print(frames.run(arguments))
        return 0
    is_folder = arguments.input.is_dir()
    jobs = plan(arguments)
    rank, world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    upscaler: Upscaler | None = None
    loaded: tuple[str, int | None] | None = None
    failed = skipped = 0
    jobs = jobs[rank::world]
    for source, output in jobs:
        if arguments.skip_existing and output.is_file():
            skipped += 1
            continue
        try:
            check_output(source, output, force=arguments.force)
            photo = open_image(source, max_megapixels=arguments.max_megapixels)
            wanted = chosen_model(arguments, photo)
        except SRError as error:
            if not is_folder:
                raise
            failed += 1
            _report_image(source, error)
            continue
        if upscaler is None or wanted != loaded:  # an error would meet every image: it ends the run
            upscaler, loaded = _load_upscaler(*wanted, arguments), wanted
        try:
            upscale_file(upscaler, photo, source, output, arguments)
        except SRError as error:
            if not is_folder:
                raise
            failed += 1
            _report_image(source, error)
    if skipped:
        print(f"{skipped} of {len(jobs)} images were there already")
    if failed:
        done = len(jobs) - failed - skipped
        report_error(f"{failed} of {len(jobs)} images failed, {done} were upscaled")
    return EXIT_ERROR if failed else 0


def chosen_model(arguments: argparse.Namespace, photo: Photo) -> tuple[str, int | None]:
    """Name and factor of what enlarges a photo; None is the factor of the model itself.

    Raises:
        WidthError: it is as wide already as it shall become, or nothing enlarges it that much.
    """
    width: int | None = arguments.width
    factor = arguments.scale if width is None else width / photo.width
    name = arguments.model or DEFAULT_MODEL
    if arguments.model is None and factor is not None:
        name = nearest_larger(name, factor)
    if width is None or is_weights_file(name):
        return name, arguments.scale
    return name, scale_for_width(model_info(name).scales, photo.width, width)


def _report_image(source: Path, error: SRError) -> None:
    text = str(error)
    report_error(text if source.name in text else f"{source}: {text}")


def plan(arguments: argparse.Namespace) -> list[tuple[Path, Path]]:
    """Every input and its output, checked as far as can be without opening any.

    Raises:
        ConfigError: options that have no effect together.
        DataError, OutputError: as `plan_outputs`; a name that no format is written under.
    """
    source, target = arguments.input, Path(arguments.output)
    asked = FORMATS[arguments.format] if arguments.format else None
    is_into_folder = target.is_dir() or arguments.output.endswith(("/", os.sep))
    if source.is_dir() or is_into_folder:
        kind = asked or FORMATS["png"]
        check_quality(arguments.quality, kind)
        if source.is_dir():
            suffix = kind.suffixes[0]
            return plan_outputs(source, target, suffix, recursive=arguments.recursive)
        return [(source, target / f"{source.stem}{kind.suffixes[0]}")]
    if arguments.recursive:
        raise ConfigError("--recursive has no effect on one image; give a folder or leave it out")
    named = format_of(target)
    if named is None or (asked and asked is not named):
        suffixes = " or ".join(f.suffixes[0] for f in ([asked] if asked else FORMATS.values()))
        raise OutputError(
            f"{target}: not a name for what is written; give one that ends in {suffixes}, "
            "or a folder that exists"
        )
    check_quality(arguments.quality, named)
    return [(source, target)]


def upscale_file(
    upscaler: Upscaler, photo: Photo, source: Path, output: Path, arguments: argparse.Namespace
) -> None:
    """Upscale one photo into a file, with a bar and a line about the result."""
    from sr.inference.transparency import of_width

    kind = format_of(output)
    assert kind is not None
    scale: float = upscaler.scale
    if arguments.width is not None:
        scale_for_width([upscaler.scale], photo.width, arguments.width)
        scale = arguments.width / photo.width
    check_fits(round(photo.width * scale), math.ceil(photo.height * scale), kind)
    start = time.perf_counter()
    with progress_bar(desc=source.name, bar_format=TILE_BAR) as show:
        result = upscaler.upscale(photo, progress=lambda p: show(p.done, p.total))
    result = of_width(result, arguments.width)
    seconds = time.perf_counter() - start
    if kind.name == "JPEG":
        result = result.on_white()
    text = upscaler.text(result)
    about, level = photo.about or About(), arguments.metadata
    exif = exif_for(
        about,
        level,
        size=(result.width, result.height),
        software="" if kind.name == "PNG" else "; ".join(text.values()),
    )
    dpi = dpi_for(about, level, scale)
    if kind.name == "PNG":
        data = encode_png(result, text={**texts_for(about, level), **text}, exif=exif, dpi=dpi)
    else:
        quality = arguments.quality or DEFAULT_QUALITY
        data = encode_lossy(result, kind, quality=quality, exif=exif, dpi=dpi)
    write_picture(output, data)
    print(
        f"{output}: {photo.width}x{photo.height} to {result.width}x{result.height} "
        f"with {upscaler.name} in {seconds:.1f} s"
    )
    for note in result.notes:
        print(f"  {note}")
    if result.mended_share:
        print(
            f"  bicubic stands in {100 * result.mended_share:.3g} % of it, where {upscaler.name} "
            "did not give back what went in"
        )


def _load_upscaler(name: str, scale: int | None, arguments: argparse.Namespace) -> Upscaler:
    from sr.base.machine import own_device
    from sr.inference.upscaler import get_upscaler, upscaler_from_file

    how: dict[str, Any] = {
        "device": own_device(arguments.device),
        "precision": arguments.precision,
        "tile_px": arguments.tile,
        "engine": arguments.engine,
    }
    if not is_weights_file(name):
        return get_upscaler(name, scale=scale, **how)
    upscaler = upscaler_from_file(name, **how)
    if arguments.scale not in (None, upscaler.scale):
        raise ConfigError(f"{name} enlarges {upscaler.scale} times, not {arguments.scale}")
    return upscaler

"""python -m sr upscale, where the input is of a microscope: TIFF out, with the size of a pixel."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sr.base.errors import ConfigError, ImageError, SRError
from sr.images.folders import check_output
from sr.microscopy.files.reading import is_of_a_microscope, read_stack
from sr.microscopy.files.stack import Stack
from sr.microscopy.files.writing import as_kind, check_name, write_stack
from sr.models.entries.shipped import FRAME_MODELS

if TYPE_CHECKING:
    from sr.microscopy.enlarging.enlarger import Enlarger

PHOTO_OPTIONS = ("format", "quality", "recursive", "skip_existing", "width")


def add_frame_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments that only frames of microscopes have."""
    group = parser.add_argument_group("frames of microscopes (MRC, TIFF, CZI, ND2)")
    group.add_argument(
        "--frame",
        metavar="N",
        help="of a stack: a number from 1, mean (the wide field of raw SIM frames), or all",
    )
    group.add_argument(
        "--pixel-nm",
        metavar="NM",
        help="side of a pixel where the file is wrong: nanometres, or unknown",
    )


def is_for_frames(arguments: argparse.Namespace) -> bool:
    """Whether an input is no photograph, or the model is none for photographs."""
    return (
        is_of_a_microscope(arguments.input)
        or arguments.frame is not None
        or arguments.pixel_nm is not None
        or arguments.model in FRAME_MODELS
        or (arguments.model is not None and _is_frames_weights(Path(arguments.model)))
    )


def _is_frames_weights(path: Path) -> bool:
    """Whether a weights file is of a network that takes no photographs."""
    if path.suffix != ".safetensors" or not path.is_file():
        return False
    from sr.models.files.weights_file import read_header
    from sr.networks.registry import network_spec

    try:
        return 3 not in network_spec(read_header(path)["architecture"]).channels
    except SRError:
        return False  # other people's, or damaged: what opens it says so


def run(arguments: argparse.Namespace) -> str:
    """Enlarge a frame, or all of a stack; a line about the result.

    Raises:
        SRError: what the file, the model or the output make impossible; nothing is written.
    """
    output = Path(arguments.output)
    if arguments.input.is_dir():
        raise ConfigError(f"{arguments.input}: a folder; frames of microscopes go one by one")
    if unused := [f"--{o.replace('_', '-')}" for o in PHOTO_OPTIONS if getattr(arguments, o)]:
        raise ConfigError(f"{', '.join(unused)}: no effect on frames of microscopes")
    check_name(output)
    check_output(arguments.input, output, force=arguments.force)
    stack = read_stack(arguments.input, pixel_nm=arguments.pixel_nm)
    from sr.microscopy.enlarging.enlarger import open_enlarger

    enlarger = open_enlarger(
        arguments.model,
        scale=arguments.scale,
        device=arguments.device,
        precision=arguments.precision,
    )
    start = time.perf_counter()
    planes, kind = _enlarged(enlarger, stack, arguments.frame)
    pixel_um = None if stack.pixel_um is None else stack.pixel_um / enlarger.scale
    text = f"{arguments.input.name} enlarged {enlarger.scale} times by {enlarger.name}"
    write_stack(output, as_kind(planes, kind), pixel_um, text)
    width, height = stack.size
    said = "of unknown size" if pixel_um is None else f"of {1000 * pixel_um:.4g} nm"
    return (
        f"{output}: {width}x{height} to {planes.shape[2]}x{planes.shape[1]} pixels {said}, "
        f"{len(planes)} frame{'s' if len(planes) > 1 else ''} with {enlarger.name} in "
        f"{time.perf_counter() - start:.1f} s"
    )


def _enlarged(enlarger: Enlarger, stack: Stack, which: str | None) -> tuple[np.ndarray, np.dtype]:
    """All that was asked for, (N, H, W), and the kind of numbers of the file."""
    kind = stack.planes.dtype
    if enlarger.frames == 1:
        frames = stack.chosen(which).planes
        return np.stack([enlarger.enlarge(frame[None]) for frame in frames]), kind
    if which is not None:
        raise ImageError(
            f"{stack.path.name}: --frame {which}; {enlarger.name} looks at {enlarger.frames} raw "
            "frames together, so leave --frame out"
        )
    if len(stack.planes) != enlarger.frames:
        raise ImageError(
            f"{stack.path.name}: {len(stack.planes)} frames in the file; {enlarger.name} looks at "
            f"{enlarger.frames} raw frames together: give a stack of {enlarger.frames}"
        )
    return enlarger.enlarge(stack.planes)[None], kind

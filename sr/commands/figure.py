"""python -m sr figure: the figure of a paper, of models and of finished pictures."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from sr.base.errors import ConfigError, OutputError, ShapeError, SRError
from sr.base.files import check_file, check_folder, write_file
from sr.commands.console import add_inference_arguments, positive_int

ORIGINAL = "original"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `python -m sr figure`."""
    parser.add_argument("original", metavar="ORIGINAL", type=Path, help="high-resolution image")
    parser.add_argument(
        "output",
        metavar="OUTPUT",
        type=Path,
        help="name of the files without ending: OUTPUT.png, OUTPUT.svg, OUTPUT.tex, and a folder "
        "OUTPUT with the pictures that the last one includes",
    )
    parser.add_argument(
        "--models",
        metavar="MODEL",
        nargs="+",
        action="extend",
        default=[],
        help="enlarge the original, made smaller by bicubic",
    )
    parser.add_argument(
        "--pictures",
        metavar="NAME=FILE",
        nargs="+",
        action="extend",
        default=[],
        help="finished pictures: a file, or a folder that holds one of the original's name",
    )
    parser.add_argument(
        "--box",
        metavar="X,Y,W,H",
        dest="boxes",
        type=box,
        action="append",
        default=[],
        help="left, top, width and height in pixels of the original; up to four (default: where "
        "the versions differ most)",
    )
    parser.add_argument(
        "--scale",
        metavar="N",
        type=positive_int,
        help="how many times larger, and how many pixels are cut from the borders for PSNR "
        "(default: that of the models, or 4)",
    )
    parser.add_argument("--no-lpips", action="store_true", help="leave LPIPS out")
    parser.add_argument("--force", action="store_true", help="replace files that exist")
    add_inference_arguments(parser)
    parser.epilog = (
        "Example:\n  python -m sr figure Set5/butterfly.png results/butterfly --models bicubic "
        "srresnet_x4 srgan_x4 \\\n      --pictures MINE=results/mine --box 60,40,48,36"
    )


def box(text: str) -> tuple[int, int, int, int]:
    """`X,Y,W,H` for argparse."""
    left, top, width, height = (int(part) for part in text.split(","))
    return left, top, width, height


def run(arguments: argparse.Namespace) -> int:
    """Make, measure and draw; say which files were written.

    Raises:
        SRError: a picture, model or box does not fit, or a file cannot be written.
    """
    from sr.evaluation.methods import Runtime, parse_methods
    from sr.figures.paper import Box, measured, paper_figure
    from sr.figures.paper_files import to_latex, to_png, to_svg

    output: Path = arguments.output
    targets = [output.with_name(f"{output.name}.{kind}") for kind in ("png", "svg", "tex")]
    _check_outputs(targets, output, force=arguments.force)
    runtime = Runtime(arguments.device, arguments.precision, arguments.tile, arguments.engine)
    asked = () if arguments.scale is None else (arguments.scale,)
    methods = parse_methods(arguments.models, runtime, scales=asked)
    scale = methods[0].scale if methods else arguments.scale or 4
    if others := [method.label for method in methods if method.scale != scale]:
        raise ConfigError(f"a figure is of one scale, {scale}; {', '.join(others)} has another")
    original, finished = _finished(arguments, scale)
    pictures = {ORIGINAL: original}
    boxes = [Box(*values) for values in arguments.boxes]
    paper_figure(pictures, boxes)  # boxes that do not fit are said before the work
    if methods:
        from sr.images.photo import Photo
        from sr.images.resize import matlab_bicubic

        small = Photo(matlab_bicubic(original, 1 / scale))
        for method in methods:
            pictures[method.label] = method.load().upscale(small).rgb
    for name, picture in finished.items():
        if name in pictures:
            raise ConfigError(f"two versions are called {name}; name the picture otherwise")
        pictures[name] = picture
    numbers = measured(pictures, ORIGINAL, crop_px=scale, lpips=not arguments.no_lpips)
    figure = paper_figure(pictures, boxes, reference=ORIGINAL, numbers=numbers)
    text, parts = to_latex(figure, output.name)
    contents = [to_png(figure), to_svg(figure).encode(), text.encode()]
    files = dict(zip(targets, contents, strict=True))
    files |= {output / name: content for name, content in parts.items()}
    for path, content in files.items():
        write_file(path, content)
    for path in targets:
        print(path)
    print(f"{figure.caption}.")
    return 0


def _check_outputs(targets: list[Path], folder: Path, *, force: bool) -> None:
    for path in targets:
        if path.exists() and not force:
            raise OutputError(f"{path}: exists already; choose another name or give --force")
        check_file(path)
    check_folder(folder)


def _finished(
    arguments: argparse.Namespace, scale: int
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The original, cut to a multiple of the scale, and the finished pictures, cut like it."""
    from sr.images.finished import match_pictures, parse_named_picture
    from sr.images.reading import open_image
    from sr.images.resize import modcrop

    whole = open_image(arguments.original).on_white().rgb
    original = np.ascontiguousarray(modcrop(whole, scale))
    finished: dict[str, np.ndarray] = {}
    problems: list[str] = []
    for text in arguments.pictures:
        name, path = parse_named_picture(text)
        if name in finished:
            raise ConfigError(f"--pictures: two are called {name}; rename one")
        if path.is_dir():
            found, wrong = match_pictures([arguments.original.stem], path)
            problems += wrong
            if wrong:
                continue
            path = found[arguments.original.stem]
        try:
            picture = open_image(path).on_white().rgb
        except SRError as error:
            problems.append(str(error))
            continue
        if picture.shape not in (whole.shape, original.shape):
            problems.append(
                f"{path} is {picture.shape[1]}x{picture.shape[0]}, needed "
                f"{original.shape[1]}x{original.shape[0]} as {arguments.original.name} at x{scale}"
            )
            continue
        finished[name] = np.ascontiguousarray(modcrop(picture, scale))
    if problems:
        raise ShapeError("\n  ".join(["finished pictures do not fit:", *problems]))
    if not (finished or arguments.models):
        raise ConfigError("no versions to show; give --models or --pictures")
    return original, finished

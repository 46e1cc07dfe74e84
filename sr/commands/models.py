"""python -m sr models, mix and release: what there is to choose from, and more of it."""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sr.base.errors import OutputError
from sr.commands.console import format_table, progress_bar
from sr.models.entries.model import Model
from sr.models.files.catalogue import CATALOGUE, fetch_model, find_offer
from sr.models.files.community import community, models_folder
from sr.models.registry import list_models


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `python -m sr models`."""
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")
    parser.set_defaults(run_models=run_list)
    commands = parser.add_subparsers(metavar="WHAT")
    fetcher = commands.add_parser(
        "fetch",
        help="download a model that somebody publishes",
        description="Download a model from its official address into the folder of models "
        "(NITIDEZ_MODELS), checked against its published digest. A download that broke off goes "
        "on where it stopped. Without NAME it lists what can be fetched.",
    )
    fetcher.add_argument("names", metavar="NAME", nargs="*", help=f"of: {', '.join(CATALOGUE)}")
    fetcher.set_defaults(run_models=run_fetch)
    exporter = commands.add_parser(
        "export",
        help="write a model for other programs, as .onnx or .pth",
        description="Write a model for other programs: .onnx for pictures of any size, checked "
        "with ONNX Runtime against torch before it is written; .pth with tensors by their names.",
    )
    exporter.add_argument("name", metavar="NAME", help="of a network, or FIRST~SECOND@SHARE")
    exporter.add_argument("file", metavar="FILE", type=Path, help="ends in .onnx or .pth")
    exporter.add_argument("--half", action="store_true", help="in float16, half the size")
    exporter.add_argument("--force", action="store_true", help="overwrite a file that exists")
    exporter.set_defaults(run_models=run_export)
    for command in (fetcher, exporter):
        command.add_argument("--debug", action="store_true", help="show the traceback of an error")
    parser.epilog = (
        "Files of other people's models (.pth, .pt, .ckpt, .safetensors) are models as soon as "
        "they lie in the folder that NITIDEZ_MODELS names.\n\n"
        "Example:\n  python -m sr models --json\n"
        "  python -m sr models fetch RealESRGAN_x4plus\n"
        "  python -m sr models export srgan_x4 srgan_x4.onnx"
    )


def run(arguments: argparse.Namespace) -> int:
    """`python -m sr models`: returns the exit status.

    Raises:
        SRError: a name, a server or a file is not what it should be.
    """
    status: int = arguments.run_models(arguments)
    return status


def run_list(arguments: argparse.Namespace) -> int:
    """Print the registry, and why files in the folder of models are none."""
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
        if model.origin == "file":
            facts = [("licence", model.licence), ("from", model.source), ("sha256", model.sha256)]
            facts += [("paper", model.paper)] if model.paper else []
            if model.trains_as:
                facts.append(
                    ("train on", f"a recipe of {model.trains_as}: --set initial={model.name}")
                )
        facts += [("metrics", line) for line in _describe_metrics(model.metrics)]
        if model.network:
            print(f"\n{model.name}")
            for name, fact in facts:
                print(f"  {name:10}  {fact or '-'}")
    folder = models_folder()
    refused = community().refused
    print(f"\nfiles of other people's are looked for in {folder}")
    for name, reason in refused.items():
        print(f"  not a model: {name}: {reason}")
    return 0


def run_fetch(arguments: argparse.Namespace) -> int:
    """Download models, or list what there is."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    offers = [find_offer(name) for name in arguments.names]
    folder = models_folder()
    for offer in offers:
        print(f"{offer.title}, x{offer.scale}, {offer.paper}. Licence: {offer.licence}.")
        with progress_bar("B", unit_scale=True) as show:
            path = fetch_model(offer, folder, progress=show)
        print(f"{path}: the model {path.stem}")
    if not offers:
        rows = [
            (name, f"x{offer.scale}", _megabytes(offer.num_bytes), offer.licence, offer.domain)
            for name, offer in CATALOGUE.items()
        ]
        print(format_table(("name", "scale", "MB", "licence", "for"), rows))
    return 0


def run_export(arguments: argparse.Namespace) -> int:
    """Write a model for other programs."""
    from sr.models.export import export

    file = arguments.file
    if file.exists() and not arguments.force:
        raise OutputError(f"{file} exists; give another name, or --force to overwrite it")
    difference = export(arguments.name, file, half=arguments.half)
    checked = "" if difference is None else f"; differs from torch by {difference:.1g} of white"
    print(f"{file}: {_megabytes(file.stat().st_size)} MB{checked}")
    return 0


def _megabytes(num_bytes: int) -> str:
    return f"{num_bytes / 1e6:.1f}" if num_bytes else "?"


def _scales(model: Model) -> str:
    """`x4`, or `x2 x3 x4 x6 x8` of an interpolation."""
    return " ".join(f"x{scale}" for scale in model.scales)


def _describe_metrics(metrics: Mapping[str, Any]) -> list[str]:
    """A line for each data set: `Set5: psnr_y 31.2, ssim_y 0.881, lpips_alex 0.191`."""
    lines = []
    for data_set, values in metrics.items():
        if not isinstance(values, Mapping):
            values = {"": values}
        results = ", ".join(
            f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
            for name, value in values.items()
        )
        lines.append(f"{data_set}: {results}")
    return lines


def add_mix_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `python -m sr mix`."""
    parser.add_argument("first", metavar="FIRST", type=Path, help="weights file")
    parser.add_argument("second", metavar="SECOND", type=Path, help="of the same network")
    parser.add_argument("output", metavar="OUTPUT", type=Path, help="weights file to write")
    parser.add_argument(
        "--share",
        metavar="S",
        type=float,
        required=True,
        help="of the way from FIRST (0) to SECOND (1)",
    )
    parser.add_argument("--force", action="store_true", help="replace OUTPUT where it exists")
    parser.epilog = (
        "Example, less invention in exchange for more PSNR:\n"
        "  python -m sr mix weights/srresnet_x4.safetensors weights/srgan_x4.safetensors \\\n"
        "      between/srgan_x4.safetensors --share 0.7"
    )


def run_mix(args: argparse.Namespace) -> int:
    """`python -m sr mix`: returns the exit status.

    Raises:
        SRError: files that cannot be read or do not fit, or a share that is not a number.
    """
    from sr.models.mix import mix

    mix(args.first, args.second, args.output, share=args.share, overwrite=args.force)
    print(f"wrote {args.output}")
    return 0


def add_release_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `python -m sr release`."""
    parser.add_argument("weights", metavar="FILE", nargs="*", type=Path, help="from sr train")
    parser.add_argument("--data", default="", help="one sentence on the training data")
    parser.add_argument("--data-licence", default="", help="one sentence on its licences")
    parser.add_argument("--metrics", metavar="CSV", type=Path, help="from sr evaluate --csv")
    parser.set_defaults(refuse=parser.error)


def run_release(args: argparse.Namespace) -> int:
    """`python -m sr release`: returns the exit status.

    Raises:
        SRError: not a weights file, or one of a network that is not registered.
    """
    from sr.models.release import add_metrics, release

    if args.weights and not (args.data and args.data_licence):
        args.refuse("weights are released with --data and --data-licence: say what they know")
    for weights in args.weights:
        release(weights, data=args.data, data_licence=args.data_licence)
    if args.metrics is not None:
        add_metrics(args.metrics)
    return 0

"""python -m sr mix and python -m sr release: weights files made of others."""

from __future__ import annotations

import argparse
from pathlib import Path

from sr.models.mix import mix
from sr.models.release import add_metrics, release


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
    mix(args.first, args.second, args.output, share=args.share)
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
    if args.weights and not (args.data and args.data_licence):
        args.refuse("weights are released with --data and --data-licence: say what they know")
    for weights in args.weights:
        release(weights, data=args.data, data_licence=args.data_licence)
    if args.metrics is not None:
        add_metrics(args.metrics)
    return 0

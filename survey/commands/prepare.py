"""python -m survey prepare: a study from a folder of photographs."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from survey.study.errors import StudyError
from survey.study.moments import stamp, utc_now
from survey.study.protocol import NETWORKS, Protocol
from survey.study.settings import data_folder
from survey.study.study import check_name


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `python -m survey prepare`."""
    parser.add_argument(
        "folder",
        metavar="FOLDER",
        type=Path,
        nargs="?",
        help="of photographs as large as the crops or larger; of 12 or more the last two, by name, "
        "are for practice only (default: those that come with scikit-image)",
    )
    parser.add_argument(
        "--models",
        metavar="NAME",
        nargs="+",
        help="networks to compare, beside nearest, bicubic and the originals; of one scale "
        "(default: srresnet_x4 srgan_x4)",
    )
    parser.add_argument("--width", type=int, metavar="PX", help="of the crops (default: 448)")
    parser.add_argument("--height", type=int, metavar="PX", help="of the crops (default: 288)")
    parser.add_argument("--images-per-rater", type=int, metavar="N", help="(default: 10)")
    parser.add_argument(
        "--same-angle",
        type=int,
        metavar="N",
        help="compare the networks of N photographs once more, magnified to about the same "
        "visual angle on every display (default: 0)",
    )
    parser.add_argument(
        "--same-angle-ppd", type=float, metavar="PPD", help="that angle (default: 30 px per degree)"
    )


def run(args: argparse.Namespace) -> int:
    """Make the study.

    Raises:
        SurveyError: it cannot be made.
    """
    from survey.preparation.default_study import default_sources, sources_of
    from survey.preparation.versions import prepare_study, scale_of

    check_name(args.study)
    given = {
        "width": args.width,
        "height": args.height,
        "images_per_rater": args.images_per_rater,
        "angle_images": args.same_angle,
        "angle_ppd": args.same_angle_ppd,
    }
    chosen = {key: value for key, value in given.items() if value is not None}
    protocol = Protocol.of_models(args.models or NETWORKS, **chosen)
    scale = scale_of(protocol)
    width, height = (side - side % scale for side in (protocol.width, protocol.height))
    if (args.width and args.width % scale) or (args.height and args.height % scale):
        raise StudyError(f"crops of {args.width}x{args.height}; needed multiples of {scale}")
    protocol = replace(protocol, width=width, height=height)
    if min(width, height) < 32:
        raise StudyError(f"crops of {width}x{height}; needed 32 or more")
    if protocol.images_per_rater < 1:
        raise StudyError(f"--images-per-rater {protocol.images_per_rater}; needed 1 or more")
    if protocol.angle_images < 0:
        raise StudyError(f"--same-angle {protocol.angle_images}; needed 0 or more photographs")
    if not 10 <= protocol.angle_ppd <= 120:
        raise StudyError(f"--same-angle-ppd {protocol.angle_ppd:g}; needed 10 to 120")
    sources, unreadable = (
        (default_sources(), []) if args.folder is None else sources_of(args.folder)
    )
    small = [s.name for s in sources if s.rgb.shape[1] < protocol.width]
    small += [s.name for s in sources if s.rgb.shape[0] < protocol.height and s.name not in small]
    study = prepare_study(
        sources,
        data_folder() / "studies" / args.study,
        protocol=protocol,
        progress=_show_share,
        now=stamp(utc_now()),
    )
    sys.stderr.write("\n")
    if small:
        print(f"left out, too small: {', '.join(small)}")
    for problem in unreadable:
        print(f"left out: {problem}")
    print(f"study {study.name!r}: {len(study.main)} photographs, {len(study.images)} with practice")
    print(f"serve it with NITIDEZ_STUDY={study.name} make demo")
    return 0


def _show_share(share: float) -> None:
    sys.stderr.write(f"\r{share:4.0%}")

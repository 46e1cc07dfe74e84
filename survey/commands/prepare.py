"""python -m survey prepare: a study from a folder of photographs."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sr.images.finished import parse_named_folder
from survey.study.errors import StudyError
from survey.study.moments import stamp, utc_now
from survey.study.plan import plan_text
from survey.study.settings import data_folder

if TYPE_CHECKING:
    from survey.preparation.order import Order


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `python -m survey prepare`."""
    parser.add_argument(
        "folder",
        metavar="FOLDER",
        type=Path,
        nargs="?",
        help="of photographs as large as the crops or larger; of 12 or more the last two, by name, "
        "are for practice only, the two before for known answers (default: "
        "those that come with scikit-image)",
    )
    parser.add_argument(
        "--models",
        metavar="NAME",
        nargs="+",
        help="networks to compare, beside nearest, bicubic and the originals; of one scale "
        "(default: srresnet_x4 srgan_x4)",
    )
    parser.add_argument(
        "--methods",
        metavar="NAME",
        nargs="+",
        help="in the place of --models, exactly what to compare, with what --pictures add: 2 to 12",
    )
    parser.add_argument(
        "--pictures",
        metavar="NAME=FOLDER",
        action="append",
        default=[],
        help="finished pictures of the photographs, matched by file name; may be given again",
    )
    parser.add_argument(
        "--table",
        metavar="CSV",
        type=Path,
        help="finished pictures in the columns photo, method, path, in the place of --pictures",
    )
    parser.add_argument(
        "--scale", type=int, metavar="S", help="by how much all enlarge (default: as the models)"
    )
    parser.add_argument(
        "--no-original",
        action="store_true",
        help="FOLDER holds the small pictures (or is left out): nothing is measured against it",
    )
    parser.add_argument(
        "--frame",
        metavar="N",
        help="of stacks of a microscope: a number from 1, or mean; FOLDER may hold its wide-field "
        "frames (MRC, 16-bit TIFF), and --pictures SIM pictures or enlarged frames",
    )
    parser.add_argument(
        "--ask",
        nargs="+",
        choices=("ratings", "degradation", "pairs"),
        default=("ratings", "pairs"),
        help="ratings of single pictures with the original hidden among them (ACR-HR), or of each "
        "picture beside the original (degradation, DCR); pairs (default: ratings pairs)",
    )
    parser.add_argument(
        "--compare",
        metavar="A:B",
        nargs="+",
        help="ask these pairs (default: all, without the original)",
    )
    parser.add_argument(
        "--labels",
        metavar="CSV",
        type=Path,
        help="what methods are called, in the columns method, label_en, label_pt (default: models "
        "by their titles, pictures by their names)",
    )
    parser.add_argument(
        "--crops",
        metavar="CSV",
        type=Path,
        help="what is shown of photographs, in the columns photo, left, top, in pixels, and width, "
        "height of larger parts to be reduced (default: the part with the most detail)",
    )
    parser.add_argument(
        "--repeats", type=int, metavar="N", help="trials of each part shown again (default: 3)"
    )
    parser.add_argument(
        "--known-every",
        type=int,
        metavar="N",
        help="one trial of a known answer in so many (default: 12)",
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
        SRError: pictures that cannot be read, or no such model.
    """
    from survey.preparation.drafts import check_free
    from survey.preparation.order import check

    folder = data_folder() / "studies" / args.study
    check_free(folder)
    checked = check(order_of(args))
    print(plan_text(checked.sketch(args.study)), end="", flush=True)
    study = checked.make(folder, progress=_show_share, now=stamp(utc_now()))
    sys.stderr.write("\n")
    for problem in checked.left_out:
        print(f"left out: {problem}")
    print(f"serve it with NITIDEZ_STUDY={study.name} make demo")
    return 0


def order_of(args: argparse.Namespace) -> Order:
    """What the command line asks for.

    Raises:
        StudyError: options that do not go together, or tables that cannot be read.
        SRError: no such folder.
    """
    from survey.preparation.order import Order
    from survey.preparation.pictures import pictures_of_table
    from survey.preparation.tables import crops_of_table, labels_of_table

    if args.table and args.pictures:
        raise StudyError("--table and --pictures: needed one of them")
    folders = dict(map(parse_named_folder, args.pictures))
    if len(folders) < len(args.pictures):
        raise StudyError("--pictures: every folder needs a name of its own")
    return Order(
        photos=args.folder,
        folders=folders,
        table=pictures_of_table(args.table) if args.table else None,
        models=args.models or (),
        methods=args.methods or (),
        asks=args.ask,
        compared=[(a, b) for a, _, b in (text.partition(":") for text in args.compare or ())],
        has_original=not args.no_original,
        scale=args.scale,
        frame=args.frame,
        settings={
            "width": args.width,
            "height": args.height,
            "images_per_rater": args.images_per_rater,
            "angle_images": args.same_angle,
            "angle_ppd": args.same_angle_ppd,
            "repeats": args.repeats,
            "golden_every": args.known_every,
        },
        labels=labels_of_table(args.labels) if args.labels else {},
        crops=crops_of_table(args.crops) if args.crops else {},
    )


def _show_share(share: float) -> None:
    sys.stderr.write(f"\r{share:4.0%}")

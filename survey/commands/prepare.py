"""python -m survey prepare: a study from a folder of photographs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sr.images.finished import parse_named_folder
from sr.models.entries.shipped import MODELS
from survey.study.errors import StudyError
from survey.study.moments import stamp, utc_now
from survey.study.protocol import NETWORKS, Protocol, check_asked
from survey.study.settings import data_folder
from survey.study.study import check_name

if TYPE_CHECKING:
    from survey.preparation.pictures import Pictures
    from survey.preparation.sources import Source


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
    from survey.preparation.pictures import check_pictures
    from survey.preparation.versions import prepare_study, scale_of

    check_name(args.study)
    folders, table = _pictures(args)
    own = [*folders, *dict.fromkeys(method for row in (table or {}).values() for method in row)]
    protocol = _protocol(args, own)
    models = [method for method in protocol.methods if method not in own]
    scale = args.scale or scale_of(models if protocol.has_original else models[:-1] or models)
    protocol = _checked(protocol, args, scale)
    sources, unreadable = _sources(args, folders, table)
    check_pictures(sources, scale)
    small = [source.name for source in sources if not source.fits(protocol, scale)]
    study = prepare_study(
        sources,
        data_folder() / "studies" / args.study,
        protocol=protocol,
        scale=scale,
        progress=_show_share,
        now=stamp(utc_now()),
    )
    sys.stderr.write("\n")
    if small:
        print(f"left out, too small: {', '.join(small)}")
    for problem in unreadable:
        print(f"left out: {problem}")
    print((study.folder / "plan.txt").read_text(encoding="utf-8"), end="")
    print(f"serve it with NITIDEZ_STUDY={study.name} make demo")
    return 0


def _pictures(args: argparse.Namespace) -> tuple[dict[str, Path], Pictures | None]:
    """Folders of finished pictures by name, or a table of them."""
    from survey.preparation.pictures import pictures_of_table

    if args.table and args.pictures:
        raise StudyError("--table and --pictures: needed one of them")
    folders = dict(map(parse_named_folder, args.pictures))
    if len(folders) < len(args.pictures):
        raise StudyError("--pictures: every folder needs a name of its own")
    table = pictures_of_table(args.table) if args.table else None
    for name in (*folders, *(method for row in (table or {}).values() for method in row)):
        if name == "original" or name in MODELS:
            raise StudyError(f"{name}: finished pictures under a model's name; give another")
    if args.folder is None and (table or folders) and not args.no_original:
        raise StudyError(
            "finished pictures without photographs: give the folder of the originals, or "
            "--no-original where nobody has them"
        )
    return folders, table


def _sources(
    args: argparse.Namespace, folders: dict[str, Path], table: Pictures | None
) -> tuple[list[Source], list[str]]:
    """The photographs with their finished pictures, and what cannot be read."""
    from survey.preparation.default_study import default_sources, sources_of
    from survey.preparation.pictures import pictures_of_folders, sources_of_pictures

    if args.folder is None:
        alone = bool(table or folders)
        return (sources_of_pictures(table, folders) if alone else default_sources()), []
    sources, unreadable = sources_of(args.folder)
    stems = [source.name for source in sources]
    found = pictures_of_folders(stems, folders) if table is None else table
    if missing := [stem for stem in stems if stem not in found]:
        raise StudyError(f"{args.table}: no pictures of {', '.join(missing)}")
    kind = "small" if args.no_original else "original"
    sources = [source._replace(pictures=found[source.name], kind=kind) for source in sources]
    return sources, unreadable


def _protocol(args: argparse.Namespace, own: Sequence[str]) -> Protocol:
    given = {
        "width": args.width,
        "height": args.height,
        "images_per_rater": args.images_per_rater,
        "angle_images": args.same_angle,
        "angle_ppd": args.same_angle_ppd,
        "repeats": args.repeats,
        "golden_every": args.known_every,
    }
    chosen = {key: value for key, value in given.items() if value is not None}
    check_asked(args.ask, has_original=not args.no_original)
    is_classic = not (own or args.methods or args.compare or args.no_original)
    if is_classic and set(args.ask) in ({"ratings", "pairs"}, {"degradation", "pairs"}):
        chosen["beside_original"] = "degradation" in args.ask
        return Protocol.of_models(args.models or NETWORKS, **chosen)
    if args.models and args.methods:
        raise StudyError("--models and --methods: needed one of them")
    if args.methods:
        methods = args.methods
    elif args.models or not own:
        methods = ["nearest", "bicubic", *(args.models or NETWORKS)]
    else:
        methods = []
    return Protocol.of_methods(
        [*methods, *own],
        asks=args.ask,
        compared=[(a, b) for a, _, b in (text.partition(":") for text in args.compare or ())],
        has_original=not args.no_original,
        **chosen,
    )


def _checked(protocol: Protocol, args: argparse.Namespace, scale: int) -> Protocol:
    """The protocol with crops of whole multiples of the scale, and counts that can be."""
    width, height = (side - side % scale for side in (protocol.width, protocol.height))
    if (args.width and args.width % scale) or (args.height and args.height % scale):
        raise StudyError(f"crops of {args.width}x{args.height}; needed multiples of {scale}")
    protocol = replace(protocol, width=width, height=height)
    if min(width, height) < 32:
        raise StudyError(f"crops of {width}x{height}; needed 32 or more")
    if protocol.images_per_rater < 1:
        raise StudyError(f"--images-per-rater {protocol.images_per_rater}; needed 1 or more")
    if protocol.repeats < 0 or protocol.golden_every < 2:
        raise StudyError("--repeats needed 0 or more, --known-every 2 or more")
    if protocol.angle_images < 0:
        raise StudyError(f"--same-angle {protocol.angle_images}; needed 0 or more photographs")
    if protocol.angle_images and not protocol.compared:
        raise StudyError("--same-angle compares pairs; needed --ask pairs")
    if not 10 <= protocol.angle_ppd <= 120:
        raise StudyError(f"--same-angle-ppd {protocol.angle_ppd:g}; needed 10 to 120")
    return protocol


def _show_share(share: float) -> None:
    sys.stderr.write(f"\r{share:4.0%}")

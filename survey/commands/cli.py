"""The command line of the survey: python -m survey --help."""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from survey.session.service import DEFAULT_STUDY, Survey, stamp, utc_now
from survey.study.errors import StudyError, SurveyError
from survey.study.study import check_name, draft_of


def data_folder() -> Path:
    """NITIDEZ_DATA, or `var` beside app.py."""
    given = os.environ.get("NITIDEZ_DATA", "").strip()
    return Path(given) if given else Path(__file__).parents[2] / "var"


def served_study() -> str:
    """NITIDEZ_STUDY, which the app serves, or the one that is there without preparing one."""
    return os.environ.get("NITIDEZ_STUDY", "").strip() or DEFAULT_STUDY


def build_parser() -> argparse.ArgumentParser:
    """All commands."""
    parser = argparse.ArgumentParser(
        prog="python -m survey",
        description="Prepare, watch and export the blind survey. Its data lie in NITIDEZ_DATA.",
        epilog="Example: python -m survey export --study default --output results",
    )
    parser.add_argument(
        "--debug", action="store_true", help="show the traceback of an error as well"
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, text: str, *, study: bool = True) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        if study:
            added.add_argument(
                "--study",
                metavar="NAME",
                default=served_study(),
                help="(default: NITIDEZ_STUDY, else default; here %(default)s)",
            )
        return added

    one = command("prepare", "make a study from a folder of original photographs")
    one.add_argument(
        "folder",
        metavar="FOLDER",
        type=Path,
        nargs="?",
        help="of photographs as large as the crops or larger; of 12 or more the last two, by name, "
        "are for practice only (default: those that come with scikit-image)",
    )
    one.add_argument(
        "--models",
        metavar="NAME",
        nargs="+",
        help="networks to compare, beside nearest, bicubic and the originals; of one scale "
        "(default: srresnet_x4 srgan_x4)",
    )
    one.add_argument("--width", type=int, metavar="PX", help="of the crops (default: 448)")
    one.add_argument("--height", type=int, metavar="PX", help="of the crops (default: 288)")
    one.add_argument("--images-per-rater", type=int, metavar="N", help="(default: 10)")
    one.add_argument(
        "--same-angle",
        type=int,
        metavar="N",
        help="compare the networks of N photographs once more, magnified to about the same "
        "visual angle on every display (default: 0)",
    )
    one.add_argument(
        "--same-angle-ppd", type=float, metavar="PPD", help="that angle (default: 30 px per degree)"
    )
    command("status", "say how far a study is")
    one = command("export", "write the ratings and their summaries as CSV")
    one.add_argument("--output", metavar="FOLDER", type=Path, required=True)
    one.add_argument(
        "--include-simulated", action="store_true", help="simulated raters too, for tests"
    )
    one = command("simulate", "send simulated raters through a study, marked as such")
    one.add_argument("--raters", metavar="N", type=int, required=True)
    one.add_argument("--seed", metavar="S", type=int, default=0, help="(default: %(default)s)")
    one = command("withdraw", "erase one person everywhere", study=False)
    one.add_argument("code", metavar="CODE", help="the withdrawal code the person was shown")
    one = command("anonymise", "cut what could point to a person from old entries", study=False)
    one.add_argument("--older-than", metavar="DAYS", type=int, required=True)
    command("open", "let raters in")
    command("close", "take no more answers")
    one = command("link", "print the address for a class and write its QR code", study=False)
    one.add_argument("address", metavar="ADDRESS", help="of the app, such as http://10.0.0.5:7860")
    one.add_argument("--output", metavar="FILE", type=Path, help="QR code as SVG or PNG")
    one = command("restore", "fetch a backup into NITIDEZ_DATA, which it fills", study=False)
    one.add_argument("place", metavar="PLACE", help="as in NITIDEZ_BACKUP: dataset:OWNER/NAME, ...")
    one = command("replay", "make a database again from the journal", study=False)
    one.add_argument("--output", metavar="FILE", type=Path, required=True, help="of the database")
    for name, text in LATER.items():
        added = command(name, text, study=name == "report")
        importlib.import_module(MODULES[name]).add_arguments(added)
    return parser


# Commands with modules of their own, where those are there.
MODULES = {
    "report": "survey.reporting.report",
    "validate": "survey.simulation.validate",
}
LATER = {
    name: text
    for name, text in {
        "report": "write a report with figures and all tables as one zip file",
        "validate": "prove the statistics on simulated studies with known truth",
    }.items()
    if (Path(__file__).parents[2] / f"{MODULES[name].replace('.', '/')}.py").is_file()
}


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line and do what it says; returns the exit status."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    logging.getLogger("survey.session.service").setLevel(
        logging.CRITICAL
    )  # raised again, and told once
    args = build_parser().parse_args(arguments)
    try:
        return run(args)
    except SurveyError as error:
        problem: Exception = error
    except Exception as error:
        from sr.base.errors import SRError

        if not isinstance(error, SRError):
            raise
        problem = error
    if args.debug:
        raise problem
    sys.stderr.write(f"error: {problem}\n")
    return 2


def run(args: argparse.Namespace) -> int:
    """Do one command.

    Raises:
        SurveyError: it cannot be done.
    """
    if args.command in LATER:
        status: int = importlib.import_module(MODULES[args.command]).run(args)
        return status
    if args.command == "prepare":
        return _prepare(args)
    if args.command == "replay":
        return _replay(args.output)
    if args.command == "restore":
        return _restore(args.place)
    if args.command == "link":
        return _link(args)
    if args.command in ("withdraw", "anonymise"):
        return _remove(args)
    with opened(args.study) as survey:
        return _with_survey(survey, args)


@contextmanager
def opened(study: str) -> Iterator[Survey]:
    """The survey of a study that is there.

    Raises:
        SurveyError: it is not, or the survey cannot run.
    """
    folder = data_folder()
    studies = folder / "studies"
    is_preparing = study == DEFAULT_STUDY and draft_of(studies / study).exists()
    if not (studies / check_name(study)).exists() and not is_preparing:
        others = sorted(path.name for path in studies.glob("[!.]*"))
        raise StudyError(
            f"{folder} holds no study {study!r}; "
            + (f"it holds {', '.join(others)} (--study NAME), " if others else "")
            + "make one with python -m survey prepare, or set NITIDEZ_DATA to the survey's folder"
        )
    survey = Survey(folder, study=study)
    try:
        survey.study  # noqa: B018  # raises what keeps the survey from running
        yield survey
    finally:
        survey.close()


def _remove(args: argparse.Namespace) -> int:
    """Erase or make anonymous, in all studies of a data folder."""
    if args.command == "anonymise" and args.older_than < 0:
        raise StudyError(f"--older-than {args.older_than}; needed 0 days or more")
    folder = data_folder()
    if not (folder / "survey.db").exists():
        raise StudyError(f"{folder} holds no answers; set NITIDEZ_DATA to the survey's folder")
    survey = Survey(folder)
    try:
        if args.command == "withdraw":
            survey.withdraw(args.code)
            print("erased here; the app's next backup removes the older ones")
        else:
            print(f"{survey.anonymise(args.older_than)} participants made anonymous")
    finally:
        survey.close()
    return 0


def _with_survey(survey: Survey, args: argparse.Namespace) -> int:
    match args.command:
        case "status":
            return _status(survey)
        case "export":
            from survey.reporting.export import export_files, write_export

            frame = survey.store.responses(args.study, args.include_simulated)
            write_export(export_files(frame, survey.study), args.output)
            print(f"{len(frame)} responses written to {args.output}")
        case "simulate":
            from survey.simulation.simulate import simulate

            if args.raters < 1:
                raise StudyError(f"--raters {args.raters}; needed 1 or more")
            stored = simulate(survey, raters=args.raters, seed=args.seed)
            print(f"{args.raters} simulated raters, {stored} responses")
        case "open" | "close":
            survey.set_open(args.command == "open")
            print(f"study {args.study!r} is {'open' if args.command == 'open' else 'closed'}")
    return 0


def _prepare(args: argparse.Namespace) -> int:
    from survey.preparation.default_study import default_sources, sources_of
    from survey.study.study import NETWORKS, Protocol, prepare_study, scale_of

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


def _status(survey: Survey) -> int:
    counts = survey.store.counts(survey.study_name)
    status = survey.status()
    print(f"study      {survey.study_name}, {status['state']}")
    print(f"raters     {counts['started']} started, {counts['finished']} finished")
    print(f"responses  {counts['responses']}")
    print(f"withdrawn  {counts['withdrawn']}")
    if counts["simulated"]["started"]:
        print(f"simulated  {counts['simulated']['started']} raters, kept apart")
    return 0


def _replay(output: Path) -> int:
    from survey.storage.journal import read_journal
    from survey.storage.store import Store

    if output.exists():
        raise StudyError(f"{output} exists; give the name of a new file")
    journal = data_folder() / "journal"
    if not any(journal.glob("*.jsonl")):
        raise StudyError(f"{journal}: no journal there; set NITIDEZ_DATA to the survey's folder")
    store = Store(output)
    try:
        count = store.apply(read_journal(journal))
        print(f"{count} events, {len(store.response_ids())} responses in {output}")
    finally:
        store.close()
    return 0


def _restore(place: str) -> int:
    from survey.storage.backends import open_backend
    from survey.storage.backup import BackupError, restore
    from survey.storage.store import check_database, is_nobody_in

    folder = data_folder()
    if not is_nobody_in(folder):
        raise StudyError(f"{folder} holds answers already; set NITIDEZ_DATA to a new folder")
    try:
        if not restore(folder, open_backend(place), check=check_database, is_empty=is_nobody_in):
            raise StudyError(f"{place}: no backup is there yet")
    except BackupError as error:
        raise StudyError(str(error)) from None
    print(f"{place} restored into {folder}; python -m survey status says what is in it")
    return 0


def _link(args: argparse.Namespace) -> int:
    import segno

    address = args.address.rstrip("/")
    if not address.startswith(("http://", "https://")):
        raise StudyError(f"address {args.address!r}; needed one that begins with http")
    link = f"{address}/?tab=survey"
    code = segno.make(link, error="m")
    print(link)
    if args.output is None:
        code.terminal(compact=True)
        return 0
    if args.output.suffix.lower() not in (".svg", ".png"):
        raise StudyError(f"{args.output}: needed a name that ends with .svg or .png")
    try:
        args.output.parent.mkdir(parents=True, exist_ok=True)
        code.save(str(args.output), scale=10)
    except OSError as error:
        raise StudyError(f"{args.output}: {error.strerror}; give another --output") from error
    print(f"QR code in {args.output}")
    return 0

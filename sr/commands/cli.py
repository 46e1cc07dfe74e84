"""The command line: python -m sr COMMAND, a module each.

Errors are one line on stderr, `error: ...`, with exit status 2; `--debug` shows where they arose.
What needs torch is imported by the commands themselves, after their arguments have been checked.
"""

from __future__ import annotations

import argparse
import importlib
import signal
import sys
import traceback
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

from sr import __version__
from sr.base.errors import SRError
from sr.base.machine import is_out_of_memory
from sr.commands.console import EXIT_ERROR, print_any_name, report_error, wait_for_the_leader

EXIT_INTERRUPTED = 130
FUNCTIONS = {  # of commands that are not alone in the module of their name
    "microscope": ("sr.commands.microscopy.evaluate", "add_arguments", "run"),
    "mix": ("sr.commands.models", "add_mix_arguments", "run_mix"),
    "runs": ("sr.commands.sweep", "add_runs_arguments", "run_runs"),
    "release": ("sr.commands.models", "add_release_arguments", "run_release"),
}
COMMANDS = {
    "upscale": "Upscale one image or a folder of images.",
    "evaluate": "Measure models on folders of images: PSNR, SSIM, LPIPS and time.",
    "figure": "Draw the figure of a paper: a picture, and parts of it as each method makes them.",
    "data": "Check data sets as they lie on disk, or download them.",
    "train": "Train a network from a preset.",
    "microscope": "Measure models on frames of microscopes, or draw such frames.",
    "sweep": "Compare settings by short trainings over a grid.",
    "runs": "Compare trainings: how far they came, and their curves.",
    "mix": "Write the network that lies between two weights files.",
    "release": "Put trained weights into weights/, with what is known of them.",
    "models": "List the models with what is known of them.",
    "benchmark": "Measure speed and memory of the upscaler on this machine.",
}


class Parser(argparse.ArgumentParser):
    """argparse with this program's way of saying an error."""

    def error(self, message: str) -> NoReturn:
        wait_for_the_leader()
        self.exit(EXIT_ERROR, f"error: {message}\nsee {self.prog} --help\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    argv = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in argv
    interrupts = count_interrupts()
    print_any_name()
    try:
        arguments = build_parser(argv).parse_args(argv)
        return int(arguments.run(arguments))
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    except (SRError, OSError, MemoryError) as error:
        if debug:
            traceback.print_exc()
        report_error(str(error) or type(error).__name__)
        return EXIT_ERROR
    except Exception as error:
        if interrupts:  # libraries turn Ctrl-C during their import into errors of their own
            print("interrupted", file=sys.stderr)
            return EXIT_INTERRUPTED
        if debug:
            raise
        if is_out_of_memory(error):
            report_error(
                "the device has not enough memory; needed less at once: a smaller --tile, or in "
                "training --set batch_size or hr_patch_px (--debug says more)"
            )
            return EXIT_ERROR
        report_error(f"{type(error).__name__}: {error} (this is a fault of the program; --debug)")
        return EXIT_ERROR


def count_interrupts() -> list[int]:
    """A list that grows with every Ctrl-C, which raises KeyboardInterrupt as ever.

    Where Ctrl-C is ignored or already handled in another way, it stays so.
    """
    seen: list[int] = []

    def handle(number: int, _frame: FrameType | None) -> NoReturn:
        seen.append(number)
        raise KeyboardInterrupt

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, handle)
    return seen


def build_parser(argv: Sequence[str] = ()) -> Parser:
    """The parser of every command.

    Commands define their own arguments, some in modules that are slow to import: those are added
    only when `argv` asks for that command.
    """
    common = Parser(add_help=False)
    common.add_argument("--debug", action="store_true", help="show the traceback of an error")
    parser = Parser(
        prog="python -m sr",
        description="Super-resolution: upscale images, measure and train models.",
        epilog="Each command has its own help, e.g.: python -m sr upscale --help",
    )
    parser.add_argument("--version", action="version", version=f"nitidez sr {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    asked = next((word for word in argv if not word.startswith("-")), None)
    for name, sentence in COMMANDS.items():
        command = commands.add_parser(
            name,
            help=sentence,
            description=sentence,
            parents=[common],
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if name == asked:
            default = (f"sr.commands.{name}", "add_arguments", "run")
            module, add, run = FUNCTIONS.get(name, default)
            getattr(importlib.import_module(module), add)(command)
            command.set_defaults(run=getattr(importlib.import_module(module), run))
    return parser

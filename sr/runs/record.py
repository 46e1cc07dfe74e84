"""What a run began with, in `run.json` of its folder, and whether it may go on with what is now."""

from __future__ import annotations

import json
import logging
import platform
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout

from sr import __version__
from sr.base.errors import ConfigError
from sr.base.files import write_atomically

logger = logging.getLogger(__name__)

FILE = "run.json"
LOCK = ".lock"

# What the weights would not be the same without, and what only tells why they are not quite.
MUST_EQUAL = ("data", "low_resolution", "backbones", "precision")
SHOULD_EQUAL = ("device", "threads", "processes", "versions", "commit")


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Nobody else trains into the folder meanwhile; one that stays empty is removed again.

    Raises:
        ConfigError: another process does now.
    """
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise ConfigError(
            f"{folder}: another training is writing into it; wait for its end, or give another "
            "--output folder"
        ) from None
    try:
        yield
    finally:
        with suppress(OSError):  # some systems do not delete a file that is open
            (folder / LOCK).unlink()
        lock.release()
        with suppress(OSError):  # what is not empty stays
            for path in missing:
                path.rmdir()


def surroundings(device: object, processes: int) -> dict[str, Any]:
    """This part of a run: its command, when it began, on what and with which versions."""
    return {
        "command": shlex.join(["python", "-m", "sr", *sys.argv[1:]]),
        "started": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "device": str(device),
        "threads": torch.get_num_threads(),
        "processes": processes,
        "versions": {
            "nitidez": __version__,
            "python": platform.python_version(),
            "torch": str(torch.__version__),
        },
        "commit": _commit(),
    }


def read_record(folder: Path) -> dict[str, Any] | None:
    """What the folder's run began with; None where it says nothing, as older ones."""
    try:
        record: dict[str, Any] = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) and record.get("parts") else None


def write_record(
    folder: Path, about: Mapping[str, Any], part: Mapping[str, Any], *, resumed: bool
) -> None:
    """Write `run.json`: what must stay, and its parts, one for each time it was begun.

    Args:
        about: recipe, data, backbones, ...: what `check_record` compares.
        part: as of `surroundings`, and from which iteration.
        resumed: whether the folder's run goes on, or another begins.
    """
    before = (read_record(folder) or {}).get("parts", []) if resumed else []
    text = json.dumps({**about, "parts": [*before, dict(part)]}, indent=2, ensure_ascii=False)
    write_atomically(folder / FILE, f"{text}\n".encode())


def check_record(folder: Path, now: Mapping[str, Any]) -> None:
    """Refuse to go on with what would give other weights; say what may give slightly others.

    Args:
        now: of MUST_EQUAL and SHOULD_EQUAL what is known already.

    Raises:
        ConfigError: names what differs, as it was and as it is.
    """
    record = read_record(folder)
    if record is None:
        return
    before = record["parts"][-1] | record
    for names, is_refused in ((MUST_EQUAL, True), (SHOULD_EQUAL, False)):
        said = "; ".join(
            f"{name} was {_short(before[name])} and is {_short(now[name])}"
            for name in names
            if name in now and name in before and _plain(now[name]) != before[name]
        )
        if said and is_refused:
            raise ConfigError(
                f"--resume: {folder} was begun with something else: {said}; give the same, or "
                "begin another --output folder with the weights of this one: --set initial=FILE"
            )
        if said:
            logger.warning("the run goes on elsewhere, to slightly other numbers: %s", said)


def _plain(value: Any) -> Any:
    """As it is read back."""
    return json.loads(json.dumps(value))


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text or "nothing"


def _commit() -> str:
    """Of the program, where it lies in a git repository; with "-dirty" where it was changed."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    try:
        found = subprocess.run(
            [*command, "--abbrev=40", "--exclude=*"], capture_output=True, text=True, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return found.stdout.strip() if found.returncode == 0 else ""

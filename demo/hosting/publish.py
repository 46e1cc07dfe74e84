"""Put this repository on Hugging Face as a Space: `python -m demo publish --help`."""

from __future__ import annotations

import argparse
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sr.base.errors import ConfigError, OutputError

FOLDER = Path(__file__).parents[2]
# What the app needs to run; tests, notebooks and their tools stay at home.
PARTS = (
    *("LICENSE", "README.md", "CONTRIBUTING.md", "SECURITY.md", "app.py", "requirements.txt"),
    *("demo", "docs", "sr", "survey", "weights"),
)
SPACE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Upload:
    """One file of the Space."""

    path: Path
    name: str  # in the Space, with slashes

    @property
    def size(self) -> int:
        """Bytes."""
        return self.path.stat().st_size


def files_of_the_space(folder: Path = FOLDER) -> list[Upload]:
    """The files that make the Space, sorted: those git knows; without git, all but hidden ones.

    Raises:
        ConfigError: the folder is not this project's.
    """
    missing = [part for part in PARTS if not (folder / part).exists()]
    if missing:
        raise ConfigError(f"{folder}: {', '.join(missing)} not there; needed the whole repository")
    known = _known_to_git(folder)
    if known is None:
        paths = (path for part in PARTS for path in _below(folder / part))
        known = [path.relative_to(folder).as_posix() for path in paths]
    names = sorted(name for name in known if name.split("/")[0] in PARTS)
    return [Upload(folder / name, name) for name in names if (folder / name).is_file()]


def _known_to_git(folder: Path) -> list[str] | None:
    try:
        listed = subprocess.run(
            ["git", "-C", str(folder), "ls-files", "-z"], capture_output=True, check=True, text=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return [name for name in listed.stdout.split("\0") if name] or None


def _below(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    hidden = ("__pycache__",)
    return [
        file
        for file in path.rglob("*")
        if file.is_file()
        and not any(p.startswith(".") or p in hidden for p in file.relative_to(path).parts)
    ]


def publish(
    space: str,
    uploads: list[Upload],
    *,
    api: Any,
    private: bool,
    message: str,
    sdk: str = "gradio",
) -> tuple[str, int]:
    """Create the Space if it is not there, and make its files exactly `uploads`, in one commit.

    Args:
        space: "owner/name".
        api: a `huggingface_hub.HfApi`.
        private: of a Space that is created; one that exists keeps what it is.
        message: of the commit.
        sdk: "gradio", or "static" for files alone.

    Returns:
        The Space's address, and how many files of an earlier version were removed.

    Raises:
        OutputError: the hub refuses or cannot be reached.
    """
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete
    from huggingface_hub.errors import HfHubHTTPError

    try:
        address = api.create_repo(
            space, repo_type="space", space_sdk=sdk, private=private, exist_ok=True
        )
        wanted = {upload.name for upload in uploads}
        there = api.list_repo_files(space, repo_type="space")
        # .gitattributes is the hub's own: it says which files are large.
        gone = [name for name in there if name not in wanted and name != ".gitattributes"]
        operations: list[Any] = [CommitOperationAdd(u.name, u.path) for u in uploads]
        operations += [CommitOperationDelete(name) for name in gone]
        api.create_commit(space, operations, commit_message=message, repo_type="space")
    except HfHubHTTPError as error:
        raise OutputError(
            f"{space}: the hub refused ({_first_line(error)}); log in with `hf auth login` or set "
            "HF_TOKEN to a token that may write there"
        ) from None
    except OSError as error:
        raise OutputError(f"{space}: the hub cannot be reached ({_first_line(error)})") from None
    return str(address), len(gone)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `python -m demo publish`."""
    parser.add_argument(
        "--space", metavar="OWNER/NAME", required=True, help="the Space; made if it is not there"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="print what would be sent, and send nothing"
    )
    parser.add_argument(
        "--private", action="store_true", help="a new Space is seen by its owner only"
    )
    parser.add_argument(
        "--message", metavar="TEXT", default="Update Nitidez", help="(default: %(default)s)"
    )


def check_space(space: str) -> None:
    """Raises ConfigError where a Space cannot have that name."""
    if not SPACE_NAME.fullmatch(space):
        raise ConfigError(f"--space {space!r}: needed OWNER/NAME, such as maria/nitidez")


def run(args: argparse.Namespace, uploads: list[Upload], sdk: str = "gradio") -> int:
    """`python -m demo publish`: returns the exit status.

    Args:
        uploads: the Space's files, all of them.
        sdk: as of `publish`.

    Raises:
        SRError: a bad name, or the hub does not take it.
    """
    check_space(args.space)
    total = sum(upload.size for upload in uploads) / 1e6
    if args.dry_run:
        for upload in uploads:
            print(f"{upload.size:>12,}  {upload.name}")
        print(f"{len(uploads)} files, {total:.1f} MB, would go to {args.space}; nothing was sent")
        return 0
    from huggingface_hub import HfApi

    address, gone = publish(
        args.space,
        uploads,
        api=HfApi(),
        private=args.private,
        message=args.message,
        sdk=sdk,
    )
    print(f"{len(uploads)} files, {total:.1f} MB, sent; {gone} old ones removed: {address}")
    return 0

"""Places for backups: a folder, a private data set repository, a storage bucket."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from sr.base.files import atomic_file, make_private

COMMITS_BEFORE_SQUASH = 50  # a repository slows down with thousands of commits


class BackupError(Exception):
    """The place of the backups cannot be reached, or what lies there is damaged."""


class Backend(Protocol):
    """A place for named blobs of bytes."""

    def names(self) -> list[str]:
        """All names.

        Raises:
            BackupError: the place cannot be reached.
        """

    def read(self, name: str) -> bytes:
        """The bytes of one name.

        Raises:
            BackupError: not there, or the place cannot be reached.
        """

    def change(self, add: Mapping[str, Path | bytes], remove: Iterable[str] = ()) -> None:
        """Write and remove. Not atomic: after an error any part of it may have happened.

        Raises:
            BackupError: the place cannot be reached, or refused.
        """


def open_backend(place: str, scratch: Path | None = None) -> Backend:
    """The backend of a setting: `folder:PATH`, `dataset:OWNER/NAME` or `bucket:OWNER/NAME`.

    The last two need a token that may write there, in HF_TOKEN. What is made is private.

    Args:
        scratch: a folder for downloads, which is cleared after every erasure.

    Raises:
        BackupError: none of the three.
    """
    kind, _, name = place.partition(":")
    if kind == "folder" and name:
        return FolderBackend(Path(name))
    if kind in ("dataset", "bucket") and name.count("/") == 1 and all(name.split("/")):
        from huggingface_hub import HfApi

        backend = DatasetBackend if kind == "dataset" else BucketBackend
        return backend(name, HfApi(), scratch)
    raise BackupError(
        f"NITIDEZ_BACKUP is {place!r}; needed folder:PATH, dataset:OWNER/NAME or bucket:OWNER/NAME"
    )


@contextmanager
def _said(place: object) -> Iterator[None]:
    """Whatever goes wrong on the way is a BackupError."""
    try:
        yield
    except Exception as error:  # the hub's client raises its own, httpx's, OSError and Xet's
        first = (str(error).strip().splitlines() or [""])[0]
        raise BackupError(f"{place}: {type(error).__name__}: {first}") from error


class FolderBackend:
    """A folder, perhaps on another disk or a mounted one. Files are written whole."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def names(self) -> list[str]:
        """See Backend. The folder is made, and not the one it is in: a disk that is not there would
        be taken for an empty one.
        """
        with _said(self.folder):
            self.folder.mkdir(exist_ok=True)
            files = [path for path in self.folder.rglob("[!.]*") if path.is_file()]
        return [path.relative_to(self.folder).as_posix() for path in files]

    def read(self, name: str) -> bytes:
        """See Backend."""
        with _said(self.folder):
            return (self.folder / name).read_bytes()

    def change(self, add: Mapping[str, Path | bytes], remove: Iterable[str] = ()) -> None:
        """See Backend."""
        with _said(self.folder):
            for name, source in add.items():
                make_private(self.folder)
                make_private((self.folder / name).parent)
                with atomic_file(self.folder / name, mode=0o600) as file:
                    file.write(source if isinstance(source, bytes) else source.read_bytes())
            gone = [self.folder / name for name in remove]
            left = [] if add else self.folder.glob("*/.*")  # by a process that was killed
            for path in (*gone, *left):
                path.unlink(missing_ok=True)


class DatasetBackend:
    """A private data set repository on Hugging Face; one commit a change, all of it or nothing.

    Its history keeps what was removed, so it is squashed now and then, and at every removal: an
    erased person must not stay in it.

    Args:
        name: "owner/name".
        api: a `huggingface_hub.HfApi`.
        scratch: a folder for downloads.
    """

    def __init__(self, name: str, api: Any, scratch: Path | None = None) -> None:
        self.name = name
        self.api = api
        self.scratch = scratch
        self._commits = COMMITS_BEFORE_SQUASH  # an earlier process may not have come to it
        self._is_made = False

    def names(self) -> list[str]:
        """See Backend."""
        with _said(self.name):
            if not self._is_made:
                self.api.create_repo(self.name, repo_type="dataset", private=True, exist_ok=True)
                self._is_made = True
            return list(self.api.list_repo_files(self.name, repo_type="dataset"))

    def read(self, name: str) -> bytes:
        """See Backend."""
        with _said(self.name), _folder(self.scratch) as folder:
            options = {"repo_type": "dataset", "cache_dir": folder, "force_download": True}
            return Path(self.api.hf_hub_download(self.name, name, **options)).read_bytes()

    def change(self, add: Mapping[str, Path | bytes], remove: Iterable[str] = ()) -> None:
        """See Backend."""
        with _said(self.name):
            from huggingface_hub import CommitOperationAdd, CommitOperationDelete

            gone = [CommitOperationDelete(name) for name in remove]
            self._commits += COMMITS_BEFORE_SQUASH if gone else bool(add)  # until squashed
            operations = [*(CommitOperationAdd(name, file) for name, file in add.items()), *gone]
            if operations:
                self.api.create_commit(
                    self.name, operations, commit_message="Survey backup", repo_type="dataset"
                )
            if self._commits >= COMMITS_BEFORE_SQUASH and not add:
                self.api.super_squash_history(self.name, repo_type="dataset")
                self._commits = 0


class BucketBackend:
    """A private storage bucket on Hugging Face: mutable files without a history.

    Args:
        name, api, scratch: as of DatasetBackend.
    """

    def __init__(self, name: str, api: Any, scratch: Path | None = None) -> None:
        self.name = name
        self.api = api
        self.scratch = scratch

    def names(self) -> list[str]:
        """See Backend."""
        with _said(self.name):
            self.api.create_bucket(self.name, private=True, exist_ok=True)
            tree = self.api.list_bucket_tree(self.name, recursive=True)
            return [entry.path for entry in tree if hasattr(entry, "size")]

    def read(self, name: str) -> bytes:
        """See Backend."""
        with _said(self.name), _folder(self.scratch) as folder:
            files = [(name, folder / "file")]
            self.api.download_bucket_files(self.name, files, raise_on_missing_files=True)
            return (folder / "file").read_bytes()

    def change(self, add: Mapping[str, Path | bytes], remove: Iterable[str] = ()) -> None:
        """See Backend."""
        files = [(s if isinstance(s, bytes) else str(s), name) for name, s in add.items()]
        gone = list(remove)
        with _said(self.name):
            if files or gone:
                self.api.batch_bucket_files(self.name, add=files, delete=gone)


@contextmanager
def _folder(scratch: Path | None) -> Iterator[Path]:
    """A folder for one download."""
    if scratch is not None:
        make_private(scratch)
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        yield Path(folder)

"""Places for backups: a folder, a private data set repository, a storage bucket."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sr.base.files import atomic_file, make_private

T = TypeVar("T")

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


class FolderBackend:
    """A folder, perhaps on another disk or a mounted one. Files are written whole."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def names(self) -> list[str]:
        """See Backend."""
        with self._said():
            self.folder.mkdir(parents=True, exist_ok=True)
            files = [path for path in self.folder.rglob("[!.]*") if path.is_file()]
        return [path.relative_to(self.folder).as_posix() for path in files]

    def read(self, name: str) -> bytes:
        """See Backend."""
        with self._said(f"{name}: "):
            return (self.folder / name).read_bytes()

    def change(self, add: Mapping[str, Path | bytes], remove: Iterable[str] = ()) -> None:
        """See Backend."""
        with self._said():
            for name, source in add.items():
                make_private(self.folder)
                make_private((self.folder / name).parent)
                with atomic_file(self.folder / name, mode=0o600) as file:
                    file.write(source if isinstance(source, bytes) else source.read_bytes())
            gone = [self.folder / name for name in remove]
            left = [] if add else self.folder.glob("*/.*")  # by a process that was killed
            for path in (*gone, *left):
                path.unlink(missing_ok=True)

    @contextmanager
    def _said(self, what: str = "") -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise BackupError(f"{self.folder}: {what}{error.strerror}") from error


class HubBackend:
    """A private place on Hugging Face.

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
        found = self._asked(self._names)
        return [name for name in found if name.startswith(("blobs/", "generations/"))]

    def read(self, name: str) -> bytes:
        """See Backend."""
        if self.scratch is not None:
            make_private(self.scratch)
        with tempfile.TemporaryDirectory(dir=self.scratch) as folder:
            return self._asked(lambda: self._fetched(name, Path(folder)).read_bytes())

    def change(self, add: Mapping[str, Path | bytes], remove: Iterable[str] = ()) -> None:
        """See Backend."""
        files = {name: s if isinstance(s, bytes) else str(s) for name, s in add.items()}
        gone = list(remove)
        self._asked(lambda: self._change(files, gone))

    def _names(self) -> list[str]:
        raise NotImplementedError

    def _fetched(self, name: str, folder: Path) -> Path:
        raise NotImplementedError

    def _change(self, add: dict[str, str | bytes], gone: list[str]) -> None:
        raise NotImplementedError

    def _asked(self, ask: Callable[[], T]) -> T:
        """What the hub answers; anything that goes wrong on the way is a BackupError."""
        try:
            return ask()
        except Exception as error:  # the hub's client raises its own, httpx's, OSError and Xet's
            first = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise BackupError(f"{self.name}: {type(error).__name__}: {first}") from error


class DatasetBackend(HubBackend):
    """A private data set repository; one commit a change, all of it or nothing.

    Its history keeps what was removed, so it is squashed now and then, and at every removal: an
    erased person must not stay in it.
    """

    def _make(self) -> None:
        if not self._is_made:
            self.api.create_repo(self.name, repo_type="dataset", private=True, exist_ok=True)
            self._is_made = True

    def _names(self) -> list[str]:
        self._make()
        return list(self.api.list_repo_files(self.name, repo_type="dataset"))

    def _fetched(self, name: str, folder: Path) -> Path:
        options = {"repo_type": "dataset", "cache_dir": folder, "force_download": True}
        return Path(self.api.hf_hub_download(self.name, name, **options))

    def _change(self, add: dict[str, str | bytes], gone: list[str]) -> None:
        from huggingface_hub import CommitOperationAdd, CommitOperationDelete

        self._make()
        self._commits += COMMITS_BEFORE_SQUASH if gone else bool(add)  # until squashed
        operations: list[Any] = [CommitOperationAdd(*file) for file in add.items()]
        operations += [CommitOperationDelete(name) for name in gone]
        if operations:
            self.api.create_commit(
                self.name, operations, commit_message="Survey backup", repo_type="dataset"
            )
        if self._commits >= COMMITS_BEFORE_SQUASH and not add:
            self.api.super_squash_history(self.name, repo_type="dataset")
            self._commits = 0


class BucketBackend(HubBackend):
    """A private storage bucket: mutable files without a history."""

    def _names(self) -> list[str]:
        self.api.create_bucket(self.name, private=True, exist_ok=True)
        tree = self.api.list_bucket_tree(self.name, recursive=True)
        return [entry.path for entry in tree if hasattr(entry, "size")]

    def _fetched(self, name: str, folder: Path) -> Path:
        target = folder / "file"
        self.api.download_bucket_files(self.name, [(name, target)], raise_on_missing_files=True)
        return target

    def _change(self, add: dict[str, str | bytes], gone: list[str]) -> None:
        if add or gone:
            pairs = [(source, name) for name, source in add.items()]
            self.api.batch_bucket_files(self.name, add=pairs, delete=gone)

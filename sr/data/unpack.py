"""Unpack tar and zip archives that may be hostile: plain files only, inside one folder, limited."""

from __future__ import annotations

import gzip
import lzma
import os
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from sr.base.errors import DataError

MAX_BYTES = 64 * 2**30
MAX_FILES = 200_000
_CHUNK = 1 << 20
_BROKEN = (
    tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, lzma.LZMAError, zlib.error, EOFError,
    NotImplementedError,
)  # fmt: skip


@dataclass(frozen=True)
class Unpacked:
    """What came out: the names at the top, how many files, and what was left out as unsafe."""

    top_names: tuple[str, ...]
    files: int
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class _Member:
    name: str
    is_folder: bool
    is_file: bool
    size: int
    open: Callable[[], IO[bytes]]


def unpack(
    archive: Path, folder: Path, *, max_bytes: int = MAX_BYTES, max_files: int = MAX_FILES
) -> Unpacked:
    """Unpack into `folder`, whole or not at all.

    Files are written into a hidden folder beside their place and moved when all are there. Folders
    that exist already are merged, files in them replaced. Links, devices and pipes are left out and
    listed.

    Args:
        archive: .tar, .tar.gz, .tgz, .tar.bz2, .tar.xz or .zip.
        folder: where the archive's top names will lie; created when missing.
        max_bytes: largest size of all files together, counted as they are written.
        max_files: most files.

    Raises:
        DataError: not an archive, broken, too large, or with a path out of the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=folder, prefix=".unpack-"))
    left_out: list[str] = []
    files = written = 0
    try:
        for member in _members(archive):
            target = work.joinpath(*_safe_parts(archive, member.name))
            if member.is_folder:
                target.mkdir(parents=True, exist_ok=True)
                continue
            if not member.is_file:
                left_out.append(member.name)
                continue
            files += 1
            if files > max_files or written + member.size > max_bytes:
                raise _too_large(archive, max_bytes, max_files)
            target.parent.mkdir(parents=True, exist_ok=True)
            with member.open() as source, target.open("xb") as output:
                while chunk := source.read(_CHUNK):
                    written += len(chunk)
                    if written > max_bytes:
                        raise _too_large(archive, max_bytes, max_files)
                    output.write(chunk)
                if output.tell() != member.size:
                    raise EOFError(f"{member.name} is cut off")
        top_names = tuple(sorted(path.name for path in work.iterdir()))
        for name in top_names:
            _move_over(work / name, folder / name)
    except _BROKEN as error:
        raise DataError(f"{archive}: broken archive ({error}); delete it and fetch again") from None
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise DataError(f"{archive}: two files of one name ({error.filename})") from None
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return Unpacked(top_names, files, tuple(left_out))


def _too_large(archive: Path, max_bytes: int, max_files: int) -> DataError:
    return DataError(
        f"{archive}: more than {max_files:,} files or {max_bytes / 2**30:.1f} GiB; "
        "not what it should be, nothing was unpacked"
    )


def _safe_parts(archive: Path, name: str) -> tuple[str, ...]:
    """The parts of a member's path.

    Raises:
        DataError: it is absolute, leads upwards, or has characters no honest name has.
    """
    path = PurePosixPath(name)
    parts = tuple(part for part in path.parts if part != ".")
    bad = path.is_absolute() or ".." in parts or "\\" in name or "\0" in name
    if bad or (parts and ":" in parts[0]):
        raise DataError(
            f"{archive}: holds the path {name!r}, which leads out of the folder; not unpacked"
        )
    return parts


def _members(archive: Path) -> Iterator[_Member]:
    if zipfile.is_zipfile(archive):
        yield from _zip_members(archive)
    elif tarfile.is_tarfile(archive):
        yield from _tar_members(archive)
    else:
        raise DataError(f"{archive}: neither a tar nor a zip archive; delete it and fetch again")


def _zip_members(archive: Path) -> Iterator[_Member]:
    with zipfile.ZipFile(archive) as file:
        for info in file.infolist():
            if info.flag_bits & 1:
                raise DataError(f"{archive}: {info.filename} is encrypted")
            kind = stat.S_IFMT(info.external_attr >> 16)
            yield _Member(
                info.filename,
                info.is_dir(),
                kind in (0, stat.S_IFREG),
                info.file_size,
                lambda info=info: file.open(info),  # type: ignore[misc]
            )


def _tar_members(archive: Path) -> Iterator[_Member]:
    with tarfile.open(archive) as file:
        for info in file:

            def read(info: tarfile.TarInfo = info) -> IO[bytes]:
                stream = file.extractfile(info)
                if stream is None:
                    raise tarfile.ReadError(f"{info.name} has no content")
                return stream

            yield _Member(info.name, info.isdir(), info.isreg(), info.size, read)


def _move_over(source: Path, target: Path) -> None:
    """Put `source` in the place of `target`; what was there is removed only afterwards."""
    if not (target.exists() or target.is_symlink()):
        os.rename(source, target)
        return
    if source.is_dir() and target.is_dir() and not target.is_symlink():
        for child in sorted(source.iterdir()):  # archives of one set share folders
            _move_over(child, target / child.name)
        return
    old = Path(tempfile.mkdtemp(dir=source.parent, prefix=".old-")) / target.name
    os.rename(target, old)
    os.rename(source, target)

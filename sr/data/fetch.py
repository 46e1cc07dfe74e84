"""Download the archives of a data set: resumed, checked, unpacked."""

from __future__ import annotations

import hashlib
import http.client
import json
import logging
import os
import shutil
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sr import __version__
from sr.base.errors import DataError
from sr.base.files import write_atomically
from sr.data.catalog import Archive, Source
from sr.data.unpack import unpack

logger = logging.getLogger(__name__)

ATTEMPTS = 6  # in a row without a single new byte
TIMEOUT_SECONDS = 60
_CHUNK = 1 << 18
_RETRIED = (urllib.error.URLError, http.client.HTTPException, OSError)
_GIVE_UP = (400, 401, 403, 404, 405, 410, 451)

Progress = Callable[[int, int | None], None]


@dataclass(frozen=True)
class Fetched:
    """A downloaded file, and what is known of its checksum."""

    path: Path
    sha256: str
    is_verified: bool


def fetch(
    source: Source, folder: Path, *, keep: bool = False, progress: Progress | None = None
) -> list[Fetched]:
    """Download and unpack every archive of a data set into `folder`.

    An archive that was unpacked before is passed over, so a broken run is simply run again.

    Args:
        keep: leave the archives in `folder/.downloads` after unpacking.
        progress: called with (bytes so far, of how many or None).

    Raises:
        DataError: the server does not give the file, the checksum is wrong, or the archive is not
            safe to unpack.
    """
    downloads = folder / ".downloads"
    results = []
    for archive in source.archives:
        done = downloads / f"{archive.name}.done"
        if _is_unpacked(done, folder):
            logger.info("%s: unpacked before, see %s", archive.name, done)
            continue
        fetched = download(archive, downloads, progress=progress)
        results.append(fetched)
        result = unpack(fetched.path, folder)
        if result.left_out:
            logger.warning(
                "%s: left out %d links or special files, first: %s",
                archive.name, len(result.left_out), result.left_out[0],
            )  # fmt: skip
        names = ", ".join(result.top_names)
        logger.info("%s: %d files unpacked into %s", archive.name, result.files, names)
        about = {"url": archive.url, "sha256": fetched.sha256, "names": result.top_names}
        write_atomically(done, (json.dumps(about, indent=2) + "\n").encode())
        if not keep:
            fetched.path.unlink()
    return results


def _is_unpacked(done: Path, folder: Path) -> bool:
    """Was the archive unpacked before, and is what came out of it still there?"""
    try:
        names = json.loads(done.read_text(encoding="utf-8"))["names"]
    except (OSError, ValueError, KeyError):
        return False
    return all((folder / name).exists() for name in names)


def download(archive: Archive, folder: Path, *, progress: Progress | None = None) -> Fetched:
    """Get one file, going on where an earlier try stopped.

    The bytes are gathered in `NAME.part`; the file has its name only when it is whole and its
    checksum was compared. Where no checksum was published the sha256 of the first download is
    written to `NAME.sha256`, and later downloads must equal it.

    Raises:
        DataError: the server refuses or breaks off too often, the disk is too small, or the
            checksum is wrong (the file is then removed).
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / archive.name
    if not path.is_file():
        part = path.with_name(path.name + ".part")
        _download_part(archive, part, progress)
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(part, path)
        _about_path(part).unlink(missing_ok=True)
    return _verified(archive, path)


def _download_part(archive: Archive, part: Path, progress: Progress | None) -> None:
    url, failures = archive.url, 0
    while True:
        before = _size(part)
        try:
            if _request(archive, part, progress):
                return
            reason = "the connection ended early"
        except urllib.error.HTTPError as error:
            if error.code in _GIVE_UP:
                raise DataError(f"{url}: the server answers {error.code} {error.reason}") from None
            reason = f"{error.code} {error.reason}"
        except _RETRIED as error:
            reason = str(getattr(error, "reason", error)) or type(error).__name__
        failures = 0 if _size(part) > before else failures + 1
        if failures >= ATTEMPTS:
            raise DataError(
                f"{url}: {reason}, {failures} times in a row; {_size(part):,} bytes are kept, "
                "run the command again to go on"
            )
        logger.info("%s: %s; trying again", url, reason)
        time.sleep(min(30.0, 0.1 * 4**failures) if failures else 0.0)


def _request(archive: Archive, part: Path, progress: Progress | None) -> bool:
    """One try; True when the part is the whole file."""
    url = archive.url
    about = _about(part)
    start = _size(part) if about.get("url") == url else 0
    request = urllib.request.Request(
        url, headers={"User-Agent": f"nitidez/{__version__}", "Accept-Encoding": "identity"}
    )
    if start:
        request.add_header("Range", f"bytes={start}-")
        if about.get("tag"):
            request.add_header("If-Range", about["tag"])
    try:
        response = urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # nothing after `start`: whole, or another file by now
            if start and start == about.get("total"):
                return True
            part.unlink(missing_ok=True)
        raise
    with response:
        secure = urllib.parse.urlsplit(url).scheme
        if secure == "https" and urllib.parse.urlsplit(response.url).scheme != "https":
            raise DataError(f"{url}: leads to {response.url}, which is not encrypted")
        if response.status != 206:
            start = 0
        elif not response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
            part.unlink(missing_ok=True)
            raise http.client.HTTPException("the server sent another range than asked for")
        length = response.headers.get("Content-Length")
        total = None if length is None else start + int(length)
        if start and about.get("total") not in (None, total):
            part.unlink()
            raise http.client.HTTPException("the file on the server has changed")
        if archive.num_bytes and total not in (None, archive.num_bytes):
            raise DataError(
                f"{url}: the server offers {total:,} bytes, the file has {archive.num_bytes:,}; "
                "what it would send is another"
            )
        tag = response.headers.get("ETag") or response.headers.get("Last-Modified") or ""
        tag = "" if tag.startswith("W/") else tag  # weak tags cannot resume
        free = shutil.disk_usage(part.parent).free
        if total is not None and total - start > free:
            raise DataError(f"{url}: needs {total - start:,} bytes, {free:,} are free on the disk")
        write_atomically(
            _about_path(part), json.dumps({"url": url, "tag": tag, "total": total}).encode()
        )
        with part.open("r+b" if start else "wb") as file:
            file.seek(start)
            while chunk := response.read(_CHUNK):
                file.write(chunk)
                if progress is not None:
                    progress(file.tell(), total)
            file.truncate()
            return total is None or file.tell() == total


def _verified(archive: Archive, path: Path) -> Fetched:
    kind, _, wanted = archive.checksum.partition(":")
    sha256, published = _digests(path, kind or "sha256")
    record = path.with_name(path.name + ".sha256")
    if wanted:
        if not published.startswith(wanted):
            path.unlink()
            raise DataError(
                f"{path}: {kind} {published} is not the published {wanted}; the file was removed, "
                "fetch it again"
            )
        if len(wanted) == len(published):
            return Fetched(path, sha256, True)
    if record.is_file():
        earlier = record.read_text(encoding="utf-8").split()[0]
        if earlier != sha256:
            path.unlink()
            raise DataError(
                f"{path}: sha256 {sha256} is not {earlier} of the first download ({record}); the "
                f"file was removed: fetch it again, or delete {record.name} to trust the new one"
            )
    else:
        write_atomically(record, f"{sha256}  {path.name}\n".encode())
        logger.warning(
            "%s: no checksum was published; sha256 %s of this first download is kept in %s",
            path.name, sha256, record,
        )  # fmt: skip
    return Fetched(path, sha256, False)


def _digests(path: Path, kind: str) -> tuple[str, str]:
    """The file's sha256, and its digest of another kind."""
    sha256, other = hashlib.sha256(), hashlib.new(kind, usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            sha256.update(chunk)
            other.update(chunk)
    return sha256.hexdigest(), other.hexdigest()


def _about_path(part: Path) -> Path:
    return part.with_name(part.name + ".json")


def _about(part: Path) -> dict[str, Any]:
    """What is known of a half-finished download; empty when nothing sensible is."""
    try:
        about = json.loads(_about_path(part).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return about if isinstance(about, dict) else {}


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0

"""Weights of torchvision's from their official address, without waiting for ever.

A first start may be behind a portal that takes connections and never answers. So there is a limit
of seconds for an answer and for every pause in it, and what has failed is not tried again by the
same process for a while: a run that measures a thousand pictures waits once.
"""

from __future__ import annotations

import http.client
import logging
import re
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import torch

from sr.base.files import atomic_file, file_sha256

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 10.0  # to connect, and for every pause
LEAST_BYTES_PER_SECOND = 2_000  # over PACE_SECONDS; slower counts as stalled
PACE_SECONDS = 20.0
RETRY_SECONDS = 600.0  # after a failure the same one is given at once
CHUNK_BYTES = 1 << 16

_lock = threading.Lock()
_failures: dict[str, tuple[float, OSError]] = {}
_waiting: set[str] = set()


def waiting_for() -> str | None:
    """The file that is being waited for now, for those who tell a person."""
    return next(iter(sorted(_waiting)), None)


def fetched(url: str) -> Path:
    """The file of an address in torch's cache, downloaded if it is not there.

    Args:
        url: its file's name ends in the beginning of its sha256, as `name-7be5be79.pth`.

    Raises:
        OSError: no answer in time, another than the file, or one that failed a while ago.
    """
    name = urlsplit(url).path.rpartition("/")[2]
    path = Path(torch.hub.get_dir()) / "checkpoints" / name
    begins = re.search(r"-([0-9a-f]{8,})\.\w+$", name)
    with _lock:  # others who need it wait for this one, then have it or its failure
        if path.is_file():
            return path
        at, failure = _failures.get(url, (0.0, None))
        if failure is not None and time.monotonic() - at < RETRY_SECONDS:
            raise failure
        logger.warning(
            "downloading %s from %s, once; without an answer for %.0f s it is left",
            *(name, urlsplit(url).netloc, ANSWER_SECONDS),
        )
        _waiting.add(name)
        try:
            _download(url, path, begins.group(1) if begins else "")
        except (OSError, http.client.HTTPException) as error:
            failure = OSError(f"{name}: {getattr(error, 'reason', None) or error}")
            _failures[url] = (time.monotonic(), failure)
            raise failure from error
        finally:
            _waiting.discard(name)
    return path


def _download(url: str, path: Path, begins: str) -> None:
    with atomic_file(path) as file:
        for chunk in _chunks(url):
            file.write(chunk)
        file.flush()
        if not file_sha256(Path(file.name)).startswith(begins):
            raise OSError(f"the server gave another file than one of sha256 {begins}...")


def _chunks(url: str) -> Iterator[bytes]:
    request = urllib.request.Request(url, headers={"User-Agent": "nitidez"})
    with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as response:
        length = response.headers.get("Content-Length")
        total, since, before = 0, time.monotonic(), 0
        while chunk := response.read1(CHUNK_BYTES):
            total += len(chunk)
            yield chunk
            seconds = time.monotonic() - since
            if seconds > PACE_SECONDS:
                if total - before < LEAST_BYTES_PER_SECOND * seconds:
                    raise TimeoutError(f"stalled: {total - before} bytes in {seconds:.0f} s")
                since, before = time.monotonic(), total
        if length is not None and total != int(length):
            raise OSError(f"ended after {total:,} of {int(length):,} bytes")

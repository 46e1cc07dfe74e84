"""Results on disk: PNG and TIFF files under opaque names, bounded in bytes and in age."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from sr.base.files import write_atomically
from sr.formats.notes import Note
from sr.images.photo import Photo
from sr.images.writing import encode_png
from sr.inference.guard import mended_text
from sr.microscopy.files.frame import Frame
from sr.microscopy.files.levels import Levels
from sr.microscopy.files.stretch import limits_of
from sr.microscopy.files.tiffs import is_ome
from sr.microscopy.files.writing import stack_bytes

TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")
FRAME_SUFFIX = ".tif"
ROUTE = "versions"  # images are served as <page>/versions/<token>.png


def photo_key(photo: Photo | Frame) -> str:
    """sha256 of the size and of every pixel: equal photos have equal keys, whatever their file. Of
    a frame, of what its file says of the pixels too, for results say it.
    """
    if isinstance(photo, Frame):
        said = (photo.pixels.shape, photo.pixel_um, photo.name, str(photo.kind), photo.number)
        digest = hashlib.sha256(repr(said).encode())
        digest.update(np.ascontiguousarray(photo.pixels).data)
        return digest.hexdigest()
    digest = hashlib.sha256(repr(photo.rgb.shape).encode())
    digest.update(np.ascontiguousarray(photo.rgb).data)
    if photo.alpha is not None:
        digest.update(b"alpha")
        digest.update(np.ascontiguousarray(photo.alpha).data)
    return digest.hexdigest()


@dataclass(frozen=True)
class StoredImage:
    """One file of the store: a PNG, or the TIFF of a frame with the limits it can be seen in."""

    token: str
    path: Path
    width: int
    height: int
    num_bytes: int
    seconds: float  # what it took to compute
    mended_share: float = 0.0  # where bicubic stands in the network's place
    notes: tuple[Note, ...] = ()  # what there is to say of how it was made
    limits: Levels | None = None

    @property
    def url(self) -> str:
        """Address relative to the page."""
        return f"{ROUTE}/{self.token}.png"


def file_of(result: Photo | Frame, text: Mapping[str, str]) -> dict[str, Any]:
    """A result as `ImageStore.put` takes it: data, size, and of a frame its limits.

    Args:
        text: what the file says of its origin.
    """
    size = {"width": result.width, "height": result.height}
    if isinstance(result, Photo):
        return size | {"data": encode_png(result, text={**text, **mended_text(result)})}
    about = "; ".join(text.values())
    name = result.name if is_ome(Path(result.name)) else None
    data = stack_bytes(result.pixels[None], result.pixel_um, about, ome_name=name)
    return size | {"data": data, "limits": limits_of(result.pixels)}


class ImageStore:
    """PNG files by key (photo, model, weights version), the least recently used deleted first.

    A file is deleted `max_age_seconds` after the last time its photo was submitted, and earlier
    where `max_bytes` asks for it. Files that another process left in the folder go with age too.
    Safe to use from several threads.
    """

    def __init__(
        self,
        folder: Path,
        *,
        max_bytes: int,
        max_age_seconds: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.folder = folder
        self.max_bytes = max_bytes
        self.max_age_seconds = max_age_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._images: OrderedDict[str, tuple[StoredImage, float]] = OrderedDict()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def put(
        self,
        key: str,
        data: bytes,
        *,
        width: int,
        height: int,
        seconds: float,
        mended_share: float = 0.0,
        notes: tuple[Note, ...] = (),
        limits: Levels | None = None,
    ) -> StoredImage:
        """Write the bytes under a new opaque name; the same key keeps its first file.

        Args:
            limits: of the TIFF of a frame; None: it is a PNG.
        """
        token = secrets.token_urlsafe(16)
        path = self.folder / f"{token}{'.png' if limits is None else FRAME_SUFFIX}"
        write_atomically(path, data, durable=False)
        image = StoredImage(
            token, path, width, height, len(data), seconds, mended_share, notes, limits
        )
        now = self._clock()
        os.utime(path, (now, now))
        with self._lock:
            if key in self._images:
                delete(path)
                return self._images[key][0]
            self._images[key] = (image, now)
        self.sweep()
        return image

    def get(self, key: str, *, renew: bool = False) -> StoredImage | None:
        """The image of a key, or None; `renew` starts its time anew (its photo came again)."""
        now = self._clock()
        with self._lock:
            found = self._images.get(key)
            if found is None:
                return None
            image, since = found
            if now - since > self.max_age_seconds or not image.path.exists():
                self._remove(key)
                return None
            if renew:
                self._images[key] = (image, now)
                os.utime(image.path, (now, now))
            self._images.move_to_end(key)
            return image

    def num_bytes(self) -> int:
        """Disk space of all images."""
        with self._lock:
            return sum(image.num_bytes for image, _ in self._images.values())

    def sweep(self) -> None:
        """Delete what is too old, then the least recently used until the rest fits."""
        now = self._clock()
        with self._lock:
            for key, (_, since) in list(self._images.items()):
                if now - since > self.max_age_seconds:
                    self._remove(key)
            total = sum(image.num_bytes for image, _ in self._images.values())
            while total > self.max_bytes and len(self._images) > 1:
                key, (image, _) = next(iter(self._images.items()))
                total -= image.num_bytes
                self._remove(key)
        delete_old_files(self.folder, self.max_age_seconds, now=now)

    def _remove(self, key: str) -> None:
        image, _ = self._images.pop(key)
        delete(image.path)


def delete(path: Path) -> bool:
    """Delete a file, if it can be: on Windows one that is being sent cannot, and goes with age."""
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return False
    return True


def delete_old_files(folder: Path, max_age_seconds: float, *, now: float | None = None) -> int:
    """Delete files older than that, and folders they leave empty; the number of files."""
    now = time.time() if now is None else now
    deleted = 0
    for parent, _, names in os.walk(folder, topdown=False):
        for name in names:
            path = Path(parent) / name
            with contextlib.suppress(OSError):
                if now - path.lstat().st_mtime > max_age_seconds:
                    path.unlink()
                    deleted += 1
        # A young empty folder may be one that an upload is about to fill.
        with contextlib.suppress(OSError):
            if Path(parent) != folder and now - Path(parent).stat().st_mtime > 60:
                Path(parent).rmdir()
    return deleted


class Sweeper:
    """A thread that calls `sweep` every `interval_seconds` until closed."""

    def __init__(self, sweep: Callable[[], None], interval_seconds: float = 60) -> None:
        self._stop = threading.Event()
        self._sweep = sweep
        self._interval_seconds = interval_seconds
        self._thread = threading.Thread(target=self._run, name="nitidez-sweeper", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            with contextlib.suppress(OSError):
                self._sweep()
            if self._stop.wait(self._interval_seconds):
                return

    def close(self) -> None:
        """End the thread."""
        self._stop.set()


def image_route(folder: Path) -> Route:
    """The route that serves the PNG files of a folder, byte for byte, to who knows the name."""

    async def serve(request: Request) -> Response:
        token = request.path_params["token"]
        path = folder / f"{token}.png"
        if not TOKEN.fullmatch(token) or not path.is_file():
            return PlainTextResponse("This image is no longer here.", status_code=404)
        headers = {
            "Cache-Control": "private, max-age=3000, immutable",
            "X-Content-Type-Options": "nosniff",
        }
        return FileResponse(path, media_type="image/png", headers=headers)

    return Route(f"/{ROUTE}/{{token}}.png", serve, methods=["GET", "HEAD"])

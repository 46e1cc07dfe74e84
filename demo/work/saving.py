"""Results as files: PNG as they are, JPEG or WebP where asked, those of several photos in one zip.

Files are converted when somebody fetches them, one at a time and in a thread of their own, so that
they take no room on the disk and nobody's answers wait for them.
"""

from __future__ import annotations

import asyncio
import io
import json
import logging
import threading
import time
import zipfile
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from demo.hosting.process import give_way
from demo.work.versions import FRAME_SUFFIX, ROUTE, TOKEN
from sr.base.errors import SRError
from sr.base.files import write_atomically
from sr.formats.decode import About
from sr.images.metadata import exif_for
from sr.images.reading import open_image
from sr.images.writing import DEFAULT_QUALITY, FORMATS, encode_lossy

TITLES = {"webp": "WebP"}
MOST_WAITING = 16  # conversions
ANY_SIZE = 1e6  # megapixels: it is a file of ours
HEADERS = {"Cache-Control": "private, max-age=3000", "X-Content-Type-Options": "nosniff"}

logger = logging.getLogger(__name__)
_converter = ThreadPoolExecutor(1, "nitidez-save", give_way)
_places = threading.BoundedSemaphore(MOST_WAITING)


@dataclass(frozen=True)
class SaveAs:
    """How results are saved.

    Attributes:
        kind: a key of FORMATS.
        quality: 1 to 100, of those that lose something.
    """

    kind: str = "png"
    quality: int = DEFAULT_QUALITY

    @property
    def title(self) -> str:
        """What people call the format."""
        return TITLES.get(self.kind, self.kind.upper())

    @property
    def suffix(self) -> str:
        """Of the files' names."""
        return FORMATS[self.kind].suffixes[0]

    def for_size(self, width: int, height: int) -> SaveAs:
        """The same, or PNG for what the format cannot hold."""
        return self if max(width, height) <= FORMATS[self.kind].most_px else SaveAs()

    def address(self, token: str) -> str:
        """Where a result with this token is, relative to the page."""
        end = f"?quality={self.quality}" if FORMATS[self.kind].has_quality else ""
        return f"{ROUTE}/{token}{self.suffix}{end}"

    def zip_address(self, token: str) -> str:
        """Where the results of several photos are, relative to the page."""
        return f"{ROUTE}/{token}.zip?kind={self.kind}&quality={self.quality}"


def save_as_of(kind: object, quality: object) -> SaveAs:
    """What somebody asks for; the default for what makes no sense."""
    try:
        number = int(str(quality))
    except ValueError:
        number = DEFAULT_QUALITY
    known = kind if isinstance(kind, str) and kind in FORMATS else "png"
    return SaveAs(known, number if 1 <= number <= 100 else DEFAULT_QUALITY)


def converted(path: Path, how: SaveAs) -> tuple[bytes, str]:
    """The bytes of a stored PNG in another format, or as they are where it cannot hold them; and
    the suffix. What its text says of its origin stands in EXIF.

    Raises:
        OSError, ImageError: it is gone.
    """
    if path.suffix == FRAME_SUFFIX:  # whose counts no other format holds
        return path.read_bytes(), FRAME_SUFFIX
    if how.kind == "png":
        return path.read_bytes(), how.suffix
    photo = open_image(path, max_megapixels=ANY_SIZE)
    how = how.for_size(photo.width, photo.height)
    if how.kind == "png":
        return path.read_bytes(), how.suffix
    text = "; ".join(photo.about.texts.values()) if photo.about else ""
    exif = exif_for(About(), "drop", size=(photo.width, photo.height), software=text)
    flat = photo.on_white() if how.kind == "jpeg" else photo
    return encode_lossy(flat, FORMATS[how.kind], quality=how.quality, exif=exif), how.suffix


def write_list(folder: Path, token: str, entries: Sequence[tuple[str, str]]) -> None:
    """Note which results a zip holds: their names without suffix, and their tokens."""
    text = json.dumps(entries)
    write_atomically(folder / f"{token}.json", text.encode(), durable=False)


def read_list(folder: Path, token: str) -> list[tuple[str, Path]]:
    """Names without suffix, and files.

    Raises:
        OSError: no such list, or deleted since.
    """
    entries = json.loads((folder / f"{token}.json").read_text(encoding="utf-8"))
    frames = {path.stem for path in folder.glob(f"*{FRAME_SUFFIX}")}
    suffixes = {True: FRAME_SUFFIX, False: ".png"}
    return [(name, folder / f"{one}{suffixes[one in frames]}") for name, one in entries]


class _Sink(io.RawIOBase):
    """What a zip is written to: bytes to be taken away."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        part = bytes(data)  # type: ignore[call-overload]
        self._parts.append(part)
        return len(part)

    def take(self) -> bytes:
        """All that was written since the last time."""
        parts, self._parts = self._parts, []
        return b"".join(parts)


async def zipped(entries: Sequence[tuple[str, Path]], how: SaveAs) -> AsyncIterator[bytes]:
    """A zip, a picture at a time; it ends with a list of those that are no longer there."""
    loop, sink, gone = asyncio.get_running_loop(), _Sink(), []
    today = time.localtime()[:6]
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:  # pictures are compressed
        for name, path in entries:
            try:
                data, suffix = await loop.run_in_executor(_converter, converted, path, how)
            except (OSError, SRError):
                gone.append(name)
                continue
            archive.writestr(zipfile.ZipInfo(f"{name}{suffix}", today), data)
            yield sink.take()
        if gone:
            archive.writestr(zipfile.ZipInfo("missing.txt", today), "\n".join(gone) + "\n")
    yield sink.take()


def saving_routes(folder: Path) -> list[Route]:
    """The routes of results in other formats, and of zips; for who knows their names."""

    async def save(request: Request) -> Response:
        token, suffix = request.path_params["token"], f".{request.path_params['suffix']}"
        kind = next((kind for kind, f in FORMATS.items() if suffix == f.suffixes[0]), None)
        path = folder / f"{token}.png"
        if kind is None or not TOKEN.fullmatch(token) or not path.is_file():
            return PlainTextResponse("This image is no longer here.", status_code=404)
        if not _places.acquire(blocking=False):
            return PlainTextResponse("Busy; try again in a minute.", status_code=503)
        how = save_as_of(kind, request.query_params.get("quality"))
        try:
            work = asyncio.get_running_loop().run_in_executor(_converter, converted, path, how)
            data, _ = await work
        except (OSError, SRError):
            return PlainTextResponse("This image is no longer here.", status_code=404)
        finally:
            _places.release()
        return Response(data, media_type=f"image/{kind}", headers=HEADERS)

    async def pack(request: Request) -> Response:
        token = request.path_params["token"]
        try:
            entries = read_list(folder, token) if TOKEN.fullmatch(token) else []
        except (OSError, ValueError):
            entries = []
        if not entries:
            return PlainTextResponse("These images are no longer here.", status_code=404)
        asked = request.query_params
        how = save_as_of(asked.get("kind"), asked.get("quality"))
        name = {"Content-Disposition": 'attachment; filename="nitidez.zip"'}
        chunks = zipped(entries, how)
        return StreamingResponse(chunks, media_type="application/zip", headers=HEADERS | name)

    return [
        Route(f"/{ROUTE}/{{token}}.zip", pack, methods=["GET"]),
        Route(f"/{ROUTE}/{{token}}.{{suffix}}", save, methods=["GET"]),
    ]

"""The frames themselves, and pictures of them between two limits; to who knows their names."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from demo.frames.look import ROUTE, number_of
from demo.hosting.process import give_way
from demo.work.versions import FRAME_SUFFIX, TOKEN
from sr.images.photo import Photo
from sr.images.writing import encode_png
from sr.microscopy.files.levels import Levels
from sr.microscopy.files.stretch import GREY, LUTS, shown
from sr.microscopy.files.tiffs import read_tiff

MOST_WAITING = 32  # pictures
HEADERS = {"Cache-Control": "private, max-age=3000", "X-Content-Type-Options": "nosniff"}


def picture_of(path: Path, limits: Levels, lut: str) -> bytes:
    """A stored frame as a PNG: linear between the limits, every pixel one of the frame's.

    Raises:
        OSError, ImageError: it is gone.
    """
    return encode_png(Photo(shown(read_tiff(path).planes[0], limits, lut)), compress_level=1)


def frame_routes(folder: Path) -> list[Route]:
    """The routes of the TIFF files of a folder."""
    converter = ThreadPoolExecutor(1, "nitidez-frames", give_way)
    places = threading.BoundedSemaphore(MOST_WAITING)

    def stored(request: Request) -> Path | None:
        token = request.path_params["token"]
        path = folder / f"{token}{FRAME_SUFFIX}"
        return path if TOKEN.fullmatch(token) and path.is_file() else None

    async def save(request: Request) -> Response:
        path = stored(request)
        if path is None:
            return gone()
        return FileResponse(path, media_type="image/tiff", headers=HEADERS)

    async def show(request: Request) -> Response:
        path, asked = stored(request), request.query_params
        low, high = number_of(asked.get("low")), number_of(asked.get("high"))
        lut = asked.get("lut", GREY)
        if path is None:
            return gone()
        if low is None or high is None or low > high or lut not in LUTS:
            text = f"needed: low, high (numbers, low at most high) and lut ({', '.join(LUTS)})"
            return PlainTextResponse(text, status_code=422)
        if not places.acquire(blocking=False):
            return PlainTextResponse("Busy; try again in a minute.", status_code=503)
        try:
            data = await asyncio.get_running_loop().run_in_executor(
                converter, picture_of, path, Levels(low, high), lut
            )
        except Exception:  # it was deleted meanwhile
            return gone()
        finally:
            places.release()
        return Response(data, media_type="image/png", headers=HEADERS)

    return [
        Route(f"/{ROUTE}/{{token}}.png", show, methods=["GET"]),
        Route(f"/{ROUTE}/{{token}}.tif", save, methods=["GET", "HEAD"]),
    ]


def gone() -> Response:
    """The answer where there is nothing."""
    return PlainTextResponse("This image is no longer here.", status_code=404)

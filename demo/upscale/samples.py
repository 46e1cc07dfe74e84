"""The example photos: scikit-image's own, with results that ship beside this package.

An example is a crop of a photograph. Mode "test" takes the crop itself, mode "upscale" the crop
shrunk by the scale, so that both modes need the same results. `python -m demo examples` computes
the networks' results of the page's first scale into examples/ and notes the weights they were made
with; results of other weights are never shown, and those of other scales are computed when asked.
"""

from __future__ import annotations

import importlib.util
import io
import json
import shutil
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from PIL import Image
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from demo.work.choice import default_models, default_scale, is_light
from demo.work.job import ORIGINAL
from demo.work.jobs import Jobs
from demo.work.versions import photo_key
from sr.base.errors import DataError
from sr.images.photo import Photo
from sr.images.reading import open_image
from sr.images.resize import matlab_bicubic, modcrop
from sr.metrics.result import Measurement

FOLDER = Path(__file__).parent / "examples"
THUMB_PX = 448


@dataclass(frozen=True)
class Sample:
    """A crop of one of scikit-image's photographs."""

    file: str
    left: int
    top: int
    width: int
    height: int


SAMPLES: dict[str, Sample] = {
    "cat": Sample("chelsea.png", 0, 0, 448, 300),
    "astronaut": Sample("astronaut.png", 32, 0, 448, 300),
    "coffee": Sample("coffee.png", 76, 40, 448, 300),
    "rocket": Sample("rocket.jpg", 132, 124, 448, 300),
    "tissue": Sample("ihc.png", 0, 200, 448, 300),
}


def skimage_folder() -> Path:
    """The folder of scikit-image's photographs, found without importing it.

    Raises:
        DataError: scikit-image is not installed.
    """
    spec = importlib.util.find_spec("skimage")
    if spec is None or not spec.submodule_search_locations:
        raise DataError("the examples need scikit-image; pip install -r requirements.txt")
    return Path(spec.submodule_search_locations[0]) / "data"


@cache
def sample_photo(name: str) -> Photo:
    """The crop of an example.

    Raises:
        DataError: no such example, or its photograph is not there.
    """
    if name not in SAMPLES:
        raise DataError(f"no example {name!r}; known: {', '.join(SAMPLES)}")
    sample = SAMPLES[name]
    rgb = open_image(skimage_folder() / sample.file).rgb
    rows = slice(sample.top, sample.top + sample.height)
    columns = slice(sample.left, sample.left + sample.width)
    return Photo(rgb[rows, columns].copy())


@cache
def small_photo(name: str, scale: int) -> Photo:
    """The crop of an example, shrunk by a scale: what its models are given."""
    return Photo(matlab_bicubic(modcrop(sample_photo(name).rgb, scale), 1 / scale))


def result_path(name: str, model: str) -> Path:
    """Where the shipped result of a model lies."""
    return FOLDER / f"{name}_{model}.png"


@cache
def read_manifest() -> dict[str, Any]:
    """What the shipped results are: `scale`, `models` (versions they were made with) and
    `samples` (for each example and model its seconds and metrics). Empty when nothing ships.
    """
    try:
        manifest: dict[str, Any] = json.loads((FOLDER / "manifest.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {"scale": 0, "models": {}, "samples": {}}
    return manifest


def preload(jobs: Jobs, name: str, scale: int) -> None:
    """Give `jobs` the shipped results and metrics of an example, as far as they are current."""
    manifest = read_manifest()
    if scale != manifest["scale"]:
        return
    small, reference = small_photo(name, scale), sample_photo(name)
    key = photo_key(small)
    for model, facts in manifest["samples"].get(name, {}).items():
        if manifest["models"].get(model) != jobs.engine.version(model):
            continue
        store_key = jobs.result_key(key, model, scale)
        jobs.measurements.remember(store_key, photo_key(reference), Measurement(**facts["metrics"]))
        path = result_path(name, model)
        if not is_light(model) and path.is_file() and jobs.store.get(store_key) is None:
            jobs.store.put(
                store_key,
                path.read_bytes(),
                width=reference.width,
                height=reference.height,
                seconds=facts["seconds"],
            )


def make_results(jobs: Jobs) -> None:
    """Compute every example with `jobs` and write results, metrics and manifest to examples/.

    Raises:
        DataError: a version could not be made or measured; nothing of it is written.
    """
    scale = default_scale()
    manifest: dict[str, Any] = {
        "scale": scale,
        "models": {model: jobs.engine.version(model) for model in default_models(scale)},
        "samples": {},
    }
    FOLDER.mkdir(exist_ok=True)
    for name in SAMPLES:
        job = jobs.submit(sample_photo(name), mode="test", scale=scale)
        while not job.is_finished:
            time.sleep(0.1)
        facts = manifest["samples"][name] = {}
        for version in job.versions():
            if version.key == ORIGINAL:
                continue
            found = version.measurement
            if (
                version.image is None
                or found is None
                or found.ssim_y is None
                or found.lpips_alex is None
            ):
                why = version.error or (found and found.note) or version.state
                raise DataError(f"example {name}, {version.key}: {why}")
            metrics = {
                "psnr_y": round(found.psnr_y, 4),
                "ssim_y": round(found.ssim_y, 5),
                "lpips_alex": round(found.lpips_alex, 5),
                "note": None,
            }
            facts[version.key] = {"seconds": round(version.image.seconds, 2), "metrics": metrics}
            if not is_light(version.key):
                shutil.copyfile(version.image.path, result_path(name, version.key))
    text = json.dumps(manifest, indent=1) + "\n"
    (FOLDER / "manifest.json").write_text(text, encoding="utf-8")


@cache
def thumbnail(name: str) -> bytes:
    """A small JPEG of an example, for its button."""
    image = Image.fromarray(sample_photo(name).rgb)
    image.thumbnail((THUMB_PX, THUMB_PX), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=88)
    return buffer.getvalue()


def thumbnail_route() -> Route:
    """The route of the examples' small pictures."""

    async def serve(request: Request) -> Response:
        try:
            jpeg = thumbnail(request.path_params["name"])
        except DataError as error:
            return PlainTextResponse(str(error), status_code=404)
        headers = {"Cache-Control": "public, max-age=86400"}
        return Response(jpeg, media_type="image/jpeg", headers=headers)

    return Route("/samples/{name}.jpg", serve, methods=["GET", "HEAD"])

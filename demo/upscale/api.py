"""The API for programs (gradio_client): /upscale, /upscale_to_width, /measure, /look, /models."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder

from demo.hosting.process import give_way
from demo.photos.uploads import UploadLimits, clean_name, read_upload
from demo.upscale.options import advice
from demo.upscale.session import width_of
from demo.web.i18n import say
from demo.work.choice import (
    default_scale,
    fitting_models,
    frame_models,
    frame_scale,
    look_at,
    purpose_of,
)
from demo.work.jobs import Jobs
from sr.base.errors import ConfigError, SRError
from sr.images.photo import Photo
from sr.microscopy.files.frame import Frame, only_frame
from sr.microscopy.files.reading import is_of_a_microscope
from sr.models.entries.shipped import FRAME_MODELS, MODELS
from sr.models.registry import chosen_scale, model_info, network_scales, scale_for_width

TICK_SECONDS = 0.1
CROP_PX = 4  # as in the paper; nobody says here what made the pictures


def build_api(limits: UploadLimits, jobs: Jobs) -> None:
    """Add the endpoints to the current Blocks context; nothing of them is visible."""

    # Of its own, so that whoever waits for a measurement holds up nobody who sends a photo.
    measuring = ThreadPoolExecutor(1, thread_name_prefix="nitidez-measure", initializer=give_way)

    async def upscale(
        image: str,
        model: str,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> str:
        """Upscale an image by the model's scale; returns the PNG file, of a microscope's frame a
        TIFF with its counts.

        Args:
            image: PNG, JPEG, WebP, TIFF, BMP, GIF, AVIF or HEIC file; MRC or TIFF of a frame.
            model: one of the names that /models lists.
        """
        return await enlarge(image, model, None, request, progress)

    async def upscale_to_width(
        image: str,
        model: str,
        width: float,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> str:
        """Upscale an image to a width: enlarged first, then reduced; returns the PNG file.

        Args:
            image, model: as of /upscale; frames of microscopes are not reduced.
            width: of the result in pixels.
        """
        return await enlarge(image, model, width, request, progress)

    async def enlarge(
        image: str, model: str, width: float | None, request: gr.Request, progress: gr.Progress
    ) -> str:
        try:
            scale = chosen_scale(model)
            if (wanted := width_of(width)) is None and width is not None:
                raise ConfigError(f"width {width}: needed a number of pixels")
            limits.photos.take(request)
            photo = await asyncio.to_thread(
                read_for, model, given(image, "image"), limits.max_megapixels
            )
            if isinstance(photo, Frame):
                if width is not None:
                    raise ConfigError("width: frames of microscopes are not reduced; use /upscale")
                scale = frame_scale()
            elif wanted is not None:
                scale = scale_for_width(model_info(model).scales, photo.width, wanted)
            job = await jobs.submit_in_thread(
                photo,
                scale=scale,
                width=wanted,
                models=[model],
                visitor=request.session_hash or "",
            )
        except SRError as error:
            raise refusal(error) from None
        except FileNotFoundError:
            raise refusal(SRError("the uploaded file is no longer here; send it again")) from None
        try:
            while not job.is_finished:
                progress(job.version(model).progress, desc=model)
                await asyncio.sleep(TICK_SECONDS)
        finally:
            job.cancel()  # ends the work when the client has cancelled; else without effect
        version = job.version(model)
        if version.image is None:
            why = say("en", version.error) if version.error else "stopped"
            raise refusal(SRError(f"{model}: {why}"))
        path = version.image.path
        return str(named_copy(path, f"{clean_name(image)}_{model}{path.suffix}"))

    async def measure(prediction: str, reference: str, request: gr.Request) -> dict[str, Any]:
        """PSNR and SSIM (luminance, 4 px cut) and LPIPS of a prediction against a reference; each
        may have as many pixels as an upload.

        Args:
            prediction: image file, as large as the reference.
            reference: image file.
        """
        left = threading.Event()

        def work() -> dict[str, Any]:
            images = [
                read_upload(given(file, name), max_megapixels=limits.max_megapixels).on_white().rgb
                for file, name in ((prediction, "prediction"), (reference, "reference"))
            ]
            found = jobs.measure(*images, crop_px=CROP_PX, cancel=left)
            finite = {
                name: None if value is None else value if abs(value) < float("inf") else "inf"
                for name, value in (
                    ("psnr_y", found.psnr_y),
                    ("ssim_y", found.ssim_y),
                    ("lpips_alex", found.lpips_alex),
                )
            }
            return {**finite, "note": say("en", found.note) if found.note else None}

        try:
            limits.photos.take(request)
            return await asyncio.get_running_loop().run_in_executor(measuring, work)
        except SRError as error:
            raise refusal(error) from None
        except FileNotFoundError:
            raise refusal(SRError("an uploaded file is no longer here; send it again")) from None
        finally:
            left.set()  # ends the work when the client has cancelled; else without effect

    def models() -> list[dict[str, Any]]:
        """The models: name, title, scales, what each is for, its licence, data and metrics."""
        from sr.models.registry import list_models

        try:
            return [
                {
                    "name": info.name,
                    "title": info.title,
                    "scale": info.scale,
                    "scales": list(info.scales),
                    "purpose": purpose_of(info),
                    "domain": info.domain,
                    "degradation": info.degradation,
                    "licence": info.licence,
                    "source": info.source,
                    "is_default": info.is_default,
                    "network": info.network,
                    "parameters": info.parameters,
                    "description": info.description,
                    "paper": info.paper,
                    "departures": info.departures,
                    "data": info.data,
                    "metrics": dict(info.metrics),
                }
                for info in list_models()
            ]
        except SRError as error:
            raise refusal(error) from None

    async def look(image: str, request: gr.Request) -> dict[str, Any]:
        """What can be seen of an image's past (JPEG, noise, drawn), and which models fit it.

        Args:
            image: as of /upscale.
        """
        try:
            limits.photos.take(request)
            photo = await asyncio.to_thread(
                read_upload, given(image, "image"), max_megapixels=limits.max_megapixels
            )
            found = await asyncio.to_thread(look_at, photo)
        except SRError as error:
            raise refusal(error) from None
        except FileNotFoundError:
            raise refusal(SRError("the uploaded file is no longer here; send it again")) from None
        return {
            "kind": found.kind,
            **asdict(found),
            "models": {str(scale): fitting_models(found, scale) for scale in network_scales()},
            "note": advice(found, default_scale(), "en"),
        }

    with gr.Column(visible=False):
        image = gr.File(label="image", type="filepath")
        model = gr.Textbox(
            label="model", value=next(model.name for model in MODELS.values() if model.network)
        )
        width = gr.Number(0, label="width")
        reference = gr.File(label="reference", type="filepath")
        prediction = gr.File(label="prediction", type="filepath")
        result = gr.File(label="PNG file")
        answer = gr.JSON(label="answer")
        button = gr.Button()
    public: dict[str, Any] = {"api_visibility": "public", "concurrency_limit": 8}
    button.click(upscale, [image, model], result, api_name="upscale", **public)
    given_width = [image, model, width]
    button.click(upscale_to_width, given_width, result, api_name="upscale_to_width", **public)
    one: dict[str, Any] = public | {"concurrency_limit": 2}
    button.click(measure, [prediction, reference], answer, api_name="measure", **one)
    button.click(look, [image], answer, api_name="look", **public)
    button.click(models, None, answer, api_name="models", queue=False, **public)


def read_for(model: str, path: Path, max_megapixels: float) -> Photo | Frame:
    """What a model enlarges: a photo, or a microscope's frame.

    Raises:
        FileNotFoundError, ImageError: as of `read_upload`, or as of `only_frame`.
        ConfigError: a frame for a model that is for photographs.
    """
    if model not in FRAME_MODELS and not is_of_a_microscope(path):
        return read_upload(path, max_megapixels=max_megapixels)
    known = [one.name for one in frame_models()]
    if model not in known:
        raise ConfigError(f"{model}: for photographs; frames are enlarged by {', '.join(known)}")
    return only_frame(path, max_megapixels=max_megapixels)


def given(file: str | None, name: str) -> Path:
    """The path of a file argument.

    Raises:
        SRError: nothing was given.
    """
    if not file:
        raise SRError(f"{name}: no file was given; send one with gradio_client.handle_file(path)")
    return Path(file)


def refusal(error: SRError) -> gr.Error:
    """The error a client gets: the same text, and no traceback in the log."""
    return gr.Error(str(error), print_exception=False)


def named_copy(path: Path, name: str) -> Path:
    """The same file under a name that says what it is, in a folder of its own; deleted with age."""
    folder = Path(get_upload_folder()) / secrets.token_urlsafe(16)
    folder.mkdir(parents=True)
    target = folder / name
    try:
        os.link(path, target)
    except OSError:
        shutil.copyfile(path, target)
    return target

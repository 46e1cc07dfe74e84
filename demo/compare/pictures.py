"""A visitor's own pictures on this server: taken, measured against one another, put together."""

from __future__ import annotations

import io
import secrets
import threading
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from demo.compare.frames import frame_in, measured, stored_as, told
from demo.compare.kept import MOST_MEGAPIXELS, KeptPictures, Named, SizesError
from demo.frames.look import ROUTE as FRAMES
from demo.photos.uploads import clean_name, read_upload, said, uploaded_file
from demo.web.http import PageError
from demo.web.i18n import Language, say
from demo.work.engine import Engine
from demo.work.saving import SaveAs, write_list
from demo.work.versions import FRAME_SUFFIX, ImageStore, photo_key
from sr.base.errors import ImageError, ShapeError, SRError
from sr.images.photo import Photo
from sr.images.writing import encode_png
from sr.microscopy.files.stretch import GREY

if TYPE_CHECKING:
    from sr.metrics.result import Measurement

MOST_PICTURES = 12
MEASURED_MEGAPIXELS = 6.0  # at once; of larger ones a part is measured
BORDER_PX = 4  # cut from whole pictures for PSNR and SSIM, as papers do at x4
WIPE_MEGAPIXELS = 2.0  # of each of some fifty frames
LONGEST_NAME = 80
KINDS = {"png": "image/png", "svg": "image/svg+xml", "latex": "application/zip"}


class PictureError(PageError):
    """A file that cannot be compared; its text is in the visitor's language."""

    key = "bad_file"


class WipeError(PageError):
    """A part that is too large for an animation."""

    key = "wipe_large"


class Compared(KeptPictures):
    """The pictures in a store, for whoever knows their names.

    Args:
        store: where they are kept for as long as everything that visitors send.
        engine: measures.
    """

    def __init__(self, store: ImageStore, engine: Engine) -> None:
        super().__init__(store)
        self.engine = engine

    def add(
        self, path: str, name: str, language: Language, *, can_be_photo: bool = False
    ) -> dict[str, Any]:
        """Take an uploaded file: any format in, a PNG of the same pixels out; of a microscope's
        frame a TIFF of the same counts.

        Args:
            can_be_photo: whether one channel of 16 bits is taken for a photograph.

        Raises:
            PictureError: it is no picture, too large, or gone.
        """
        try:
            found = uploaded_file(Path(path))
            frame = frame_in(found, can_be_photo=can_be_photo, max_megapixels=MOST_MEGAPIXELS)
            if frame is None:
                photo = read_upload(found, max_megapixels=MOST_MEGAPIXELS).on_white()
        except FileNotFoundError:
            raise PictureError(say(language, "error_gone")) from None
        except ImageError as error:
            raise PictureError(said(error, language)) from None
        key = f"compare-{photo_key(frame or photo)}"
        if (kept := self.store.get(key, renew=True)) is None:
            made = stored_as(frame) if frame is not None else png_of(photo)
            kept = self.store.put(key, **made, seconds=0)
        taken = {"token": kept.token, "width": kept.width, "height": kept.height}
        url, stem = kept.url, clean_name(name)
        if frame is not None:
            url, stem = f"{FRAMES}/{kept.token}{FRAME_SUFFIX}", stem.removesuffix(".ome")
            taken["frame"] = told(frame, kept)
        return taken | {"url": url, "name": stem[:LONGEST_NAME]}

    def measure(
        self, reference: str, others: Sequence[str], region: Sequence[int] | None
    ) -> dict[str, Any]:
        """Results of pictures against one, whole or in a part: left, top, width, height.

        Raises:
            GoneError: one was deleted.
            MixedError: photographs and frames.
            SizesError: the part does not lie in the reference.
        """
        if self.are_frames([reference, *others]):
            return self._measured_frames(reference, others, region)
        target = self.part(self.pixels(reference), region)
        crop_px = 0 if region is not None else BORDER_PX
        results = []
        for token in others:
            found: dict[str, Any] = {"token": token, "note": None}
            pixels = self.pixels(token)
            if region is None or pixels.shape == self.pixels(reference).shape:
                pixels = self.part(pixels, region)
            if pixels.shape != target.shape:
                found["note"] = "other_size"
            elif target.shape[0] * target.shape[1] > MEASURED_MEGAPIXELS * 1e6:
                found["note"] = "too_large"
            else:
                found |= self._measured(pixels, target, crop_px)
            results.append(found)
        return {"results": results, "crop_px": crop_px}

    def figure(
        self,
        pictures: Sequence[Named],
        reference: str,
        boxes: Sequence[Sequence[int]],
        kind: str,
        lut: str = GREY,
    ) -> bytes:
        """The figure of a paper: a PNG, an SVG, or a zip of what LaTeX needs. Of frames it shows
        what is looked at, without numbers.

        Raises:
            GoneError: a picture was deleted.
            MixedError: photographs and frames.
            SizesError: they are of several sizes, or a box does not lie in them.
        """
        from sr.figures.paper import Box, paper_figure
        from sr.figures.paper_files import to_latex, to_png, to_svg

        are_frames = self.are_frames([one.token for one in pictures])
        names = unique([one.name for one in pictures])
        pixels = {n: self.shown(one, lut) for n, one in zip(names, pictures, strict=True)}
        original = next(
            (n for n, one in zip(names, pictures, strict=True) if one.token == reference), None
        )
        try:
            for box in boxes:
                self.part(next(iter(pixels.values())), box)
            chosen = [Box(*box) for box in boxes]
            paper_figure(pixels, chosen)
            numbers: dict[str, tuple[float | None, float | None]] = {}
            if original is not None and not are_frames:
                for name in names:
                    if name != original:
                        found = self._measured(pixels[name], pixels[original], BORDER_PX)
                        numbers[name] = found.get("psnr"), found.get("lpips")
            figure = paper_figure(pixels, chosen, reference=original, numbers=numbers)
        except SRError as error:
            raise SizesError(str(error)) from None
        if kind == "png":
            return to_png(figure)
        if kind == "svg":
            return to_svg(figure).encode()
        text, files = to_latex(figure, "figure")
        content = io.BytesIO()
        today = time.localtime()[:6]
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(zipfile.ZipInfo("figure.tex", today), text)
            for name, data in files.items():
                archive.writestr(zipfile.ZipInfo(f"figure/{name}", today), data)
        return content.getvalue()

    def wipe(
        self, pair: Sequence[Named], region: Sequence[int], zoom: int, lut: str = GREY
    ) -> bytes:
        """A wipe between two pictures as an animated WebP: a part, left, top, width and height.

        Raises:
            GoneError: a picture was deleted.
            SizesError: they are of two sizes, the part does not lie in them, or is too large.
        """
        from sr.figures.wipe import to_webp, wipe_frames

        left, right = (self.part(self.shown(one, lut), region) for one in pair)
        if left.shape[0] * left.shape[1] * zoom**2 > WIPE_MEGAPIXELS * 1e6:
            raise WipeError(f"{region} at {zoom}:1 has more than {WIPE_MEGAPIXELS} megapixels")
        try:
            names = (pair[0].name, pair[1].name)
            return to_webp(wipe_frames(left, right, names=names, zoom=zoom))
        except ShapeError as error:
            raise SizesError(str(error)) from None

    def pack(self, pictures: Sequence[Named]) -> dict[str, str]:
        """The address of a zip of the pictures under their names."""
        for one in pictures:
            self.path(one.token)
        names = unique([clean_name(one.name + ".png") for one in pictures])
        token = secrets.token_urlsafe(16)
        entries = [(name, one.token) for name, one in zip(names, pictures, strict=True)]
        write_list(self.store.folder, token, entries)
        return {"url": SaveAs().zip_address(token)}

    def _measured(self, pixels: np.ndarray, target: np.ndarray, crop_px: int) -> dict[str, Any]:
        try:
            found: Measurement = self.engine.measure(
                pixels, target, crop_px=crop_px, cancel=threading.Event()
            )
        except ShapeError:  # nothing is left of it
            return {"note": "measure_small"}
        psnr = found.psnr_y if np.isfinite(found.psnr_y) else None
        return {
            "psnr": psnr,
            "ssim": found.ssim_y,
            "lpips": found.lpips_alex,
            "note": found.note or ("equal" if psnr is None else None),
        }

    def _measured_frames(
        self, reference: str, others: Sequence[str], region: Sequence[int] | None
    ) -> dict[str, Any]:
        target, most_px = self.pixels(reference), MEASURED_MEGAPIXELS * 1e6
        self.part(target, region)
        results = [
            {"token": token} | measured(self.pixels(token), target, region, most_px)
            for token in others
        ]
        return {"results": results, "crop_px": 0}


def png_of(photo: Photo) -> dict[str, Any]:
    """A photograph as `ImageStore.put` takes it."""
    return {"data": encode_png(photo), "width": photo.width, "height": photo.height}


def unique(names: Sequence[str]) -> list[str]:
    """The names, with numbers behind those that were there before."""
    taken: list[str] = []
    for name in names:
        name = name.strip() or "-"
        free, number = name, 2
        while free in taken:
            free, number = f"{name} ({number})", number + 1
        taken.append(free)
    return taken

"""Files that visitors sent: reading them, naming what is made of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from gradio.utils import get_upload_folder

from demo.web.i18n import Language, number_short, say
from demo.web.rates import PhotoLimit
from sr.base.errors import ImageError
from sr.images.photo import Photo
from sr.images.reading import open_image


@dataclass(frozen=True)
class UploadLimits:
    """What is taken from visitors."""

    max_megapixels: float  # of a photo
    max_upload_mb: int  # of its file
    photos: PhotoLimit  # how often


def read_upload(path: Path, *, max_megapixels: float) -> Photo:
    """The photo in an uploaded file; errors name the file without its place on this server.

    Raises:
        FileNotFoundError: it was deleted meanwhile.
        ImageError: it is not an image that can be read, or it is too large.
    """
    with path.open("rb") as file:
        return open_image(file, max_megapixels=max_megapixels)


def said(error: ImageError, language: Language) -> str:
    """An image's error in the visitor's language, where there are words for it."""
    if not error.kind:
        return str(error)
    values = {
        name: number_short(language, value) if isinstance(value, (int, float)) else value
        for name, value in error.values.items()
    }
    return say(language, f"image_{error.kind}", **values)


def clean_name(file_name: str) -> str:
    """A file name's stem, fit for the name of a download."""
    stem = Path(file_name.replace("\\", "/")).stem
    return re.sub(r"[^\w\- ().]+", "_", stem).strip(" .")[:80] or "photo"


def uploaded_file(path: Path) -> Path:
    """The path, if it is a file that was uploaded: the browser's word alone is not taken for it.

    Raises:
        FileNotFoundError: anything else, there or not.
    """
    resolved = path.resolve()
    if not resolved.is_relative_to(Path(get_upload_folder()).resolve()) or not resolved.is_file():
        raise FileNotFoundError(path.name)
    return resolved

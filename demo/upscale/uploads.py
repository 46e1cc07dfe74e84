"""Files that visitors sent: reading them, naming what is made of them."""

from __future__ import annotations

import re
from pathlib import Path

from sr.images.photo import Photo
from sr.images.reading import open_image


def read_upload(path: Path, *, max_megapixels: float) -> Photo:
    """The photo in an uploaded file; errors name the file without its place on this server.

    Raises:
        FileNotFoundError: it was deleted meanwhile.
        ImageError: it is not an image that can be read, or it is too large.
    """
    with path.open("rb") as file:
        return open_image(file, max_megapixels=max_megapixels)


def clean_name(file_name: str) -> str:
    """A file name's stem, fit for the name of a download."""
    stem = Path(file_name.replace("\\", "/")).stem
    return re.sub(r"[^\w\- ().]+", "_", stem).strip(" .")[:80] or "photo"

"""The study that is there without anybody preparing one: scikit-image's bundled photographs."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np

from survey.preparation.sources import Source, roles_of
from survey.preparation.versions import prepare_study
from survey.session.survey import Survey
from survey.study.errors import StudyError
from survey.study.moments import stamp
from survey.study.study import ImageRole

MAIN = (
    "astronaut.png",
    "camera.png",
    "chelsea.png",
    "coffee.png",
    "grass.png",
    "gravel.png",
    "hubble_deep_field.jpg",
    "ihc.png",
    "motorcycle_left.png",
    "rocket.jpg",
)
KNOWN = ("moon.png", "retina.jpg")
PRACTICE = ("brick.png", "cell.png")
ROLES: dict[ImageRole, tuple[str, ...]] = {"main": MAIN, "known": KNOWN, "practice": PRACTICE}


def default_sources() -> list[Source]:
    """The photographs that ship inside scikit-image's wheel; none is downloaded.

    Raises:
        StudyError: scikit-image is not installed, or its photographs are not there.
    """
    spec = importlib.util.find_spec("skimage")
    if spec is None or spec.origin is None:
        raise StudyError("scikit-image is not installed; run make install")
    folder = Path(spec.origin).parent / "data"
    return [
        Source(Path(name).stem, read(folder / name), role)
        for role, names in ROLES.items()
        for name in names
    ]


def prepare_default(
    survey: Survey, *, sources: Callable[[], list[Source]] = default_sources
) -> None:
    """Make the default study of a survey when it is not there yet; returns when it is."""

    def make(folder: Path, progress: Callable[[float], None]) -> None:
        from sr.metrics.downloads import waiting_for

        survey.waiting_for = waiting_for
        prepare_study(sources(), folder, progress=progress, now=stamp(survey.clock()))

    survey.make_study(make)


def prepare_in_background(survey: Survey) -> None:
    """`prepare_default`, in a thread."""
    threading.Thread(
        target=prepare_default, args=[survey], name="survey-prepare", daemon=True
    ).start()


def sources_of(folder: Path) -> tuple[list[Source], list[str]]:
    """The photographs of a folder, each with its role (see `roles_of`).

    Returns:
        Them, and what is wrong with each file that cannot be used.

    Raises:
        StudyError: no such folder, or nothing readable in it.
    """
    from sr.base.errors import ImageError
    from sr.formats.kinds import list_images
    from sr.images.reading import open_image

    if not folder.is_dir():
        raise StudyError(f"{folder}: no such folder; give a folder of original photographs")
    found, unreadable = [], []
    for path in list_images(folder):
        try:
            found.append((path.stem, open_image(path).on_white().rgb))
        except ImageError as error:
            unreadable.append(str(error))
    if not found:
        raise StudyError(f"{folder}: no readable photograph; needed PNG, JPEG, WebP, TIFF or BMP")
    roles = roles_of(len(found))
    sources = [Source(name, rgb, role) for role, (name, rgb) in zip(roles, found, strict=True)]
    return sources, unreadable


def read(path: Path) -> np.ndarray:
    """uint8 (H, W, 3).

    Raises:
        StudyError: not there or not an image.
    """
    from sr.base.errors import ImageError
    from sr.images.reading import open_image

    try:
        return open_image(path).on_white().rgb
    except (ImageError, OSError) as error:
        raise StudyError(f"{path.name}: {error}; reinstall scikit-image") from error

"""Frames of microscopes in a study: enlarged with their counts, then shown between the same limits.

Raters see 8 bits. So that all versions of a frame are stretched alike, they are made here, whole,
and go on as finished pictures; what is said of the stretch stays in the study.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from sr.base.errors import ImageError, SRError
from sr.models.entries.shipped import FRAME_MODELS
from survey.preparation.pictures import pictures_of_folders
from survey.preparation.problems import Problem, ProblemsError, refuse
from survey.preparation.sources import Source, read_picture, roles_of
from survey.preparation.versions import scale_of
from survey.study.errors import StudyError
from survey.study.study import ImageRole, Stretch

if TYPE_CHECKING:
    from sr.microscopy.files.frame import Frame

CUBIC = "bicubic"
BLUR_PX = 2.0  # low-resolution pixels: what wide field and SIM alike hold


def frames_in(folder: Path) -> list[Path]:
    """The files of a folder that are taken for frames of microscopes, sorted by name.

    Raises:
        ProblemsError: photographs lie beside them.
    """
    from sr.formats.kinds import list_images
    from sr.microscopy.files.frame import is_frame

    if not folder.is_dir():
        return []
    files = _readable(folder)
    frames = [path for path in files if path.is_file() and is_frame(path)]
    photographs = [path.name for path in list_images(folder) if path not in frames]
    if frames and photographs:
        refuse([Problem("mixed", folder=folder, photographs=", ".join(photographs[:3]))])
    return frames


def models_of_frames(
    methods: Sequence[str] | None, models: Sequence[str] | None
) -> tuple[list[str], int]:
    """What enlarges frames, and by how much.

    Args:
        methods: exactly these.
        models: or these beside bicubic; None: the networks for frames.

    Raises:
        StudyError: models for photographs, or of several scales.
    """
    chosen = list(methods or [CUBIC, *(models or FRAME_MODELS)])
    if unfit := [name for name in chosen if name != CUBIC and name not in FRAME_MODELS]:
        raise StudyError(
            f"{', '.join(unfit)}: not for frames of microscopes, which the folder holds (of one "
            f"channel and more than 8 bits; save photographs with 8); known: {CUBIC}, "
            f"{', '.join(FRAME_MODELS)}"
        )
    return chosen, scale_of([name for name in chosen if name in FRAME_MODELS] or list(FRAME_MODELS))


def shown_frames(
    paths: Sequence[Path],
    models: Sequence[str],
    folders: Mapping[str, Path],
    *,
    scale: int,
    number: str | None,
) -> tuple[list[Source], list[Problem]]:
    """Every version of frames as finished pictures, all of one frame between the same limits.

    Args:
        paths: of the wide-field frames, which the models enlarge.
        models: for frames, or "bicubic".
        folders: of finished frames by method, such as SIM pictures: they are brought to the counts
            of the wide field by a linear fit of both, blurred alike, and to its grid.
        scale: by which all are larger.
        number: of stacks, a frame from 1 or "mean"; None: no file is a stack.

    Returns:
        Sources of finished pictures, and what is missing, cannot be read or is of another size.

    Raises:
        ProblemsError: wide field that cannot be read, or finished frames that are not there.
        SRError: a model that cannot be used.
    """
    from sr.microscopy.enlarging.enlarger import enlarged
    from sr.microscopy.files.stack import frame_stem

    frames: dict[str, Frame] = {}
    problems: list[Problem] = []
    for path in paths:
        try:
            frames[frame_stem(path)] = _one_frame(path, number)
        except SRError as error:
            problems.append(_unreadable(path, error))
    stems = list(dict.fromkeys(map(frame_stem, paths)))
    if len(stems) < len(paths):
        refuse([Problem("same_name", folder=paths[0].parent)])
    finished, missing = pictures_of_folders(stems, folders, _readable)
    refuse(problems + missing)
    sources = []
    for role, (stem, frame) in zip(roles_of(len(frames)), frames.items(), strict=True):
        anchor = enlarged(CUBIC, frame, scale).pixels.astype(np.float32)
        made = {name: enlarged(name, frame, scale).pixels for name in models}
        for method, path in finished[stem].items():
            try:
                told = {"path": path, "method": method, "photo": stem}
                made[method] = _matched(_one_frame(path, None), frame, anchor, scale, told)
            except ProblemsError as error:
                problems += cast("tuple[Problem, ...]", error.problems)
            except SRError as error:
                problems.append(_unreadable(path, error))
        sources.append(_source(stem, made, role))
    return sources, problems


def _readable(folder: Path) -> list[Path]:
    from sr.microscopy.files.reading import READERS

    return [path for path in sorted(folder.iterdir()) if path.suffix.lower() in READERS]


def _unreadable(path: Path, error: SRError) -> Problem:
    if isinstance(error, ImageError) and error.kind == "frame_stack":
        return Problem("stack", reason=str(error), path=path, **error.values)
    return Problem("unreadable", reason=str(error), path=path, error=error)


def _one_frame(path: Path, number: str | None) -> Frame:
    """The frame of a file that holds one, or the one of a stack that was named."""
    from sr.microscopy.files.frame import frame_of
    from sr.microscopy.files.reading import read_stack

    stack = read_stack(path)
    if number is None:
        stack.chosen(None)  # refuses stacks
    return frame_of(stack, number if len(stack.planes) > 1 else None)


def _matched(
    frame: Frame, small: Frame, anchor: np.ndarray, scale: int, told: Mapping[str, Any]
) -> np.ndarray:
    """A finished frame in the counts of the wide field, and on the grid of its enlargement.

    Args:
        small: the wide field.
        anchor: the same, enlarged.
        told: what a problem says of it.

    Raises:
        ProblemsError: it is of another size, or does not lie on the wide field.
    """
    from scipy.ndimage import gaussian_filter

    from sr.microscopy.files.grid import CORNER, moved_to_centre, registration
    from sr.microscopy.scores.fitted import linear_fit

    if frame.pixels.shape != anchor.shape:
        size = {"width": frame.width, "height": frame.height}
        needed = {"needed_width": anchor.shape[1], "needed_height": anchor.shape[0]}
        refuse([Problem("size", **told, **size, **needed)])
    pixels = frame.pixels.astype(np.float64)
    grid = registration(small.pixels, pixels, scale).grid(scale)
    if grid is None:
        refuse([Problem("unregistered", **told)])
    if grid == CORNER:
        pixels = moved_to_centre(pixels, scale).astype(np.float64)
    blurred = (gaussian_filter(one, BLUR_PX * scale) for one in (pixels, anchor.astype(np.float64)))
    gain, offset = linear_fit(*blurred)
    result: np.ndarray = (gain * pixels + offset).astype(np.float32)
    return result


def _source(stem: str, made: Mapping[str, np.ndarray], role: ImageRole) -> Source:
    """All versions of one frame, stretched alike."""
    from sr.microscopy.files.stretch import limits_of, shared_limits, shown

    limits = shared_limits(limits_of(pixels) for pixels in made.values())
    grey = {method: shown(pixels, limits)[..., 0] for method, pixels in made.items()}
    rgb = read_picture(next(iter(grey.values())))
    return Source(stem, rgb, role, grey, "version", stretch=Stretch(limits.low, limits.high))

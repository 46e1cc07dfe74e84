"""A study on disk: protocol, images, versions; how it is prepared and how it is checked.

`study.json` names for every version its method and the sha256 of its file, and ends with a hash of
itself. The files are PNG without metadata and without compression under random names: two
pictures of one size have the same number of bytes, whatever was done to them.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from PIL import Image

from sr.base.files import file_sha256
from survey.study.errors import StudyError

FORMAT = 1
METHODS = ("nearest", "bicubic", "srresnet_x4", "srgan_x4", "original")  # of a study by default
NETWORKS = ("srresnet_x4", "srgan_x4")
ANCHORS = ("nearest", "bicubic", "original")  # trials with a known answer take these
STUDY_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
ImageRole = Literal["main", "practice"]


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """What every rater of a study goes through. Defaults: see docs/survey.md."""

    rated: tuple[str, ...] = METHODS
    compared: tuple[tuple[str, str], ...] = (
        ("bicubic", "srresnet_x4"),
        ("bicubic", "srgan_x4"),
        ("srresnet_x4", "srgan_x4"),
    )
    images_per_rater: int = 10
    practice: int = 5
    warmups: int = 3  # at the start of each block, not counted
    golden_every: int = 12  # one trial with a known answer in so many
    repeats: int = 3  # in each block
    repeat_distance: int = 10  # trials between a repeat and what it repeats, at least
    fast_rating_ms: int = 800
    fast_pair_ms: int = 600
    slow_ms: int = 60_000
    width: int = 448
    height: int = 288
    # The same-angle part: so many photographs' networks are compared once more, each picture
    # magnified by the whole number that brings it nearest to `angle_ppd` of its own pixels per
    # degree on the rater's display.
    angle_images: int = 0
    angle_ppd: float = 30.0

    @property
    def sha256(self) -> str:
        """Hash of the whole protocol; of studies without a same-angle part as it ever was."""
        values = dataclasses.asdict(self)
        if not self.angle_images:
            del values["angle_images"], values["angle_ppd"]
        return sha256_of(values)

    @property
    def angle_pair(self) -> tuple[str, str]:
        """What the same-angle part compares: the networks, or the last pair of others."""
        return NETWORKS if NETWORKS in self.compared else self.compared[-1]

    @property
    def methods(self) -> tuple[str, ...]:
        """All methods of which a study has versions."""
        compared = (method for pair in self.compared for method in pair)
        return tuple(dict.fromkeys((*self.rated, *compared, *ANCHORS)))

    @classmethod
    def of_models(cls, models: Sequence[str], **fields: Any) -> Protocol:
        """All are rated, with interpolations and originals; all models but nearest are compared.

        Raises:
            StudyError: no model.
        """
        if not models:
            raise StudyError("a study needs one model or more")
        rated = tuple(dict.fromkeys(("nearest", "bicubic", *models, "original")))
        return cls(rated=rated, compared=tuple(combinations(rated[1:-1], 2)), **fields)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Protocol:
        """The protocol of a study file.

        Raises:
            StudyError: an unknown or impossible field.
        """
        try:
            values = dict(values)
            values["rated"] = tuple(values["rated"])
            values["compared"] = tuple((a, b) for a, b in values["compared"])
            return cls(**values)
        except (KeyError, TypeError, ValueError) as error:
            raise StudyError(f"protocol: {error}; prepare the study again") from None


@dataclass(frozen=True)
class Version:
    """One method's version of one image; `id` is what trials name, `file` what is served."""

    id: str
    method: str
    file: str
    sha256: str
    psnr_y: float | None = None  # dB, None for the original
    ssim_y: float | None = None
    lpips_alex: float | None = None


@dataclass(frozen=True)
class StudyImage:
    """One photograph's crop and its versions by method."""

    id: str
    name: str  # of the photograph; never sent to a rater before the end
    role: ImageRole
    versions: dict[str, Version] = field(hash=False)


@dataclass(frozen=True)
class Study:
    """A study, read and checked."""

    name: str
    folder: Path
    protocol: Protocol
    images: tuple[StudyImage, ...]
    models: dict[str, str]  # name to sha256 of its weights
    created_at: str

    @property
    def main(self) -> tuple[StudyImage, ...]:
        """The images that count."""
        return tuple(image for image in self.images if image.role == "main")

    @property
    def practice(self) -> tuple[StudyImage, ...]:
        """Images for practice, warm-up and trials with a known answer; the main ones if none."""
        return tuple(i for i in self.images if i.role == "practice") or self.main

    def path(self, version_id: str) -> Path:
        """The file of a version.

        Raises:
            StudyError: no such version.
        """
        for image in self.images:
            for version in image.versions.values():
                if version.id == version_id:
                    return self.folder / "images" / version.file
        raise StudyError(f"study {self.name!r} has no version {version_id!r}")


class Source(NamedTuple):
    """A photograph to take a crop of: uint8 (H, W, 3), sRGB."""

    name: str
    rgb: np.ndarray
    role: ImageRole = "main"


def sha256_of(value: Any) -> str:
    """Hash of a JSON value, independent of key order and spacing."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def check_name(name: str) -> str:
    """The name, if it can be a folder and part of an address.

    Raises:
        StudyError: it cannot.
    """
    if not STUDY_NAME.fullmatch(name):
        raise StudyError(
            f"study name {name!r}; needed 1 to 40 of a-z, 0-9, - and _, beginning with a letter "
            "or digit"
        )
    return name


def load_study(folder: Path, *, check_images: bool = True) -> Study:
    """Read `folder/study.json` and compare every file with what is written there.

    Args:
        check_images: False trusts the files (a study that was checked in this process).

    Raises:
        StudyError: missing, not a study, changed on disk.
    """
    path = folder / "study.json"
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StudyError(
            f"no study {folder.name!r}: make it with python -m survey prepare FOLDER "
            f"--study {folder.name}"
        ) from None
    except (OSError, ValueError) as error:
        raise StudyError(f"{path.name} of study {folder.name!r} cannot be read ({error})") from None
    try:
        written = values.pop("sha256")
        if values["format"] != FORMAT:
            raise StudyError(
                f"study {folder.name!r} has format {values['format']!r}; needed {FORMAT}"
            )
        if sha256_of(values) != written:
            raise StudyError(
                f"study {folder.name!r}: study.json was changed after it was prepared; put the "
                "original back, or prepare a study of another name"
            )
        study = _from_json(folder, values)
    except (KeyError, TypeError, AttributeError) as error:
        raise StudyError(f"study {folder.name!r}: study.json lacks {error}") from None
    if check_images:
        changed = [
            v.file for v in _versions(study) if _sha256(folder / "images" / v.file) != v.sha256
        ]
        if changed:
            raise StudyError(
                f"study {folder.name!r}: {len(changed)} images are missing or were changed on disk "
                f"({', '.join(changed[:3])}); put them back, or prepare a study of another name"
            )
    return study


def _from_json(folder: Path, values: dict[str, Any]) -> Study:
    images = tuple(
        StudyImage(
            entry["id"],
            entry["name"],
            entry["role"],
            {v["method"]: Version(**v) for v in entry["versions"]},
        )
        for entry in values["images"]
    )
    protocol = Protocol.from_json(values["protocol"])
    for image in images:
        missing = [method for method in protocol.rated if method not in image.versions]
        if missing:
            raise StudyError(f"study {values['name']!r}: {image.id} has no version {missing[0]!r}")
    return Study(
        values["name"], folder, protocol, images, dict(values["models"]), values["created_at"]
    )


def _versions(study: Study) -> Iterator[Version]:
    for image in study.images:
        yield from image.versions.values()


def _sha256(path: Path) -> str | None:
    try:
        return file_sha256(path)
    except OSError:
        return None


def draft_of(folder: Path) -> Path:
    """Where a study is made before it takes its place in its folder."""
    return folder.with_name(f".{folder.name}.preparing")


def prepare_study(
    sources: Sequence[Source],
    folder: Path,
    *,
    protocol: Protocol | None = None,
    progress: Callable[[float], None] | None = None,
    now: str,
) -> Study:
    """Compute all versions of all sources and put the finished study in place at once.

    Args:
        sources: photographs at least as large as the protocol's crop; larger ones are reduced
            and the window with the most detail is taken.
        protocol: its methods are models of one scale, interpolations and "original".
        folder: of the study; must not exist. Until all is done nothing is there.
        progress: told the share that is done, 0 to 1.
        now: UTC, ISO 8601.

    Raises:
        StudyError: the folder exists, no source is large enough, models of several scales, or
            crops that are no multiples of the scale.
        SRError: a model cannot be used.
    """
    from sr.inference.upscaler import get_upscaler

    protocol = protocol or Protocol()
    check_name(folder.name)
    if folder.exists():
        raise StudyError(
            f"study {folder.name!r} exists; choose another name, or remove {folder} if nobody has "
            "begun it"
        )
    usable = [s for s in sources if _fits(s.rgb, protocol)]
    if not any(source.role == "main" for source in usable):
        raise StudyError(
            f"none of {len(sources)} photographs is at least {protocol.width}x{protocol.height} "
            "pixels; give larger ones"
        )
    scale = scale_of(protocol)
    if protocol.width % scale or protocol.height % scale:
        raise StudyError(
            f"crops of {protocol.width}x{protocol.height}; needed multiples of {scale}"
        )
    draft = draft_of(folder)
    shutil.rmtree(draft, ignore_errors=True)
    (draft / "images").mkdir(parents=True)
    models = [method for method in protocol.methods if method != "original"]
    upscalers = {name: get_upscaler(name, scale=scale) for name in models}
    images = []
    for index, source in enumerate(usable):
        versions = _versions_of(crop(source.rgb, protocol), upscalers, scale)
        entry: dict[str, Any] = {
            "id": f"image-{index + 1:03d}",
            "name": source.name,
            "role": source.role,
            "versions": [],
        }
        for method, (pixels, measured) in versions.items():
            file = f"{secrets.token_hex(16)}.png"
            digest = write_plain_png(draft / "images" / file, pixels)
            entry["versions"].append(
                {"id": secrets.token_hex(16), "method": method, "file": file, "sha256": digest}
                | measured
            )
        images.append(entry)
        if progress is not None:
            progress((index + 1) / len(usable))
    values: dict[str, Any] = {
        "format": FORMAT,
        "name": folder.name,
        "created_at": now,
        "protocol": json.loads(json.dumps(dataclasses.asdict(protocol))),
        "protocol_sha256": protocol.sha256,
        "models": model_hashes(models),
        "images": images,
    }
    values["sha256"] = sha256_of(values)
    text = json.dumps(values, indent=1, ensure_ascii=False)
    (draft / "study.json").write_text(text + "\n", encoding="utf-8")
    os.replace(draft, folder)
    return load_study(folder)


def scale_of(protocol: Protocol) -> int:
    """By how much the models of a study enlarge: its networks, or else its interpolations.

    Raises:
        UnknownModelError: a method that is no model.
        StudyError: networks of several scales.
    """
    from sr.models.registry import model_info

    models = [model_info(method) for method in protocol.methods if method != "original"]
    chosen = [model for model in models if model.network] or models[:1]
    scale = chosen[0].scale
    if any(model.scale != scale for model in chosen):
        said = ", ".join(f"{model.name} {model.scale}" for model in chosen)
        raise StudyError(f"a study compares models of one scale; these enlarge: {said}")
    return scale


def model_hashes(models: Sequence[str]) -> dict[str, str]:
    """sha256 of the weights the versions are made with."""
    from sr.models.registry import MODELS, verified_weights

    return {name: file_sha256(verified_weights(name)) for name in models if MODELS[name].network}


def _versions_of(
    original: np.ndarray, upscalers: dict[str, Any], scale: int
) -> dict[str, tuple[np.ndarray, dict[str, float | None]]]:
    """Every method's version of one crop, with its figures against the crop."""
    from sr.images.photo import Photo
    from sr.images.resize import matlab_bicubic
    from sr.metrics.fidelity import measure

    small = Photo(matlab_bicubic(original, 1 / scale))
    versions: dict[str, tuple[np.ndarray, dict[str, float | None]]] = {}
    for method, upscaler in upscalers.items():
        pixels = upscaler.upscale(small).rgb
        result = measure(pixels, original, crop_px=scale)
        versions[method] = (
            pixels,
            {
                "psnr_y": round(result.psnr_y, 3),
                "ssim_y": None if result.ssim_y is None else round(result.ssim_y, 4),
                "lpips_alex": None if result.lpips_alex is None else round(result.lpips_alex, 4),
            },
        )
    return versions | {"original": (original, {})}


def _fits(rgb: np.ndarray, protocol: Protocol) -> bool:
    return rgb.shape[0] >= protocol.height and rgb.shape[1] >= protocol.width


def crop(rgb: np.ndarray, protocol: Protocol) -> np.ndarray:
    """The window of the protocol's size with the most detail.

    A photograph more than twice as large is reduced first, so that the window shows a good part
    of it and is as sharp as a screen can show.

    Args:
        rgb: uint8 (H, W, 3), at least as large as the window.
    """
    width, height = protocol.width, protocol.height
    shrink = min(rgb.shape[1] / width, rgb.shape[0] / height) / 2
    if shrink > 1:
        size = (round(rgb.shape[1] / shrink), round(rgb.shape[0] / shrink))
        rgb = np.asarray(Image.fromarray(rgb).resize(size, Image.Resampling.LANCZOS))
    grey = rgb.astype(np.float32).mean(axis=2)
    detail = np.zeros_like(grey)
    detail[:, 1:] += np.abs(np.diff(grey, axis=1))
    detail[1:] += np.abs(np.diff(grey, axis=0))
    sums = np.pad(detail, ((1, 0), (1, 0))).cumsum(0).cumsum(1)
    step = 8
    ys = range(0, rgb.shape[0] - height + 1, step)
    xs = range(0, rgb.shape[1] - width + 1, step)

    def amount(corner: tuple[int, int]) -> float:
        y, x = corner
        inside = sums[y + height, x + width] - sums[y, x + width] - sums[y + height, x] + sums[y, x]
        return float(inside)

    top, left = max(((y, x) for y in ys for x in xs), key=amount)
    return np.ascontiguousarray(rgb[top : top + height, left : left + width])


def write_plain_png(path: Path, rgb: np.ndarray) -> str:
    """Write uint8 (H, W, 3) as PNG, neither compressed nor described; returns its sha256."""
    with path.open("wb") as file:
        Image.fromarray(rgb).save(file, "PNG", compress_level=0)
        file.flush()
        os.fsync(file.fileno())
    return file_sha256(path)

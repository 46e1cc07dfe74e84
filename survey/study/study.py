"""A study on disk: protocol, images, versions; how it is read and how it is checked.

`study.json` names for every version its method and the sha256 of its file, and ends with a hash of
itself. The files are PNG without metadata and without compression under random names: two
pictures of one size have the same number of bytes, whatever was done to them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from sr.base.files import file_sha256
from survey.study.errors import StudyError
from survey.study.protocol import Protocol, sha256_of

FORMAT = 1
STUDY_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
ImageRole = Literal["main", "known", "practice"]


class Crop(NamedTuple):
    """The part of a photograph that a study shows, in pixels of the photograph, or of its
    enlargement where nobody has the original.
    """

    left: int
    top: int
    width: int
    height: int
    by: Literal["detail", "owner"] = "detail"  # who chose it


class Stretch(NamedTuple):
    """Between which counts a frame of a microscope is shown, in all its versions."""

    low: float
    high: float


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
    crop: Crop | None = None  # None in studies of before it was kept
    stretch: Stretch | None = None  # of a microscope's frame; None of a photograph


@dataclass(frozen=True)
class Study:
    """A study, read and checked."""

    name: str
    folder: Path
    protocol: Protocol
    images: tuple[StudyImage, ...]
    models: dict[str, str]  # name to sha256 of its weights
    created_at: str
    # What methods are called, by method and language tag; others as the app calls them.
    labels: dict[str, dict[str, str]] = field(default_factory=dict, hash=False)

    @property
    def is_of_frames(self) -> bool:
        """Whether it shows frames of microscopes, stretched alike, and no photographs."""
        return any(image.stretch is not None for image in self.images)

    @property
    def main(self) -> tuple[StudyImage, ...]:
        """The images that count."""
        return self._of_role("main")

    @property
    def practice(self) -> tuple[StudyImage, ...]:
        """Images for practice; of a study without any the first half of the main ones."""
        return self._of_role("practice") or self.main[: max(1, len(self.main) // 2)]

    @property
    def known(self) -> tuple[StudyImage, ...]:
        """Images for warm-up and for trials with a known answer, which practice does not show.

        A study of before there were such takes those of practice; one of few photographs the
        second half of the main ones.
        """
        own = self._of_role("known") or self._of_role("practice")
        return own or self.main[len(self.main) // 2 :]

    def _of_role(self, role: ImageRole) -> tuple[StudyImage, ...]:
        return tuple(image for image in self.images if image.role == role)

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
            Crop(**entry["crop"]) if entry.get("crop") else None,
            Stretch(*entry["stretch"]) if "stretch" in entry else None,
        )
        for entry in values["images"]
    )
    protocol = Protocol.from_json(values["protocol"])
    for image in images:
        missing = [method for method in protocol.rated if method not in image.versions]
        if missing:
            raise StudyError(f"study {values['name']!r}: {image.id} has no version {missing[0]!r}")
    return Study(
        values["name"],
        folder,
        protocol,
        images,
        dict(values["models"]),
        values["created_at"],
        values.get("labels", {}),
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

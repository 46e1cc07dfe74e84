"""A study as the page asks for it: uploaded files put into folders, and the order made of them."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from demo.photos.uploads import uploaded_file
from demo.web.http import fields
from demo.web.i18n import LANGUAGES, label_of
from survey.preparation.order import LANGUAGE_TAGS, Order
from survey.preparation.tables import LONGEST_LABEL, Labels
from survey.study.errors import InvalidAnswerError, StudyError
from survey.study.protocol import METHODS
from survey.study.study import Crop

MOST_FILES = 3000
LONGEST_NAME = 200
MOST_NUMBER = 100_000
ASKS = ("ratings", "degradation", "pairs")
STRANGE = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]')


class GoneError(StudyError):
    """An upload was deleted since."""

    key = "studies_gone"
    status = 410


class Stage:
    """A folder of uploads in the order of a study, until it is made.

    Args:
        root: in which it lies; on the disk of the uploads, which it takes no more room on.
    """

    def __init__(self, root: Path) -> None:
        self.folder = root / secrets.token_hex(8)
        self._count = 0

    def put(self, place: str, files: Sequence[Any]) -> Path:
        """A folder with these uploads under the names they had on their owner's machine.

        Raises:
            GoneError: one is not there any more.
            StudyError: two of one name.
        """
        folder = self.folder / place
        folder.mkdir(parents=True, mode=0o700)
        for one in files:
            asked = fields(one if isinstance(one, dict) else {}, path=str, name=str)
            name = STRANGE.sub("_", asked["name"].replace("\\", "/").rpartition("/")[2])
            name = name[-LONGEST_NAME:].lstrip(".") or "_"
            self._count += 1
            if self._count > MOST_FILES:
                raise InvalidAnswerError(f"more than {MOST_FILES} files")
            if (folder / name).exists():
                raise StudyError(f"{name}: two files of this name in one folder; keep one")
            try:
                uploaded = uploaded_file(Path(asked["path"]))
                _link(uploaded, folder / name)
            except (OSError, ValueError):
                raise GoneError(f"{name} is no longer here; choose the pictures again") from None
        return folder

    def remove(self) -> None:
        """Delete it."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # a disk without links
        shutil.copyfile(source, target)


def order_of(body: Mapping[str, Any], stage: Stage) -> Order:
    """The order of a request, its files on the stage.

    Raises:
        InvalidAnswerError: not such a request.
        StudyError: files that are gone, or names that are no names.
    """
    asked = fields(
        body, photos=list, folders=list, methods=list, asks=list, has_original=bool, scale=int,
        images_per_rater=int, repeats=int, known_every=int, labels=dict, crops=dict, frame=str,
    )  # fmt: skip
    if not set(asked["asks"]) <= set(ASKS) or not asked["asks"]:
        raise InvalidAnswerError(f"asks: needed some of {', '.join(ASKS)}")
    if not all(isinstance(method, str) for method in asked["methods"]):
        raise InvalidAnswerError("methods: needed names")
    numbers = {name: asked[name] for name in ("images_per_rater", "repeats", "known_every")}
    if any(abs(number) > MOST_NUMBER for number in (*numbers.values(), asked["scale"])):
        raise InvalidAnswerError(f"a number is beyond {MOST_NUMBER}")
    folders: dict[str, Path] = {}
    for index, one in enumerate(asked["folders"]):
        folder = fields(one if isinstance(one, dict) else {}, name=str, files=list)
        name = folder["name"].strip()
        if name in folders:
            raise StudyError(f"{name}: every folder of pictures needs a name of its own")
        folders[name] = stage.put(f"methods/{index}", folder["files"])
    if not asked["photos"] and (asked["has_original"] or not folders):
        raise StudyError("no photographs: choose the originals, or say that there are none")
    return Order(
        photos=stage.put("photos", asked["photos"]) if asked["photos"] else None,
        folders=folders,
        methods=asked["methods"],
        asks=asked["asks"],
        has_original=asked["has_original"],
        scale=asked["scale"] or None,
        frame=asked["frame"][:LONGEST_NAME] or None,
        settings={
            "images_per_rater": numbers["images_per_rater"],
            "repeats": numbers["repeats"],
            "golden_every": numbers["known_every"],
        },
        labels=_labels(asked["labels"], asked["methods"]),
        crops={str(photo): _crop(box) for photo, box in asked["crops"].items()},
    )


def _labels(given: Mapping[str, Any], models: Sequence[str]) -> Labels:
    """What the owner calls methods, and in each language what the page calls the models."""
    labels: Labels = {}
    for method, texts in given.items():
        if not isinstance(texts, dict) or not set(texts) <= set(LANGUAGE_TAGS):
            raise InvalidAnswerError(f"labels: needed {' and '.join(LANGUAGE_TAGS)} of a method")
        if any(not isinstance(t, str) or len(t) > LONGEST_LABEL for t in texts.values()):
            raise InvalidAnswerError(f"a label is a text of at most {LONGEST_LABEL} characters")
        if kept := {tag: text.strip() for tag, text in texts.items() if text.strip()}:
            labels[method] = kept
    for model in models:
        if model in labels or model not in METHODS:  # whose words reports have, with articles
            usual = {str(tag): label_of(tag, model) for tag in LANGUAGES}
            labels[model] = usual | labels.get(model, {})
    return labels


def _crop(box: Any) -> Crop:
    is_box = isinstance(box, list) and len(box) == 4
    if not is_box or not all(type(side) is int and side >= 0 for side in box):
        raise InvalidAnswerError("a crop is left, top, width and height in whole pixels")
    left, top, width, height = box
    return Crop(left, top, width, height, "owner")

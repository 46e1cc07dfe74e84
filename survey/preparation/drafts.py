"""A study's folder on its way: there whole or not at all, whatever happens meanwhile."""

from __future__ import annotations

import dataclasses
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from survey.study.errors import StudyError
from survey.study.plan import plan_text
from survey.study.protocol import sha256_of
from survey.study.study import Study, check_name, draft_of, load_study


def check_free(folder: Path) -> None:
    """Whether a study can be made in a folder.

    Raises:
        StudyError: a name that cannot be, or a study that is there.
    """
    check_name(folder.name)
    if folder.exists():
        raise StudyError(
            f"study {folder.name!r} exists; choose another name, or remove {folder} if nobody has "
            "begun it"
        )


def _lock(draft: Path) -> FileLock:
    return FileLock(draft.with_name(f"{draft.name}.lock"), blocking=False, thread_local=False)


@contextmanager
def new_draft(folder: Path) -> Iterator[Path]:
    """An empty folder with an `images` in it, which takes its place when all of it is there.

    Raises:
        StudyError: the study is there, or somebody is making it.
    """
    check_free(folder)
    draft = draft_of(folder)
    draft.parent.mkdir(parents=True, exist_ok=True)
    lock = _lock(draft)
    try:
        lock.acquire()
    except Timeout:
        raise StudyError(f"study {folder.name!r} is being made just now; wait for it") from None
    try:
        shutil.rmtree(draft, ignore_errors=True)  # what a killed process left
        (draft / "images").mkdir(parents=True)
        yield draft
        check_free(folder)
        os.replace(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        lock.release()
        Path(lock.lock_file).unlink(missing_ok=True)


def remove_stale_drafts(studies: Path) -> None:
    """Delete what killed processes left of studies on their way; those being made stay."""
    for draft in studies.glob(".*.preparing"):
        lock = _lock(draft)
        try:
            lock.acquire()
        except Timeout:
            continue
        shutil.rmtree(draft, ignore_errors=True)
        lock.release()
        Path(lock.lock_file).unlink(missing_ok=True)


def write_study(draft: Path, values: dict[str, Any]) -> None:
    """Write a study's file and its plan beside its images.

    Args:
        values: of study.json, without its hash.

    Raises:
        StudyError: they are none.
    """
    values = {key: value for key, value in values.items() if key != "sha256"}
    values["sha256"] = sha256_of(values)
    text = json.dumps(values, indent=1, ensure_ascii=False)
    (draft / "study.json").write_text(text + "\n", encoding="utf-8")
    study = dataclasses.replace(load_study(draft, check_images=False), name=values["name"])
    (draft / "plan.txt").write_text(plan_text(study), encoding="utf-8")


def copy_study(study: Study, folder: Path, *, now: str) -> Study:
    """The same pictures and settings under another name, for raters of its own.

    Versions and files get new names, so that no address of one leads to the other.

    Raises:
        StudyError: the name is taken or cannot be, or pictures were changed on disk.
    """
    values = json.loads((study.folder / "study.json").read_text(encoding="utf-8"))
    load_study(study.folder)
    with new_draft(folder) as draft:
        for image in values["images"]:
            for version in image["versions"]:
                source = study.folder / "images" / version["file"]
                version |= {"id": secrets.token_hex(16), "file": f"{secrets.token_hex(16)}.png"}
                shutil.copyfile(source, draft / "images" / version["file"])
        write_study(draft, values | {"name": folder.name, "created_at": now})
    return load_study(folder)

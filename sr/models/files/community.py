"""Models that are there because their file is: those of the folder that NITIDEZ_MODELS names.

What is known of a file (its digest, architecture, scale) is found out once and kept in the folder,
so that a list of models is quick.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sr.base.errors import WeightsError
from sr.base.files import file_sha256, write_atomically
from sr.models.entries.model import NOT_KNOWN, Model
from sr.models.entries.shipped import MODELS
from sr.models.files.catalogue import offer_of

VARIABLE = "NITIDEZ_MODELS"
SUFFIXES = (".pth", ".pt", ".ckpt", ".safetensors")
FACTS_FILE = ".nitidez-facts.json"
FACTS_FORMAT = 2  # with the version of what tells architectures
UNKNOWN_DEGRADATION = "not known: a file of somebody else's"

_facts: dict[str, dict[str, Any]] = {}  # by place, time and size of a file


@dataclass(frozen=True)
class Community:
    """What lies in the folder: models by their names, and why other files are none."""

    models: Mapping[str, Model] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)


def models_folder() -> Path:
    """Where files of models are looked for; it need not be there."""
    named = os.environ.get(VARIABLE, "").strip()
    if named:
        return Path(named).expanduser()
    from platformdirs import user_data_path

    return user_data_path("nitidez", appauthor=False) / "models"


def community() -> Community:
    """The models of the folder as it is now, in the order of their files' names."""
    folder = models_folder()
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    except OSError:
        return Community()
    models: dict[str, Model] = {}
    refused: dict[str, str] = {}
    for path in files:
        name = name_of(path)
        try:
            if name in MODELS:
                raise WeightsError("has the name of a model that ships; rename the file")
            if name in models:
                raise WeightsError("another file has that name but for its ending; rename one")
            models[name] = _model(name, path, facts_of(path))
        except WeightsError as error:
            refused[path.name] = str(error).removeprefix(f"{path.name}: ")
    return Community(models, refused)


def is_weights_file(text: str) -> bool:
    """Whether a person means a file, not the name of a model."""
    return Path(text).suffix.lower() in SUFFIXES


def name_of(path: Path) -> str:
    """The name of a file's model: letters, digits, and _ . - between them."""
    return re.sub(r"[^\w.-]+", "_", path.stem).strip("_.-") or "model"


def facts_of(path: Path) -> dict[str, Any]:
    """What is known of a file: sha256, architecture, scale, parameters, ...

    Raises:
        WeightsError: it is no use here; says why.
    """
    try:
        stat = path.stat()
    except OSError as error:
        raise WeightsError(f"{path.name}: cannot be read ({error.strerror})") from None
    key = f"{path.name} {stat.st_mtime_ns} {stat.st_size}"
    if str(path.parent) not in _facts:
        _facts[str(path.parent)] = _read(path.parent)
    known = _facts[str(path.parent)]
    if key not in known:
        known[key] = _found_out(path)
        _write(path.parent, known)
    facts: dict[str, Any] = known[key]
    if problem := facts.get("problem"):
        raise WeightsError(f"{path.name}: {problem}")
    return facts


def remember(path: Path, **more: Any) -> None:
    """Keep more that was found out about a file."""
    facts_of(path).update(more)
    _write(path.parent, _facts[str(path.parent)])


def _found_out(path: Path) -> dict[str, Any]:
    from sr.models.files.opening import describe_file

    facts: dict[str, Any] = {}
    try:
        facts["sha256"] = file_sha256(path)
        facts |= describe_file(path)
    except OSError as error:
        return {"problem": f"cannot be read ({error.strerror or error})"}
    except WeightsError as error:
        return facts | {"problem": str(error).removeprefix(f"{path.name}: ")}
    return facts


def _format() -> str:
    return f"{FACTS_FORMAT}, spandrel {version('spandrel')}"


def _read(folder: Path) -> dict[str, Any]:
    try:
        kept = json.loads((folder / FACTS_FILE).read_text(encoding="utf-8"))
        return dict(kept["files"]) if kept["format"] == _format() else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _write(folder: Path, known: Mapping[str, Any]) -> None:
    text = json.dumps({"format": _format(), "files": known}, indent=1)
    with suppress(OSError):  # a folder that cannot be written in: found out by each process again
        write_atomically(folder / FACTS_FILE, text.encode(), durable=False)


def _model(name: str, path: Path, facts: Mapping[str, Any]) -> Model:
    scale, architecture = int(facts["scale"]), str(facts["architecture"])
    model = Model(
        name=name,
        title=path.stem,
        scale=scale,
        description=f"{architecture}, of the file {path.name}",
        network=architecture,
        weights=str(path.absolute()),
        origin="file",
        domain="restores, keeps the size" if scale == 1 else "as its author says",
        degradation=str(facts.get("degradation", UNKNOWN_DEGRADATION)),
        licence=NOT_KNOWN,
        source=path.name,
        sha256=str(facts["sha256"]),
        parameters=int(facts["parameters"]),
        data=str(facts.get("data", "")),
        trains_as=str(facts.get("trains_as", "")),
    )
    offer = offer_of(model.sha256)
    if offer is None:
        return model
    return replace(
        model,
        title=offer.title,
        domain=offer.domain,
        degradation=offer.degradation,
        licence=offer.licence,
        source=offer.url,
        paper=offer.paper,
    )

"""Put trained weights into `weights/` and write down what they are."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from safetensors.torch import load_file

from sr.base.errors import WeightsError
from sr.base.files import file_sha256, write_atomically
from sr.models.entries.shipped import MODELS
from sr.models.files.weights_file import load_model, read_header, save_model
from sr.models.registry import WEIGHTS_DIR, model_info


def release(source: Path, *, data: str, data_licence: str) -> Path:
    """Copy a training run's averaged weights into `weights/`, with a manifest entry.

    Args:
        source: a weights file written by `sr train`.
        data: one sentence on the training data.
        data_licence: one sentence on the licences of that data.

    Raises:
        WeightsError: not a readable weights file, or of another scale than its model.
        UnknownModelError: its name is not in the registry.
    """
    header = read_header(source)
    info = model_info(header["name"])
    if header["config"].get("scale") != info.scale:
        raise WeightsError(
            f"{source}: enlarges {header['config'].get('scale')} times, {info.name} {info.scale}"
        )
    model = load_model(source)
    target = WEIGHTS_DIR / f"{info.name}.safetensors"
    save_model(target, model, name=info.name, about=header["about"])
    about = header["about"]
    update_manifest(
        info.name,
        {
            "file": target.name,
            "sha256": file_sha256(target),
            "parameters": sum(tensor.numel() for tensor in load_file(target).values()),
            "scale": info.scale,
            "architecture": header["architecture"],
            "config": header["config"],
            "departures": info.departures,
            "licence": info.licence,
            "data": data,
            "data_licence": data_licence,
            "iterations": about["iterations"],
            "training_seconds": about["seconds"],
            "seed": about["seed"],
            "training": about["training"],
            "earlier_stages": about.get("stages", []),
            "mixed": about.get("mixed"),
            "metrics": {},
        },
    )
    return target


def add_metrics(table: Path) -> None:
    """Write the rows of an evaluation CSV into the manifest's entries.

    Args:
        table: written by `python -m sr evaluate --csv`.

    Raises:
        WeightsError: results that were measured on other weights than those that are released.
    """
    metrics: dict[str, dict[str, dict[str, float]]] = {}
    with table.open(newline="") as file:
        for row in csv.DictReader(file):
            name = row["model"]
            if name not in MODELS or MODELS[name].weights is None:
                continue  # computed, or a file given by hand
            _check_measured(table, name, row.get("weights_sha256") or "")
            measured = {k: float(row[k]) for k in ("psnr_y", "ssim_y", "lpips_alex") if row[k]}
            metrics.setdefault(name, {})[row["dataset"]] = measured
    for name, values in metrics.items():
        update_manifest(name, {"metrics": values})


def _check_measured(table: Path, name: str, sha256: str) -> None:
    path = WEIGHTS_DIR / str(MODELS[name].weights)
    released = file_sha256(path) if path.is_file() else "no file"
    if sha256 != released:
        raise WeightsError(
            f"{table}: {name} was measured with weights of sha256 {sha256[:12] or 'unsaid'}, and "
            f"{path.name} has {released[:12]}; evaluate what is released and give that table"
        )


def update_manifest(name: str, changes: dict[str, Any]) -> None:
    """Change one entry of weights/manifest.json, which is made when it is not there."""
    path = WEIGHTS_DIR / "manifest.json"
    manifest: dict[str, Any] = {"models": {}}
    if path.is_file():
        manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["models"].setdefault(name, {}).update(changes)
    write_atomically(path, (json.dumps(manifest, indent=2, ensure_ascii=False) + "\n").encode())

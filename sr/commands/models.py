"""python -m sr models: what there is to choose from."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sr.commands.console import format_table
from sr.models.registry import Model, list_models


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `python -m sr models`."""
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")
    parser.epilog = "Example:\n  python -m sr models --json"


def run(arguments: argparse.Namespace) -> int:
    """Print the registry."""
    models = list_models()
    if arguments.json:
        print(json.dumps([asdict(model) for model in models], indent=2, ensure_ascii=False))
        return 0
    rows = [
        (model.name, f"{model.parameters:,}", _scales(model), model.description) for model in models
    ]
    print(format_table(("name", "parameters", "scale", "what"), rows))
    for model in models:
        facts = [("paper", model.paper), ("departures", model.departures), ("data", model.data)]
        facts += [("metrics", line) for line in _describe_metrics(model.metrics)]
        if model.network:
            print(f"\n{model.name}")
            for name, fact in facts:
                print(f"  {name:10}  {fact or '-'}")
    return 0


def _scales(model: Model) -> str:
    """`x4`, or `x2 x3 x4 x6 x8` of an interpolation."""
    return " ".join(f"x{scale}" for scale in model.scales)


def _describe_metrics(metrics: Mapping[str, Any]) -> list[str]:
    """A line for each data set: `Set5: psnr_y 31.2, ssim_y 0.881, lpips_alex 0.191`."""
    lines = []
    for data_set, values in metrics.items():
        if not isinstance(values, Mapping):
            values = {"": values}
        results = ", ".join(
            f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
            for name, value in values.items()
        )
        lines.append(f"{data_set}: {results}")
    return lines

"""What every network that ships does to pictures made by code: `python -m tests.graphics`.

A fixed set of graphics is reduced by bicubic and enlarged again, in float32 and bfloat16, with the
guard and without. Counted is the largest error in flat areas 4 px (of the small picture) from any
edge; more than 12 grey levels can be seen.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch

from sr.batches.graphics import graphics_set
from sr.commands.console import format_table
from sr.images.photo import Photo
from sr.images.resize import matlab_bicubic
from sr.inference.upscaler import get_upscaler
from sr.metrics.flat import flat_area_error
from sr.models.entries.shipped import MODELS

VISIBLE_LEVELS = 12


@dataclass
class Result:
    """One network in one precision, with the guard or without."""

    model: str
    precision: str
    guard: bool
    errors: list[int] = field(default_factory=list)  # of pictures with flat areas
    mended: int = 0  # pictures in which bicubic stands somewhere
    wrong_kinds: Counter[str] = field(default_factory=Counter)

    @property
    def wrong(self) -> int:
        """Pictures whose error can be seen."""
        return sum(error > VISIBLE_LEVELS for error in self.errors)


def prove(
    count: int, models: Sequence[str], *, precisions: Sequence[str], guards: Sequence[bool]
) -> list[Result]:
    """Enlarge the first `count` graphics with every combination."""
    results = [Result(m, p, g) for m in models for p in precisions for g in guards]
    for name, hr in graphics_set(count):
        for result in results:
            upscaler = get_upscaler(
                result.model, precision=result.precision, guard=result.guard, device="cpu"
            )
            lr = matlab_bicubic(hr, 1 / upscaler.scale)
            enlarged = upscaler.upscale(Photo(lr))
            result.mended += enlarged.mended_share > 0
            error = flat_area_error(lr, enlarged.rgb)
            if error is not None:
                result.errors.append(error)
                if error > VISIBLE_LEVELS:
                    result.wrong_kinds[name.split("_", 1)[1]] += 1
    return results


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.graphics", description=__doc__)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    networks = [name for name, model in MODELS.items() if model.network]
    parser.add_argument("--models", nargs="+", default=networks)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    results = prove(
        arguments.count,
        arguments.models,
        precisions=("float32", "bfloat16"),
        guards=(True, False),
    )
    rows = [
        (
            result.model, result.precision, "on" if result.guard else "off",
            str(len(result.errors)), str(result.wrong), str(max(result.errors)),
            str(result.mended), ", ".join(f"{k} {n}" for k, n in result.wrong_kinds.items()),
        )
        for result in results
    ]  # fmt: skip
    headings = ("model", "precision", "guard", "pictures", "over 12", "largest", "mended", "which")
    print(format_table(headings, rows))


if __name__ == "__main__":
    main()

"""Which crops of a batch something happens to, the same in every process that shares it."""

from __future__ import annotations

import torch


def chosen_crops(
    count: int, share: float, generator: torch.Generator, part: tuple[int, int] = (0, 1)
) -> list[tuple[int, int]]:
    """Crops that chance takes, each with a seed of its own.

    Args:
        count: crops of one process's part of the batch.
        share: of the crops that are taken, each by chance.
        generator: of the CPU, in the same state in every process.
        part: which part of the batch this is, and of how many.
    """
    index, parts = part
    is_taken = torch.rand(count * parts, generator=generator) < share
    seeds = torch.randint(2**62, (count * parts,), generator=generator)
    mine = slice(index * count, (index + 1) * count)
    return [
        (crop, seed)
        for crop, (taken, seed) in enumerate(
            zip(is_taken[mine].tolist(), seeds[mine].tolist(), strict=True)
        )
        if taken
    ]

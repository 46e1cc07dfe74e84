"""Patterns as fine as pixels in training."""

from __future__ import annotations

import torch

from sr.batches.patterns import pattern, with_patterns


def batch() -> tuple[torch.Tensor, torch.Tensor]:
    return torch.full((8, 3, 12, 12), 0.5), torch.full((8, 3, 48, 48), 0.5)


def test_patterns_change_a_share_of_the_crops_and_nothing_else() -> None:
    changed_crops = 0
    for seed in range(40):
        lr, hr = batch()
        new_lr, new_hr = with_patterns(
            lr, hr, share=0.25, generator=torch.Generator().manual_seed(seed)
        )
        changed = (new_lr != lr).flatten(1).any(dim=1)
        assert torch.equal(changed, (new_hr != hr).flatten(1).any(dim=1))
        changed_crops += int(changed.sum())
        assert (lr == 0.5).all()
        for tensor in (new_lr, new_hr):
            assert 0 <= float(tensor.min()) <= float(tensor.max()) <= 1
    assert 0.15 < changed_crops / (40 * 8) < 0.35


def test_the_same_generator_gives_the_same_patterns() -> None:
    results = [
        with_patterns(*batch(), share=0.5, generator=torch.Generator().manual_seed(4))[0]
        for _ in range(2)
    ]
    assert torch.equal(*results)


def test_processes_make_the_patterns_of_the_whole_batch() -> None:
    generators = [torch.Generator().manual_seed(4) for _ in range(3)]
    lr, hr = batch()
    whole = with_patterns(lr, hr, share=0.5, generator=generators[0])
    parts = [
        with_patterns(lr[:4], hr[:4], share=0.5, generator=generators[1 + index], part=(index, 2))
        for index in (0, 1)
    ]
    for together, *apart in zip(whole, *parts, strict=True):
        assert torch.equal(together, torch.cat(apart))
    assert all(torch.equal(g.get_state(), generators[0].get_state()) for g in generators)


def test_every_kind_of_pattern_is_within_its_range() -> None:
    generator = torch.Generator().manual_seed(0)
    for _ in range(60):
        made = pattern(9, generator)
        assert made.shape[1:] == (9, 9)
        assert 0 <= float(made.min()) <= float(made.max()) <= 1


def test_half_of_the_patterns_are_black_and_white() -> None:
    grey = torch.full((400, 3, 12, 12), 0.5), torch.full((400, 3, 48, 48), 0.5)
    lr, _ = with_patterns(*grey, share=1.0, generator=torch.Generator().manual_seed(0))
    middle = (lr.flatten(2).amin(dim=2) + lr.flatten(2).amax(dim=2)) / 2
    in_full_contrast = (middle - 0.5).abs().amax(dim=1) < 0.02
    assert 0.35 < float(in_full_contrast.float().mean()) < 0.65

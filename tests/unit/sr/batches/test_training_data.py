"""Which photographs a training reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sr.base.errors import DataError
from sr.batches.training_data import TrainingData


def test_what_is_chosen_is_read_and_named(tmp_path: Path) -> None:
    for part in ("train", "val"):
        (tmp_path / "set" / part).mkdir(parents=True)
        for name in ("a b.png", "c.png"):
            Image.fromarray(np.zeros((32, 32, 3), np.uint8)).save(tmp_path / "set" / part / name)
    names = tmp_path / "few.txt"
    names.write_text("a b.png\n\n")
    whole = TrainingData(tmp_path / "set")
    assert whole.name == "set"
    assert {path.parent.name for path in whole.load(scale=4).paths} == {"train"}
    chosen = TrainingData(tmp_path / "set", split="val", fractions=(0.5,), list_file=names)
    assert chosen.name == "set (val, few.txt, multiscale 0.5)"
    loaded = chosen.load(scale=4)
    assert [path.name for path in loaded.paths] == ["a b.png"] * 2
    assert loaded.sizes.tolist() == [[8, 8], [4, 4]]
    assert loaded.sha256 != whole.load(scale=4).sha256
    with pytest.raises(DataError, match="not a readable list"):
        TrainingData(tmp_path / "set", list_file=tmp_path / "none.txt").load(scale=4)

"""python -m sr data degrade."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sr.commands.cli import main


def test_degrade_writes_the_same_smaller_pictures_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for name in ("a", "b"):
        noise = np.random.default_rng(0).integers(0, 256, (50, 67, 3), dtype=np.uint8)
        Image.fromarray(noise).save(photos / f"{name}.png")
    for output in ("one", "two"):
        assert main(["data", "degrade", str(photos), str(tmp_path / output)]) == 0
    capsys.readouterr()
    for name in ("a.png", "b.png"):
        one, two = (np.asarray(Image.open(tmp_path / folder / name)) for folder in ("one", "two"))
        assert one.shape == (12, 16, 3)
        assert np.array_equal(one, two)
    assert main(["data", "degrade", str(photos / "a.png"), str(tmp_path / "one")]) == 2
    assert "exists" in capsys.readouterr().err

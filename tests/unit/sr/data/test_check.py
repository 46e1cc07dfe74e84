"""What a check of a data set counts beside sizes."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sr.commands.cli import main
from sr.data.check import check
from sr.data.recognise import recognise


def save(path: Path, pixels: np.ndarray) -> None:
    Image.fromarray(pixels).save(path)


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_links_copies_depth_grey_and_stacks_are_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    random = np.random.default_rng(0)
    save(tmp_path / "a.png", random.integers(0, 256, (16, 16, 3), np.uint8))
    (tmp_path / "b.png").write_bytes((tmp_path / "a.png").read_bytes())
    save(tmp_path / "c.png", random.integers(0, 256, (16, 16), np.uint8))
    save(tmp_path / "d.tif", random.integers(0, 4096, (16, 16), np.uint16))
    save(tmp_path / "e.png", random.integers(0, 65536, (16, 16), np.uint16))
    frames = [Image.fromarray(random.integers(0, 256, (16, 16), np.uint8)) for _ in range(3)]
    frames[0].save(tmp_path / "f.tif", save_all=True, append_images=frames[1:])
    (tmp_path / "g.png").symlink_to(tmp_path / "gone.png")
    report = check(recognise(tmp_path))
    wanted = {"grey": 4, "of 16 bits": 2, "of 12 bits in 16": 1, "of several frames": 1}
    assert report.kinds == wanted
    assert [str(copy) for copy in report.copies] == [f"{tmp_path / 'b.png'}: a copy of a.png"]
    assert any("links to nothing" in problem and "g.png" in problem for problem in report.problems)
    assert main(["data", "check", str(tmp_path)]) == 1
    told = capsys.readouterr().out
    assert "of them       4 grey, 1 of 12 bits in 16, 2 of 16 bits, 1 of several frames" in told
    assert "a copy of a.png" in told

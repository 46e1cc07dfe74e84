"""Several scales in one evaluation, and processes that share its images."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sr.commands.cli import main
from sr.images.photo import Photo
from sr.images.writing import save_png

ROOT = Path(__file__).resolve().parents[4]
SIZES = {"a": (48, 60), "b": (60, 48), "c": (64, 64)}


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for seed, (name, size) in enumerate(SIZES.items()):
        rgb = np.random.default_rng(seed).integers(0, 256, (*size, 3)).astype(np.uint8)
        save_png(tmp_path / "Set5" / f"{name}.png", Photo(rgb))
    (tmp_path / "Set5" / "broken.png").write_bytes(b"no picture")
    return tmp_path / "Set5"


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as opened:
        return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(opened)]


def test_every_scale_has_its_own_sets_and_models(photos: Path, tmp_path: Path) -> None:
    words = ["evaluate", str(photos), "--no-lpips", "--output", str(tmp_path / "out")]
    assert main([*words, "--models", "nearest", "bicubic", "--scale", "2", "3"]) == 1  # broken.png
    rows = rows_of(tmp_path / "out" / "table.csv")
    assert [(row["dataset"], row["model"], row["images"]) for row in rows] == [
        ("Set5 x2", "nearest", "3"),
        ("Set5 x2", "bicubic", "3"),
        ("Set5 x3", "nearest", "3"),
        ("Set5 x3", "bicubic", "3"),
    ]
    assert all(
        float(a["psnr_y"]) > float(b["psnr_y"]) for a, b in zip(rows[:2], rows[2:], strict=True)
    )
    table = json.loads((tmp_path / "out" / "table.json").read_text())
    assert table["protocol"].startswith("x2 or 3;")
    assert {file.name for file in (tmp_path / "out" / "figures").iterdir()} >= {"texture.png"}


def test_the_papers_figures_stand_beside_its_scale_only() -> None:
    from sr.evaluation.paper import published

    assert published("srgan_x4", 4, "Set5 x4", 5) == published("srgan_x4", 4, "Set5", 5)
    assert published("srgan_x4", 4, "Set5 x4", 5) is not None
    assert published("srgan_x2", 2, "Set5 x2", 5) is None


def test_processes_that_share_the_images_find_what_one_finds(photos: Path, tmp_path: Path) -> None:
    words = [str(photos), "--no-lpips", "--models", "nearest", "bicubic", "--scale", "2", "4"]
    one, two = tmp_path / "one", tmp_path / "two"
    assert main(["evaluate", *words, "--csv", f"{one}.csv", "--per-image", f"{one}.images"]) == 1
    environment = os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc-per-node", "2", "-m", "sr", "evaluate", *words]
    command += ["--csv", f"{two}.csv", "--per-image", f"{two}.images"]
    result = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300
    )
    assert "PSNR-Y" in result.stdout, result.stderr[-2000:]
    assert result.stdout.count("seconds: mean per image") == 1  # one process speaks
    for kind in ("csv", "images"):
        first, second = rows_of(Path(f"{one}.{kind}")), rows_of(Path(f"{two}.{kind}"))
        assert sorted(map(str, first)) == sorted(map(str, second))
    assert rows_of(Path(f"{one}.csv")) == rows_of(Path(f"{two}.csv"))

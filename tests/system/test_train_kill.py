"""A run killed at any moment goes on from its last checkpoint."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from sr.base.files import atomic_file, remove_leftovers
from sr.commands.cli import main
from sr.images.photo import Photo
from sr.images.writing import save_png

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX")
def test_a_run_killed_in_the_middle_goes_on(tmp_path: Path) -> None:
    """Checkpoints after every update, so that most moments are inside one."""
    (tmp_path / "photos").mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (40, 48, 3), np.uint8)
    save_png(tmp_path / "photos" / "0.png", Photo(pixels))
    run = tmp_path / "run"
    command = ["train", "srgan_smoke", "--data", str(tmp_path / "photos"), "--output", str(run)]
    command += ["--set", "iterations=100000", "--threads", "1"]
    process = subprocess.Popen(
        [sys.executable, "-m", "sr", *command, "--checkpoint-minutes", "0"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 120
        while last_iteration(run) < 3 and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    reached = last_iteration(run)
    assert reached >= 3
    state = torch.load(run / "state.pt", weights_only=True)
    assert state["iteration"] in (reached, reached + 1)  # the state is written before the log
    threads = torch.get_num_threads()
    assert main([*command, "--resume", "--set", f"iterations={state['iteration'] + 2}"]) == 0
    torch.set_num_threads(threads)
    assert last_iteration(run) == state["iteration"] + 2
    assert not [p.name for p in run.iterdir() if p.name.startswith(".")]


def last_iteration(run: Path) -> int:
    if not (run / "log.csv").is_file():
        return 0
    with (run / "log.csv").open(newline="") as file:
        return max((int(row["iteration"]) for row in csv.DictReader(file)), default=0)


def test_a_file_is_old_or_new_and_never_a_part(tmp_path: Path) -> None:
    path = tmp_path / "state.pt"
    path.write_bytes(b"old")
    with pytest.raises(ZeroDivisionError), atomic_file(path) as file:  # noqa: PT012
        file.write(b"half")
        assert path.read_bytes() == b"old"
        raise ZeroDivisionError
    assert [p.name for p in tmp_path.iterdir()] == ["state.pt"]
    (tmp_path / ".state.pt.x1y2").write_bytes(b"left by a killed process")
    with atomic_file(path) as file:
        file.write(b"new")
    remove_leftovers(path)
    assert [p.name for p in tmp_path.iterdir()] == ["state.pt"]
    assert path.read_bytes() == b"new"

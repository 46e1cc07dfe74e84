"""Two processes of torchrun see what one process sees."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from sr.commands.cli import main
from sr.images.photo import Photo
from sr.images.writing import save_png
from tests.helpers.ports import free_port

ROOT = Path(__file__).resolve().parents[4]

pytestmark = pytest.mark.skipif(
    not torch.distributed.is_available() or not torch.distributed.is_gloo_available(),
    reason="this torch was built without gloo",
)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    (tmp_path / "photos").mkdir()
    for index in range(2):
        pixels = random.integers(0, 256, (40, 48, 3), np.uint8)
        save_png(tmp_path / "photos" / f"{index}.png", Photo(pixels))
    return tmp_path / "photos"


def start(*arguments: object, **environment: str) -> subprocess.Popen[str]:
    """Start Python on this machine's loopback."""
    values = {"OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo", "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | values | environment,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait(*processes: subprocess.Popen[str]) -> None:
    for process in processes:
        _, told = process.communicate(timeout=240)
        assert process.returncode == 0, told[-3000:]


def test_gradients_are_those_of_one_process_with_the_joined_batch(
    photos: Path, tmp_path: Path
) -> None:
    sys.path.insert(0, str(Path(__file__).parent))
    try:
        from distributed_worker import SETTINGS, gradients  # type: ignore[import-not-found]
    finally:
        sys.path.pop(0)
    threads = torch.get_num_threads()
    alone = gradients(photos)
    torch.set_num_threads(threads)
    both = {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1"}
    both["MASTER_PORT"] = str(free_port())
    worker = Path(__file__).with_name("distributed_worker.py")
    wait(  # as torchrun would start them
        *(
            start(worker, photos, tmp_path / "gradients", RANK=rank, LOCAL_RANK=rank, **both)
            for rank in ("0", "1")
        )
    )
    for rank in (0, 1):
        together = torch.load(tmp_path / f"gradients.{rank}", weights_only=True)
        assert list(together) == list(SETTINGS)
        for name in SETTINGS:
            assert list(together[name]) == list(alone[name])
            for key, value in alone[name].items():
                size = float(value.abs().max())
                assert torch.allclose(
                    together[name][key].float(), value.float(), rtol=1e-3, atol=1e-5 * size + 1e-9
                ), f"{name}: {key}"


def test_the_same_command_trains_with_torchrun(photos: Path, tmp_path: Path) -> None:
    command = ["train", "srresnet_smoke", "--data", str(photos), "--threads", "1"]
    command += ["--precision", "float32"]  # bfloat16 rounds more than the order of sums does
    threads = torch.get_num_threads()
    assert main([*command, "--output", str(tmp_path / "alone")]) == 0
    torch.set_num_threads(threads)
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    wait(start(*torchrun, "-m", "sr", *command, "--output", tmp_path / "together"))
    ours, theirs = (
        load_file(tmp_path / name / "srresnet_x4.safetensors") for name in ("alone", "together")
    )
    for key, value in ours.items():
        assert torch.allclose(value, theirs[key], atol=2e-4), key
    with (tmp_path / "together" / "log.csv").open() as file:
        (row,) = csv.DictReader(file)
    assert row["iteration"] == "4"

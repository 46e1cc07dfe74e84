"""Where figures go: the CSV, TensorBoard, MLflow; and the study over a grid."""

from __future__ import annotations

import argparse
import csv
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from sr.base.errors import ConfigError
from sr.commands import sweep
from sr.commands.cli import main
from sr.images.photo import Photo
from sr.images.writing import save_png
from sr.runs.log import CsvTracker
from sr.runs.trackers import build_trackers
from sr.training.recipes import SRGAN_SMOKE
from sr.training.stage import Trainer

pytestmark = pytest.mark.usefixtures("one_thread")
PICTURE = np.zeros((8, 24, 3), np.uint8)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (40, 48, 3), np.uint8)
    save_png(folder / "0.png", Photo(pixels))
    return folder


def test_the_csv_grows_by_columns_and_repeats_no_row(tmp_path: Path) -> None:
    tracker = CsvTracker(tmp_path)
    assert tracker.last_row() == {}
    tracker.log(0, {"seconds": 0.0})
    tracker.log(5, {"seconds": 1.5})
    tracker.log(9, {"seconds": 2.0})
    tracker.log(7, {"seconds": 2.5, "psnr_y": 30.123456789})
    lines = (tmp_path / "log.csv").read_text().splitlines()
    assert lines == ["iteration,seconds,psnr_y", "0,0,", "5,1.5,", "7,2.5,30.1235"]
    assert tracker.last_row() == {"iteration": 7, "seconds": 2.5, "psnr_y": 30.1235}


def test_unknown_and_missing_trackers_say_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigError, match="known: csv, tensorboard, mlflow"):
        build_trackers(["wandb"], tmp_path, {}, iteration=0)
    monkeypatch.setitem(sys.modules, "mlflow", None)
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    for name in ("mlflow", "tensorboard"):
        with pytest.raises(ConfigError, match=r"pip install -r requirements-train\.txt"):
            build_trackers([name], tmp_path, {}, iteration=0)


def test_tensorboard_gets_figures_and_pictures(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="in requirements-train.txt")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    for tracker in build_trackers(["tensorboard"], tmp_path, {"seed": 1}, iteration=0):
        tracker.log(3, {"g/pixel": 0.5})
        tracker.picture(3, "baby", PICTURE)
        tracker.close()
    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    assert [(e.step, e.value) for e in events.Scalars("g/pixel")] == [(3, 0.5)]
    assert events.Images("samples/baby")[0].width == 24


def test_mlflow_gets_them_too_and_a_resumed_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    mlflow = pytest.importorskip("mlflow", reason="in requirements-train.txt")
    folder = tmp_path / "run"
    for iteration in (0, 3):
        for tracker in build_trackers(["mlflow"], folder, {"seed": 1}, iteration=iteration):
            tracker.log(iteration + 3, {"g/pixel": 0.5})
            tracker.picture(iteration + 3, "baby", PICTURE)
            tracker.close()
    client = mlflow.MlflowClient(f"sqlite:///{tmp_path / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("nitidez")
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.data.params == {"seed": "1"}
    assert [m.step for m in client.get_metric_history(run.info.run_id, "g/pixel")] == [3, 6]
    assert len(client.list_artifacts(run.info.run_id, "samples/baby")) == 2
    assert run.info.status == "FINISHED"


def test_mlflow_shows_a_diverged_run_as_failed_and_a_killed_one_as_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    mlflow = pytest.importorskip("mlflow", reason="in requirements-train.txt")
    code = (
        "import os, signal, sys; from pathlib import Path\n"
        "from sr.runs.trackers import build_trackers\n"
        "csv, tracker = build_trackers(['mlflow'], Path(sys.argv[1]), {}, iteration=0)\n"
        "if sys.argv[1].endswith('failed'):\n    tracker.close(failed=True)\n"
        "else:\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    for name in ("failed", "killed"):
        subprocess.run([sys.executable, "-c", code, str(tmp_path / name)])
    client = mlflow.MlflowClient(f"sqlite:///{tmp_path / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("nitidez")
    wanted = {"failed": "FAILED", "killed": "KILLED"}
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        runs = client.search_runs([experiment.experiment_id])
        if (found := {run.info.run_name: run.info.status for run in runs}) == wanted:
            break
        time.sleep(0.1)
    assert found == wanted


def test_training_needs_no_tracker_at_import() -> None:
    code = (
        "import sys, sr.commands.train, sr.commands.sweep;"
        "heavy = {'mlflow', 'tensorboard', 'matplotlib', 'seaborn', 'pandas', 'lpips', 'skimage'};"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")


def test_a_sweep_trains_every_point_once_and_draws_them(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = [
        "sweep", "srresnet_smoke", "--data", str(photos), "--output", str(tmp_path / "sweep"),
        "--iterations", "2", "--validate", str(photos),
        "--vary", "learning_rate=1e-3,1e-4", "--vary", "pixel_weight=1,2",
    ]  # fmt: skip
    assert main(command) == 0
    with (tmp_path / "sweep" / "sweep.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(r["learning_rate"], r["pixel_weight"]) for r in rows] == [
        ("1e-3", "1"), ("1e-3", "2"), ("1e-4", "1"), ("1e-4", "2"),
    ]  # fmt: skip
    assert all(float(row["psnr_y"]) > 0 and row["iteration"] == "2" for row in rows)
    assert "sweep.png" in {p.name for p in (tmp_path / "sweep").iterdir()} or not _has_matplotlib()
    monkeypatch.setattr(sweep, "Trainer", None)  # a second run has nothing left to train
    assert main(command) == 0


SWEEP = ["sweep", "srresnet_smoke", "--iterations", "3", "--vary", "learning_rate=1e-3,1e-4"]


def test_a_finished_sweep_is_validated_without_training(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = [*SWEEP, "--data", str(photos), "--output", str(tmp_path / "s")]
    assert main(command) == 0
    before = (tmp_path / "s" / "sweep.csv").read_text().splitlines()
    assert "psnr_y" not in before[0]
    monkeypatch.setattr(Trainer, "step", None)
    assert main([*command, "--validate", str(photos)]) == 0
    with (tmp_path / "s" / "sweep.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert all(float(row["psnr_y"]) > 0 and float(row["g/pixel"]) > 0 for row in rows)
    monkeypatch.setattr(sweep, "Trainer", None)
    assert main([*command, "--validate", str(photos)]) == 0
    assert main(command) == 0


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (["--data", "{other}"], "data"),
        (["--minutes", "1"], "minutes"),
        (["--precision", "float32"], "precision"),
        (["--multiscale", "0.9"], "data"),
        (["--set", "batch_size=3"], "batch_size"),
        (["--iterations", "4"], "iterations"),
    ],
)
def test_a_sweep_with_other_settings_is_refused(
    photos: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    option: list[str],
    said: str,
) -> None:
    args = argparse.ArgumentParser()
    sweep.add_arguments(args)
    command = [*SWEEP, "--data", str(photos), "--output", str(tmp_path / "s")]
    known = args.parse_args(command[1:])
    base = sweep.override(sweep.checked_config(known), ["iterations=3"])
    settings = sweep.trial_settings(known, sweep.override(base, ["learning_rate=1e-3"]))
    sweep.remember(tmp_path / "s" / "learning_rate=1e-3", settings, None)
    (tmp_path / "other").mkdir()
    option = [part.format(other=tmp_path / "other") for part in option]
    assert main([*command, *option]) == 2
    assert f"a trial with other settings ({said}); give the same" in capsys.readouterr().err


def test_a_sweep_that_was_stopped_goes_on(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = [*SWEEP, "--data", str(photos), "--output", str(tmp_path / "s")]
    steps: list[int] = []
    step = Trainer.step

    def counted(trainer: Trainer, progress: float) -> dict[str, float]:
        steps.append(trainer.iteration)
        if len(steps) == 2:
            signal.raise_signal(signal.SIGINT)
        return step(trainer, progress)

    monkeypatch.setattr(Trainer, "step", counted)
    assert main(command) == 0
    assert steps == [0, 1]
    assert main(command) == 0
    assert steps == [0, 1, 2, 0, 1, 2]
    with (tmp_path / "s" / "sweep.csv").open() as file:
        assert [row["iteration"] for row in csv.DictReader(file)] == ["3", "3"]


def _has_matplotlib() -> bool:
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        return False
    return True


def test_a_trial_that_diverges_is_a_result(photos: Path, tmp_path: Path) -> None:
    command = ["sweep", "srresnet_smoke", "--data", str(photos), "--output", str(tmp_path / "s")]
    command += ["--iterations", "3", "--vary", "pixel_weight=1e39,1", "--set", "ema_decay=0.5"]
    assert main(command) == 0
    first, second = (tmp_path / "s" / "sweep.csv").read_text().splitlines()[1:]
    assert "1e39" in first
    assert first.count(",") == second.count(",")
    assert "diverged" in (tmp_path / "s" / "sweep.csv").read_text().splitlines()[0]


def test_impossible_grids_are_refused() -> None:
    for options, said in (
        (["learning_rate"], "KEY=VALUE"),
        (["nothing=1"], "no setting"),
        (["seed=1", "seed=2"], "twice"),
        (["iterations=1,2"], "all trials"),
        (["seed=" + ",".join(map(str, range(300)))], "200 at most"),
    ):
        with pytest.raises(ConfigError, match=said):
            sweep.grid(SRGAN_SMOKE, options)

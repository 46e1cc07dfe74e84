"""The examples: they are there, and what ships with them is current, or is not shown."""

from pathlib import Path

import pytest

from demo.upscale import samples
from demo.upscale.samples import SAMPLES, preload, sample_photo, small_photo
from demo.work.engine import SuperResolution
from demo.work.jobs import Jobs
from demo.work.versions import ImageStore
from tests.helpers.fake_engine import FakeEngine

NETWORKS = ("srresnet_x4", "srgan_x4")


def open_jobs(engine, tmp_path: Path) -> Jobs:
    return Jobs(engine, ImageStore(tmp_path, max_bytes=10**8, max_age_seconds=3000))


@pytest.mark.parametrize("name", SAMPLES)
def test_an_example_is_a_crop_and_its_quarter(name: str):
    assert sample_photo(name).rgb.shape == (300, 448, 3)
    assert small_photo(name, 4).rgb.shape == (75, 112, 3)
    assert samples.thumbnail(name).startswith(b"\xff\xd8")


def test_what_ships_takes_less_than_five_megabytes():
    assert sum(path.stat().st_size for path in samples.FOLDER.glob("*")) < 5_000_000


def test_shipped_results_are_current_and_ready_at_once(tmp_path: Path):
    if not samples.read_manifest()["samples"]:
        pytest.skip("no results ship yet: python -m demo examples makes them")
    jobs = open_jobs(SuperResolution(), tmp_path)
    versions = samples.read_manifest()["models"]
    for model in NETWORKS:
        assert versions[model] == jobs.engine.version(model), "run python -m demo examples"
    for name in SAMPLES:
        preload(jobs, name, 4)
        job = jobs.submit(sample_photo(name), mode="test", models=NETWORKS)
        assert {job.version(model).state for model in NETWORKS} == {"ready"}
        assert all(job.version(model).measurement.lpips_alex for model in NETWORKS)


def test_results_of_other_weights_are_not_shown(tmp_path: Path):
    jobs = open_jobs(FakeEngine(), tmp_path)
    preload(jobs, "cat", 4)
    assert jobs.store.num_bytes() == 0


def test_examples_are_made_with_metrics_and_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(samples, "FOLDER", tmp_path / "examples")
    jobs = open_jobs(FakeEngine(), tmp_path / "versions")
    samples.make_results(jobs)
    samples.read_manifest.cache_clear()
    try:
        again = open_jobs(FakeEngine(), tmp_path / "again")
        preload(again, "coffee", 4)
        job = again.submit(sample_photo("coffee"), mode="test", models=NETWORKS)
        assert all(job.version(model).measured for model in NETWORKS)
    finally:
        samples.read_manifest.cache_clear()
        jobs.close()

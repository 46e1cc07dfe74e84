"""A class rates while strangers send photos: a short run of `python -m tests.system.load_app`."""

from pathlib import Path

from tests.system.load_app import Load, run, verdict


def test_raters_do_not_wait_behind_uploads_and_nothing_stays(tmp_path: Path) -> None:
    load = run(
        tmp_path,
        raters=8,
        uploaders=2,
        seconds=5,
        think=2,
        until=lambda load: load.uploads and len(load.result.acknowledged) >= 30,
        models=["bicubic"],
    )
    assert load.uploads
    assert len(load.result.acknowledged) >= 30
    # Too short for a slope, while models are being loaded; and machines that test can be busy.
    assert verdict(load, steepest=float("inf"), slowest=5) == []


def test_the_slope_is_that_of_the_settled_server() -> None:
    growing = Load(memory=[(t, 1000 - 20 * t if t < 20 else 600 + t) for t in range(60)])
    assert round(growing.slope) == 60
    assert verdict(growing) == ["memory grows by 60.0 MiB/min"]
    assert verdict(Load(memory=[(t, 500.0) for t in range(60)])) == []

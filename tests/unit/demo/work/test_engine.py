"""LPIPS is loaded beside the work; until it is there, measurements say so and go on."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

import sr.metrics.fidelity
from demo.work.engine import LPIPS_LOADING, LPIPS_MISSING, TOO_SMALL, SuperResolution
from sr.base.errors import BackboneError, Cancelled

PIXELS = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)


def measure(engine: SuperResolution, pixels: np.ndarray = PIXELS):
    return engine.measure(pixels, pixels, crop_px=4, cancel=threading.Event())


def wait_for(condition, seconds: float = 10) -> None:
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.01)


def test_a_slow_download_holds_nothing_up(monkeypatch: pytest.MonkeyPatch):
    arrived = threading.Event()

    def slow():
        arrived.wait(20)
        return lambda a, b: (a - b).abs().mean()

    monkeypatch.setattr(sr.metrics.fidelity, "default_lpips", slow)
    engine = SuperResolution(lpips_wait_seconds=0.05)
    first = measure(engine)  # does not wait for what has not arrived
    assert not arrived.is_set()
    assert (first.ssim_y, first.lpips_alex, first.note) == (1, None, LPIPS_LOADING)
    arrived.set()
    wait_for(lambda: measure(engine).lpips_alex == 0)
    assert measure(engine).note is None


def test_a_download_that_never_ends_counts_as_failed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sr.metrics.fidelity, "default_lpips", threading.Event().wait)
    monkeypatch.setattr("demo.work.engine.LPIPS_TIMEOUT_SECONDS", 0.01)
    engine = SuperResolution(lpips_wait_seconds=0.05)
    assert measure(engine).note == LPIPS_MISSING


def test_without_features_the_log_says_why_and_the_page_only_that(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    calls = []

    def fail():
        calls.append(1)
        raise BackboneError("/secret/place holds no alexnet_*.safetensors")

    monkeypatch.setattr(sr.metrics.fidelity, "default_lpips", fail)
    engine = SuperResolution()
    assert [measure(engine).note for _ in range(3)] == [LPIPS_MISSING] * 3
    assert len(calls) == 1  # not asked again at once
    assert "/secret/place" in caplog.text


def test_a_small_picture_is_measured_as_far_as_it_goes(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sr.metrics.fidelity, "default_lpips", lambda: lambda a, b: 0.0)
    found = measure(SuperResolution(), PIXELS[:16, :16])
    assert (found.ssim_y, found.note) == (None, TOO_SMALL)


def test_a_cancel_is_looked_at_before_lpips(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sr.metrics.fidelity, "default_lpips", lambda: lambda a, b: 0.0)
    left = threading.Event()
    left.set()
    with pytest.raises(Cancelled):
        SuperResolution().measure(PIXELS, PIXELS, crop_px=4, cancel=left)

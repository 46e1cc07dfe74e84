"""Photos become versions: in order, once, one inference at a time, and stop when told to."""

import asyncio
import gc
import os
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from demo.app.settings import Settings
from demo.hosting.process import NICENESS
from demo.upscale.picker import picker_html
from demo.upscale.session import Choice, Session
from demo.web.i18n import Language
from demo.work.engine import LPIPS_LOADING, LPIPS_MISSING
from demo.work.job import FAILED, ORIGINAL, BusyError, Job, TooManyOwnError
from demo.work.jobs import Jobs
from demo.work.versions import ImageStore
from sr.base.errors import Cancelled, ShapeError
from sr.images.photo import Photo
from sr.images.reading import open_image
from sr.images.resize import matlab_bicubic
from sr.metrics.result import Measurement
from tests.helpers.fake_engine import FakeEngine

MakeJobs = Callable[..., Jobs]


@pytest.fixture
def make_jobs(tmp_path: Path) -> Iterator[MakeJobs]:
    made: list[Jobs] = []

    def make(engine: FakeEngine, **options: int) -> Jobs:
        store = ImageStore(tmp_path / "versions", max_bytes=10**8, max_age_seconds=3000)
        made.append(Jobs(engine, store, **options))
        return made[-1]

    yield make
    for jobs in made:
        jobs.close()


def photo(seed: int = 0, height: int = 12, width: int = 16) -> Photo:
    rng = np.random.default_rng(seed)
    return Photo(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))


def wait(job: Job, until: Callable[[], bool] | None = None, seconds: float = 10) -> None:
    limit = time.monotonic() + seconds
    while not (until() if until else job.is_finished):
        assert time.monotonic() < limit, job.versions()
        time.sleep(0.01)


def test_every_version_is_made_in_order_as_an_exact_png(make_jobs: MakeJobs):
    jobs = make_jobs(FakeEngine())
    given = photo()
    job = jobs.submit(given)
    wait(job)
    versions = job.versions()
    assert [v.key for v in versions] == ["bicubic", "srresnet_x4", "srgan_x4"]
    assert {v.state for v in versions} == {"ready"}
    bicubic = open_image(job.version("bicubic").image.path)
    np.testing.assert_array_equal(bicubic.rgb, matlab_bicubic(given.rgb, 4))


def test_alpha_stays(make_jobs: MakeJobs):
    alpha = np.arange(12 * 16, dtype=np.uint8).reshape(12, 16)
    job = make_jobs(FakeEngine()).submit(Photo(photo().rgb, alpha))
    wait(job)
    assert open_image(job.version("srgan_x4").image.path).alpha is not None


@pytest.mark.parametrize(("language", "said"), [("en", "laid on white"), ("pt-BR", "sobre branco")])
def test_a_test_lays_transparency_on_white_and_the_page_says_so(
    make_jobs: MakeJobs, language: Language, said: str
):
    alpha = np.full((12, 16), 255, np.uint8)
    alpha[:8, :8] = 0
    given = Photo(photo().rgb, alpha)
    job = make_jobs(FakeEngine()).submit(given, mode="test")
    wait(job)
    original = open_image(job.version(ORIGINAL).image.path)
    assert original.alpha is None
    assert (original.rgb[:8, :8] == 255).all()
    np.testing.assert_array_equal(original.rgb[8:], given.rgb[8:])
    session = Session(choice=Choice("logo.png"), job=job)
    assert said in picker_html(session, language, Settings())


def test_the_same_photo_with_the_same_model_is_computed_once(make_jobs: MakeJobs):
    engine = FakeEngine()
    jobs = make_jobs(engine)
    wait(jobs.submit(photo()))
    again = jobs.submit(photo())
    assert again.is_finished
    assert all(version.cached for version in again.versions())
    assert set(engine.calls.values()) == {1}
    wait(jobs.submit(photo(seed=1)))
    assert engine.calls["srgan_x4"] == 2


def test_two_visitors_with_one_photo_at_a_time_share_the_work(make_jobs: MakeJobs):
    engine = FakeEngine(seconds=0.2)
    jobs = make_jobs(engine)
    first, second = jobs.submit(photo()), jobs.submit(photo())
    wait(first)
    wait(second)
    assert engine.calls["srresnet_x4"] == engine.calls["srgan_x4"] == 1


def test_one_inference_runs_at_a_time_and_everyone_gets_a_turn(make_jobs: MakeJobs):
    engine = FakeEngine(seconds=0.3)
    jobs = make_jobs(engine)
    many = [jobs.submit(photo(seed)) for seed in range(3)]
    assert [jobs.num_ahead(job) for job in many] == [0, 1, 2]
    wait(many[0], lambda: many[2].version("bicubic").state == "ready", seconds=1)
    wait(many[2], lambda: many[2].version("srresnet_x4").state == "ready")
    assert not many[0].is_finished or many[1].version("srresnet_x4").state == "ready"
    for job in many:
        wait(job)
    assert engine.most_running == 1


def test_cancel_stops_the_work_at_once_and_keeps_what_is_ready(make_jobs: MakeJobs):
    engine = FakeEngine(seconds=60)
    jobs = make_jobs(engine)
    job = jobs.submit(photo())
    wait(job, lambda: job.version("srresnet_x4").progress > 0)
    steps_before = engine.steps
    job.cancel()
    assert job.is_finished
    assert job.is_cancelled
    assert job.version("bicubic").state == "ready"
    assert job.version("srresnet_x4").state == job.version("srgan_x4").state == "cancelled"
    wait(job, lambda: engine.stopped_at is not None)
    assert engine.steps <= steps_before + 1
    assert engine.calls["srgan_x4"] == 0


def test_after_a_cancel_the_next_photo_is_taken_up(make_jobs: MakeJobs):
    engine = FakeEngine(seconds=60)
    jobs = make_jobs(engine)
    first = jobs.submit(photo())
    wait(first, lambda: engine.running == 1)
    second = jobs.submit(photo(1))
    first.cancel()
    engine.seconds = 0
    wait(second)
    assert second.version("srgan_x4").state == "ready"


def test_progress_and_time_left_are_told(make_jobs: MakeJobs):
    jobs = make_jobs(FakeEngine(seconds=1))
    begin = time.monotonic()
    job = jobs.submit(photo())
    wait(job, lambda: 0 < job.version("srresnet_x4").progress < 1)
    assert job.version("srresnet_x4").seconds_left is not None
    wait(job, lambda: job.version("srgan_x4").progress > 0)
    assert 0 <= jobs.pace.seconds_left(job) <= time.monotonic() - begin + 0.1
    wait(job)
    took = time.monotonic() - begin  # both networks; 2 s, more on a busy machine
    other = jobs.submit(photo(2))
    assert 1.5 <= jobs.pace.seconds_left(other) <= took + 0.1


def test_a_network_without_weights_fails_alone_and_the_log_says_why(
    make_jobs: MakeJobs, caplog: pytest.LogCaptureFixture
):
    job = make_jobs(FakeEngine(missing=("srresnet_x4",))).submit(photo())
    wait(job)
    assert job.version("srresnet_x4").state == "failed"
    assert job.version("srresnet_x4").error == FAILED
    assert "weights/README.md" in caplog.text
    assert job.version("srgan_x4").state == "ready"


def test_an_unexpected_error_does_not_end_the_lane(make_jobs: MakeJobs):
    engine = FakeEngine()
    jobs = make_jobs(engine)
    upscale = engine.upscale

    def broken(model, photo, **rest):
        if model == "srresnet_x4":
            raise ValueError("a bug")
        return upscale(model, photo, **rest)

    engine.upscale = broken
    job = jobs.submit(photo())
    wait(job)
    assert (job.version("srresnet_x4").state, job.version("srgan_x4").state) == ("failed", "ready")


def test_test_mode_shrinks_the_photo_and_measures_every_version(make_jobs: MakeJobs):
    engine = FakeEngine()
    jobs = make_jobs(engine)
    given = photo(height=43, width=65)
    job = jobs.submit(given, mode="test")
    wait(job)
    assert job.reference_size == (40, 64)
    small = matlab_bicubic(given.rgb[:40, :64], 0.25)
    bicubic = open_image(job.version("bicubic").image.path)
    np.testing.assert_array_equal(bicubic.rgb, matlab_bicubic(small, 4))
    original = job.version(ORIGINAL)
    np.testing.assert_array_equal(open_image(original.image.path).rgb, given.rgb[:40, :64])
    assert original.measurement is None
    assert all(v.measurement for v in job.versions() if v.key != ORIGINAL)
    again = jobs.submit(given, mode="test")
    assert again.is_finished
    assert engine.calls["measure"] == 3


def test_a_photo_too_small_to_be_shrunk_is_refused(make_jobs: MakeJobs):
    with pytest.raises(ShapeError, match="5 x 3 px; a test needs at least 4 x 4"):
        make_jobs(FakeEngine()).submit(photo(height=3, width=5), mode="test")


@pytest.mark.parametrize(("height", "width"), [(1, 1), (48, 3), (3, 2000)])
def test_any_size_can_be_upscaled(make_jobs: MakeJobs, height: int, width: int):
    job = make_jobs(FakeEngine()).submit(photo(height=height, width=width))
    wait(job)
    image = job.version("srgan_x4").image
    assert (image.height, image.width) == (4 * height, 4 * width)


def test_too_many_photos_are_refused_until_there_is_room(make_jobs: MakeJobs):
    jobs = make_jobs(FakeEngine(seconds=60), max_waiting=2)
    first, _ = jobs.submit(photo(1)), jobs.submit(photo(2))
    with pytest.raises(BusyError):
        jobs.submit(photo(3))
    first.cancel()
    jobs.submit(photo(3))


def test_one_visitor_cannot_take_every_place(make_jobs: MakeJobs):
    jobs = make_jobs(FakeEngine(seconds=60), max_waiting=4)
    first = jobs.submit(photo(1), visitor="a")
    jobs.submit(photo(2), visitor="a")
    with pytest.raises(TooManyOwnError):
        jobs.submit(photo(3), visitor="a")
    jobs.submit(photo(3), visitor="b")
    first.cancel()
    jobs.submit(photo(4), visitor="a")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a niceness of threads")
def test_inference_gives_way_and_nobody_else_does(make_jobs: MakeJobs):
    engine = FakeEngine()
    nice: list[int] = []
    upscale = engine.upscale

    def note(model, photo, **rest):
        nice.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        return upscale(model, photo, **rest)

    engine.upscale = note
    wait(make_jobs(engine).submit(photo()))
    own = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    assert set(nice) == {min(19, NICENESS)}
    assert own == os.getpriority(os.PRIO_PROCESS, os.getpid()) < NICENESS


def test_closing_ends_the_threads(make_jobs: MakeJobs):
    before = set(threading.enumerate())
    jobs = make_jobs(FakeEngine(seconds=60))
    job = jobs.submit(photo())
    wait(job, lambda: jobs.engine.running == 1)
    jobs.close()
    limit = time.monotonic() + 5
    while set(threading.enumerate()) - before:
        assert time.monotonic() < limit
        time.sleep(0.05)


@pytest.mark.parametrize("mode", ["upscale", "test"])
def test_a_finished_job_keeps_no_pixels(make_jobs: MakeJobs, mode: str):
    jobs = make_jobs(FakeEngine())
    given = photo(height=40, width=40)
    pixels = weakref.ref(given.rgb)
    job = jobs.submit(given, mode=mode)
    del given
    wait(job)
    wait(job, lambda: job.photo is None and job.reference is None)
    wait(job, lambda: gc.collect() >= 0 and pixels() is None)
    assert (job.out_height, job.out_width) == ((160, 160) if mode == "upscale" else (40, 40))


def test_a_cancelled_job_keeps_no_pixels(make_jobs: MakeJobs):
    engine = FakeEngine(seconds=60)
    job = make_jobs(engine).submit(photo())
    wait(job, lambda: engine.running == 1)
    job.cancel()
    wait(job, lambda: job.photo is None)


def test_a_job_of_a_visitor_who_left_while_it_was_submitted_is_cancelled(make_jobs: MakeJobs):
    looking, go_on = threading.Event(), threading.Event()

    class SlowToSubmit(FakeEngine):
        def version(self, model: str) -> str:
            looking.set()
            go_on.wait(10)
            return super().version(model)

    jobs = make_jobs(SlowToSubmit(seconds=60), max_waiting=1)

    async def visit():
        task = asyncio.create_task(jobs.submit_in_thread(photo()))
        await asyncio.to_thread(looking.wait, 10)
        task.cancel()
        await asyncio.sleep(0)
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        while True:  # the only place is free again long before the photo would be ready
            try:
                return jobs.submit(photo(1))
            except BusyError:
                await asyncio.sleep(0.01)

    with ThreadPoolExecutor(1) as pool:  # browser tests leave a loop running in this thread
        next_job = pool.submit(asyncio.run, asyncio.wait_for(visit(), 10)).result()
    assert not next_job.is_finished


def test_a_cancel_is_looked_at_before_a_measurement(make_jobs: MakeJobs):
    engine = FakeEngine()
    jobs = make_jobs(engine)
    left = threading.Event()
    left.set()
    with pytest.raises(Cancelled):
        jobs.measure(photo().rgb, photo().rgb, crop_px=4, cancel=left)
    assert engine.calls["measure"] == 0


def test_a_measurement_without_lpips_is_tried_again(make_jobs: MakeJobs):
    jobs = make_jobs(FakeEngine())
    for note, is_kept in ((LPIPS_LOADING, False), (LPIPS_MISSING, False), (None, True)):
        jobs.measurements.remember("photo/bicubic", "reference", Measurement(30, 0.9, None, note))
        kept = jobs.measurements.recall("photo/bicubic", "reference")
        assert (kept is not None) == is_kept


def sizes(job: Job) -> dict[str, tuple[int, int, int]]:
    """Of every version: the factor it is made with, width, height; as said and as made."""
    wait(job)
    for version in job.versions():
        made = open_image(version.image.path)
        assert (made.width, made.height) == job.size_of(version.key), version.key
        assert job.reduced_to(version.key) in (None, made.width)
    return {v.key: (job.scale_of(v.key), *job.size_of(v.key)) for v in job.versions()}


def test_a_width_is_reached_by_the_nearest_larger_factor_and_a_reduction(make_jobs: MakeJobs):
    jobs = make_jobs(FakeEngine())
    models = ["bicubic", "srresnet_x4", "srresnet_x2"]
    job = jobs.submit(photo(), scale=4, width=40, models=models)
    assert sizes(job) == {
        "bicubic": (3, 40, 30), "srresnet_x4": (4, 40, 30), "srresnet_x2": (2, 32, 24),
    }  # fmt: skip
    image = job.version("srresnet_x4").image
    assert [str(note) for note in image.notes] == ["enlarged to 64 x 48 pixels, then reduced"]
    assert job.version("srresnet_x2").image.notes == ()
    again = jobs.submit(photo(), scale=4, width=40, models=models)
    assert all(version.cached for version in again.versions())
    other = jobs.submit(photo(), scale=4, models=models)
    assert sizes(other)["srresnet_x4"] == (4, 64, 48)
    assert other.version("srresnet_x2").cached


def test_a_factor_without_networks_is_served_by_larger_ones(make_jobs: MakeJobs):
    jobs = make_jobs(FakeEngine())
    job = jobs.submit(photo(), scale=3, models=["bicubic", "srresnet_x4"])
    assert sizes(job) == {"bicubic": (3, 48, 36), "srresnet_x4": (4, 48, 36)}
    job = jobs.submit(photo(), mode="test", scale=3, models=["bicubic", "srresnet_x4"])
    wait(job)
    assert job.reference_size == (12, 15)
    assert all(version.measurement for version in job.versions() if version.key != ORIGINAL)


def test_models_of_several_factors_make_each_its_own_size(make_jobs: MakeJobs):
    jobs = make_jobs(FakeEngine())
    job = jobs.submit(photo(), scale=2, models=["bicubic", "srresnet_x2", "srgan_x4"])
    assert sizes(job) == {
        "bicubic": (2, 32, 24), "srresnet_x2": (2, 32, 24), "srgan_x4": (4, 64, 48),
    }  # fmt: skip


def test_what_is_looked_at_is_made_first_and_each_version_can_be_stopped(make_jobs: MakeJobs):
    engine = FakeEngine(seconds=0.4)
    jobs = make_jobs(engine)
    names = ["bicubic", "srresnet_x4", "srgan_x4", "srgan_photo_x4", "srresnet_x2"]
    job = jobs.submit(photo(), models=names)
    wait(job, lambda: job.version("srresnet_x4").state == "running")
    session = Session(job=job, models={4: tuple(names)})
    session.look_at(["srgan_photo_x4"])
    session.leave_out("srresnet_x4")  # runs
    session.leave_out("srgan_x4")  # waits
    assert "srresnet_x4" not in session.chosen()
    wait(job)
    states = {version.key: version.state for version in job.versions()}
    assert [states[name] for name in names[1:]] == ["cancelled", "cancelled", "ready", "ready"]
    assert list(engine.calls) == ["bicubic", "srresnet_x4", "srgan_photo_x4", "srresnet_x2"]
    assert engine.most_running == 1
    assert not job.is_cancelled

"""How quickly bad files are refused and a cancel is obeyed: for `make bench`, not for `make test`.

On a machine that does other work these would say more of the machine than of the program.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from demo.app.build import build_app
from demo.app.settings import Settings
from demo.work.jobs import Jobs
from demo.work.versions import ImageStore
from sr.base.errors import Cancelled, ImageError
from sr.commands.benchmark import sample_photo
from sr.images.reading import open_image
from sr.inference.upscaler import Progress, get_upscaler
from survey.session.protected import ProtectedSurvey
from tests.helpers.bad_images import bad_images, inflating_png
from tests.helpers.fake_engine import FakeEngine


def seconds_of(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def wait_until(condition: Callable[[], object]) -> None:
    limit = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.005)


def test_every_bad_file_is_refused_within_two_seconds(tmp_path: Path) -> None:
    for name, path in bad_images(tmp_path).items():

        def refuse(path: Path = path) -> None:
            with pytest.raises(ImageError):
                open_image(path)

        assert seconds_of(refuse) < 2, name


@pytest.mark.parametrize("chunk", [b"zTXt", b"iCCP"])
def test_metadata_that_inflates_without_end_costs_less_than_a_second(chunk: bytes) -> None:
    data = inflating_png(chunk)

    def read() -> None:
        try:
            open_image(data)
        except ImageError:
            return  # refused is as good as read: neither may take long

    assert seconds_of(read) < 1


def test_the_api_refuses_within_two_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    settings = Settings(port=0, folder=tmp_path, max_megapixels=0.1, photos_per_minute=1000)
    app = build_app(settings, ProtectedSurvey(tmp_path / "data"), FakeEngine())
    _, address, _ = app.launch(server_port=None, prevent_thread_lock=True, quiet=True)
    client = Client(address, verbose=False)
    for name, path in bad_images(tmp_path / "bad").items():

        def refuse(path: Path = path) -> None:
            with pytest.raises(AppError):
                client.predict(handle_file(path), "bicubic", api_name="/upscale")

        assert seconds_of(refuse) < 2, name
    app.close(verbose=False)


def test_a_cancelled_job_stops_within_two_seconds(tmp_path: Path) -> None:
    engine = FakeEngine(seconds=60)
    jobs = Jobs(engine, ImageStore(tmp_path, max_bytes=10**8, max_age_seconds=3000))
    job = jobs.submit(sample_photo(16))
    wait_until(lambda: job.version("srresnet_x4").progress > 0)
    job.cancel()

    def stop() -> None:
        wait_until(lambda: engine.stopped_at is not None)

    assert seconds_of(stop) < 2
    jobs.close()


@pytest.mark.parametrize("model", ["bicubic", "srresnet_x4"])
def test_an_upscaling_stops_within_two_seconds(model: str) -> None:
    cancel, began = threading.Event(), threading.Event()

    def show(_: Progress) -> None:
        began.set()

    def work() -> None:
        with pytest.raises(Cancelled):
            get_upscaler(model).upscale(sample_photo(1024), progress=show, cancel=cancel)

    thread = threading.Thread(target=work)
    thread.start()
    assert began.wait(60)
    cancel.set()
    assert seconds_of(thread.join) < 2

"""Several photos at once: each is enlarged or its trouble said, and none holds up the others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from demo.photos import batch as batches
from demo.photos.batch import MOST_PHOTOS, Batch, batch_of, name_in_zip
from demo.photos.uploads import UploadLimits
from demo.web.rates import PhotoLimit, TooOftenError
from demo.work.job import BusyError
from demo.work.jobs import Jobs
from demo.work.saving import read_list
from demo.work.versions import ImageStore
from tests.helpers.fake_engine import FakeEngine

MODELS = ("srresnet_x4", "srgan_x4")
REQUEST = SimpleNamespace(session_hash="page", client=None)


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[Jobs]:
    store = ImageStore(tmp_path / "versions", max_bytes=10**8, max_age_seconds=3000)
    made = Jobs(FakeEngine(), store)
    yield made
    made.close()


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    """What a browser says of three photos, one of which is none and one too large."""
    folder = tmp_path / "uploads"
    folder.mkdir()
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(folder))
    monkeypatch.setattr(batches, "WAIT_SECONDS", 0.01)
    monkeypatch.setattr(batches, "TICK_SECONDS", 0.01)
    rng = np.random.default_rng(2)
    for name, side in (("a.png", 20), ("c.png", 90)):
        pixels = rng.integers(0, 256, (side, side, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / name)
    (folder / "b.png").write_bytes(b"no picture")
    names = ("trip/a.png", "b.png", "c.png")
    return [{"path": str(folder / Path(name).name), "name": name} for name in names]


def limits(per_minute: int = 1000) -> UploadLimits:
    return UploadLimits(0.005, 64, PhotoLimit(per_minute))


def run(
    batch: Batch,
    jobs: Jobs,
    given: UploadLimits,
    *,
    stop_after: int = 10**9,
    models: Callable[[int], Sequence[str]] = lambda scale: MODELS,
    **size: int,
) -> int:
    """Work on a batch until it is done, or is stopped after so many updates; their number."""

    async def work() -> int:
        updates = 0
        how = {"scale": 4, **size}
        async for _ in batch.work(jobs, given, REQUEST, models=models, **how):
            updates += 1
            if updates == stop_after:
                batch.cancel()
        return updates

    with ThreadPoolExecutor(1) as pool:  # browser tests leave a loop running in this thread
        return pool.submit(asyncio.run, asyncio.wait_for(work(), 60)).result()


def test_every_photo_is_enlarged_and_a_bad_one_ends_nothing(
    jobs: Jobs, files: list[dict[str, object]]
):
    batch = batch_of([*files, {"failed": True, "name": "heavy.png"}])
    assert batch is not None
    run(batch, jobs, limits())
    assert [item.state for item in batch.items] == ["ready", "failed", "ready", "failed"]
    assert batch.is_finished
    assert batch.items[1].problem.key == "error_not_image"
    assert batch.items[3].problem.key == "error_upload"
    large = batch.items[2].job
    assert (large.width, large.height) == (70, 70)  # reduced to the limit
    names = ["trip/a_srresnet_x4", "trip/a_srgan_x4", "c_srresnet_x4", "c_srgan_x4"]
    assert [name for name, _ in batch.results()] == names
    listed = read_list(jobs.store.folder, batch.token)
    assert [name for name, _ in listed] == names
    assert all(path.is_file() for _, path in listed)


def test_photos_of_one_name_keep_a_name_of_their_own(jobs: Jobs, files: list[dict[str, object]]):
    batch = batch_of([files[0], files[0] | {"name": "trip/A.png"}])
    run(batch, jobs, limits())
    names = [name for name, _ in batch.results()]
    assert len({name.casefold() for name in names}) == 4
    assert names[2] == "trip/A_srresnet_x4 (2)"


def test_it_waits_where_a_single_photo_would_be_refused(
    jobs: Jobs, files: list[dict[str, object]], monkeypatch: pytest.MonkeyPatch
):
    refusals = [TooOftenError(0.01), TooOftenError(0.01)]
    given = limits()
    take, submit = given.photos.take, jobs.submit

    def take_later(request: object) -> None:
        if refusals:
            raise refusals.pop()
        take(request)

    busy = [BusyError("full"), BusyError("full")]

    def submit_later(*photo: object, **options: object) -> object:
        if busy:
            raise busy.pop()
        return submit(*photo, **options)

    monkeypatch.setattr(given.photos, "take", take_later)
    monkeypatch.setattr(jobs, "submit", submit_later)
    batch = batch_of(files[:1])
    run(batch, jobs, given)
    assert batch.items[0].state == "ready"
    assert not refusals
    assert not busy


def test_cancelled_it_keeps_what_is_ready(jobs: Jobs, files: list[dict[str, object]]):
    jobs.engine.seconds = 60
    batch = batch_of(files)
    run(batch, jobs, limits(), stop_after=3)
    assert batch.is_finished
    assert {item.state for item in batch.items} == {"cancelled"}
    assert jobs.engine.calls["srgan_x4"] == 0


def test_results_that_take_all_the_room_end_it_in_words(
    jobs: Jobs, files: list[dict[str, object]], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(batches, "MOST_OF_STORE", 1e-9)
    batch = batch_of([files[0], files[2]])
    run(batch, jobs, limits())
    assert [item.state for item in batch.items] == ["ready", "failed"]
    assert batch.items[1].problem.key == "error_full"


def test_what_a_browser_says_is_not_taken_for_granted():
    assert batch_of(None) is batch_of([]) is batch_of("x") is batch_of([3]) is None
    many = batch_of([{"path": "/etc/passwd", "name": "a"}] * (MOST_PHOTOS + 3), num_left_out=2)
    assert (len(many.items), many.num_left_out) == (MOST_PHOTOS, 5)
    again = many.anew()
    assert again.token != many.token
    assert [item.name for item in again.items] == ["a"] * MOST_PHOTOS


def test_another_path_than_an_uploads_is_not_read(jobs: Jobs, files: list[dict[str, object]]):
    batch = batch_of([{"path": "/etc/passwd", "name": "a"}])
    run(batch, jobs, limits())
    assert batch.items[0].problem.key == "error_gone"


@pytest.mark.parametrize(
    ("name", "held"),
    [
        ("a.png", "a"),
        ("trip/day 1/a.b.jpeg", "trip/day 1/a.b"),
        ("../../etc/passwd", "etc/passwd"),
        ("/etc/passwd", "etc/passwd"),
        ("..\\..\\x.png", "x"),
        ("C:\\photos\\x.png", "C_/photos/x"),
        ("", "photo"),
        ("a/b/c/d/e/f.png", "b/c/d/e/f"),
    ],
)
def test_names_in_a_zip_never_lead_out_of_it(name: str, held: str):
    assert name_in_zip(name) == held


def test_every_photo_is_brought_to_one_width(jobs: Jobs, files: list[dict[str, object]]):
    batch = batch_of([files[0], files[2]])
    run(batch, jobs, limits(), width=80, models=lambda scale: [f"srgan_x{scale}"])
    names = [name for name, _ in batch.results()]
    assert names == ["trip/a_srgan_x4", "c_srgan_x2"]  # of 20 and 70 pixels
    assert [image.width for _, image in batch.results()] == [80, 80]
    batch = batch_of([files[0]])
    run(batch, jobs, limits(), width=81, models=lambda scale: [f"srgan_x{scale}"])
    assert batch.items[0].problem.key == "error_width"
    assert batch.items[0].problem.values == {"least": 21, "most": 80}

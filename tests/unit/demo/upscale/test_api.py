"""The API, through gradio_client: exact PNG files, metrics, the list, and clear refusals."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image
from skimage import data

from sr.images.reading import open_image
from sr.images.resize import matlab_bicubic
from sr.microscopy.files.reading import read_stack
from sr.models.entries.shipped import MODELS
from tests.helpers.bad_images import bad_images, odd_images
from tests.helpers.fake_engine import FakeEngine
from tests.unit.sr.microscopy.conftest import write_mrc


@pytest.fixture(scope="module")
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture(scope="module")
def address(serve_demo: Callable[..., str], engine: FakeEngine) -> str:
    return serve_demo(engine, max_megapixels=0.15, photos_per_minute=1000)


@pytest.fixture(scope="module")
def client(address: str, tmp_path_factory: pytest.TempPathFactory) -> Client:
    return Client(address, verbose=False, download_files=tmp_path_factory.mktemp("downloads"))


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    rng = np.random.default_rng(3)
    path = tmp_path / "férias na praia.png"
    Image.fromarray(rng.integers(0, 256, (10, 14, 3), dtype=np.uint8)).save(path)
    return path


def test_five_endpoints_are_public_and_no_more(client: Client):
    named = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert set(named) == {"/upscale", "/upscale_to_width", "/measure", "/look", "/models"}
    names = [parameter["parameter_name"] for parameter in named["/upscale"]["parameters"]]
    assert names == ["image", "model"]
    names = [parameter["parameter_name"] for parameter in named["/upscale_to_width"]["parameters"]]
    assert names == ["image", "model", "width"]
    names = [parameter["parameter_name"] for parameter in named["/measure"]["parameters"]]
    assert names == ["prediction", "reference"]


def test_upscale_gives_the_exact_png(client: Client, photo: Path):
    result = Path(client.predict(handle_file(photo), "bicubic", api_name="/upscale"))
    assert result.name == "férias na praia_bicubic.png"
    expected = matlab_bicubic(open_image(photo).rgb, 4)
    np.testing.assert_array_equal(open_image(result).rgb, expected)
    assert Image.open(result).text["Nitidez-Model"] == "bicubic"


def test_upscale_reaches_a_width(client: Client, photo: Path):
    result = client.predict(handle_file(photo), "srgan_x4", 40, api_name="/upscale_to_width")
    assert Image.open(result).size == (40, 29)
    assert Image.open(result).text["Nitidez-Reduced"].startswith("enlarged to 56 x 40 pixels")
    for width, words in ((9, "needed 15 to 56"), (0, "needed a number of pixels")):
        with pytest.raises(AppError, match=words):
            client.predict(handle_file(photo), "srgan_x4", width, api_name="/upscale_to_width")


def test_a_microscopes_frame_comes_back_with_its_counts(client: Client, tmp_path: Path):
    counts = np.random.default_rng(0).integers(0, 60_000, (1, 12, 14)).astype(np.uint16)
    file = handle_file(write_mrc(tmp_path / "cell.mrc", counts, pixel_um=0.0626))
    for model in ("bicubic", "dfcan_x2"):
        result = Path(client.predict(file, model, api_name="/upscale"))
        assert result.name == f"cell_{model}.tif"
        stack = read_stack(result)
        assert np.array_equal(stack.planes, counts.repeat(2, 1).repeat(2, 2))
        assert stack.pixel_um == pytest.approx(0.0313)
    several = handle_file(write_mrc(tmp_path / "stack.mrc", counts.repeat(3, 0)))
    for given, model, words in (
        (file, "srgan_x4", "frames are enlarged by bicubic, dfcan_x2"),
        (several, "dfcan_x2", "a stack of 3 frames"),
    ):
        with pytest.raises(AppError, match=words):
            client.predict(given, model, api_name="/upscale")
    with pytest.raises(AppError, match="not reduced"):
        client.predict(file, "dfcan_x2", 20, api_name="/upscale_to_width")


def test_measure_gives_the_metrics(client: Client, photo: Path):
    same = client.predict(handle_file(photo), handle_file(photo), api_name="/measure")
    assert same == {"psnr_y": "inf", "ssim_y": 1.0, "lpips_alex": 0.0, "note": None}


def test_models_lists_every_model(client: Client):
    models = client.predict(api_name="/models")
    assert [model["name"] for model in models] == list(MODELS)
    assert [m["name"] for m in models][:4] == ["nearest", "bicubic", "srresnet_x4", "srgan_x4"]
    shown = [model["name"] for model in models if model["is_default"]]
    assert shown == ["bicubic", "srresnet_x4", "srgan_x4", "srresnet_x2", "srgan_x2"]
    assert [model["scale"] for model in models if model["is_default"]] == [4, 4, 4, 2, 2]
    purposes = {model["name"]: model["purpose"] for model in models}
    assert purposes["srgan_x4"] == "clean"
    assert purposes["srgan_photo_x4"] == "photo"
    assert all(model["licence"] and model["domain"] for model in models)


def test_look_says_which_models_fit_a_photo_and_why(client: Client, tmp_path: Path):
    poor = tmp_path / "from a messenger.jpg"
    Image.fromarray(data.chelsea()).save(poor, quality=40)
    found = client.predict(handle_file(poor), api_name="/look")
    assert (found["kind"], found["jpeg_quality"]) == ("compressed", 40)
    assert found["models"] == {"4": ["srgan_photo_x4"], "2": []}
    assert found["note"].startswith("JPEG of quality about 40. Best suited: SRGAN for photos")


def test_an_unknown_model_is_refused_with_the_known_ones(client: Client, photo: Path):
    with pytest.raises(AppError, match="no model 'srgan4'; known: bicubic, nearest"):
        client.predict(handle_file(photo), "srgan4", api_name="/upscale")


def test_no_file_is_refused_in_words(client: Client):
    with pytest.raises(AppError, match="image: no file was given"):
        client.predict(None, "bicubic", api_name="/upscale")


@pytest.fixture(scope="module")
def bad_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return bad_images(tmp_path_factory.mktemp("bad"))


def test_bad_images_are_refused_in_words_and_the_app_goes_on(
    client: Client, bad_files: dict[str, Path], photo: Path, capfd: pytest.CaptureFixture[str]
):
    for name, path in bad_files.items():
        with pytest.raises(AppError) as refusal:
            client.predict(handle_file(path), "bicubic", api_name="/upscale")
        assert len(str(refusal.value)) > 20, name
        assert "Traceback" not in str(refusal.value), name
        assert "/" not in str(refusal.value).split(":")[0], name  # no place on the server
    assert client.predict(handle_file(photo), "bicubic", api_name="/upscale")
    assert "Traceback" not in capfd.readouterr().err


def test_odd_but_valid_images_work(client: Client, tmp_path: Path):
    for name, path in odd_images(tmp_path / "odd").items():
        result = open_image(client.predict(handle_file(path), "srgan_x4", api_name="/upscale"))
        given = open_image(path)
        assert (result.height, result.width) == (4 * given.height, 4 * given.width), name


def test_a_photo_over_the_limit_is_refused_with_the_limit(client: Client, tmp_path: Path):
    large = tmp_path / "large.png"
    Image.new("RGB", (500, 400)).save(large)
    with pytest.raises(AppError, match=r"0\.15"):
        client.predict(handle_file(large), "bicubic", api_name="/upscale")


def test_cancelling_a_call_stops_the_work(
    serve_demo: Callable[..., str], photo: Path, tmp_path: Path
):
    slow = FakeEngine(seconds=60)
    client = Client(serve_demo(slow), verbose=False, download_files=tmp_path)
    job = client.submit(handle_file(photo), "srgan_x4", api_name="/upscale")
    limit = time.monotonic() + 30
    while slow.running == 0:
        assert time.monotonic() < limit
        time.sleep(0.05)
    job.cancel()
    limit = time.monotonic() + 30
    while slow.stopped_at is None:
        assert time.monotonic() < limit
        time.sleep(0.05)


def test_a_file_over_the_size_limit_is_refused(
    serve_demo: Callable[..., str], tmp_path: Path, photo: Path
):
    client = Client(serve_demo(FakeEngine(), max_upload_mb=1), verbose=False)
    heavy = tmp_path / "heavy.png"
    shutil.copyfile(photo, heavy)
    with heavy.open("ab") as file:
        file.write(bytes(1_100_000))
    with pytest.raises(Exception, match="maximum file size"):
        client.predict(handle_file(heavy), "bicubic", api_name="/upscale")

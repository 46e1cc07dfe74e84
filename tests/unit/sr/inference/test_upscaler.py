"""The Upscaler: tiles that leave no trace, progress, cancel, odd sizes."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import torch

from sr.base.errors import Cancelled, ConfigError, UnknownModelError
from sr.batches.patterns import pattern
from sr.images.photo import Photo
from sr.images.resize import matlab_bicubic
from sr.images.tensors import to_tensor
from sr.inference import guard, tiles
from sr.inference.base import Look
from sr.inference.engines import ENGINES
from sr.inference.network import NetworkUpscaler
from sr.inference.upscaler import Progress, Upscaler, get_upscaler
from sr.models.files.weights_file import load_model
from sr.models.registry import verified_weights
from sr.networks.registry import receptive_radius_px
from sr.networks.srresnet import SRResNet

CPU = torch.device("cpu")


def random_network(*, batch_norm: bool = False, scale: int = 4, num_blocks: int = 16) -> SRResNet:
    """Full depth for the real receptive field, few features to be quick."""
    torch.manual_seed(0)
    model = SRResNet(
        num_blocks=num_blocks, num_features=8, batch_norm=batch_norm, image_skip=True, scale=scale
    )
    for norm in model.modules():
        if isinstance(norm, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(norm.running_mean, -0.2, 0.2)  # type: ignore[arg-type]
            torch.nn.init.uniform_(norm.running_var, 0.5, 2.0)  # type: ignore[arg-type]
    return model.eval()


def upscaler_of(
    model: SRResNet, tile_px: int, precision: str = "float32", *, engine: str = "auto"
) -> NetworkUpscaler:
    return NetworkUpscaler(
        "srresnet_x4", model, device=CPU, precision=precision, tile_px=tile_px, engine=engine
    )


def random_photo(height: int, width: int, *, alpha: bool = False) -> Photo:
    random = np.random.default_rng(height * 1000 + width)
    rgb = random.integers(0, 256, (height, width, 3), np.uint8)
    return Photo(rgb, random.integers(0, 256, (height, width), np.uint8) if alpha else None)


def tiled_float(upscaler: NetworkUpscaler, rgb: np.ndarray) -> torch.Tensor:
    """What the tiles hand on, before it is rounded to grey levels, put together."""
    height, width = rgb.shape[:2]
    out = torch.full((1, 3, 4 * height, 4 * width), float("nan"))

    def keep(_: np.ndarray, enlarged: torch.Tensor, top: int, left: int) -> None:
        rows = slice(4 * top, 4 * top + enlarged.shape[2])
        out[:, :, rows, 4 * left : 4 * left + enlarged.shape[3]] = enlarged

    upscaler._hand_on = keep  # type: ignore[method-assign]
    upscaler._fill(np.empty(0), rgb, lambda _: None)
    return out


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize(
    ("height", "width", "tile_px"), [(150, 131, 50), (97, 41, 64), (30, 200, 33)]
)
def test_tiles_equal_the_whole_image(
    batch_norm: bool,
    height: int,
    width: int,
    tile_px: int,
    engine: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tiles, "STRIP_PIXELS", 700)
    model = random_network(batch_norm=batch_norm)
    rgb = random_photo(height, width).rgb
    with torch.inference_mode():
        whole = model(to_tensor(rgb))
    tiled = tiled_float(upscaler_of(model, tile_px, engine=engine), rgb)
    assert (tiled - whole).abs().max() <= 1e-5 * max(1.0, float(whole.abs().max()))


@pytest.mark.parametrize("num_blocks", [1, 16, 20])
def test_the_receptive_radius_is_needed_and_enough(num_blocks: int) -> None:
    model = random_network(num_blocks=num_blocks)
    lr = torch.rand(1, 3, 100, 3, requires_grad=True)
    model(lr)[0, :, 200:204].sum().backward()
    assert lr.grad is not None
    rows = torch.nonzero(lr.grad.abs().sum(dim=(0, 1, 3))).flatten()
    reach = max(50 - int(rows.min()), int(rows.max()) - 50)
    assert receptive_radius_px(model) - 1 <= reach <= receptive_radius_px(model)


def test_a_deeper_network_has_no_seams() -> None:
    model = random_network(num_blocks=20)
    rgb = random_photo(120, 40).rgb
    with torch.inference_mode():
        whole = model(to_tensor(rgb))
    tiled = tiled_float(upscaler_of(model, 40), rgb)
    assert (tiled - whole).abs().max() <= 1e-5 * max(1.0, float(whole.abs().max()))


@pytest.mark.parametrize("size", [(1, 1), (3, 48), (700, 1), (1, 2), (5, 64)])
@pytest.mark.parametrize("name", ["nearest", "bicubic", "srresnet_x4"])
def test_any_size_works(name: str, size: tuple[int, int]) -> None:
    upscaler = upscaler_of(random_network(), 64) if name == "srresnet_x4" else get_upscaler(name)
    result = upscaler.upscale(random_photo(*size, alpha=True))
    assert result.rgb.shape == (4 * size[0], 4 * size[1], 3)
    assert result.alpha is not None
    assert result.alpha.shape == (4 * size[0], 4 * size[1])


def test_bands_of_bicubic_equal_the_whole_image() -> None:
    from sr.images.resize import matlab_bicubic

    photo = random_photo(203, 17)
    assert np.array_equal(get_upscaler("bicubic").upscale(photo).rgb, matlab_bicubic(photo.rgb, 4))


def test_progress_grows_to_the_end_and_knows_the_time_left() -> None:
    seen: list[Progress] = []
    upscaler_of(random_network(), 32).upscale(random_photo(60, 60), progress=seen.append)
    assert [p.done for p in seen] == sorted(p.done for p in seen)
    assert seen[-1].done == seen[-1].total
    assert seen[-1].seconds_left == pytest.approx(0, abs=1e-6)


def test_cancel_stops_before_alpha(monkeypatch: pytest.MonkeyPatch) -> None:
    class Instant(Upscaler):
        def _fill(self, out: np.ndarray, rgb: np.ndarray, look: Look) -> None:
            look(1.0)

    cancel = threading.Event()
    monkeypatch.setattr(
        "sr.inference.base.matlab_bicubic", None
    )  # to enlarge alpha would be an error
    photo = Photo(np.zeros((8, 8, 3), np.uint8), np.zeros((8, 8), np.uint8))
    with pytest.raises(Cancelled):
        Instant("bicubic", 4).upscale(photo, progress=lambda _: cancel.set(), cancel=cancel)


def test_cancel_stops_between_pieces() -> None:
    cancel = threading.Event()
    seen: list[Progress] = []

    def stop_after_three(progress: Progress) -> None:
        seen.append(progress)
        if len(seen) == 3:
            cancel.set()

    with pytest.raises(Cancelled):
        upscaler_of(random_network(), 32).upscale(
            random_photo(120, 120), progress=stop_after_three, cancel=cancel
        )
    assert len(seen) == 3


def test_bfloat16_stays_near_float32() -> None:
    model = random_network()
    photo = random_photo(40, 40)
    exact = upscaler_of(model, 64).upscale(photo).rgb.astype(int)
    near = upscaler_of(model, 64, "bfloat16").upscale(photo).rgb.astype(int)
    assert np.abs(exact - near).mean() < 1.0


def test_unknown_names_and_settings_are_refused() -> None:
    with pytest.raises(UnknownModelError, match=r"srgan4.*known: bicubic, nearest, srcnn_x4"):
        get_upscaler("srgan4")
    with pytest.raises(ConfigError, match="tile of 0 px"):
        get_upscaler("bicubic", tile_px=0)
    with pytest.raises(ConfigError, match="precision 'half'"):
        get_upscaler("bicubic", precision="half")


def test_the_text_names_model_scale_and_version() -> None:
    text = get_upscaler("bicubic").text()
    assert text["Nitidez-Model"] == "bicubic"
    assert text["Nitidez-Scale"] == "4"
    assert text["Software"].startswith("Nitidez ")


@pytest.mark.parametrize("name", ["srresnet_x4", "srgan_x4"])
def test_where_a_network_does_not_give_back_its_input_bicubic_stands(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rgb = np.random.default_rng(1).integers(0, 256, (80, 50, 3), dtype=np.uint8)
    upscaler = get_upscaler(name, tile_px=32)
    assert "Nitidez-Mended" not in upscaler.text(upscaler.upscale(Photo(rgb // 4 + 100)))
    monkeypatch.setattr(guard, "MOST_LEVELS", -1.0)  # nothing is good enough
    result = upscaler.upscale(Photo(rgb))
    assert (result.rgb == matlab_bicubic(rgb, 4)).all()
    assert result.mended_share == 1
    assert upscaler.text(result)["Nitidez-Mended"] == "bicubic in 100 %"
    unguarded = get_upscaler(name, tile_px=32, guard=False).upscale(Photo(rgb))
    assert unguarded.mended_share == 0
    assert (unguarded.rgb != result.rgb).any()


def test_a_checkerboard_of_pixels_comes_out_as_an_image() -> None:
    y, x = np.indices((64, 64))
    rgb = np.repeat((255 * ((x + y) % 2)).astype(np.uint8)[..., None], 3, 2)
    for name in ("srresnet_x4", "srgan_x4"):
        result = get_upscaler(name).upscale(Photo(rgb)).rgb.astype(float)
        assert 90 < result[32:-32, 32:-32].mean() < 165


@pytest.mark.parametrize("name", ["srresnet_x4", "srgan_x4"])
def test_the_networks_that_ship_run_away_on_no_pattern(name: str) -> None:
    model = load_model(verified_weights(name)).eval()
    random = torch.Generator().manual_seed(0)
    board = torch.arange(24) % 2
    images = [(board[:, None] ^ board[None]).float().expand(3, -1, -1)]
    images += [pattern(24, random).expand(3, -1, -1) for _ in range(24)]
    with torch.inference_mode():
        out = model(torch.stack(images))
    assert float(out.min()) > -2
    assert float(out.max()) < 3

"""Networks that are not ours, by the same doors: tiles, sizes, engines, memory, the guard."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from sr.base.errors import SRError
from sr.base.machine import is_out_of_memory
from sr.images.photo import Photo
from sr.images.tensors import to_tensor
from sr.inference import network as network_module
from sr.inference.guard import FOREIGN_SHARE, NOISY_PX
from sr.inference.network import NetworkUpscaler
from sr.inference.upscaler import get_upscaler, upscaler_from_file
from sr.models.files.foreign import ForeignNetwork, load_foreign
from sr.networks.reach import MOST_PX, Reach, fitting_px, measured_reach
from tests.helpers import foreign_files as files

CPU = torch.device("cpu")
HOW: dict[str, Any] = {"device": "cpu", "precision": "float32"}


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(height).integers(0, 256, (height, width, 3)).astype(np.uint8)


def swin() -> dict[str, Any]:
    """Attention in shifted windows of 8 pixels; sides of 16 or more."""
    from spandrel.architectures.SwinIR import SwinIR

    torch.manual_seed(0)
    network = SwinIR(
        upscale=2,
        img_size=48,
        window_size=8,
        depths=[2, 2],
        embed_dim=12,
        num_heads=[2, 2],
        mlp_ratio=2,
        upsampler="pixelshuffledirect",
        resi_connection="1conv",
    )
    return {"params": network.state_dict()}


def unshuffled() -> dict[str, Any]:
    """Real-ESRGAN at 2x: the picture is folded first, and its sides must be multiples of 4."""
    state = files.rrdb(channels=3)
    first = torch.randn(16, 12, 3, 3, generator=torch.Generator().manual_seed(1)) * 0.05
    return files.real_esrgan(state | {"model.0.weight": first})


NETWORKS: dict[str, Callable[[], dict[str, Any]]] = {
    "rrdb": lambda: files.real_esrgan(files.rrdb()),
    "rrdb, folded": unshuffled,
    "compact": files.compact,
    "swin": swin,
}


@pytest.fixture(params=NETWORKS)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return files.save(tmp_path / "foreign.pth", NETWORKS[request.param]())


@pytest.mark.parametrize("engine", ["torch", "auto"])
@pytest.mark.parametrize(("height", "width"), [(75, 131), (9, 70)])
def test_tiles_equal_the_whole_of_every_kind_and_size(
    path: Path, engine: str, height: int, width: int
) -> None:
    from spandrel import ModelLoader

    upscaler = upscaler_from_file(path, **HOW, engine=engine, tile_px=32, guard=False)
    rgb = noise(height, width)
    with torch.inference_mode():
        whole = ModelLoader().load_from_file(path)(to_tensor(rgb))
    pieces: list[float] = []
    hand_on = upscaler._hand_on

    def compare(out: np.ndarray, enlarged: Tensor, top: int, left: int) -> None:
        y, x = upscaler.scale * top, upscaler.scale * left
        expected = whole[..., y : y + enlarged.shape[2], x : x + enlarged.shape[3]]
        inside = enlarged[..., : expected.shape[2], : expected.shape[3]]
        pieces.append(float((inside - expected).abs().max()))
        hand_on(out, enlarged, top, left)

    upscaler._hand_on = compare  # type: ignore[method-assign]
    made = upscaler.upscale(Photo(rgb)).rgb
    assert made.shape == (upscaler.scale * height, upscaler.scale * width, 3)
    assert len(pieces) > 1
    assert max(pieces) < 1e-4


def test_engines_agree_on_networks_that_are_not_ours(path: Path) -> None:
    photo = Photo(noise(40, 52))
    how = HOW | {"guard": False}
    results = [
        upscaler_from_file(path, **how, engine=engine).upscale(photo).rgb.astype(int)
        for engine in ("torch", "auto")
    ]
    assert np.abs(results[0] - results[1]).max() <= 1


class Wide(nn.Module):
    """Sees so far to each side, by a mean."""

    def __init__(self, radius_px: int, share: float = 0.5, scale: int = 2) -> None:
        super().__init__()
        self.scale = scale
        self.mean = nn.AvgPool2d((1, 2 * radius_px + 1), stride=1, padding=(0, radius_px))
        self.share = share

    def forward(self, lr: Tensor) -> Tensor:
        mixed = (1 - self.share) * lr + self.share * self.mean(lr)
        return nn.functional.interpolate(mixed, scale_factor=self.scale)


class Whole(nn.Module):
    """Sees all of the picture."""

    scale = 2

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 12, 3, padding=1)

    def forward(self, lr: Tensor) -> Tensor:
        brighter = lr * lr.mean(dim=(2, 3), keepdim=True)
        return nn.functional.pixel_shuffle(self.conv(brighter), 2)


def test_the_reach_of_a_network_is_measured() -> None:
    assert measured_reach(Wide(17)).radius_px == 17 + 2
    assert measured_reach(Wide(70, share=0.001)).radius_px == MOST_PX  # nobody could see it
    assert measured_reach(Wide(100)).radius_px is None
    assert measured_reach(Whole().eval()).radius_px is None
    assert measured_reach(Whole().eval()).bytes_per_pixel == 4 * 4 * 12


def whole_upscaler(**options: Any) -> NetworkUpscaler:
    torch.manual_seed(0)
    network = Whole().eval()
    network.reach = Reach(None, 192)  # type: ignore[assignment]
    return NetworkUpscaler(
        "whole", network, device=CPU, precision="float32", engine="torch", guard_px=None, **options
    )


def test_what_sees_the_whole_picture_gets_it_whole_where_memory_allows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rgb = noise(90, 300)
    whole = whole_upscaler().upscale(Photo(rgb))
    assert whole.notes == ()
    monkeypatch.setattr(network_module, "free_memory_bytes", lambda: 2 * 192 * (200 + 128) ** 2)
    cut = whole_upscaler().upscale(Photo(rgb))
    assert [note.kind for note in cut.notes] == ["cut_in_tiles"]
    assert "tiles of 200 pixels" in str(cut.notes[0])
    assert not np.array_equal(whole.rgb, cut.rgb)


def test_tiles_become_smaller_until_memory_is_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = files.save(tmp_path / "foreign.pth", files.compact())
    photo = Photo(noise(80, 200))
    upscaler = upscaler_from_file(path, **HOW, engine="torch")
    expected = upscaler.upscale(photo).rgb
    sizes: list[int] = []
    run = upscaler.engine.run

    def short(part: int, *inputs: Tensor, look: Any) -> Tensor:
        sizes.append(inputs[0].shape[3])
        if inputs[0].shape[3] > 70:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried ...")
        return run(part, *inputs, look=look)

    monkeypatch.setattr(upscaler.engine, "run", short)
    assert np.abs(upscaler.upscale(photo).rgb.astype(int) - expected).max() <= 1
    assert sizes[0] > 70 > sizes[-1]

    def never(part: int, *inputs: Tensor, look: Any) -> Tensor:
        raise MemoryError

    monkeypatch.setattr(upscaler.engine, "run", never)
    with pytest.raises(MemoryError):
        upscaler.upscale(photo)


@pytest.mark.parametrize("text", ["CUDA out of memory. Tried to", "std::bad_alloc"])
def test_libraries_say_in_their_own_words_that_memory_is_short(text: str) -> None:
    assert is_out_of_memory(RuntimeError(text))
    assert not is_out_of_memory(RuntimeError("expected 3 channels"))


def test_a_breakdown_is_mended_but_a_look_of_its_own_is_left(tmp_path: Path) -> None:
    """The picture of a network that changes colours everywhere must not become bicubic's."""
    path = files.save(tmp_path / "foreign.pth", files.compact())
    upscaler = upscaler_from_file(path, **HOW, engine="torch")
    assert (upscaler.guard_px, upscaler.mend_share) == (NOISY_PX, FOREIGN_SHARE)
    rgb = np.full((96, 96, 3), 128, np.uint8)
    calm = torch.full((1, 3, 384, 384), 128 / 255)
    broken, tinted = calm.clone(), calm.clone() * torch.tensor([1.2, 1.0, 0.8]).view(1, 3, 1, 1)
    broken[..., 40:90, 40:90] = 1.0
    for made, kinds, is_mended in ((broken, [], True), (tinted, ["own_look"], False)):
        upscaler.engine.run = lambda *_, look, made=made: made  # type: ignore[method-assign]
        result = upscaler.upscale(Photo(rgb))
        assert [note.kind for note in result.notes] == kinds
        assert (result.mended_share > 0) == is_mended
        difference = np.abs(result.rgb.astype(int) - 128).max()
        assert difference <= 1 if is_mended else difference > 20


def test_sizes_are_fitted_to_what_a_network_needs(tmp_path: Path) -> None:
    network = load_foreign(files.save(tmp_path / "a.pth", unshuffled()))
    assert isinstance(network, ForeignNetwork)
    assert (network.scale, network.multiple_px, network.minimum_px) == (2, 4, 4)
    assert [fitting_px(network, side) for side in (1, 4, 5, 33)] == [4, 4, 8, 36]
    attention = load_foreign(files.save(tmp_path / "b.pth", swin()))
    assert (attention.align_px, attention.minimum_px) == (32, 16)
    one = upscaler_from_file(tmp_path / "b.pth", **HOW).upscale(Photo(noise(1, 1)))
    assert one.rgb.shape == (2, 2, 3)


def test_a_network_of_ours_is_not_looked_at_in_vain() -> None:
    with pytest.raises(SRError, match=r"known: .*srgan_x4"):
        get_upscaler("foreign_x4")

"""Frozen perceptual features (AlexNet, VGG16, VGG19): a local file or torchvision's download."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from sr.base.errors import BackboneError, ConfigError
from sr.base.files import file_sha256
from sr.metrics.downloads import fetched

# Channels of the 3x3 convolutions between the poolings ("M"), torchvision's numbering.
_VGG: dict[str, tuple[tuple[int, ...], ...]] = {
    "vgg16": ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512)),
    "vgg19": ((64, 64), (128, 128), (256,) * 4, (512,) * 4, (512,) * 4),
}
_IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_WEIGHTS = {"alexnet": "AlexNet_Weights", "vgg16": "VGG16_Weights", "vgg19": "VGG19_Weights"}

# Root mean square of the convolutions after their ReLU on `_probe`, stage by stage: those of
# torchvision's VGG16; a fourth one of VGG19 is brought to the third's.
_LEVELS = (
    (0.858, 1.935), (2.552, 3.069), (3.880, 4.046, 3.268, 3.268), (3.618, 2.698, 1.185, 1.185),
    (1.458, 0.871, 0.303, 0.303),
)  # fmt: skip
_PROBE_PX = 96


def backbone_dir() -> Path | None:
    """The folder named by NITIDEZ_BACKBONES, or None when it is not set."""
    value = os.environ.get("NITIDEZ_BACKBONES", "").strip()
    return Path(value) if value else None


def local_files(name: str) -> list[Path]:
    """What the folder NITIDEZ_BACKBONES has of a network, parts of it and other forms too."""
    folder = backbone_dir()
    return [] if folder is None else sorted(folder.glob(f"{name}_*.safetensors"))


def load_state(name: str) -> dict[str, Tensor]:
    """The weights of a network's `features` part, float32, under torchvision's key names.

    Looked for in the folder NITIDEZ_BACKBONES (`<name>_*.safetensors`), else downloaded from
    torchvision's official address into torch's cache, with a limit of seconds to wait.

    Args:
        name: "alexnet", "vgg16" or "vgg19".

    Raises:
        BackboneError: in neither place; the text says what to do.
    """
    return _read(_found(name))


def _found(name: str) -> Path:
    files = local_files(name)
    return files[0] if files else _download(name)


def _read(path: Path) -> dict[str, Tensor]:
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            state = load_file(path)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
        return {k: v.float() for k, v in state.items() if k.startswith("features.")}
    except Exception as error:  # on damaged files readers raise anything
        raise BackboneError(f"{path}: not a readable file of weights ({error})") from error


def _download(name: str) -> Path:
    try:
        import torchvision

        return fetched(getattr(torchvision.models, _WEIGHTS[name]).IMAGENET1K_V1.url)
    except Exception as error:  # no torchvision, no answer in time: one way out
        folder = backbone_dir()
        looked = f"{folder} holds no {name}_*.safetensors" if folder else "it is not set"
        raise BackboneError(
            f"no {name} features: torchvision's download failed ({error}) and NITIDEZ_BACKBONES "
            f"gives none ({looked}); connect to the internet once, or set NITIDEZ_BACKBONES to a "
            f"folder with {name}_features.safetensors (torchvision's key names)"
        ) from error


class VggFeatures(nn.Module):
    """The convolutional part of VGG16 or VGG19 up to one layer, frozen, in evaluation mode.

    Args:
        name: "vgg16" or "vgg19".
        last: last convolution, such as "conv5_3"; its ReLU is included.
        state: weights under torchvision's key names.
        caffe: the original Caffe weights, which take BGR in 0..255 minus the mean.
        file: that the weights are from, for those who write it down.

    Raises:
        BackboneError: the weights do not fill the layers.
        ConfigError: no such layer.

    Source: Simonyan and Zisserman 2015, arXiv:1409.1556.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        name: str,
        *,
        last: str,
        state: dict[str, Tensor],
        caffe: bool = False,
        file: Path | None = None,
    ) -> None:
        super().__init__()
        self.file = file
        layers: list[nn.Module] = []
        names: dict[str, int] = {}
        channels = 3
        for stage, widths in enumerate(_VGG[name], start=1):
            for number, width in enumerate(widths, start=1):
                names[f"conv{stage}_{number}"] = len(layers)
                layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(inplace=True)]
                channels = width
            layers.append(nn.MaxPool2d(2))
        if last not in names:
            raise ConfigError(f"{name} has no layer {last!r}; known: {', '.join(names)}")
        self.features = nn.Sequential(*layers[: names[last] + 2])
        wanted = {k: v for k, v in state.items() if f"{k.split('.')[1]}" in self._convolutions()}
        try:
            self.load_state_dict(wanted, strict=True)
        except RuntimeError as error:
            raise BackboneError(f"{name} up to {last}: {error}") from None
        mean, std = _IMAGENET
        if caffe:  # to RGB in [0, 1]: swap the first layer's inputs instead of every image's
            first = self.features[0]
            assert isinstance(first, nn.Conv2d)
            first.weight.data = first.weight.data.flip(1)
            mean, std = (123.68 / 255, 116.779 / 255, 103.939 / 255), (1 / 255,) * 3
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1), persistent=False)
        self.requires_grad_(False).eval()

    def _convolutions(self) -> set[str]:
        return {key.split(".")[1] for key in self.state_dict()}

    def maps(self, rgb: Tensor, layers: Sequence[int]) -> list[Tensor]:
        """Outputs of the given layer indices for (N, 3, H, W) RGB in [0, 1]."""
        x = (rgb - self.mean) / self.std
        found = []
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in layers:
                found.append(x)
        return found

    def forward(self, rgb: Tensor) -> Tensor:
        """Features of the last layer for (N, 3, H, W) RGB in [0, 1]."""
        features: Tensor = self.features((rgb - self.mean) / self.std)
        return features


def load_vgg16_features(last: str = "conv5_3") -> VggFeatures:
    """VGG16 up to `last` (and its ReLU).

    Raises:
        BackboneError: the weights are not to be had.
    """
    path = _found("vgg16")
    return VggFeatures("vgg16", last=last, state=_read(path), file=path)


def load_vgg19_features(last: str = "conv5_4") -> VggFeatures:
    """VGG19 up to `last` (and its ReLU): conv5_4 and conv2_2 are the paper's phi_5,4 and phi_2,2.

    Of the files in NITIDEZ_BACKBONES the first that reaches `last` is taken, else torchvision's
    download. The original Caffe weights give features thousands of times stronger than
    torchvision's, so every file's are brought to one level, which a loss can be weighted for.

    Raises:
        BackboneError: the weights are not to be had up to that layer.
    """
    files = sorted(local_files("vgg19"), key=_is_caffe)
    for path in files:
        try:
            return _vgg19(path, last)
        except BackboneError as error:
            too_short = error
    try:
        return _vgg19(_download("vgg19"), last)
    except BackboneError:
        if not files:
            raise
        raise BackboneError(
            f"{', '.join(path.name for path in files)}: no {last} of VGG19 in it, and "
            "torchvision's download failed; connect to the internet once, or set "
            "NITIDEZ_BACKBONES to a folder with the whole vgg19_features.safetensors "
            "(torchvision's key names)"
        ) from too_short


def _vgg19(path: Path, last: str) -> VggFeatures:
    caffe = _is_caffe(path)
    return levelled(VggFeatures("vgg19", last=last, state=_read(path), caffe=caffe, file=path))


def _is_caffe(path: Path) -> bool:
    return "caffe" in path.name


@torch.no_grad()
def levelled(vgg: VggFeatures) -> VggFeatures:
    """The same VGG with every convolution's output at the level that torchvision's VGG16 has there.

    Between ReLUs and poolings a factor passes through, so a network stays what it is but for one
    factor a layer; two forms of one network become equal.
    """
    x = (_probe() - vgg.mean) / vgg.std
    stage = number = 0
    factor = 1.0
    for layer in vgg.features:
        if isinstance(layer, nn.MaxPool2d):
            stage, number = stage + 1, 0
            x = layer(x)
        elif isinstance(layer, nn.Conv2d):
            assert layer.bias is not None
            strength = float(layer(x / factor).relu().square().mean().sqrt())
            before, factor = factor, _LEVELS[stage][number] / max(strength, 1e-12)
            layer.weight *= factor / before
            layer.bias *= factor
            x = layer(x).relu()
            number += 1
    return vgg


def _probe() -> Tensor:
    """A picture as strong at every size of detail as photographs are: (1, 3, 96, 96)."""
    noise = np.random.default_rng(0).standard_normal((3, _PROBE_PX, _PROBE_PX))
    noise[1:] = 0.8 * noise[:1] + 0.2 * noise[1:]
    along = np.fft.fftfreq(_PROBE_PX)
    frequency = np.hypot(along[:, None], along).clip(1 / _PROBE_PX)
    picture = np.fft.ifft2(np.fft.fft2(noise) / frequency).real
    picture = (0.45 + 0.2 * picture / picture.std(ddof=1)).clip(0, 1)
    return torch.from_numpy(picture[None]).float()


def load_lpips_heads(net: str) -> list[Tensor]:
    """The learned channel weights of LPIPS 0.1, (1, C, 1, 1) for each of the five layers.

    From the folder NITIDEZ_BACKBONES (`lpips_lin_<net>_v0.1.safetensors`) or the `lpips` package.

    Raises:
        BackboneError: in neither place.
    """
    path = (backbone_dir() or Path()) / f"lpips_lin_{net}_v0.1.safetensors"
    if path.is_file():
        from safetensors.torch import load_file

        state = load_file(path)
    else:
        try:
            import lpips

            folder = Path(lpips.__file__).parent / "weights" / "v0.1"
            state = torch.load(folder / f"{net}.pth", map_location="cpu", weights_only=True)
        except (ImportError, OSError) as error:
            raise BackboneError(
                f"no LPIPS heads for {net!r} ({error}); install the lpips package"
            ) from error
    return [state[key].float() for key in sorted(state) if key.endswith("weight")]


def files_used(*modules: nn.Module | None) -> dict[str, str]:
    """The sha256 of every file that the VGGs inside of these are from, by its name."""
    inside = [part for module in modules if module is not None for part in module.modules()]
    files = {part.file for part in inside if isinstance(part, VggFeatures) and part.file}
    return {path.name: file_sha256(path) for path in sorted(files)}

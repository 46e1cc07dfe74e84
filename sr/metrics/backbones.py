"""Frozen perceptual features (AlexNet, VGG16, VGG19): a local file or torchvision's download."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from sr.base.errors import BackboneError, ConfigError
from sr.metrics.downloads import fetched

# Channels of the 3x3 convolutions between the poolings ("M"), torchvision's numbering.
_VGG: dict[str, tuple[tuple[int, ...], ...]] = {
    "vgg16": ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512)),
    "vgg19": ((64, 64), (128, 128), (256,) * 4, (512,) * 4, (512,) * 4),
}
_IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_WEIGHTS = {"alexnet": "AlexNet_Weights", "vgg16": "VGG16_Weights", "vgg19": "VGG19_Weights"}


def backbone_dir() -> Path | None:
    """The folder named by NITIDEZ_BACKBONES, or None when it is not set."""
    value = os.environ.get("NITIDEZ_BACKBONES", "").strip()
    return Path(value) if value else None


def _local_file(name: str) -> Path | None:
    folder = backbone_dir()
    if folder is None:
        return None
    found = sorted(folder.glob(f"{name}_*.safetensors"))
    return found[0] if found else None


def load_state(name: str) -> dict[str, Tensor]:
    """The weights of a network's `features` part, float32, under torchvision's key names.

    Looked for in the folder NITIDEZ_BACKBONES (`<name>_*.safetensors`), else downloaded from
    torchvision's official address into torch's cache, with a limit of seconds to wait.

    Args:
        name: "alexnet", "vgg16" or "vgg19".

    Raises:
        BackboneError: in neither place; the text says what to do.
    """
    path = _local_file(name)
    if path is not None:
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            state = load_file(path)
        except (OSError, SafetensorError) as error:
            raise BackboneError(f"{path}: not a readable safetensors file ({error})") from error
    else:
        state = _download(name)
    return _features_of(state)


def _features_of(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {k: v.float() for k, v in state.items() if k.startswith("features.")}


def _download(name: str) -> dict[str, Tensor]:
    try:
        import torchvision

        weights = getattr(torchvision.models, _WEIGHTS[name]).IMAGENET1K_V1
        state: dict[str, Tensor] = torch.load(
            fetched(weights.url), map_location="cpu", weights_only=True
        )
    except Exception as error:  # no torchvision, no answer in time, a broken file: one way out
        folder = backbone_dir()
        looked = f"{folder} holds no {name}_*.safetensors" if folder else "it is not set"
        raise BackboneError(
            f"no {name} features: torchvision's download failed ({error}) and NITIDEZ_BACKBONES "
            f"gives none ({looked}); connect to the internet once, or set NITIDEZ_BACKBONES to a "
            f"folder with {name}_features.safetensors (torchvision's key names)"
        ) from error
    return state


class VggFeatures(nn.Module):
    """The convolutional part of VGG16 or VGG19 up to one layer, frozen, in evaluation mode.

    Args:
        name: "vgg16" or "vgg19".
        last: last convolution, such as "conv5_3"; its ReLU is included.
        state: weights under torchvision's key names.
        caffe: the original Caffe weights, which take BGR in 0..255 minus the mean.

    Raises:
        BackboneError: the weights do not fill the layers.
        ConfigError: no such layer.

    Source: Simonyan and Zisserman 2015, arXiv:1409.1556.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self, name: str, *, last: str, state: dict[str, Tensor], caffe: bool = False
    ) -> None:
        super().__init__()
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
    return VggFeatures("vgg16", last=last, state=load_state("vgg16"))


def load_vgg19_features(last: str = "conv5_4") -> VggFeatures:
    """VGG19 up to `last` (and its ReLU): conv5_4 and conv2_2 are the paper's phi_5,4 and phi_2,2.

    A local file that ends before `last` is passed over for torchvision's download.

    Raises:
        BackboneError: the weights are not to be had up to that layer.
    """
    path = _local_file("vgg19")
    caffe = path is not None and "caffe" in path.name
    try:
        return VggFeatures("vgg19", last=last, state=load_state("vgg19"), caffe=caffe)
    except BackboneError as error:
        if path is None:
            raise
        try:
            state = _download("vgg19")
        except BackboneError:
            raise BackboneError(
                f"{path.name} does not reach {last} of VGG19, and torchvision's download failed; "
                "connect to the internet once, or set NITIDEZ_BACKBONES to a folder with the "
                "whole vgg19_features.safetensors (torchvision's key names)"
            ) from error
        return VggFeatures("vgg19", last=last, state=_features_of(state))


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

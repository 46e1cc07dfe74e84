"""Models for other programs: ONNX for any of them, `.pth` for ours as their authors' files are."""

from __future__ import annotations

import io
import tempfile
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from sr.base.errors import ConfigError, SRError
from sr.base.files import check_file, write_file
from sr.models.entries.model import Model
from sr.models.loading import load_named, weights_sha256
from sr.models.registry import model_info
from sr.networks.reach import fitting_px
from sr.networks.rrdb import RRDBNet

OPSET = 17
SIZES = (24, 20), (17, 26)  # that a file is traced and checked with; fitted to what it takes
TOLERANCE = {False: 1e-4, True: 0.02}  # of white, against torch's float32; of half precision
PUBLISHED_GROWTH = 32  # of RRDBNet, in every file of ESRGAN's and Real-ESRGAN's layouts
SUFFIXES = (".onnx", ".pth")
NEEDED = "pip install -r requirements-export.txt"


class ExportError(SRError):
    """A file that would not give torch's results, or that cannot be made here."""


def export(name: str, path: Path, *, half: bool = False) -> float | None:
    """Write a model as a file for other programs, by what its name ends in.

    `.onnx`: (N, 3, H, W) RGB in [0, 1] to (N, 3, scale H, scale W), any size, checked with ONNX
    Runtime before it is written. `.pth`: the tensors by their names under `params_ema`, as ESRGAN's
    and Real-ESRGAN's files have them.

    Args:
        name: of a network, or of one between two.
        half: weights and pictures in float16.

    Returns:
        Of ONNX, the largest difference from torch, of white.

    Raises:
        ConfigError: a name that ends in something else, or a model without a network.
        ExportError: a library is missing, the file does not give torch's results, or no program
            would read it.
        OutputError: it cannot be written there.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise ConfigError(f"{path}: needed a name that ends in {' or '.join(SUFFIXES)}")
    model = model_info(name)
    if not model.network:
        raise ConfigError(f"{name}: a formula, not a network; there is nothing to export")
    check_file(path)
    network = load_named(name).network.eval().requires_grad_(False)
    if path.suffix.lower() == ".pth":
        _check_pth(name, network)
        write_file(path, _pth(network, half))
        return None
    content, difference = _onnx(network, model, half)
    write_file(path, content)
    return difference


def _check_pth(name: str, network: nn.Module) -> None:
    """Programs tell RRDBNet from its tensors' names, and take every one for as wide as ESRGAN's."""
    if isinstance(network, RRDBNet) and (growth := network.config["growth"]) != PUBLISHED_GROWTH:
        raise ExportError(
            f"{name}: dense blocks that grow by {growth} channels; other programs read RRDBNet as "
            f".pth with {PUBLISHED_GROWTH} only; export it as .onnx"
        )


def _pth(network: nn.Module, half: bool) -> bytes:
    # of a file of somebody else's the network itself, without what makes it one of ours
    state = getattr(network, "network", network).state_dict()
    kind = torch.float16 if half else torch.float32
    tensors = {
        key: value.to(kind) if value.is_floating_point() else value for key, value in state.items()
    }
    file = io.BytesIO()
    torch.save({"params_ema": tensors}, file)
    return file.getvalue()


class _Plain(nn.Module):
    """The network between what goes in and what comes out, without arguments to choose."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, lr: Tensor) -> Tensor:
        enlarged: Tensor = self.network(lr)
        return enlarged


def _onnx(network: nn.Module, model: Model, half: bool) -> tuple[bytes, float]:
    try:
        import onnx
        import onnxruntime
    except ImportError as error:
        raise ExportError(f"ONNX files are made with {error.name}: {NEEDED}") from None
    random = torch.Generator().manual_seed(0)
    pictures = [
        torch.rand(1, 3, *(fitting_px(network, side) for side in size), generator=random)
        for size in SIZES
    ]
    with torch.no_grad():
        expected = [network(picture) for picture in pictures]
    kind = torch.float16 if half else torch.float32
    plain = _Plain(network.to(kind))
    sides = {0: "batch", 2: "height", 3: "width"}
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecations, and checks of shapes that become constants
        file = Path(folder) / "model.onnx"
        try:
            torch.onnx.export(
                plain,
                (pictures[0].to(kind),),
                file,
                dynamo=False,
                opset_version=OPSET,
                input_names=["lr"],
                output_names=["sr"],
                dynamic_axes={"lr": sides, "sr": {0: "batch", 2: "sr_height", 3: "sr_width"}},
            )
        except Exception as error:  # of the exporter, about what ONNX has no word for
            reason = str(error).strip().partition("\n")[0]
            raise ExportError(f"{model.name}: ONNX cannot say this network ({reason})") from error
        made = onnx.load(file)
    onnx.helper.set_model_props(made, _facts(network, model, half))
    content: bytes = made.SerializeToString()
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    difference = 0.0
    for picture, wanted in zip(pictures, expected, strict=True):
        found = torch.from_numpy(session.run(["sr"], {"lr": picture.to(kind).numpy()})[0]).float()
        if found.shape != wanted.shape:
            raise ExportError(
                f"{model.name}: ONNX gives {tuple(found.shape)} where torch gives "
                f"{tuple(wanted.shape)}; this network cannot be exported for pictures of any size"
            )
        difference = max(difference, float((found - wanted).abs().max()))
    if not difference <= TOLERANCE[half]:
        raise ExportError(
            f"{model.name}: ONNX differs from torch by {difference:.2g} of white, needed "
            f"{TOLERANCE[half]:g}"
        )
    return content, difference


def _facts(network: nn.Module, model: Model, half: bool) -> dict[str, str]:
    """What the file says of itself."""
    facts: dict[str, Any] = {
        "name": model.name,
        "title": model.title,
        "scale": model.scale,
        "architecture": model.network,
        "input": "lr: N, 3, H, W; RGB; 0 to 1",
        "output": "sr: N, 3, scale H, scale W; RGB; not clamped",
        "precision": "float16" if half else "float32",
        "size_multiple": getattr(network, "multiple_px", 1),
        "size_minimum": getattr(network, "minimum_px", 1),
        "degradation": model.degradation,
        "licence": model.licence,
        "source": model.source,
        "paper": model.paper,
        "departures": model.departures,
        "weights_sha256": weights_sha256(model.name),
    }
    return {key: str(value) for key, value in facts.items() if value not in ("", None)}

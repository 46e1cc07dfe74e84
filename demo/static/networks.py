"""Our networks as browsers run them: weights kept in half precision, reckoned in single.

For WebAssembly a file of weights, for WebGPU two of ONNX: one part of a network runs on tiles and
one on strips of them, as in `sr.inference.network`; so memory is bounded there too.
"""

from __future__ import annotations

import base64
import hashlib
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sr.models.entries.shipped import MODELS
from sr.models.export import NEEDED, OPSET, ExportError
from sr.models.registry import model_info

LEAST_HALVED = 256  # numbers in a tensor; smaller ones stay as they are
TRACED_PX = 24  # side of the picture that a file is made with; files take any
CHECK_PX = 10  # side of the picture that a device without a reference is checked with


@dataclass(frozen=True)
class Exported:
    """A model as the site has it.

    Attributes:
        facts: what the browser has to know to run it, for the site's manifest.
        files: by name; each name has the beginning of the file's sha256 in it.
    """

    facts: dict[str, Any]
    files: dict[str, bytes]


def models_of_the_site() -> list[str]:
    """Networks that the app shows without being asked, of one scale: x4."""
    return [
        model.name
        for model in MODELS.values()
        if model.network == "srresnet" and model.is_default and model.scale == 4
    ]


def exported(name: str) -> Exported:
    """A model's weights, and its two parts as ONNX.

    Raises:
        ConfigError: a network that is no SRResNet of the form that the site runs.
        ExportError: a library is missing.
        WeightsError: the weights cannot be read.
    """
    import torch

    from demo.static.inference.files import weights
    from sr.inference.guard import CLEAN_PX, NOISY_PX
    from sr.models.loading import load_named
    from sr.networks.registry import receptive_radius_px

    loaded = load_named(name)
    network: Any = loaded.network.eval().requires_grad_(False)
    lr = torch.rand(1, 3, TRACED_PX, TRACED_PX, generator=torch.Generator().manual_seed(0))
    features = network.features(lr)
    parts = {
        "weights": weights(network, LEAST_HALVED),
        "features": _onnx(_Part(network, "features"), {"lr": lr}, "features"),
        "enlarged": _onnx(_Part(network, "enlarged"), {"features": features, "lr": lr}, "sr"),
    }
    facts: dict[str, Any] = {
        "name": name,
        "title": model_info(name).title,
        "scale": model_info(name).scale,
        "radius_px": receptive_radius_px(network),
        "blocks": network.config["num_blocks"],
        "factors": network.factors,
        "strip_radius_px": network.enlarged_radius_px,
        "mean_px": CLEAN_PX if loaded.is_clean else NOISY_PX,
        "check": _check(network),
    }
    files = {}
    for part, content in parts.items():
        digest = hashlib.sha256(content).hexdigest()
        file = f"{name}-{part}-{digest[:12]}.{'safetensors' if part == 'weights' else 'onnx'}"
        files[file] = content
        facts[part] = {"file": file, "sha256": digest, "bytes": len(content)}
    return Exported(facts, files)


def _check(network: Any) -> dict[str, Any]:
    """A small picture that browsers make up themselves, and what must come out of it."""
    import torch

    from sr.images.tensors import to_rgb, to_tensor

    place = np.arange(3 * CHECK_PX**2)
    pixels = ((7 * place**2 + 13 * place) % 256).astype(np.uint8).reshape(CHECK_PX, CHECK_PX, 3)
    with torch.inference_mode():
        expected = to_rgb(network(to_tensor(pixels)))
    return {"side": CHECK_PX, "expected": base64.b64encode(expected.tobytes()).decode()}


def _Part(network: Any, name: str) -> Any:
    from torch import Tensor, nn

    class Part(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, *inputs: Tensor) -> Tensor:
            result: Tensor = getattr(self.network, name)(*inputs)
            return result

    return Part()


def _onnx(part: Any, inputs: dict[str, Any], output: str) -> bytes:
    import torch

    try:
        import onnx
    except ImportError as error:
        raise ExportError(f"ONNX files are made with {error.name}: {NEEDED}") from None
    axes = {key: {2: "height", 3: "width"} for key in inputs}
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecations, and checks of shapes that become constants
        file = Path(folder) / "part.onnx"
        torch.onnx.export(
            part,
            tuple(inputs.values()),
            file,
            dynamo=False,
            opset_version=OPSET,
            input_names=list(inputs),
            output_names=[output],
            dynamic_axes={**axes, output: {2: f"{output}_height", 3: f"{output}_width"}},
        )
        made = onnx.load(file)
    _halve(made.graph)
    content: bytes = made.SerializeToString()
    return content


def _halve(graph: Any) -> None:
    """Keep the weights in half precision, with a cast to single before they are used.

    ONNX Runtime does the casts once, when it opens the file.
    """
    import onnx

    casts = []
    for weight in graph.initializer:
        values = onnx.numpy_helper.to_array(weight)
        if values.dtype != np.float32 or values.size < LEAST_HALVED:
            continue
        name = weight.name
        weight.CopyFrom(onnx.numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
        casts.append(
            onnx.helper.make_node("Cast", [f"{name}.half"], [name], to=onnx.TensorProto.FLOAT)
        )
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)

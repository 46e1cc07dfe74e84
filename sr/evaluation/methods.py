"""What an evaluation compares: registered models, weights files, folders of pictures."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from sr.base.errors import ConfigError
from sr.base.files import file_sha256
from sr.base.machine import choose_device, has_fast_bfloat16
from sr.images.photo import Photo
from sr.inference.engines import chosen_engine
from sr.models.between import BETWEEN
from sr.models.entries.shipped import MODELS
from sr.models.files.community import is_weights_file, name_of
from sr.models.loading import weights_sha256
from sr.models.registry import (
    chosen_scale,
    known_models,
    model_info,
    models_of_scale,
    read_manifest,
    verified_weights,
)

DEFAULT_MODELS = ("bicubic", "srresnet_x4", "srgan_x4")
DEFAULT_SCALE = MODELS[DEFAULT_MODELS[-1]].scale


class Enlarges(Protocol):
    """What is asked of a model here; `sr.inference.upscaler.Upscaler` is one."""

    def upscale(self, photo: Photo) -> Photo: ...


@dataclass(frozen=True)
class Method:
    """One line of the table.

    Attributes:
        label: unique in an evaluation; what its rows are called.
        load: makes what enlarges; called once, and only when something is to be measured.
        scale: by how much.
        model: its name without the training set, by which the paper's results are found.
        training_set: what it learned from; "" for interpolation.
        is_papers: False for another network under a name of the paper's.
        identity: differs when its results would: the digest of the weights, precision, engine.
        folder: of finished pictures, which are read and not made; None for a model.
        files: its pictures by their originals.
    """

    label: str
    load: Callable[[], Enlarges]
    scale: int
    model: str = ""
    training_set: str = ""
    identity: str = ""
    is_papers: bool = True

    @property
    def weights_sha256(self) -> str:
        """Of the weights; "" for interpolations."""
        digest = self.identity.partition(" ")[0]
        return digest if len(digest) == 64 else ""

    folder: Path | None = None
    files: Mapping[Path, Path] = field(default_factory=dict, compare=False)

    @property
    def file_name(self) -> str:
        """The label as a name that any file system takes."""
        return re.sub(r"[^\w.-]+", "_", self.label).strip("_.") or "model"


@dataclass(frozen=True)
class Runtime:
    """How networks run: as `sr.inference.upscaler.get_upscaler` takes it."""

    device: str = "auto"
    precision: str = "auto"
    tile_px: int | None = None
    engine: str = "auto"


def default_models(scale: int | None) -> Sequence[str]:
    """What is measured where no model is named: bicubic, and what there is of the scale."""
    if scale in (None, DEFAULT_SCALE):
        return DEFAULT_MODELS
    ours = (model for model in models_of_scale(scale) if model.origin != "file")
    return [model.name for model in ours if model.name != "nearest"] or ["bicubic"]


def parse_methods(
    texts: Iterable[str], runtime: Runtime = Runtime(), *, scales: Sequence[int] = ()
) -> list[Method]:
    """The methods people name on the command line, each once at a scale, scale by scale.

    Args:
        texts: NAME of the registry, a weights file, or TRAINING_SET=FILE.
        runtime: device, precision, tile and engine.
        scales: of interpolations; without any those of the networks beside them, else their own.

    Raises:
        UnknownModelError: neither a model nor a file.
        WeightsError: a file that is not there or cannot be read.
        ConfigError: two methods that could not be told apart, a network of another scale than
            those that were asked for, or an impossible device, precision or engine.
    """
    names = list(dict.fromkeys(texts))
    networks = {text: _network(text, runtime) for text in names if not _is_interpolation(text)}
    for method in networks.values():
        if scales and method.scale not in scales:
            wanted = " or ".join(map(str, scales))
            raise ConfigError(f"{method.label} enlarges {method.scale} times, not {wanted}")
    found = dict.fromkeys(scales or [method.scale for method in networks.values()])
    methods = []
    for scale in found or (None,):
        for text in names:
            if text not in networks:
                methods.append(_interpolation(text, runtime, scale))
            elif networks[text].scale == scale:
                methods.append(networks[text])
    for one in found:
        _tell_apart([method for method in methods if method.scale == one])
    return methods


def _tell_apart(methods: Sequence[Method]) -> None:
    labels = [method.label for method in methods]
    for label in labels:
        if labels.count(label) > 1:
            raise ConfigError(
                f"{labels.count(label)} methods would be called {label!r}; name their training "
                "sets: NAME=FILE.safetensors"
            )


def _is_interpolation(name: str) -> bool:
    return name in MODELS and not MODELS[name].network


def _interpolation(name: str, runtime: Runtime, scale: int | None) -> Method:
    chosen = chosen_scale(name, scale)
    return Method(
        name,
        lambda: _get_upscaler(name, runtime, chosen),
        chosen,
        model=name,
        identity=name,
    )


def _network(text: str, runtime: Runtime) -> Method:
    if BETWEEN in text or text in known_models():
        return _registered(text, runtime)
    training_set, equals, rest = text.partition("=")
    if Path(text).is_file() or not equals:  # a path may hold an equals sign itself
        training_set, rest = "", text
    if not is_weights_file(rest):
        model_info(rest)  # raises: says which names there are
    return _from_file(Path(rest), training_set.strip(), runtime)


def _registered(name: str, runtime: Runtime) -> Method:
    model = model_info(name)
    _check_enlarges(name, model.scale)
    return Method(
        model.name,
        lambda: _get_upscaler(model.name, runtime),
        model.scale,
        model.name,
        _training_set(verified_weights(name)) if model.between is None else "",
        _identity(weights_sha256(name), runtime),
    )


def _from_file(path: Path, training_set: str, runtime: Runtime) -> Method:
    from sr.models.files.opening import describe_file, is_ours
    from sr.models.files.weights_file import read_header

    is_papers = False
    if is_ours(path):
        header = read_header(path)
        name, scale = str(header["name"]), int(header["config"]["scale"])
        training_set = training_set or _training_set(path) or path.stem
        is_papers = _is_the_papers(header)
    else:
        name, scale = name_of(path), int(describe_file(path)["scale"])
    _check_enlarges(path.name, scale)
    return Method(
        f"{name} ({training_set})" if training_set else name,
        lambda: _load_file(path, runtime),
        scale,
        name,
        training_set,
        _identity(file_sha256(path), runtime),
        is_papers=is_papers,
    )


def _is_the_papers(header: Mapping[str, Any]) -> bool:
    """Is it the network of the paper, or of the model of that name, whose departures are told?

    A smaller one under the same name is another network.
    """
    from sr.networks.registry import network_spec

    config = {key: value for key, value in header["config"].items() if key != "scale"}
    entry = read_manifest().get(header["name"], {}).get("config", {})
    ours = {key: value for key, value in entry.items() if key != "scale"}
    return config in (network_spec(header["architecture"]).arguments, ours)


def _get_upscaler(name: str, runtime: Runtime, scale: int | None = None) -> Enlarges:
    from sr.inference.upscaler import get_upscaler

    return get_upscaler(
        name,
        scale=scale,
        device=runtime.device,
        precision=runtime.precision,
        tile_px=runtime.tile_px,
        engine=runtime.engine,
    )


def _load_file(path: Path, runtime: Runtime) -> Enlarges:
    from sr.inference.upscaler import upscaler_from_file

    return upscaler_from_file(
        path,
        device=runtime.device,
        precision=runtime.precision,
        tile_px=runtime.tile_px,
        engine=runtime.engine,
    )


def _check_enlarges(name: str, scale: int) -> None:
    if scale == 1:
        raise ConfigError(f"{name} keeps the size of a picture; what is measured are enlargements")


def _training_set(path: Path) -> str:
    from sr.models.files.opening import is_ours
    from sr.models.files.weights_file import read_header

    if not is_ours(path):
        return ""
    return str(read_header(path)["about"].get("data", ""))


def _identity(sha256: str, runtime: Runtime) -> str:
    device = choose_device(runtime.device)
    precision = runtime.precision
    if precision == "auto":
        precision = "bfloat16" if has_fast_bfloat16(device) else "float32"
    return f"{sha256} {precision} {chosen_engine(runtime.engine, device, precision)}"

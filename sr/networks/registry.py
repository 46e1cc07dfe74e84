"""Every network by its name. To add one: write its file, and one entry here.

A network knows no files, no training, no tiles and no compiler. With weights it becomes a model,
which is what people choose (`sr.models.registry`).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from torch import nn

from sr.base.errors import ConfigError, WeightsError
from sr.networks import rrdb, srcnn, srresnet
from sr.networks.discriminators import ESRGANDiscriminator, SRGANDiscriminator
from sr.networks.microscopy.dfcan import DFCAN, DFGAN, DFGANDiscriminator
from sr.networks.microscopy.unet_cascade import UNetCascade
from sr.networks.reach import Reach
from sr.networks.unet_discriminator import UNetDiscriminator


@dataclass(frozen=True, kw_only=True)
class NetworkSpec:
    """What is known of a network before it is built.

    Attributes:
        factory: its class. Every argument is a keyword with a default, `scale` among them; the
            module keeps all of them in `config`, and `scale` as an attribute.
        scales: the factors it can be built for.
        receptive_radius_px: from `config` to how far an output pixel sees, in low-resolution
            pixels; None where it sees the whole picture.
        channels: of the pictures it can be built for.
        paper: where it is from.
        departures: from the paper, in every form of it.
    """

    factory: Callable[..., nn.Module]
    scales: tuple[int, ...]
    receptive_radius_px: Callable[[Mapping[str, Any]], int | None]
    channels: tuple[int, ...] = (3,)
    paper: str = ""
    departures: str = ""

    @cached_property
    def arguments(self) -> dict[str, Any]:
        """Its arguments with their defaults, without `scale`."""
        parameters = inspect.signature(self.factory).parameters.values()
        return {p.name: p.default for p in parameters if p.name != "scale"}


def _for_frames(
    factory: Callable[..., nn.Module],
    *,
    paper: str = "Qiao et al. 2021, doi 10.1038/s41592-020-01048-5",
    departures: str = "attention from the mean spectrum of windows of one size",
) -> NetworkSpec:
    """A network for frames of microscopes, whose attention sees the whole picture."""
    return NetworkSpec(
        factory=factory,
        scales=(1, 2, 3),
        receptive_radius_px=lambda config: None,
        channels=(1, 9, 25),
        paper=paper,
        departures=departures,
    )


NETWORKS: dict[str, NetworkSpec] = {
    "srresnet": NetworkSpec(
        factory=srresnet.SRResNet,
        scales=(2, 3, 4, 6, 8),
        receptive_radius_px=srresnet.receptive_radius_px,
        paper="Ledig et al. 2017, arXiv:1609.04802v5",
        departures="images in [0, 1] on both sides",
    ),
    "rrdb": NetworkSpec(
        factory=rrdb.RRDBNet,
        scales=(4, 2, 1),
        receptive_radius_px=rrdb.receptive_radius_px,
        paper="Wang et al. 2018, arXiv:1809.00219; x2 and x1: Wang et al. 2021, arXiv:2107.10833",
    ),
    "srcnn": NetworkSpec(
        factory=srcnn.SRCNN,
        scales=(2, 3, 4, 6, 8),
        receptive_radius_px=srcnn.receptive_radius_px,
        paper="Dong et al. 2014, arXiv:1501.00092",
        departures="its convolutions pad in training too",
    ),
    "dfcan": _for_frames(DFCAN),
    "dfgan": _for_frames(DFGAN),
    "unet_cascade": _for_frames(
        UNetCascade,
        paper="after the idea of Gong et al. 2021, doi 10.2528/PIER21110904",
        departures="only the idea is known: widths, depths and how stages are joined are ours",
    ),
}

# Opponents in training. Nobody chooses one as a model: they enlarge nothing.
DISCRIMINATORS: dict[str, Callable[..., nn.Module]] = {
    "dfgan_discriminator": DFGANDiscriminator,
    "esrgan_discriminator": ESRGANDiscriminator,
    "srgan_discriminator": SRGANDiscriminator,
    "unet_discriminator": UNetDiscriminator,
}


def network_spec(name: str) -> NetworkSpec:
    """The entry of a network.

    Raises:
        ConfigError: no such network; the text lists the known ones.
    """
    if name not in NETWORKS:
        raise ConfigError(f"no network {name!r}; known: {', '.join(sorted(NETWORKS))}")
    return NETWORKS[name]


def build(name: str, config: Mapping[str, Any]) -> nn.Module:
    """A fresh network, or discriminator, from the name and arguments that a weights file carries.

    Raises:
        WeightsError: no such network, or arguments it does not take.
        ConfigError: arguments that cannot be, such as its scale.
    """
    factories = {known: spec.factory for known, spec in NETWORKS.items()} | DISCRIMINATORS
    if name not in factories:
        raise WeightsError(f"no network {name!r}; known: {', '.join(sorted(factories))}")
    if (
        name in NETWORKS
        and config.get("scale", NETWORKS[name].scales[0]) not in NETWORKS[name].scales
    ):
        known = ", ".join(map(str, NETWORKS[name].scales))
        raise ConfigError(f"{name}: scale {config['scale']}; needed one of {known}")
    try:
        return factories[name](**config)
    except TypeError as error:
        raise WeightsError(f"{name}: {error}") from None


def described(model: nn.Module) -> tuple[str, dict[str, Any]]:
    """The way back: the name and the arguments that `build` makes such a network of.

    Raises:
        WeightsError: its class is not registered.
    """
    factories = {known: spec.factory for known, spec in NETWORKS.items()} | DISCRIMINATORS
    for name, factory in factories.items():
        if type(model) is factory:
            return name, dict(model.config)  # type: ignore[arg-type]
    raise WeightsError(
        f"{type(model).__name__}: not a registered network; add it to NETWORKS in {__name__}"
    )


def receptive_radius_px(model: nn.Module) -> int | None:
    """How far an output pixel sees, in low-resolution pixels, or None: on the whole picture.

    A registered network's entry says it; another's was measured, as `reach`.
    """
    if isinstance(reach := getattr(model, "reach", None), Reach):
        return reach.radius_px
    name, config = described(model)
    return NETWORKS[name].receptive_radius_px(config)

"""Models between two others, by their names alone: `srresnet_x4~srgan_x4@0.3`.

Their weights lie so much of the way from the first to the second (network interpolation, Wang et
al. 2018, arXiv:1809.00219, section 3.4): a choice between few errors and much detail.
"""

from __future__ import annotations

from collections.abc import Callable

from sr.base.errors import ConfigError
from sr.models.entries.model import Model

BETWEEN, AT = "~", "@"
STEPS = 11  # of a slider: shares 0, 0.1, ... 1
DECIMALS = 3  # of a share; what is nearer than that looks the same


def mixture_name(first: str, second: str, share: float) -> str:
    """The name of the model that lies `share` of the way from one to another.

    Raises:
        ConfigError: a share outside of 0 to 1.
    """
    if not 0 <= share <= 1:
        raise ConfigError(f"share {share:g} of the way between two models; needed 0 to 1")
    return f"{first}{BETWEEN}{second}{AT}{round(share, DECIMALS):g}"


def mixture_steps(first: str, second: str) -> list[str]:
    """The names of all steps from one model to another, both ends included."""
    return [mixture_name(first, second, step / (STEPS - 1)) for step in range(STEPS)]


def mixture(name: str, find: Callable[[str], Model]) -> Model:
    """The model of such a name; nothing is read for it.

    Args:
        find: gives a model by its name, as `sr.models.registry.model_info`.

    Raises:
        UnknownModelError: one of the two is no model.
        ConfigError: not FIRST~SECOND@SHARE, or two that cannot be mixed.
    """
    pair, _, number = name.partition(AT)
    first_name, _, second_name = pair.partition(BETWEEN)
    try:
        share = float(number)
    except ValueError:
        raise ConfigError(
            f"model {name!r}: needed FIRST{BETWEEN}SECOND{AT}SHARE, as "
            f"srresnet_x4{BETWEEN}srgan_x4{AT}0.3"
        ) from None
    name = mixture_name(first_name, second_name, share)
    first, second = find(first_name), find(second_name)
    for one in (first, second):
        if not one.network or one.origin == "mixture":
            raise ConfigError(f"{name}: {one.name} has no weights of its own to mix; name networks")
    if (first.network, first.scale) != (second.network, second.scale):
        raise ConfigError(
            f"{name}: {first.name} is {first.network} x{first.scale} and {second.name} "
            f"{second.network} x{second.scale}; only equal networks can be mixed"
        )
    percent = 100 * round(share, DECIMALS)
    return Model(
        name=name,
        title=f"{first.title} {100 - percent:g} % + {second.title} {percent:g} %",
        scale=first.scale,
        description=f"weights {percent:g} % of the way from {first.title} to {second.title}",
        network=first.network,
        origin="mixture",
        between=(first.name, second.name),
        share=round(share, DECIMALS),
        domain=second.domain,
        degradation=second.degradation,
        licence=" and ".join(dict.fromkeys((first.licence, second.licence))),
        source=f"{first.name} and {second.name}",
        paper="Wang et al. 2018, arXiv:1809.00219, section 3.4",
        departures="; ".join(filter(None, dict.fromkeys((first.departures, second.departures)))),
        parameters=first.parameters,
    )

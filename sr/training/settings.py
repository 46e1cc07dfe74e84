"""Settings of a recipe: overrides that refuse what they do not know, checks, older forms."""

from __future__ import annotations

import dataclasses
import logging
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from sr.base.errors import ConfigError
from sr.models.entries.shipped import MODELS
from sr.networks.registry import NETWORKS, network_spec
from sr.objectives.adversarial import check_patch
from sr.training.recipes import Training

logger = logging.getLogger(__name__)

# Settings of older versions that are arguments of the network today.
OLD_ARGUMENTS = ("num_blocks", "num_features", "batch_norm", "image_skip")

RATES = ("learning_rate", "discriminator_learning_rate", "clip_norm")


def with_iterations(config: Training, num_images: int) -> Training:
    """The configuration with its epochs counted out: one crop of every image is an epoch."""
    if not config.epochs:
        return config
    iterations = math.ceil(config.epochs * num_images / config.batch_size)
    return dataclasses.replace(config, iterations=iterations)


def network_config(config: Training) -> dict[str, Any]:
    """All arguments of the recipe's network, those it leaves out at their defaults, and the scale.

    Raises:
        ConfigError: no such network.
    """
    arguments = network_spec(config.network).arguments
    return {**arguments, **config.network_args, "scale": config.scale}


def comparable(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as they were written down, in today's form, to be compared with others.

    Those of older versions had the arguments of the one network among them, and lacked what is
    newer, which then had its default. What a recipe does not know is kept.
    """
    values = dataclasses.asdict(Training()) | dict(settings)
    old = {key: values.pop(key) for key in OLD_ARGUMENTS if key in settings}
    arguments = NETWORKS[values["network"]].arguments if values["network"] in NETWORKS else {}
    values["network_args"] = {**arguments, **old, **values["network_args"]}
    return values


def refuse_others(config: Training, saved: Mapping[str, Any]) -> None:
    """Refuse to go on with a run that was begun with other settings.

    Its length may be another, and its rates smaller, as after a run that went astray.

    Raises:
        ConfigError: names what differs.
    """
    ours, theirs = comparable(dataclasses.asdict(config)), comparable(saved)
    smaller = {rate for rate in RATES if 0 < ours[rate] < theirs[rate]}
    free = {"iterations"} | smaller
    changed = sorted(k for k in ours if theirs[k] != ours[k] and k not in free)
    if changed:
        raise ConfigError(
            f"--resume: the saved run has other settings ({', '.join(changed)}); give the same "
            "--set values, or another --output folder"
        )


def override(config: Training, assignments: Sequence[str]) -> Training:
    """A copy with `KEY=VALUE` assignments applied, each of the field's own type.

    KEY may also be an argument of the network, as `network_args.num_blocks` or, where the recipe
    has no setting of that name, `num_blocks`. Another network begins with its own defaults.

    Raises:
        ConfigError: no "=", an unknown name, or a value that is not of the type.
    """
    fields = {field.name: field for field in dataclasses.fields(config)}
    given: dict[str, str] = {}
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        if not equals:
            raise ConfigError(f"--set {assignment}: needed KEY=VALUE")
        given[key] = text
    changes: dict[str, Any] = {}
    network = given.get("network", config.network)
    arguments = network_spec(network).arguments
    network_args = dict(config.network_args) if network == config.network else {}
    for key, text in given.items():
        argument = key.removeprefix("network_args.")
        if key in fields and key != "network_args":
            changes[key] = _parse(key, text, getattr(config, key), str(fields[key].type))
        elif argument in arguments:
            network_args[argument] = _parse(argument, text, arguments[argument])
        else:
            known = sorted({*fields} - {"network_args"})
            raise ConfigError(
                f"no setting {key!r}; known: {', '.join(known)}, and of {network}: "
                f"{', '.join(arguments)}"
            )
    if "iterations" in given and changes.get("epochs", config.epochs):
        if "epochs" in given:
            raise ConfigError("iterations and epochs: one follows from the other; give one")
        changes["epochs"] = 0
        logger.warning(
            "iterations=%s count now, not the %d epochs of the recipe; a crop is of any photograph",
            *(given["iterations"], config.epochs),
        )
    if "scale" in changes:
        changes = _names_of_scale(config, changes["scale"]) | changes
    result = dataclasses.replace(config, **changes, network_args=network_args)
    check(result)
    return result


def _names_of_scale(config: Training, scale: int) -> dict[str, str]:
    """The names that follow a scale: NAME_x4 becomes NAME_x2, and so does what it starts from.

    Where there is no model of that scale to start from, the recipe's own gives its trunk.
    """
    names = {key: getattr(config, key) for key in ("name", "initial")}
    old = f"_x{config.scale}"
    other = {k: v.removesuffix(old) + f"_x{scale}" for k, v in names.items() if v.endswith(old)}
    return {k: v for k, v in other.items() if k == "name" or v in MODELS}


def _parse(key: str, text: str, now: object, declared: str = "") -> Any:
    """The text as a value of the type that the setting has now."""
    if declared.startswith("Literal["):
        choices = [part.strip(" \"'") for part in declared[8:-1].split(",")]
        if text not in choices:
            raise ConfigError(f"{key}={text}: needed one of {', '.join(choices)}")
        return text
    kind = type(now)
    try:
        if kind is bool:
            return {"true": True, "false": False}[text.lower()]
        value = kind(float(text)) if kind is int and _is_whole(text) else kind(text)  # type: ignore[call-arg]
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError
        return value
    except (KeyError, ValueError):
        known = {int: "a whole number, such as 100000 or 1e5", float: "a number, such as 1e-4"}
        needed = known.get(kind, f"a value of type {kind.__name__}")
        raise ConfigError(f"{key}={text}: needed {needed}") from None


def _is_whole(text: str) -> bool:
    """Is it a whole number in a form with a point or an exponent?"""
    return bool(re.search(r"[.eE]", text)) and float(text).is_integer()


def check(config: Training) -> None:
    """Refuse settings that cannot work together.

    Raises:
        ConfigError: says which and why.
    """
    spec = network_spec(config.network)
    if unknown := sorted({*config.network_args} - {*spec.arguments}):
        raise ConfigError(
            f"network_args: {config.network} takes no {', '.join(unknown)}; "
            f"known: {', '.join(spec.arguments)}"
        )
    if config.scale not in spec.scales:
        scales = ", ".join(map(str, spec.scales))
        raise ConfigError(f"scale={config.scale}: needed one of {scales} for {config.network}")
    _check_source(config, spec.channels)
    if not re.fullmatch(r"\w[\w.-]*", config.name):
        raise ConfigError(f"name={config.name}: needed letters, digits, and _ . - between them")
    if config.name in MODELS and MODELS[config.name].scale != config.scale:
        raise ConfigError(
            f"scale={config.scale}: the model {config.name} enlarges "
            f"{MODELS[config.name].scale} times; give this one another name: --set name=NAME"
        )
    if config.adversarial_weight and config.discriminator_warmup >= config.iterations:
        raise ConfigError(
            f"discriminator_warmup={config.discriminator_warmup} of {config.iterations} "
            "iterations: the generator would never move; needed fewer, or more iterations"
        )
    for key in ("pattern_share", "graphics_share"):
        if not 0 <= getattr(config, key) < 1:
            raise ConfigError(f"{key}={getattr(config, key)}: needed 0 or more, below 1")
    if config.hr_patch_px % config.scale or config.hr_patch_px <= 0:
        raise ConfigError(
            f"hr_patch_px={config.hr_patch_px}: needed a positive multiple of {config.scale}"
        )
    if config.adversarial_weight:
        check_patch(config.discriminator, config.hr_patch_px)
    for key in ("batch_size", "iterations"):
        if getattr(config, key) < 1:
            raise ConfigError(f"{key}={getattr(config, key)}: needed 1 or more")
    if config.epochs < 0:
        raise ConfigError(f"epochs={config.epochs}: needed 0 (count iterations) or more")
    if not config.learning_rate > 0:
        raise ConfigError(f"learning_rate={config.learning_rate}: needed a positive number")
    if (config.content == "none") != (config.content_weight == 0):
        raise ConfigError(
            f"content={config.content} with content_weight={config.content_weight}: "
            "a content loss needs a positive weight, and a weight needs a content loss"
        )
    if config.tv_weight < 0:
        raise ConfigError(f"tv_weight={config.tv_weight}: needed 0 or more")
    if not (config.pixel_weight or config.content_weight or config.adversarial_weight):
        raise ConfigError("all loss weights are 0; needed at least one positive weight")


def _check_source(config: Training, channels: tuple[int, ...]) -> None:
    """Photographs are for networks of three channels, frames of microscopes for those of one."""
    takes_photographs = 3 in channels
    if takes_photographs != (config.source == "photographs"):
        wanted = "photographs" if takes_photographs else "microscopy"
        raise ConfigError(f"source={config.source}: {config.network} learns from {wanted}")
    if takes_photographs:
        return
    only_for_photographs = {
        "degradation": config.degradation != "bicubic",
        "pattern_share": bool(config.pattern_share),
        "graphics_share": bool(config.graphics_share),
        "epochs": bool(config.epochs),
        "content": config.content != "none",
        "discriminator": bool(config.adversarial_weight) and config.discriminator != "dfgan",
    }
    if wrong := [key for key, is_set in only_for_photographs.items() if is_set]:
        raise ConfigError(
            f"{', '.join(wrong)}: for photographs; leave it at its default in microscopy"
            + (" (discriminator: dfgan)" if "discriminator" in wrong else "")
        )

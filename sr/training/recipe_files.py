"""Recipes as TOML files: printed whole, read whole or as what they change of a preset."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

from sr.base.errors import ConfigError
from sr.training.recipes import PRESETS, Training
from sr.training.settings import network_config, override

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def as_toml(config: Training) -> str:
    """A recipe with every setting, as a file that `read_recipe` takes."""
    settings = dataclasses.asdict(config)
    del settings["network_args"]
    if config.epochs:
        del settings["iterations"]  # follow from the epochs and the number of images
    arguments = {k: v for k, v in network_config(config).items() if k != "scale"}
    lines = [f"{key} = {_written(value)}" for key, value in settings.items()]
    lines += ["", "[network_args]", *(f"{k} = {_written(v)}" for k, v in arguments.items())]
    return "\n".join(lines) + "\n"


def read_recipe(path: Path) -> Training:
    """The recipe of a file: settings by their names, those of the network in [network_args].

    `preset = "NAME"` takes what the file leaves out from a preset; else it has its default.

    Raises:
        ConfigError: not a readable TOML file, an unknown setting, or an impossible value.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{path}: not a readable recipe, which is a TOML file ({error})"
        ) from None
    base = preset(str(content.pop("preset"))) if "preset" in content else Training()
    arguments = content.pop("network_args", {})
    if not isinstance(arguments, dict):
        raise ConfigError(f"{path}: network_args: needed a table, [network_args]")
    named = content | {f"network_args.{key}": value for key, value in arguments.items()}
    try:
        return override(base, [f"{key}={_text(value)}" for key, value in named.items()])
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None


def preset(name: str) -> Training:
    """The recipe of that name.

    Raises:
        ConfigError: no such preset.
    """
    if name not in PRESETS:
        raise ConfigError(f"no preset {name!r}; known: {', '.join(sorted(PRESETS))}")
    return PRESETS[name]


def _written(value: Any) -> str:
    """As TOML has it; strings, numbers, truth values and lists are written as JSON's."""
    return json.dumps(value, ensure_ascii=False)


def _text(value: Any) -> str:
    """As `--set` has it."""
    return value if isinstance(value, str) else json.dumps(value)

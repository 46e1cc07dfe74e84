"""What runs a network's parts: torch on any device, OpenVINO on the CPU.

To add one, write its class and an entry of `ENGINES`. torch is the reference: another engine's
results differ from its own by rounding only.
"""

from __future__ import annotations

import importlib.util
import logging
import platform
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from sr.base.errors import ConfigError, EngineError
from sr.base.machine import has_fast_bfloat16

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from sr.inference.base import Look

logger = logging.getLogger(__name__)


class Engine(Protocol):
    """Runs the parts of one network: the first on a picture, the next on what the last one made.

    Attributes:
        name: its entry in `ENGINES`.
        version: of the library.
    """

    name: str
    version: str

    def run(self, part: int, *inputs: Tensor, look: Look) -> Tensor:
        """Run one part; safe to use from threads.

        Args:
            part: its number, from 0.
            inputs: (1, C, H, W) float32 on the engine's device.
            look: called now and then with the share of the part that is done; what it raises ends
                the run within 2 s.

        Returns:
            (1, C, H, W) float.
        """

    def rest(self) -> None:
        """Give back the memory that is of no use until the next picture."""


def _torch(parts: Sequence[nn.Module], device: torch.device, precision: str) -> Engine:
    from sr.inference.torch_engine import TorchEngine

    return TorchEngine(parts, device, precision)


def _openvino(parts: Sequence[nn.Module], device: torch.device, precision: str) -> Engine:
    from sr.inference.openvino_engine import OpenVinoEngine

    return OpenVinoEngine(parts, precision)


ENGINES: dict[str, Callable[[Sequence[nn.Module], torch.device, str], Engine]] = {
    "torch": _torch,
    "openvino": _openvino,
}
CHOICES = ("auto", *ENGINES)


def check_engine(name: str) -> None:
    """Refuse a name that is no engine's.

    Raises:
        ConfigError: says which there are.
    """
    if name not in CHOICES:
        raise ConfigError(f"engine {name!r}: needed {', '.join(CHOICES[:-1])} or {CHOICES[-1]}")


def chosen_engine(name: str, device: torch.device, precision: str) -> str:
    """ "auto" is OpenVINO where it was measured to be faster, else torch.

    That is: it is installed, the device is an x86-64 CPU, and the precision is one that this CPU
    multiplies in.

    Args:
        precision: "float32" or "bfloat16".

    Raises:
        ConfigError: no such engine, or it cannot do this here; says why.
    """
    check_engine(name)
    if name == "torch":
        return name
    if device.type != "cpu":
        problem = f"runs on the CPU, not on {device.type}; take --device cpu or --engine torch"
    elif importlib.util.find_spec("openvino") is None:
        problem = "is not installed; pip install openvino, or take --engine torch"
    elif precision == "bfloat16" and not has_fast_bfloat16(device):
        problem = "has bfloat16 on CPUs with AVX512-BF16 or AMX only; take --precision float32"
    else:
        is_measured = platform.machine().lower() in ("x86_64", "amd64")
        return "openvino" if is_measured or name == "openvino" else "torch"
    if name == "openvino":
        raise ConfigError(f"engine openvino: it {problem}")
    return "torch"


def open_engine(
    name: str, parts: Sequence[nn.Module], device: torch.device, precision: str
) -> Engine:
    """The engine of a network's parts; torch, if "auto" chose another that cannot run it.

    Raises:
        ConfigError: as `chosen_engine`.
        EngineError: the engine that was asked for cannot run this network.
    """
    chosen = chosen_engine(name, device, precision)
    try:
        return ENGINES[chosen](parts, device, precision)
    except (EngineError, ImportError, OSError) as error:
        if name == chosen:
            raise EngineError(f"engine {name}: {error}") from error
        logger.warning("engine %s: %s; torch runs it", chosen, error)
        return _torch(parts, device, precision)

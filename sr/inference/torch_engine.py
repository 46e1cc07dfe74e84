"""torch, on any device: the reference."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from sr.inference.base import Look


class TorchEngine:
    """torch, eagerly; `look` is called between layers.

    Args:
        parts: of one network, in evaluation mode.
        device: where they run.
        precision: "float32" or "bfloat16" for what autocast takes for safe.
    """

    name = "torch"
    version = str(torch.__version__)

    def __init__(self, parts: Sequence[nn.Module], device: torch.device, precision: str) -> None:
        self.parts = [
            part.to(device)
            if getattr(part, "keeps_format", False)
            else part.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
            for part in parts
        ]
        self.device = device
        self.precision = precision
        self._layers = [sum(not list(m.children()) for m in part.modules()) for part in parts]
        self._now = threading.local()
        for module in {m for part in parts for m in part.modules() if not list(m.children())}:
            module.register_forward_hook(self._layer_is_done)

    def _layer_is_done(self, *_: Any) -> None:
        if getattr(self._now, "look", None) is not None:
            self._now.done += 1
            self._now.look(min(1.0, self._now.done / self._now.layers))

    def run(self, part: int, *inputs: Tensor, look: Look) -> Tensor:
        self._now.look, self._now.done, self._now.layers = look, 0, self._layers[part]
        is_bfloat16 = self.precision == "bfloat16"
        try:
            with (
                torch.inference_mode(),
                torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=is_bfloat16),
            ):
                result: Tensor = self.parts[part](*inputs)
                return result
        finally:
            self._now.look = None

    def rest(self) -> None:
        pass  # its allocators give back by themselves

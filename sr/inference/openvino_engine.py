"""OpenVINO on the CPU.

Nothing is kept on disk: to import the library and to trace, convert and compile a network takes
half a second of one core.
"""

from __future__ import annotations

import sys
import threading
import time
import warnings
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn

from sr.base.errors import EngineError
from sr.inference.base import Look
from sr.networks.reach import fitting_px

POLL_MS = 50  # between two looks while a part is at work
SIZES = (24, 20), (17, 26)  # of the pictures that a network is traced and checked with, in pixels
TOLERANCE = {"float32": 1e-4, "bfloat16": 0.1}  # of the largest value, against torch's float32
_LOCK = threading.Lock()  # torch traces one network at a time


@lru_cache(maxsize=1)
def library() -> Any:
    """OpenVINO without its usage reports.

    Importing it and converting a network would each send one. It does so through a package of its
    own, and does without where that is missing; so for this process it is.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino


@lru_cache(maxsize=1)
def _core() -> Any:
    return library().Core()


class OpenVinoEngine:
    """A network's parts, compiled for pictures of any size.

    Args:
        parts: in evaluation mode, on the CPU, without gradients.
        precision: "float32" or "bfloat16".

    Raises:
        EngineError: OpenVINO cannot run them, or not with torch's results.
    """

    name = "openvino"

    def __init__(self, parts: Sequence[nn.Module], precision: str) -> None:
        self.version = str(library().__version__).split("-")[0]
        self._compiled: list[Any] = []
        self._seconds_a_pixel: dict[int, float] = {}
        random = torch.Generator().manual_seed(0)
        sizes = [[fitting_px(parts[0], side) for side in size] for size in SIZES]
        traced, probed = [[torch.rand(1, 3, *size, generator=random)] for size in sizes]
        try:
            with _LOCK, torch.no_grad():
                for number, part in enumerate(parts):
                    self._compiled.append(_compile(part, tuple(traced), precision))
                    expected = part(*probed)
                    made = [self.run(number, *x, look=lambda _: None) for x in (traced, probed)]
                    if not _agree(made[1], expected, TOLERANCE[precision]):
                        raise EngineError(f"part {number} does not give torch's results")
                    # the next part is traced at the size that this one was probed at
                    traced, probed = [expected, probed[-1]], [made[0], traced[-1]]
        except RuntimeError as error:  # of torch's tracing, or of OpenVINO
            raise EngineError(str(error).strip().partition("\n")[0]) from error

    def run(self, part: int, *inputs: Tensor, look: Look) -> Tensor:
        compiled = self._compiled[part]
        request = compiled.create_infer_request()  # cheap: what it computes in is the network's
        pixels = inputs[0].shape[2] * inputs[0].shape[3]
        expected_seconds = self._seconds_a_pixel.get(part, 0.0) * pixels
        start = time.perf_counter()
        request.start_async([tensor.contiguous().numpy() for tensor in inputs], share_inputs=True)
        try:
            while not request.wait_for(POLL_MS):
                seconds = time.perf_counter() - start
                look(min(0.99, seconds / expected_seconds) if expected_seconds else 0.0)
        except BaseException:
            request.cancel()
            with suppress(RuntimeError):  # says that it was cancelled
                request.wait()
            raise
        self._seconds_a_pixel[part] = (time.perf_counter() - start) / pixels
        look(1.0)
        return torch.from_numpy(request.get_output_tensor(0).data)

    def rest(self) -> None:
        for compiled in self._compiled:
            with suppress(RuntimeError):  # another thread's picture is at work in it
                compiled.release_memory()


def _compile(part: nn.Module, inputs: tuple[Tensor, ...], precision: str) -> Any:
    """A part compiled for inputs of any height and width, with torch's number of threads."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecations, and checks of shapes that become constants
        # as a function: its weights become constants, and nothing of its modules is looked into
        traced = torch.jit.trace(lambda *x: part(*x), inputs, check_trace=False)
    model = library().convert_model(traced, example_input=inputs)
    model.reshape({number: [1, x.shape[1], -1, -1] for number, x in enumerate(inputs)})
    return _core().compile_model(
        model,
        "CPU",
        {
            "INFERENCE_PRECISION_HINT": "bf16" if precision == "bfloat16" else "f32",
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
            "NUM_STREAMS": 1,
            "ENABLE_CPU_PINNING": False,  # other work of this machine shares its cores
            "CPU_RUNTIME_CACHE_CAPACITY": 0,  # else every new size of a picture stays in memory
        },
    )


def _agree(found: Tensor, expected: Tensor, tolerance: float) -> bool:
    if found.shape != expected.shape:
        return False
    largest = max(1.0, float(expected.abs().max()))
    return float((found - expected).abs().max()) <= tolerance * largest

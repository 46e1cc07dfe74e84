"""Networks out of files that others made: `.pth`, `.pt`, `.ckpt`, `.safetensors`.

`spandrel` tells the architecture from the tensors. Nothing in a file is run: what is more than
tensors and the containers around them is refused.
"""

from __future__ import annotations

import re
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from sr.base.errors import WeightsError
from sr.networks.reach import Reach, alignment_px, measured_reach
from sr.networks.rrdb import RRDBNet
from sr.networks.rrdb_layouts import from_official

if TYPE_CHECKING:
    from spandrel import ImageModelDescriptor

LUMA = (0.299, 0.587, 0.114)


class ForeignNetwork(nn.Module):
    """A network of somebody else's, as if it were of ours: RGB in, RGB out.

    A network for grey pictures enlarges red, green and blue one by one; one that also takes
    transparency is given an opaque picture, and transparency goes the way it does for all.

    Attributes:
        scale: 1 of a network that restores.
        architecture: as `spandrel` calls it.
        multiple_px: what the sides of a picture must be multiples of.
        minimum_px: how large they must be.
        align_px: what the edges between tiles must be multiples of.
        keeps_format: its layers expect tensors that lie in memory as usual.
        reach: what tiles need to know; None until `measure_reach`.
    """

    keeps_format = True

    def __init__(self, descriptor: ImageModelDescriptor[nn.Module]) -> None:
        super().__init__()
        self.network = descriptor.eval().model
        self._descriptor = descriptor
        needs = descriptor.size_requirements
        self.scale = descriptor.scale
        self.channels = descriptor.input_channels
        self.architecture = descriptor.architecture.name
        self.multiple_px = needs.multiple_of
        self.align_px = alignment_px(self.network, needs.multiple_of)
        self.minimum_px = max(1, needs.minimum)
        self.is_good_in_bfloat16 = descriptor.supports_bfloat16
        self.reach: Reach | None = None
        self.config = {
            "architecture": self.architecture,
            "scale": self.scale,
            "channels": self.channels,
            "tags": list(descriptor.tags),
        }

    def forward(self, lr: Tensor) -> Tensor:
        """Enlarge.

        Args:
            lr: (1, 3, H, W) float, RGB in [0, 1]; sides as `multiple_px` and `minimum_px` say.

        Returns:
            (1, 3, scale H, scale W) in [0, 1].
        """
        if self.channels == 1:
            grey = [self._descriptor(lr[:, channel : channel + 1]) for channel in range(3)]
            return torch.cat(grey, dim=1)
        if self.channels == 4:
            return self._descriptor(torch.cat([lr, torch.ones_like(lr[:, :1])], dim=1))[:, :3]
        return self._descriptor(lr)

    def measure_reach(self) -> Reach:
        """Measure how far it sees, once; seconds for a large one."""
        if self.reach is None:
            self.reach = measured_reach(self)
        return self.reach


def load_foreign(path: Path) -> ForeignNetwork:
    """The network of a file, on the CPU.

    Raises:
        WeightsError: unreadable, more than tensors, an architecture that nobody knows, or one
            that is no use here; says which.
    """
    from spandrel import MaskedImageModelDescriptor, ModelLoader, UnsupportedModelError

    state = read_tensors(path)
    try:
        descriptor = ModelLoader("cpu").load_from_state_dict(state)
    except UnsupportedModelError:
        raise WeightsError(
            f"{path.name}: its {len(state)} tensors are of no architecture that spandrel "
            f"{version('spandrel')} knows; needed a network that enlarges or restores pictures"
        ) from None
    except Exception as error:  # of an architecture's own code, about tensors that do not fit it
        raise WeightsError(f"{path.name}: its tensors do not fit together ({error})") from error
    problem = None
    if isinstance(descriptor, MaskedImageModelDescriptor):
        problem = "fills holes that somebody has to mark"
    elif descriptor.purpose == "FaceSR":
        problem = "is for single faces that were cut out and turned upright"
    elif descriptor.size_requirements.square:
        problem = "takes square pictures only"
    elif (descriptor.input_channels, descriptor.output_channels) not in ((1, 1), (3, 3), (4, 4)):
        problem = (
            f"takes {descriptor.input_channels} channels and gives "
            f"{descriptor.output_channels}; needed 1, 3 or 4 on both sides"
        )
    if problem is not None:
        raise WeightsError(f"{path.name}: {descriptor.architecture.name} {problem}")
    assert not isinstance(descriptor, MaskedImageModelDescriptor)
    return ForeignNetwork(descriptor)


def load_rrdb(path: Path) -> RRDBNet:
    """A published file of ESRGAN or Real-ESRGAN as our own network, which can be trained on.

    Raises:
        WeightsError: unreadable, more than tensors, or not of the three layouts of RRDBNet.
    """
    try:
        config, tensors = from_official(read_tensors(path))
        network = RRDBNet(**config)
        network.load_state_dict(tensors)
    except RuntimeError as error:  # of torch: names or shapes of tensors
        text = " ".join(str(error).split())
        raise WeightsError(f"{path.name}: an RRDBNet of another form ({text[:300]})") from None
    except WeightsError as error:
        raise WeightsError(f"{path.name}: {str(error).removeprefix(f'{path.name}: ')}") from None
    return network.eval()


def read_tensors(path: Path) -> dict[str, Any]:
    """The tensors of a file by their names, whatever is wrapped around them.

    Raises:
        WeightsError: unreadable, or it holds more than tensors.
    """
    from safetensors.torch import load_file
    from spandrel import canonicalize_state_dict

    try:
        if path.suffix.lower() == ".safetensors":
            state: Any = load_file(path)
        else:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of TorchScript, which is refused
                state = torch.load(path, map_location="cpu", weights_only=True)
        state = canonicalize_state_dict(state) if isinstance(state, dict) else None
    except Exception as error:  # a file of anybody's may be wrong in any way
        if type(error).__name__ == "UnpicklingError":
            raise WeightsError(f"{path.name}: {_what_it_wants(str(error))}") from None
        if "TorchScript" in str(error):
            raise WeightsError(
                f"{path.name}: a TorchScript program, not weights; needed a file of tensors"
            ) from None
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise WeightsError(f"{path.name}: cannot be read ({reason})") from None
    if not state or not all(isinstance(value, Tensor) for value in state.values()):
        raise WeightsError(
            f"{path.name}: holds no network's weights; needed tensors by their names"
        )
    return dict(state)


def _what_it_wants(message: str) -> str:
    wanted = re.search(r"GLOBAL ([\w.]+)", message)
    what = f"wants to load {wanted[1]}" if wanted else "holds more than tensors"
    return (
        f"{what}; only tensors are loaded, so nothing of it was run. Ask its author for a "
        ".safetensors file"
    )

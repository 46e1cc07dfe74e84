"""What LPIPS needs in a browser: AlexNet's features and the heads, in half precision."""

from __future__ import annotations

import hashlib
from typing import Any

ABOUT = """AlexNet's features, in half precision: torchvision
Copyright (c) Soumith Chintala 2016. BSD 3-Clause licence: https://github.com/pytorch/vision
LPIPS 0.1's weights of channels, in half precision
Copyright (c) 2018, Richard Zhang, Phillip Isola, Alexei A. Efros, Eli Shechtman, Oliver Wang.
BSD 2-Clause licence: https://github.com/richzhang/PerceptualSimilarity
"""


def lpips_file() -> tuple[dict[str, Any], bytes] | None:
    """Facts and content of the file, where NITIDEZ_BACKBONES has AlexNet; None where it has not.

    Raises:
        BackboneError: the file or the heads cannot be read.
    """
    from safetensors.torch import save

    from sr.metrics.backbones import load_lpips_heads, load_state, local_files

    if not local_files("alexnet"):
        return None
    tensors = {
        # (O, I, k, k) to (k, k I, O): of each row of a filter, pixel by pixel
        name.removeprefix("features."): values.permute(2, 3, 1, 0).flatten(1, 2)
        if values.ndim == 4
        else values
        for name, values in load_state("alexnet").items()
    }
    tensors |= {f"head.{i}": head.flatten() for i, head in enumerate(load_lpips_heads("alex"))}
    content = save({name: tensor.half().contiguous() for name, tensor in tensors.items()})
    digest = hashlib.sha256(content).hexdigest()
    name = f"lpips-alexnet-{digest[:12]}.safetensors"
    return {"file": name, "sha256": digest, "bytes": len(content)}, content

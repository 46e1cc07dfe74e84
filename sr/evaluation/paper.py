"""What papers print of their networks at x4, to stand beside our results of the same networks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sr.data.pairs import at_scale

LEDIG = "Ledig et al. 2017 (arXiv:1609.04802v5), table 2"
DONG = "Dong et al. 2014 (arXiv:1501.00092), as in the table of Wang et al. 2018"
WANG = "Wang et al. 2018 (arXiv:1809.00219), trained for PSNR"
DAALA = "its SSIM was computed by another program (daala) and cannot be compared with ours"


@dataclass(frozen=True)
class Published:
    """A paper's means over a set.

    Attributes:
        source: which paper, and where in it.
        psnr_y: on luma in dB.
        ssim_y: computed as ours is; None where it is not printed.
        ssim_daala: as the daala tool computes it; None where it is not printed.
    """

    source: str
    psnr_y: float
    ssim_y: float | None = None
    ssim_daala: float | None = None


def _ledig(psnr_y: float, ssim_daala: float) -> Published:
    return Published(LEDIG, psnr_y, ssim_daala=ssim_daala)


SCALE = 4
SIZES = {"set5": 5, "set14": 14, "bsd100": 100, "urban100": 100}
# By the name of the network, without its scale.
PRINTED: dict[str, dict[str, Published]] = {
    "nearest": {
        "set5": _ledig(26.26, 0.7552),
        "set14": _ledig(24.64, 0.7100),
        "bsd100": _ledig(25.02, 0.6606),
    },
    "bicubic": {
        "set5": _ledig(28.43, 0.8211),
        "set14": _ledig(25.99, 0.7486),
        "bsd100": _ledig(25.94, 0.6935),
    },
    "srcnn": {
        "set5": Published(DONG, 30.48, 0.8628),
        "set14": Published(DONG, 27.50, 0.7513),
        "bsd100": Published(DONG, 26.90, 0.7101),
        "urban100": Published(DONG, 24.52, 0.7221),
    },
    "srresnet": {
        "set5": _ledig(32.05, 0.9019),
        "set14": _ledig(28.49, 0.8184),
        "bsd100": _ledig(27.58, 0.7620),
    },
    "srgan": {
        "set5": _ledig(29.40, 0.8472),
        "set14": _ledig(26.02, 0.7397),
        "bsd100": _ledig(25.16, 0.6688),
    },
    "rrdb": {
        "set5": Published(WANG, 32.73, 0.9011),
        "set14": Published(WANG, 28.99, 0.7917),
        "bsd100": Published(WANG, 27.85, 0.7455),
        "urban100": Published(WANG, 27.03, 0.8153),
    },
}


def published(model: str, scale: int, data_set: str, images: int) -> Published | None:
    """A paper's results of a model such as "srgan_x4" on a set such as "Set5", if there are any.

    They are means over a whole set: beside those of a part of it they would mean nothing.
    """
    name = data_set.removesuffix(at_scale("", SCALE)).lower()
    if scale != SCALE or SIZES.get(name) != images:
        return None
    return PRINTED.get(model.removesuffix(f"_x{SCALE}").lower(), {}).get(name)


def note_of(sources: Iterable[str]) -> str:
    """Where the papers' figures of a table are from, in a sentence."""
    named = list(dict.fromkeys(source for source in sources if source))
    said = f"Paper: {'; '.join(named)}; only beside the paper's own network, and means over all"
    said += " images of a set; no LPIPS is printed there"
    return f"{said}; of Ledig et al. {DAALA}" if LEDIG in named else said

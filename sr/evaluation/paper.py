"""What Ledig et al. 2017 print for x4, to stand beside our results."""

from __future__ import annotations

from dataclasses import dataclass

from sr.data.pairs import at_scale

SOURCE = "Ledig et al. 2017 (arXiv:1609.04802v5), table 2"
NOTE = (
    f"Paper: {SOURCE}; its SSIM was computed by another program (daala) and cannot be compared "
    "with ours; it has no LPIPS and no Urban100; it stands only beside means over all images of "
    "a set"
)


@dataclass(frozen=True)
class Published:
    """PSNR on luma in dB, and SSIM as the daala tool computes it."""

    psnr_y: float
    ssim_daala: float


SCALE = 4  # the paper has no other
SIZES = {"set5": 5, "set14": 14, "bsd100": 100}
TABLE_2: dict[str, dict[str, Published]] = {
    "nearest": {
        "set5": Published(26.26, 0.7552),
        "set14": Published(24.64, 0.7100),
        "bsd100": Published(25.02, 0.6606),
    },
    "bicubic": {
        "set5": Published(28.43, 0.8211),
        "set14": Published(25.99, 0.7486),
        "bsd100": Published(25.94, 0.6935),
    },
    "srresnet": {
        "set5": Published(32.05, 0.9019),
        "set14": Published(28.49, 0.8184),
        "bsd100": Published(27.58, 0.7620),
    },
    "srgan": {
        "set5": Published(29.40, 0.8472),
        "set14": Published(26.02, 0.7397),
        "bsd100": Published(25.16, 0.6688),
    },
}


def published(model: str, scale: int, data_set: str, images: int) -> Published | None:
    """The paper's results of a model such as "srgan_x4" on a set such as "Set5", if it has any.

    They are means over a whole set: beside those of a part of it they would mean nothing.
    """
    name = data_set.removesuffix(at_scale("", SCALE)).lower()
    if scale != SCALE or SIZES.get(name) != images:
        return None
    return TABLE_2.get(model.removesuffix(f"_x{SCALE}").lower(), {}).get(name)

"""Models of others that can be downloaded: official addresses, digests, licences, papers.

A digest is there where the publisher's file name bears it or where several projects have written
down the same one for the official file; see docs/models.md.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from sr.base.errors import UnknownModelError, WeightsError
from sr.base.files import check_folder, file_sha256
from sr.data.catalog import Archive
from sr.data.fetch import Progress, download
from sr.models.entries.model import BICUBIC, PHOTO

WANG_2018 = "Wang et al. 2018, arXiv:1809.00219"
WANG_2021 = "Wang et al. 2021, arXiv:2107.10833"
_REAL_ESRGAN = "https://github.com/xinntao/Real-ESRGAN/releases/download"


@dataclass(frozen=True)
class Offer:
    """A file that somebody publishes.

    Attributes:
        url: the official address.
        sha256: of the file, or what it begins with where no more was published.
        num_bytes: its size; 0 where it was not published.
        licence: of the weights, by its SPDX name.
        domain, degradation, paper: as of `sr.models.entries.model.Model`.
    """

    url: str
    sha256: str
    num_bytes: int
    title: str
    scale: int
    licence: str
    paper: str
    domain: str = "photographs as they are"
    degradation: str = PHOTO

    @property
    def file_name(self) -> str:
        """As the publisher calls it."""
        return self.url.rsplit("/", 1)[1]


# By the names that the files' models will have.
CATALOGUE: dict[str, Offer] = {
    Path(offer.file_name).stem: offer
    for offer in (
        Offer(
            f"{_REAL_ESRGAN}/v0.1.1/ESRGAN_SRx4_DF2KOST_official-ff704c30.pth",
            "ff704c30",
            0,
            "ESRGAN",
            4,
            "BSD-3-Clause",
            WANG_2018,
            domain="photographs",
            degradation=BICUBIC,
        ),
        Offer(
            f"{_REAL_ESRGAN}/v0.1.0/RealESRGAN_x4plus.pth",
            "4fa0d38905f75ac06eb49a7951b426670021be3018265fd191d2125df9d682f1",
            67_040_989,
            "Real-ESRGAN",
            4,
            "BSD-3-Clause",
            WANG_2021,
        ),
        Offer(
            f"{_REAL_ESRGAN}/v0.2.1/RealESRGAN_x2plus.pth",
            "49fafd45f8fd7aa8d31ab2a22d14d91b536c34494a5cfe31eb5d89c2fa266abb",
            67_061_725,
            "Real-ESRGAN 2x",
            2,
            "BSD-3-Clause",
            WANG_2021,
        ),
        Offer(
            f"{_REAL_ESRGAN}/v0.2.5.0/realesr-general-x4v3.pth",
            "8dc7edb9ac80ccdc30c3a5dca6616509367f05fbc184ad95b731f05bece96292",
            4_885_111,
            "Real-ESRGAN, small",
            4,
            "BSD-3-Clause",
            WANG_2021,
        ),
        Offer(
            f"{_REAL_ESRGAN}/v0.2.5.0/realesr-general-wdn-x4v3.pth",
            "1641f8c4464b9f097c9fdda5589273713f67cf59f3d909e0bd688f0cee269dca",
            4_885_111,
            "Real-ESRGAN, small, keeps noise",
            4,
            "BSD-3-Clause",
            WANG_2021,
        ),
        Offer(
            f"{_REAL_ESRGAN}/v0.2.2.4/RealESRGAN_x4plus_anime_6B.pth",
            "f872d837d3c90ed2e05227bed711af5671a6fd1c9f7d7e91c911a61f155e99da",
            17_938_799,
            "Real-ESRGAN for drawings",
            4,
            "BSD-3-Clause",
            WANG_2021,
            domain="drawings",
        ),
        Offer(
            f"{_REAL_ESRGAN}/v0.2.5.0/realesr-animevideov3.pth",
            "b8a8376811077954d82ca3fcf476f1ac3da3e8a68a4f4d71363008000a18b75d",
            2_504_012,
            "Real-ESRGAN for animated films",
            4,
            "BSD-3-Clause",
            WANG_2021,
            domain="drawings",
        ),
        Offer(
            "https://github.com/cszn/KAIR/releases/download/v1.0/BSRGAN.pth",
            "5d505a0766160921e0388d76e1ddf08cb114303990f9080432bf2b1c988b1c54",
            0,
            "BSRGAN",
            4,
            "MIT",
            "Zhang et al. 2021, arXiv:2103.14006",
            degradation="blur, resizing, noise and JPEG in random order (arXiv:2103.14006)",
        ),
        Offer(
            "https://github.com/JingyunLiang/SwinIR/releases/download/v0.0/"
            "003_realSR_BSRGAN_DFO_s64w8_SwinIR-M_x4_GAN.pth",
            "b9afb61e65e04eb7f8aba5095d070bbe9af28df76acd0c9405aeb33b814bcfc6",
            67_129_861,
            "SwinIR for photos as they are",
            4,
            "Apache-2.0",
            "Liang et al. 2021, arXiv:2108.10257",
            degradation="blur, resizing, noise and JPEG in random order (arXiv:2103.14006)",
        ),
    )
}


def offer_of(sha256: str) -> Offer | None:
    """What the catalogue says of a file with that digest."""
    return next((offer for offer in CATALOGUE.values() if sha256.startswith(offer.sha256)), None)


def find_offer(name: str) -> Offer:
    """The entry of a name, in any case.

    Raises:
        UnknownModelError: not in the catalogue; the text lists what is.
    """
    for known, offer in CATALOGUE.items():
        if known.lower() == re.sub(r"\.\w+$", "", name).lower() or known.lower() == name.lower():
            return offer
    raise UnknownModelError(f"no model {name!r} to fetch; known: {', '.join(CATALOGUE)}")


def fetch_model(offer: Offer, folder: Path, *, progress: Progress | None = None) -> Path:
    """Download a file into the folder of models; it is there when its digest is right.

    A download that broke off goes on where it stopped.

    Args:
        progress: called with (bytes so far, of how many or None).

    Raises:
        DataError: the server does not give the file, or gives another.
        WeightsError: another file of that name is there.
        OutputError: the folder cannot be written in.
    """
    check_folder(folder)
    target = folder / offer.file_name
    if target.is_file():
        if file_sha256(target).startswith(offer.sha256):
            return target
        raise WeightsError(
            f"{target}: is there already, and is not what is published; move it away first"
        )
    archive = Archive(offer.url, f"sha256:{offer.sha256}", offer.num_bytes)
    fetched = download(archive, folder / ".downloads", progress=progress)
    os.replace(fetched.path, target)
    return target

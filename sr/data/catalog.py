"""Where data sets come from: official addresses, and checksums where one was published."""

from __future__ import annotations

from dataclasses import dataclass

from sr.base.errors import DataError


@dataclass(frozen=True)
class Archive:
    """One file to download.

    Attributes:
        url: the official address.
        checksum: "sha256:..." or "md5:..."; "" where none was published. Where only its beginning
            was, that is compared, and the first download's is kept as where there is none.
        num_bytes: its size; 0 where it was not published.
        file_name: where the address does not end with it.
    """

    url: str
    checksum: str = ""
    num_bytes: int = 0
    file_name: str = ""

    @property
    def name(self) -> str:
        """The file's name."""
        return self.file_name or self.url.rsplit("/", 1)[1]


@dataclass(frozen=True)
class Source:
    """A data set that can be fetched, or where a person gets it by hand.

    Attributes:
        article: of figshare, whose archives are asked for when one of them is fetched.
    """

    name: str
    description: str
    licence: str
    archives: tuple[Archive, ...] = ()
    by_hand: str = ""
    article: int = 0


_BERKELEY = "https://www2.eecs.berkeley.edu/Research/Projects/CS/vision"
_DIV2K = "https://data.vision.ee.ethz.ch/cvl/DIV2K"


def _benchmark(name: str, images: int) -> Source:
    address = f"https://huggingface.co/datasets/eugenesiow/{name}/resolve/main/data"
    return Source(
        name.lower(),
        f"{name}: {images} images with low-resolution versions (x4)",
        "academic use; see the address",
        (Archive(f"{address}/{name}_HR.tar.gz"), Archive(f"{address}/{name}_LR_x4.tar.gz")),
    )


# Checksums: VOC from torchvision's torchvision/datasets/voc.py, DIV2K from TensorFlow Datasets'
# datasets/div2k/checksums.tsv. The others have published none that we know of.
SOURCES: dict[str, Source] = {
    source.name: source
    for source in (
        Source(
            "voc2012",
            "PASCAL VOC2012, training and validation images",
            "Flickr images, see the terms of the PASCAL VOC site",
            (
                Archive(
                    "https://thor.robots.ox.ac.uk/pascal/VOC/voc2012/VOCtrainval_11-May-2012.tar",
                    "md5:6cd6e144f989b92b3379bac3b3de84fd",
                ),
            ),
        ),
        Source(
            "bsds300",
            "Berkeley segmentation set, 200 training and 100 test images",
            "non-commercial research and education",
            (Archive(f"{_BERKELEY}/bsds/BSDS300-images.tgz"),),
        ),
        Source(
            "bsds500",
            "Berkeley segmentation set, 500 images",
            "non-commercial research and education",
            (Archive(f"{_BERKELEY}/grouping/BSR/BSR_bsds500.tgz"),),
        ),
        Source(
            "div2k",
            "DIV2K, 800 training and 100 validation images of 2K size",
            "academic research",
            (
                Archive(
                    f"{_DIV2K}/DIV2K_train_HR.zip",
                    "sha256:9d0b9c463f6e35b6c62cc6a930ee2224f670b34c1df841a57670f9acf0f6c335",
                ),
                Archive(
                    f"{_DIV2K}/DIV2K_valid_HR.zip",
                    "sha256:20dd31fd84d777bc1cf5d6b7654a3f569c0aec74458ae094122ad1d0489900fc",
                ),
                Archive(
                    f"{_DIV2K}/DIV2K_valid_LR_bicubic_X4.zip",
                    "sha256:a50a5d1c4b88de4e8d300d8fb2b904c52fe93b2b298a4899697760d7cbb6d553",
                ),
            ),
        ),
        _benchmark("Set5", 5),
        _benchmark("Set14", 14),
        _benchmark("BSD100", 100),
        _benchmark("Urban100", 100),
        Source(
            "biosr",
            "BioSR, wide field and SIM of CCPs, ER, microtubules and F-actin",
            "CC BY 4.0",
            article=13264793,
        ),
        Source(
            "unsplash",
            "Unsplash super-resolution set of Kaggle, 1254 photographs",
            "Unsplash licence",
            by_hand="Kaggle asks for an account: download and unpack "
            "https://www.kaggle.com/datasets/quadeer15sh/image-super-resolution-from-unsplash, "
            "then run python -m sr data check FOLDER",
        ),
    )
}


def find_source(name: str) -> Source:
    """The source of that name.

    Raises:
        DataError: unknown, or to be had by hand only; the text says how.
    """
    source = SOURCES.get(name.lower())
    if source is None:
        raise DataError(f"no data set {name!r}; known: {', '.join(sorted(SOURCES))}")
    if source.by_hand:
        raise DataError(f"{source.name}: {source.by_hand}")
    return source

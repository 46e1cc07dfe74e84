"""What is enlarged, and what methods make of it: by a network, or read from finished pictures."""

from __future__ import annotations

import time
import zlib
from collections.abc import Sequence

import numpy as np

from sr.data.pairs import DataSet, Pair, open_pixels
from sr.evaluation.methods import Enlarges, Method
from sr.images.photo import Photo
from sr.images.reading import open_image
from sr.images.resize import modcrop

WARM_UP_PX = 32


class Versions:
    """Makes versions; a network is loaded, and warmed up, when it is first needed.

    `is_loading` says, after an error, that a model is at fault and not a picture.
    """

    def __init__(self) -> None:
        self.is_loading = False
        self._models: dict[tuple[str, int], Enlarges] = {}

    def make(self, method: Method, pair: Pair, photo: Photo) -> tuple[Photo, float | None]:
        """The method's version of a photo, and the seconds that making it took.

        Args:
            pair: whose small picture `photo` is; a folder's picture is found by its original.

        Raises:
            ImageError: a finished picture cannot be read.
            SRError: a model cannot be loaded or used.
        """
        if method.files:
            picture = open_image(method.files[pair.hr]).on_white().rgb
            return Photo(np.ascontiguousarray(modcrop(picture, method.scale))), None
        model = self._model(method)
        start = time.perf_counter()
        version = model.upscale(photo)
        return version, time.perf_counter() - start

    def make_all(
        self, methods: Sequence[Method], scale: int, pair: Pair, photo: Photo
    ) -> dict[str, np.ndarray]:
        """The pixels of every method of a scale, by its label.

        Raises:
            ImageError, SRError: as `make`.
        """
        fitting = [method for method in methods if method.scale == scale]
        return {method.label: self.make(method, pair, photo)[0].rgb for method in fitting}

    def _model(self, method: Method) -> Enlarges:
        key = (method.label, method.scale)
        if key not in self._models:
            self.is_loading = True
            model = method.load()
            model.upscale(Photo(np.zeros((WARM_UP_PX, WARM_UP_PX, 3), np.uint8)))
            self.is_loading = False
            self._models[key] = model
        return self._models[key]


def opened(data_set: DataSet, pair: Pair) -> tuple[Photo, np.ndarray | None]:
    """As `open_pair`; without pixels where nobody has the original."""
    if data_set.has_original:
        return open_pair(data_set, pair)
    return Photo(open_image(pair.hr).on_white().rgb), None


def open_pair(data_set: DataSet, pair: Pair) -> tuple[Photo, np.ndarray]:
    """The low-resolution photo, and the high-resolution pixels cut to what it covers.

    Returns:
        An RGB `Photo` and an (H, W, 3) uint8 array exactly `data_set.scale` times as large.

    Raises:
        ImageError: one of the files cannot be read.
        DataError: the low-resolution file is missing or has another size.
    """
    if data_set.degradation is None:
        small, target = open_pixels(data_set, pair)
        return Photo(small), target
    from sr.batches.degradations import STRENGTHS, degraded_pixels

    target = modcrop(open_image(pair.hr).on_white().rgb, data_set.scale)
    seed = zlib.crc32(pair.hr.stem.encode())  # of the name: the order does not matter
    recipe = STRENGTHS[data_set.degradation]
    return Photo(degraded_pixels(target, data_set.scale, recipe, seed=seed)), target

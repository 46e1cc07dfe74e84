"""One small class per situation; every text says what came, what was needed, what to do."""


class SRError(Exception):
    """Base of every error the `sr` package raises on purpose."""


class ShapeError(SRError):
    """A tensor or array has the wrong shape."""


class ImageError(SRError):
    """A file or byte string is not an image that can be read.

    Args:
        text: what came, what was needed, what to do.
        kind: the same in one word, for programs that say it in another language; "" for none.
        values: what such a text names: `file`, `format`, `width`, ...
    """

    def __init__(self, text: str, *, kind: str = "", **values: str | float) -> None:
        super().__init__(text)
        self.kind = kind
        self.values = values


class ImageTooLargeError(ImageError):
    """An image has more pixels than the limit allows."""


class UnknownModelError(SRError):
    """No model of that name."""


class WeightsError(SRError):
    """Weights are missing, damaged or belong to another network."""


class BackboneError(SRError):
    """Perceptual features (AlexNet, VGG) are not to be had."""


class DataError(SRError):
    """A data folder holds nothing usable."""


class ConfigError(SRError):
    """A setting has an unknown name or an impossible value."""


class WidthError(ConfigError):
    """A width that a photo cannot be enlarged to.

    Args:
        text: what came, what was needed, what to do.
        least: width in pixels that could be asked for.
        most: likewise.
    """

    def __init__(self, text: str, *, least: int, most: int) -> None:
        super().__init__(text)
        self.least = least
        self.most = most


class OutputError(SRError):
    """The output cannot be written where it was asked for."""


class Cancelled(SRError):
    """The caller asked to stop."""


class EngineError(SRError):
    """A network that an engine cannot run, or not as torch does."""

"""Super-resolution core: networks, training, metrics and the upscaler."""

__version__ = "0.1.0"

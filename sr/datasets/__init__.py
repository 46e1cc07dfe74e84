"""Data sets as people have them: recognised on disk, checked, downloaded and unpacked safely."""

from sr.datasets.layouts import PhotoSet, recognise

__all__ = ["PhotoSet", "recognise"]

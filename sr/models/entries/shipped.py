"""The models that ship, by their names."""

from __future__ import annotations

from sr.models.entries import microscopy, photographs
from sr.models.entries.model import Model

MODELS: dict[str, Model] = {entry["name"]: Model(**entry) for entry in photographs.ENTRIES}
# For frames of one channel (sr.microscopy.enlarging): no photograph goes through them.
FRAME_MODELS: dict[str, Model] = {entry["name"]: Model(**entry) for entry in microscopy.ENTRIES}

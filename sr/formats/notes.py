"""What a person should know of a picture that was taken: one dict of kinds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# The page says them in both languages, under the same names.
NOTES: dict[str, str] = {
    "on_white": "the see-through parts were laid on white",
    "bad_chunk": "damaged information beside the picture was left out ({names})",
    "container": "the file around the picture is damaged; the picture is whole",
    "long_text": "a text of more than a megabyte in the file was left out",
    "long_profile": "the colour profile is too large to be one; colours count as sRGB",
    "no_end": "the file has no end mark; the picture is whole",
    "end_missing": "the file ends early; about {percent} % of the picture, at its end, is missing",
    "cut_in_tiles": "the network looks at the whole picture, but memory is there for tiles of "
    "{tile} pixels only; edges of tiles may show",
    "own_look": "the network changes colours or detail in {percent} % of the picture: more than a "
    "breakdown would, so it was left as it is",
    "part": "a part of {width} x {height} pixels",
    "reduced": "reduced first, from {width} x {height} pixels",
    "enlarged_first": "enlarged to {width} x {height} pixels, then reduced",
    "tone_mapped": "an HDR picture: what is brighter than white ({nits} nits) was compressed",
}


@dataclass(frozen=True)
class Note:
    """One thing to say of a picture.

    Attributes:
        kind: a key of NOTES.
        values: what its text names.
    """

    kind: str
    values: Mapping[str, str | float] = field(default_factory=dict)

    def __str__(self) -> str:
        return NOTES[self.kind].format(**self.values)

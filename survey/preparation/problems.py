"""What does not fit when a study is to be made: every fault at once, each in words of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from survey.study.errors import StudyError

# By kind; the page says the same in its own words (`demo/studies/text.json`).
TEXTS = {
    "missing": "{folder}: no picture of {photo}",
    "ambiguous": "{folder}: {files} could all be {photo}'s; keep one",
    "unreadable": "{reason}",
    "stack": "{reason}",
    "mixed": "{folder}: frames of microscopes and photographs ({photographs}); a study compares "
    "one or the other",
    "same_name": "{folder}: files whose names differ in their endings only",
    "unregistered": "{path}: does not lie on {photo} of the wide field; needed registered pictures "
    "of the same cell",
    "size": "{path}: {width}x{height} pixels; needed {needed_width}x{needed_height}",
    "crop_photo": "crop of {photo}: no such photograph",
    "crop_outside": "crop of {photo}: {box} does not lie in its {width}x{height} pixels",
    "crop_size": "crop of {photo}: {box}; needed {width}x{height}, as finished pictures are cut at "
    "their own size",
    "crop_shape": "crop of {photo}: {box}; needed {width}x{height} or a larger part of that shape",
    "methods": "{count} methods ({methods}); needed 2 to {most}",
    "no_pairs": "one method alone has no pairs; give another, or --ask ratings",
    "method_taken": "{method}: finished pictures under a model's name; give another",
    "method_name": "{method!r} cannot be a method's name; needed 1 to 40 letters, digits, spaces "
    "or . _ + -, beginning with a letter or digit",
    "window": "crops of {width}x{height}; needed 32 or more",
    "small": "none of {count} photographs is at least {width}x{height} pixels; give larger ones",
    "label_method": "label of {method}: no such method in this study",
}


class Problem(str):
    """One fault in English; `kind` and `values` say it in any language."""

    kind: str
    values: dict[str, Any]

    def __new__(cls, kind: str, **values: Any) -> Problem:
        """The fault of a kind in `TEXTS`, with what its text names."""
        made = super().__new__(cls, TEXTS[kind].format(**values))
        made.kind, made.values = kind, values
        return made


class ProblemsError(StudyError):
    """A study cannot be made as it was asked for; `problems` are all the reasons."""

    key = "studies_problems"
    status = 422

    def __init__(self, problems: Sequence[str]) -> None:
        count = f"{len(problems)} problems:\n" if len(problems) > 1 else ""
        super().__init__(count + "\n".join(problems))
        self.problems = tuple(problems)


def refuse(problems: Sequence[str]) -> None:
    """Nothing where there are none.

    Raises:
        ProblemsError: there are.
    """
    if problems:
        raise ProblemsError(problems)

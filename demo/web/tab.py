"""What the page needs of a tab."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import gradio as gr

from demo.web.i18n import Language


class Tab(NamedTuple):
    """What changes with the language and how; nothing where a panel follows <html lang> itself."""

    outputs: tuple[Any, ...] = ()
    retell: Callable[[Language, gr.Request], list[Any]] = lambda language, request: []

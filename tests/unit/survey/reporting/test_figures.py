"""The report's figures with long names: nothing is cut, and no text stands on another."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from survey.reporting.page.drawing import View
from survey.reporting.page.figures import draw_all
from survey.reporting.results import measurements_of
from survey.session.survey import Survey
from survey.simulation.simulate import simulate
from survey.statistics.questions.summary import Asked, analyse
from survey.storage.responses import read_responses

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.figure import Figure

NAMES = ("Quantised to a few grey levels, then much blurred", "Donaudampfschifffahrtskapitaen x4")


@pytest.fixture
def figures(data_folder: Path) -> dict[str, Figure]:
    """Every figure of a simulated study whose methods have long names."""
    survey = Survey(data_folder)
    simulate(survey, raters=6, seed=3)
    study = survey.study
    responses = read_responses(survey.store, study.name, True)
    survey.close()
    methods = study.protocol.methods
    asked = Asked(order=methods, labels=study.labels, scale=study.protocol.scale)
    analysis = analyse(responses, measurements_of(study), asked)
    labels = {
        method: {"en": name, "pt-BR": name}
        for method, name in zip(methods, itertools.cycle(NAMES), strict=False)
    }
    return draw_all(analysis, View("en", False, labels, study.protocol.scale))


@pytest.mark.filterwarnings("error::UserWarning")  # a layout that is given up
def test_no_text_of_a_figure_is_cut_or_stands_on_another(figures: dict[str, Figure]) -> None:
    from matplotlib.text import Text

    assert {"scores", "histograms", "preferences", "needed"} <= set(figures)
    for name, figure in figures.items():
        figure.canvas.draw()
        page = figure.bbox
        hidden = _hidden(figure)
        texts = [text for text in figure.findobj(Text) if text.get_visible()]
        shown = [text for text in texts if text.get_text().strip() and text not in hidden]
        boxes = [(text.get_text(), text.get_window_extent()) for text in shown]
        for said, box in boxes:
            assert min(box.x0, box.y0) >= -1, (name, said)
            assert max(box.x1 - page.x1, box.y1 - page.y1) <= 1, (name, said)
        for (one, a), (other, b) in itertools.combinations(boxes, 2):
            wide = min(a.x1, b.x1) - max(a.x0, b.x0)
            high = min(a.y1, b.y1) - max(a.y0, b.y0)
            assert wide < 1 or high < 1, (name, one, other)


def _hidden(figure: Figure) -> list[object]:
    """Labels of ticks outside of their axis, and of axes that are not shown: not drawn."""
    found: list[object] = []
    for axes in figure.axes:
        for axis, ends, way in (
            (axes.xaxis, axes.bbox.intervalx, "intervalx"),
            (axes.yaxis, axes.bbox.intervaly, "intervaly"),
        ):
            for tick in (*axis.majorTicks, *axis.minorTicks):
                middle = getattr(tick.label1.get_window_extent(), way).mean()
                if not axes.get_visible() or not ends[0] - 1 <= middle <= ends[1] + 1:
                    found.append(tick.label1)
    return found

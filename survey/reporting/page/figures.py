"""Figures of a study's results. Equal data give equal files."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from survey.reporting.page.drawing import (
    View,
    colour_of,
    draw_interval,
    draw_matrix,
    draw_paper,
    draw_versions,
    in_lines,
    legend_beside,
    marker_of,
    new_axes,
    new_panels,
    plain_number,
    set_title,
    styled,
)
from survey.reporting.page.words import name_of, number, percent
from survey.statistics.estimates.mos import ALL, SCORES
from survey.statistics.questions import density
from survey.statistics.questions.correlation import MAPPING, MEASURES
from survey.statistics.questions.paper import TABLE_2
from survey.statistics.questions.summary import Analysis
from survey.study.display import PPD_BIN_NAMES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BAR = 0.8
LETTERS = 14  # of a method's name in a line
INCHES_A_NAME = 1.35  # where names stand side by side
IN_A_ROW = 4  # panels
DENSITIES = (10, 15, 20, 30, 40, 60, 80, 120, 160, 240)  # pixels per degree that are marked


def scores(analysis: Analysis, view: View) -> Figure | None:
    """Mean scores with intervals, and the paper's beside them."""
    table = analysis.mos[(analysis.mos["image"] == ALL) & (analysis.mos["ppd_bin"] == ALL)]
    if table.empty:
        return None
    methods = list(table["method"])
    known = set(methods) & set(TABLE_2["Set5"]) if view.scale == "acr" else set()
    with styled(view):
        figure, axes = new_axes(max(7, INCHES_A_NAME * len(methods) + 1), 4.2)
        for place, row in enumerate(table.itertuples()):
            colour = colour_of(row.method, analysis.order)
            draw_interval(axes, place, row.mos, row.any95_low, row.any95_high, colour, thin=True)
            draw_interval(axes, place, row.mos, row.ci95_low, row.ci95_high, colour)
        draw_paper(axes, methods, known, view)
        axes.set(ylim=(0.9, 5.1), yticks=SCORES, ylabel=view.say("axis_mos"))
        axes.set_xticks(range(len(methods)), [view.narrow(m, LETTERS) for m in methods])
        if known:
            legend_beside(axes)
        title = "scores" if known else "scores_alone"
        set_title(figure, view, title, raters=analysis.facts["raters_of_scores"])
    return figure


def histograms(analysis: Analysis, view: View) -> Figure | None:
    """How often each score was given, a panel a method."""
    table = analysis.mos[(analysis.mos["image"] == ALL) & (analysis.mos["ppd_bin"] == ALL)]
    if table.empty:
        return None
    with styled(view):
        rows = -(-len(table) // IN_A_ROW)
        figure, panels = new_panels(rows, -(-len(table) // rows), 2.2, 2.6)
        for axes in panels.flat[len(table) :]:
            axes.set_visible(False)
        for axes, row in zip(panels.flat, table.to_dict("records"), strict=False):
            shares = [100 * row[f"share_{score}"] for score in SCORES]
            axes.bar(SCORES, shares, color=colour_of(row["method"], analysis.order), width=BAR)
            axes.set(title=view.narrow(row["method"], LETTERS), ylim=(0, 100))
            axes.set_xticks(SCORES)
        for axes in panels[:, 0]:
            axes.set_ylabel(view.say("axis_share"))
        figure.supxlabel(view.say("axis_score"), fontsize="medium")
        set_title(figure, view, "histograms", ratings=analysis.facts["ratings"])
    return figure


def images(analysis: Analysis, view: View) -> Figure | None:
    """Mean scores by photograph, a line a method: where lines cross, photographs matter."""
    table = analysis.mos[(analysis.mos["image"] != ALL) & (analysis.mos["ppd_bin"] == ALL)]
    names = list(analysis.ratings.images)
    if table.empty or len(names) < 2:
        return None
    with styled(view):
        figure, axes = new_axes(7, 3.6)
        for method in analysis.ratings.methods:
            rows = table[table["method"] == method].set_index("image")["mos"].reindex(names)
            colour = colour_of(method, analysis.order)
            shape = marker_of(method, analysis.order)
            label = view.name(method)
            axes.plot(range(len(names)), rows, marker=shape, color=colour, label=label)
        axes.set(ylim=(0.9, 5.1), yticks=SCORES, ylabel=view.say("axis_mos"))
        axes.set_xticks(range(len(names)), [str(k + 1) for k in range(len(names))])
        axes.set_xlabel(view.say("axis_image"))
        legend_beside(axes)
        set_title(figure, view, "images")
    return figure


def preferences(analysis: Analysis, view: View) -> Figure | None:
    """How often the method of a row was preferred to the method of a column, and the JOD scale."""
    table = analysis.preferences
    if table.empty:
        return None
    methods = list(analysis.pairs.methods)
    share = np.full((len(methods), len(methods)), np.nan)
    label = np.full(share.shape, "", dtype=object)
    for row in table.itertuples():
        a, b = methods.index(row.method_a), methods.index(row.method_b)
        share[a, b], share[b, a] = row.preference_a, 1 - row.preference_a
        ends = (row.ci95_low, row.ci95_high)
        label[a, b] = _cell(view, row.preference_a, *ends)
        label[b, a] = _cell(view, 1 - row.preference_a, 1 - ends[1], 1 - ends[0])
    names = [view.narrow(m, LETTERS) for m in methods]
    with styled(view):
        side = max(3.6, 0.75 * len(names) + 1)
        figure, panels = new_panels(1, 2, side + 1, side)
        left, right = panels[0]
        draw_matrix(left, share, label, names)
        left.set(title=view.say("panel_matrix"))
        right.yaxis.set_major_formatter(plain_number(view.language))
        for place, row in enumerate(analysis.jod.itertuples()):
            colour = colour_of(row.method, analysis.order)
            draw_interval(right, place, row.jod, row.any95_low, row.any95_high, colour, thin=True)
            draw_interval(right, place, row.jod, row.ci95_low, row.ci95_high, colour)
        right.set_xticks(range(len(names)), names)
        longest = max(len(line) for name in names for line in name.split("\n"))
        is_tight = longest * len(names) > 9 * IN_A_ROW
        for axes in (left, right):
            axes.tick_params(axis="x", rotation=90 if is_tight else 0)
        left.tick_params(axis="y", rotation=0)
        title = in_lines(view.say("panel_jod", first=view.name(methods[0])), 2 * LETTERS)
        right.set(ylabel="JOD", title=title)
        right.margins(x=1 / len(names))
        set_title(figure, view, "preferences", choices=analysis.facts["choices"])
    return figure


def _cell(view: View, share: float, low: float, high: float) -> str:
    text = percent(view.language, share)
    if np.isnan(low):
        return text
    ends = number(view.language, 100 * low, 0), number(view.language, 100 * high, 0)
    return f"{text}\n{view.say('span', low=ends[0], high=ends[1])}"


def displays(analysis: Analysis, view: View) -> Figure | None:
    """Mean scores over pixels per degree: each rater's and lines, or bins where it is public."""
    ratings = analysis.ratings
    known = ~np.isnan(ratings.ppd)
    if not known.any():
        return None
    if view.is_public:
        return _display_bins(analysis, view)
    from matplotlib.ticker import FixedLocator

    part = ratings.only(known)
    with styled(view):
        figure, axes = new_axes(7, 4.2)
        for method in part.methods:
            means = density.means_by_rater(part.of(method)[:, :, None])[:, 0]
            colour = colour_of(method, analysis.order)
            label = view.name(method)
            style: Any = {"s": 18, "alpha": 0.6, "linewidths": 0, "color": colour, "label": label}
            axes.scatter(part.ppd, means, marker=marker_of(method, analysis.order), **style)
            line = density.fit_line(means, part.ppd)
            if line is not None:
                x = np.linspace(np.log2(line.low_ppd), np.log2(line.high_ppd), 2)
                axes.plot(2**x, line.intercept + line.slope * (x - line.at), color=colour)
        axes.set_xscale("log", base=2)
        axes.set(ylim=(0.9, 5.1), yticks=SCORES, ylabel=view.say("axis_mos"))
        axes.set_xlabel(view.say("axis_ppd"))
        axes.xaxis.set_major_locator(FixedLocator(DENSITIES))
        axes.xaxis.set_major_formatter(plain_number(view.language))
        legend_beside(axes)
        set_title(figure, view, "displays", raters=int(known.sum()))
    return figure


def _display_bins(analysis: Analysis, view: View) -> Figure | None:
    table = analysis.mos[(analysis.mos["image"] == ALL) & (analysis.mos["ppd_bin"] != ALL)]
    bins = [name for name in PPD_BIN_NAMES if name in set(table["ppd_bin"])]
    if not bins:
        return None
    methods = list(analysis.ratings.methods)
    with styled(view):
        figure, axes = new_axes(7, 4.2)
        for k, method in enumerate(methods):
            rows = table[table["method"] == method].set_index("ppd_bin")
            for place, name in enumerate(bins):
                if name in rows.index:
                    row = rows.loc[name]
                    at = place + (k - (len(methods) - 1) / 2) * 0.12
                    ends = row["ci95_low"], row["ci95_high"]
                    colour = colour_of(method, analysis.order)
                    draw_interval(axes, at, row["mos"], *ends, colour)
            label = view.name(method)
            axes.plot([], [], "o", color=colour_of(method, analysis.order), label=label)
        axes.set_xticks(range(len(bins)), bins)
        axes.set(ylim=(0.9, 5.1), yticks=SCORES, ylabel=view.say("axis_mos"))
        axes.set_xlabel(view.say("axis_ppd"))
        legend_beside(axes)
        set_title(figure, view, "displays", raters=analysis.facts["raters_with_density"])
    return figure


def measures(analysis: Analysis, view: View) -> Figure | None:
    """Mean scores over PSNR, SSIM and LPIPS, with intervals over raters and P.1401's mapping."""
    table = analysis.versions
    known = [name for name in MEASURES if table[name].notna().any()]
    if not known:
        return None
    rank = analysis.correlations.set_index(["measure", "kind"])["correlation"]
    mapping = analysis.mapping.set_index("measure")[list(MAPPING)]
    with styled(view):
        figure, panels = new_panels(1, len(known), 3.4, 3.4, sharey=True)
        for axes, measure in zip(panels.flat, known, strict=True):
            fitted = mapping.loc[measure].to_numpy(dtype=float)
            draw_versions(axes, table, measure, fitted, view, analysis.order)
            kinds = rank[measure, "srocc"], rank[measure, "srocc_within"]
            rho, own = (number(view.language, float(value)) for value in kinds)
            title = in_lines(view.say("panel_measure", rho=rho, own=own), 2 * LETTERS)
            axes.set(xlabel=name_of(view.language, measure))
            axes.set_title(title, fontsize="small")
            axes.xaxis.set_major_formatter(plain_number(view.language))
        panels[0, 0].set_ylabel(view.say("axis_mos"))
        panels[0, 0].yaxis.set_major_formatter(plain_number(view.language))
        legend_beside(panels[0, -1])
        set_title(figure, view, "measures", versions=len(table))
    return figure


def consistency(analysis: Analysis, view: View) -> Figure | None:
    """Raters by severity and inconsistency; those with a reason to be looked at are marked."""
    table = analysis.raters[analysis.raters["inconsistency"].notna()]
    if table.empty:
        return None
    marked = table["reasons"] != ""
    with styled(view):
        figure, axes = new_axes(6, 4.2)
        for part, key, marker in ((table[~marked], "clean", "o"), (table[marked], "marked", "X")):
            label = view.say(f"raters_{key}", n=len(part))
            axes.scatter(part["bias"], part["inconsistency"], marker=marker, s=40, label=label)
        axes.axvline(0, color="0.7", linewidth=1)
        axes.set(ylim=(0, None), xlabel=view.say("axis_bias"))
        axes.xaxis.set_major_formatter(plain_number(view.language))
        axes.yaxis.set_major_formatter(plain_number(view.language))
        axes.set_ylabel(view.say("axis_inconsistency"))
        axes.legend(frameon=False, fontsize="small")
        set_title(figure, view, "consistency")
    return figure


def needed(analysis: Analysis, view: View) -> Figure | None:
    """Raters there are, and raters needed, a panel a question, a bar a pair."""
    table = analysis.planning[analysis.planning["raters_needed"].notna()]
    if table.empty:
        return None
    pairs = list(dict.fromkeys(table[["method_a", "method_b"]].itertuples(index=False, name=None)))
    names = [f"{view.name(a)} /\n{view.name(b)}" for a, b in pairs]
    questions = list(dict.fromkeys(table["question"]))
    with styled(view):
        figure, panels = new_panels(1, len(questions), 1.8, 0.42 * len(pairs) + 1, sharey=True)
        figure.set_figwidth(figure.get_figwidth() + 3)  # for the names
        now = analysis.facts["counted_raters"]
        for axes, question in zip(panels.flat, questions, strict=True):
            rows = table[table["question"] == question]
            places = [pairs.index(pair) for pair in zip(rows.method_a, rows.method_b, strict=True)]
            axes.barh(places, rows["raters_needed"].astype(int), color="0.75", height=BAR)
            axes.axvline(now, color="black", linewidth=1, label=view.say("raters_now", n=now))
            axes.set_title(view.say(f"planning_{question}"), fontsize="small", wrap=True)
            axes.set(xlabel=view.say("axis_raters"))
        panels[0, 0].set_yticks(range(len(pairs)), names, fontsize="small")
        panels[0, 0].set_ylim(len(pairs) - 0.5, -0.5)
        legend_beside(panels[0, -1])
        set_title(figure, view, "needed")
    return figure


DRAWN = (scores, histograms, images, preferences, displays, measures, consistency, needed)
FIGURES: dict[str, Callable[[Analysis, View], Figure | None]] = {
    draw.__name__: draw for draw in DRAWN
}


def draw_all(analysis: Analysis, view: View) -> dict[str, Figure]:
    """Every figure the data allow, by name."""
    drawn = {name: draw(analysis, view) for name, draw in FIGURES.items()}
    return {name: figure for name, figure in drawn.items() if figure is not None}

"""docs/validity.md and its figure, made of what `python -m survey validate` found."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from survey.reporting.page.drawing import View, styled
from survey.reporting.page.drawing import new_axes as axes_of
from survey.reporting.page.words import UNKNOWN
from survey.simulation.generator import CARELESS
from survey.simulation.validate import (
    CLASSES,
    COVERAGE_BOUNDS,
    DENSITY,
    LEAST_SEEN,
    MOST_FALSE_POSITIVES,
    MOST_SHIFT,
    NULLS,
    PROVED,
    WORLDS,
    share,
)
from survey.statistics.estimates.raters import PRIOR_RATINGS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TEMPLATE = Path(__file__).parent / "text" / "validity.md"
ABOUT = {
    "standard": "24 raters, 10 photographs, 5 methods; versions spread by 0.3 around their method",
    "eight_raters": "8 raters",
    "half_of_20_images": "each sees 10 of 20 photographs, 5 % of answers missing",
    "quarter_of_40_images": "each sees 10 of 40 photographs",
    "image_spread_60_raters": "60 raters, versions spread by 0.5",
    "careless_tenth": "a tenth of the raters answers at random",
    "heavy_tails": "single answers follow Student's t with 3 degrees of freedom",
    "drift": "scores fall by 0.5 from first to last",
    "compressed_scale": "people use 60 % of the scale, some more, some less",
    "ties_by_rater": "some hardly ever tie, some mostly do",
    "leaving_by_severity": "a quarter leaves early, severe people more often",
    "density_spread": "people are less steady on finer displays",
    "divided_opinion": "SRGAN divides opinion",
    "near_certain_12_raters": "12 raters; one method wins nearly all choices",
}
NAMES = {
    "mos": "MOS of a method",
    "difference": "difference of two methods",
    "dmos": "DMOS of a method",
    "version_mos": "MOS of one version",
    "preference": "preference",
    "jod": "JOD scale",
    "icc": "ICC(A,1)",
    "any_mos": "MOS of a method, other photographs too",
    "any_difference": "difference of two methods, other photographs too",
    "any_preference": "preference, other photographs too",
    "any_jod": "JOD scale, other photographs too",
    "fixed_difference": "difference, by raters alone",
    "pooled_mos": "MOS, every answer as if a person",
    "bootstrap_mos": "MOS, percentile bootstrap over raters",
    "pooled_preference": "preference, Wilson over all answers",
    "crossing_by_scores": "crossing, by scores",
    "slope_of_dense": "slope of SRGAN",
    "slope_of_others": "slopes of the others",
}
FIXED = ("mos", "difference", "dmos", "version_mos", "preference", "jod", "icc")
ANY = ("any_mos", "any_difference", "any_preference", "any_jod")
UNUSED = ("pooled_mos", "bootstrap_mos", "pooled_preference")
SLOPES = ("crossing_by_scores", "slope_of_dense", "slope_of_others")
TESTS = {
    "friedman": "Friedman, over methods, these photographs",
    "wilcoxon_single": "Wilcoxon, one pair of methods, uncorrected",
    "crossed_single": "raters and photographs, one pair, uncorrected",
    "preference_single": "one preference over raters, uncorrected",
    "preference_crossed_single": "one preference over raters and photographs, uncorrected",
    "any_comparison": "any pair of methods, by scores",
    "any_verdict": "any verdict on the paper's order that names a difference",
    "any_preference": "any preference",
    "any_crossing": "a density at which the networks cross, by scores or by choices",
    "any_fixed_interval": "any interval over raters alone leaves out 0",
    "any_reported": "**any difference that the report names**",
}
WAYS = {
    "random": "at random",
    "anchors_right": "worst and best method right, the rest at random",
    "always_three": "always 3, always a tie",
    "half_random": "half of the answers at random",
    "whole_scale": "honest, uses the whole scale",
}


def page(result: dict[str, Any]) -> str:
    """The page; see `survey.simulation.validate.chunks`."""
    found = result["found"]
    counts = sorted({experiment["studies"] for experiment in found.values()})
    ran = f"Of each world {_few(counts)} studies ran."

    def number(experiment: str, name: str) -> str:
        return percent(share(result, experiment, name))

    worlds = tuple(WORLDS)
    rows = [(title, [number(f"null_{n}", key) for n in NULLS]) for key, title in TESTS.items()]
    shifts = [abs(share(result, "left_bias", f"shift_{k}")) for k in range(3)]
    always = [abs(share(result, "left_bias", f"always_{k}")) for k in range(3)]
    return TEMPLATE.read_text(encoding="utf-8").format(
        studies=max(counts),
        seed=result["seed"],
        ran=ran,
        promises=_promises(result, max(shifts)),
        outside=_outside(result),
        worlds="\n".join(f"| {_title(name)} | {ABOUT[name]} |" for name in worlds),
        any_table=_by_world(result, (*ANY, "fixed_difference")),
        fixed_table=_by_world(result, FIXED),
        unused_table=_by_world(result, UNUSED),
        leaving=number("leaving_by_severity", "mos"),
        pooled_mos=number("standard", "pooled_mos"),
        bootstrap_eight=number("eight_raters", "bootstrap_mos"),
        null_table=_table(["test", *(_title(n) for n in NULLS)], rows),
        alike=number("at_margin", "rate_alike_at_the_margin"),
        alike_single=number("at_margin", "rate_single_at_the_margin"),
        prior=f"{PRIOR_RATINGS:g}",
        subject_table=_subject(result),
        careless_table=_careless(result),
        bt500=number("careless_agrees_random", "hit_bt500"),
        shift=percent(max(shifts), 2),
        always=percent(max(always)),
        density_table=_density(result),
    )


def percent(value: float, digits: int = 1) -> str:
    """A share as the page prints it."""
    return UNKNOWN if math.isnan(value) else f"{100 * value:.{digits}f} %"


def outside(result: dict[str, Any]) -> list[tuple[str, str, float]]:
    """World, interval and coverage of every interval in use that misses 93 to 97 %."""
    low, high = COVERAGE_BOUNDS
    asked = [(world, name) for world in WORLDS for name in (*FIXED, *ANY)]
    asked += [
        (f"density_{name}", key)
        for name, world in DENSITY.items()
        for key in SLOPES
        if world.density_slope or key != "crossing_by_scores"
    ]
    values = [(world, name, share(result, world, name)) for world, name in asked]
    return [row for row in values if not math.isnan(row[2]) and not low <= row[2] <= high]


def _outside(result: dict[str, Any]) -> str:
    rows = outside(result)
    if not rows:
        return "None."
    rows = sorted(rows, key=lambda row: row[2])
    lines = [(NAMES[name], [_title(world), percent(value)]) for world, name, value in rows]
    return _table(["interval of", "world", "holds the truth"], lines)


def _promises(result: dict[str, Any], shift: float) -> str:
    low, high = (f"{100 * bound:.0f}" for bound in COVERAGE_BOUNDS)
    lines = [
        f"| 95 % intervals hold the truth: {NAMES[name]} | {low} to {high} % "
        f"| {percent(share(result, 'standard', name))} |"
        for name in PROVED
    ]
    for name in NULLS:
        value = percent(share(result, f"null_{name}", "any_reported"))
        lines.append(
            f"| studies without any difference in which the report names one: {_title(name)} "
            f"| {100 * MOST_FALSE_POSITIVES:.0f} % or less | {value} |"
        )
    for name in ("agrees", "agrees_12"):
        value = percent(share(result, f"careless_{name}_random", "hit_any"))
        lines.append(
            f"| one rater at random among {CLASSES[name].raters} is seen "
            f"| {100 * LEAST_SEEN:.0f} % or more | {value} |"
        )
    lines.append(
        "| a left-side bias of 10 % moves a preference by "
        f"| {100 * MOST_SHIFT:.0f} % or less | {percent(shift, 2)} |"
    )
    return "\n".join(lines)


def _by_world(result: dict[str, Any], names: Sequence[str]) -> str:
    rows = [
        (_title(world), [percent(share(result, world, name)) for name in names]) for world in WORLDS
    ]
    return _table(["world", *(NAMES[name].split(", other")[0] for name in names)], rows)


def _subject(result: dict[str, Any]) -> str:
    names = ("rmse_subject_model", "rmse_mean")
    rows = [
        (_title(world), [f"{math.sqrt(share(result, world, name)):.3f}" for name in names])
        for world in WORLDS
    ]
    return _table(["world", "subject model", "mean"], rows)


def _careless(result: dict[str, Any]) -> str:
    rows = []
    for name in CLASSES:
        for way in CARELESS:
            at = f"careless_{name}_{way}"
            keys = ("hit_any", "false_any", "rate_ranked_last")
            values = [percent(share(result, at, key)) for key in keys]
            weight = f"{share(result, at, 'mean_weight'):.2f}"
            rows.append((f"{_title(name)}: {WAYS[way]}", [*values, weight]))
    heads = ["class: way to answer", "seen", "others suspected", "ranked last", "mean weight"]
    return _table(heads, rows)


def _density(result: dict[str, Any]) -> str:
    rows = []
    for name, world in DENSITY.items():
        at = f"density_{name}"
        numbers = result["found"][at]["numbers"]["crossing_by_scores"]
        values = [percent(share(result, at, key)) for key in (*SLOPES, "rate_false_slope")]
        if not world.density_slope:
            values[0] = UNKNOWN  # there is none; those found are false
        found = numbers["count"] / (numbers["count"] + numbers["none"])
        rows.append((_title(name), [*values, percent(found)]))
    heads = ["world", *(NAMES[name] for name in SLOPES), "a false slope", "a crossing is found"]
    return _table(heads, rows)


def _table(heads: Sequence[str], rows: Iterable[tuple[str, Sequence[str]]]) -> str:
    lines = [f"| {' | '.join(heads)} |", f"|---|{'---:|' * (len(heads) - 1)}"]
    lines += [f"| {' | '.join([name, *values])} |" for name, values in rows]
    return "\n".join(lines)


def _title(name: str) -> str:
    for digits in ("03", "05"):
        name = name.replace(f"_spread_{digits}", f", spread 0.{digits[1]}")
    return name.replace("_", " ")


def _few(counts: Sequence[int]) -> str:
    return f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"


def coverage_figure(result: dict[str, Any]) -> Figure:
    """How often intervals hold the truth, by simulated world."""
    names = (*FIXED, *ANY)
    with styled(View("en", False)):
        figure, axes = axes_of(9, 4.8)
        axes.axhspan(*(100 * bound for bound in COVERAGE_BOUNDS), color="0.9")
        axes.axhline(95, color="0.6", linewidth=1)
        markers = "os^Dvp*X<>hPd8"
        for k, (world, marker) in enumerate(zip(WORLDS, markers, strict=True)):
            at = np.arange(len(names)) + (k - (len(WORLDS) - 1) / 2) * 0.05
            values = [100 * share(result, world, name) for name in names]
            axes.plot(at, values, marker, markersize=4, label=_title(world))
        axes.axvline(len(FIXED) - 0.5, color="0.6", linewidth=1, linestyle="--")
        axes.set_xticks(range(len(names)), [_title(n) for n in names], rotation=30, ha="right")
        axes.set(ylabel="95 % intervals that hold the truth (%)", ylim=(85, 100.5))
        axes.set_title("left: these photographs; right: other photographs too", fontsize="small")
        axes.legend(frameon=False, fontsize="x-small", loc="center left", bbox_to_anchor=(1, 0.5))
    return figure

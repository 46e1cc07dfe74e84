"""The report as one HTML file, in both languages, that reads like a results section."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import chain

from sr import __version__
from survey.reporting.page.markup import STYLE, contents, heading, image, paragraphs
from survey.reporting.page.photographs import Photograph, gallery
from survey.reporting.page.rater_tables import RaterTables
from survey.reporting.page.sentences import Sentences
from survey.reporting.page.tables import AnswerTables
from survey.reporting.page.words import LANGUAGES, Language, method_name, say, scaled
from survey.statistics.estimates.mos import ALL
from survey.statistics.questions.summary import Analysis
from survey.study.study import Study

REFERENCES = (
    "C. Ledig et al. Photo-realistic single image super-resolution using a generative adversarial "
    "network. CVPR 2017, arXiv:1609.04802v5.",
    "ITU-R BT.500. Subjective assessment of the quality of television images.",
    "ITU-T P.910 (10/2023). Subjective video quality assessment for multimedia applications.",
    "Z. Li et al. A simple model for subject behavior in subjective experiments. 2020, "
    "arXiv:2004.02067.",
    "M. Perez-Ortiz, R. K. Mantiuk. A practical guide and software for analysing pairwise "
    "comparison experiments. 2017, arXiv:1712.03686.",
    "R. R. Davidson. On extending the Bradley-Terry model to accommodate ties. JASA 65, 1970.",
    "J. Cornfield, J. W. Tukey. Average values of mean squares in factorials. Annals of "
    "Mathematical Statistics 27, 1956.",
    "D. J. Schuirmann. A comparison of the two one-sided tests procedure and the power approach. "
    "Journal of Pharmacokinetics and Biopharmaceutics 15, 1987.",
    "P. McCullagh. Regression models for ordinal data. JRSS B 42, 1980.",
    "K. O. McGraw, S. P. Wong. Forming inferences about some intraclass correlation coefficients. "
    "Psychological Methods 1, 1996.",
    "ITU-T P.1401 (01/2020). Methods, metrics and procedures for statistical evaluation, "
    "qualification and comparison of objective quality prediction models.",
    "E. C. Fieller. Some problems in interval estimation. JRSS B 16, 1954.",
)


class Tables(AnswerTables, RaterTables):
    """Every table of an analysis."""


@dataclass(frozen=True)
class Origin:
    """What a report says of where its data come from."""

    study: Study
    is_public: bool
    occasion: Mapping[str, str] = field(default_factory=dict)  # of `method_dates`


def page(
    analysis: Analysis,
    origin: Origin,
    figures: Mapping[Language, Mapping[str, bytes]],
    *,
    first: Language,
    photographs: Sequence[Photograph] = (),
) -> bytes:
    """The whole page.

    Args:
        figures: SVG by language and name, shown within the page.
        first: the language it opens in.
        photographs: shown with each version's mean score.
    """
    choices = "".join(
        f'<input type="radio" name="language" id="in-{language}"'
        f'{" checked" if language == first else ""}><label for="in-{language}">{name}</label>'
        for language, name in LANGUAGES.items()
    )
    sections = ""
    for language in LANGUAGES:
        written = section(analysis, origin, figures[language], language)
        more = heading(language, "photographs") if photographs else ""
        top, end, rest = written.partition("</h1>")
        listed = contents(language, rest + more)
        sections += f'<section lang="{language}">{top}{end}{listed}{rest}</section>'
    sections += gallery(photographs, _means(analysis), analysis.order, analysis.labels)
    title = escape(say(first, "title", study=origin.study.name))
    return (
        f'<!doctype html>\n<html lang="{first}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{STYLE}</style></head><body>{choices}{sections}</body>"
        "</html>\n"
    ).encode()


def _means(analysis: Analysis) -> dict[tuple[str, str], tuple[float, float, float]]:
    table = analysis.mos[(analysis.mos["image"] != ALL) & (analysis.mos["ppd_bin"] == ALL)]
    columns = zip(table["mos"], table["ci95_low"], table["ci95_high"], strict=True)
    names = zip(table["image"], table["method"], strict=True)
    return dict(zip(names, ((float(a), float(b), float(c)) for a, b, c in columns), strict=True))


def section(
    analysis: Analysis, origin: Origin, figures: Mapping[str, bytes], language: Language
) -> str:
    tables = Tables(analysis, language)
    parts = [f"<h1>{escape(say(language, 'title', study=origin.study.name))}</h1>"]
    notes = {
        "simulated": analysis.facts["includes_simulated"],
        "informal": analysis.facts["is_informal"],
        "public": origin.is_public,
    }
    parts += [
        f'<p class="note">{escape(say(language, f"note_{key}"))}</p>'
        for key, is_so in notes.items()
        if is_so
    ]
    said = Sentences(analysis, language)
    parts += [heading(language, "summary"), *paragraphs(said.summary())]
    blocks_of: list[tuple[str, Sequence[str], Iterable[str]]] = [
        (
            "scores",
            ("scores", "histograms", "images"),
            (
                tables.mos(),
                tables.comparisons(),
                *paragraphs(said.ordinal()),
                tables.ordinal(),
            ),
        ),
        (
            "pairs",
            ("preferences",),
            (tables.preferences(), tables.jod(), *paragraphs(said.davidson())),
        ),
        ("paper", (), (tables.claims(), tables.paper())),
        (
            "displays",
            ("displays",),
            (
                tables.slopes(),
                *paragraphs(said.displays()),
                tables.same_angle(),
            ),
        ),
        ("measures", ("measures",), (tables.correlations(), tables.mapping())),
        ("agreement", (), (tables.agreement(),)),
        (
            "raters",
            ("consistency",),
            (
                *paragraphs(said.leaving()),
                tables.subject_model(),
                *paragraphs(said.weights()),
                tables.raters(),
            ),
        ),
        ("planning", ("needed",), (tables.planning(),)),
        ("balance", (), (tables.balance(),)),
    ]
    has_answers = bool(analysis.facts["ratings"] or analysis.facts["choices"])
    for key, names, blocks in blocks_of:
        drawn = [image(figures[n], say_title(language, n)) for n in names if n in figures]
        shown = drawn + [block for block in blocks if block]
        if shown or not has_answers:  # what was not asked for has no heading
            parts.append(heading(language, key))
            parts += shown or paragraphs([said.nothing()])
    parts.append(heading(language, "method"))
    protocol = origin.study.protocol
    in_question = {*protocol.rated, *chain.from_iterable(protocol.compared)}
    methods = (m for m in analysis.order if m in in_question)  # others only practise and check
    method = {
        "study": origin.study.name,
        "created": origin.study.created_at[:10],
        "protocol": protocol.sha256[:12],
        "images": analysis.facts["images"],
        "methods": ", ".join(method_name(language, m, analysis.labels) for m in methods),
    }
    scale = analysis.facts["scale"]
    keys = ["method_data", "method_methods", "method_intervals", "method_density"]
    keys += ["method_frames"] if origin.study.is_of_frames else []
    keys += ["method_paper"] if scale == "acr" else []
    parts += paragraphs(say(language, key, **method) for key in keys)
    parts += paragraphs(said.margins())
    met = min(protocol.images_per_rater, len(origin.study.main))
    procedure = dataclasses.asdict(protocol) | {"photographs": met}
    parts += paragraphs([say(language, "method_procedure", **procedure)])
    kinds = {"rating": "rating" if scale == "acr" else "degradation", "pair": "pair"}
    asked = {key: say(language, f"asked_{kind}") for key, kind in kinds.items()}
    parts += paragraphs([say(language, scaled(language, "method_asked", scale), **asked)])
    read = " ".join(say(language, f"told_{kind}") for kind in protocol.kinds)
    parts += paragraphs([say(language, "method_told", read=read)])
    if invited := analysis.facts["invitations"]:
        key = "method_invited" if invited["made"] else "method_link"
        parts += paragraphs([say(language, key, **invited)])
    if origin.occasion:
        spoken = origin.occasion["languages"].split(", ")
        names = ", ".join(say(language, f"language_{each}") for each in spoken)
        dates = {**origin.occasion, "languages": names}
        parts += paragraphs([say(language, "method_dates", **dates)])
    else:
        parts += paragraphs([say(language, "method_public", version=__version__)])
    parts.append(heading(language, "references"))
    items = "".join(f"<li>{escape(reference)}</li>" for reference in REFERENCES)
    parts.append(f'<ul class="references">{items}</ul>')
    return "\n".join(parts)


def say_title(language: Language, name: str) -> str:
    """What a picture of a figure is called for those who cannot see it."""
    keys = {
        "scores": "heading_scores", "histograms": "axis_share", "preferences": "heading_pairs",
        "displays": "heading_displays", "measures": "heading_measures",
        "consistency": "heading_raters", "images": "heading_images", "needed": "heading_planning",
    }  # fmt: skip
    return say(language, keys[name])

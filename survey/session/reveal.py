"""What a rater sees at the end: the own judgements, beside what PSNR and LPIPS say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from survey.study.study import Study, StudyImage


def reveal(study: Study, answers: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Summarise one rater's main trials, and how those that came twice were answered.

    Args:
        answers: of `repository.View`, all of a session.

    Returns:
        `labels`: of `Study`. `scale`: of the scores, "acr" or "dcr" (beside the original).
        `ratings`: per method the mean score, how many, and the mean PSNR (dB) and LPIPS of the
        versions that were rated. `pairs`: per pair of methods how often each was preferred by the
        rater, by PSNR and by LPIPS. `choices`: every answer with its photograph's name and the
        addresses of its pictures. `again`: see `_again`.
    """
    everything = answers
    answers = [a for a in everything if a["role"] == "main" and a["target_ppd"] is None]
    images = {image.id: image for image in study.images}
    ratings = []
    for method in study.protocol.rated:
        rated = [a for a in answers if a["kind"] != "pair" and _rated(a) == method]
        if rated:
            versions = [images[a["image"]].versions[method] for a in rated]
            ratings.append(
                {
                    "method": method,
                    "mean": _mean([a["score"] for a in rated]),
                    "n": len(rated),
                    "psnr_y": _mean([v.psnr_y for v in versions]),
                    "lpips_alex": _mean([v.lpips_alex for v in versions]),
                }
            )
    pairs = []
    for a, b in study.protocol.compared:
        met = [
            x
            for x in answers
            if x["kind"] == "pair" and {x["left_method"], x["right_method"]} == {a, b}
        ]
        if met:
            chosen = [_preferred(x) for x in met]
            shown = [images[x["image"]] for x in met]
            pairs.append(
                {
                    "method_a": a,
                    "method_b": b,
                    "n": len(met),
                    "a": chosen.count(a),
                    "b": chosen.count(b),
                    "tie": chosen.count("tie"),
                    "psnr_a": _count(shown, a, b, "psnr_y", higher=True),
                    "psnr_b": _count(shown, b, a, "psnr_y", higher=True),
                    "lpips_a": _count(shown, a, b, "lpips_alex", higher=False),
                    "lpips_b": _count(shown, b, a, "lpips_alex", higher=False),
                }
            )
    choices = [
        {
            "kind": x["kind"],
            "photograph": images[x["image"]].name,
            "left": x["left_method"],
            "right": x["right_method"],
            "answer": _preferred(x) if x["kind"] == "pair" else x["score"],
            "images": [x["left_token"], x["right_token"]],
        }
        for x in answers
    ]
    return {
        "scale": study.protocol.scale,
        "labels": study.labels,
        "ratings": ratings,
        "pairs": pairs,
        "choices": choices,
        "again": _again(everything),
    }


def _again(answers: Sequence[dict[str, Any]]) -> dict[str, int]:
    """How often what came twice was answered the same way.

    Returns:
        `ratings`, how many came twice, `same` and `near` (within one step) of them; `pairs`, and
        `pairs_same`, of the same preference.
    """
    first = {answer["id"]: answer for answer in answers}
    twice = [(first[a["repeat_of"]], a) for a in answers if a["repeat_of"] in first]
    steps = [abs(a["score"] - b["score"]) for a, b in twice if a["kind"] != "pair"]
    pairs = [_preferred(a) == _preferred(b) for a, b in twice if a["kind"] == "pair"]
    return {
        "ratings": len(steps),
        "same": steps.count(0),
        "near": sum(step <= 1 for step in steps),
        "pairs": len(pairs),
        "pairs_same": sum(pairs),
    }


def _rated(answer: dict[str, Any]) -> str:
    """The method of a rated version: beside the original it is on the right."""
    side = "right_method" if answer["kind"] == "degradation" else "left_method"
    return str(answer[side])


def _preferred(answer: dict[str, Any]) -> str:
    methods = {"left": answer["left_method"], "right": answer["right_method"]}
    return str(methods.get(answer["choice"], "tie"))


def _count(
    images: Sequence[StudyImage], better: str, worse: str, measure: str, *, higher: bool
) -> int | None:
    """In how many images a measure prefers one method; None where it is not known."""
    values = [
        (getattr(image.versions[better], measure), getattr(image.versions[worse], measure))
        for image in images
    ]
    if any(x is None or y is None for x, y in values):
        return None
    return sum((x > y) if higher else (x < y) for x, y in values)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(sum(known) / len(known), 4) if len(known) == len(values) and known else None

"""Responses as `Store.responses` gives them, made from simulated studies in memory."""

from __future__ import annotations

from typing import Any

import pandas as pd

from survey.simulation.generator import Studies
from survey.storage.responses import RESPONSE_TYPES


def row(participant: str, seq: int, **values: Any) -> dict[str, Any]:
    """One response; what is not given is as for an attentive person at a known display."""
    empty: dict[str, Any] = dict.fromkeys(RESPONSE_TYPES)
    return (
        empty
        | {
            "study": "default",
            "participant": participant,
            "session": f"s-{participant}",
            "trial_id": f"{participant}-{seq}",
            "seq": seq,
            "role": "main",
            "rt_ms": 2500.0,
            "ready_ms": 40.0,
            "switches": 0,
            "flicker_ms": 0.0,
            "focus_lost": 0,
            "ppi": 110.0,
            "ppd": 50.0,
            "dpr": 1.0,
            "visual_scale": 1.0,
            "screen_width": 1920,
            "screen_height": 1080,
            "viewport_width": 1900,
            "viewport_height": 900,
            "clipped": 0.0,
            "magnification": 1,
            "language": "en",
            "simulated": True,
            "flags": "",
            "created_at": "2026-11-01T12:00:00.000+00:00",
            "protocol_sha256": "0" * 64,
        }
        | values
    )


def rating(participant: str, seq: int, image: str, method: str, score: int, **more: Any) -> Any:
    """A rating that counts."""
    values = {"kind": "rating", "block": "rating", "image": image, "method": method, "score": score}
    return row(participant, seq, **(values | more))


def pair(participant: str, seq: int, image: str, sides: tuple[str, str], choice: str) -> Any:
    """A choice that counts; `sides` is left, right."""
    preferred = {"left": sides[0], "right": sides[1], "tie": "tie"}[choice]
    return row(
        participant,
        seq,
        kind="pair",
        block="pair",
        image=image,
        method_left=sides[0],
        method_right=sides[1],
        choice=choice,
        preferred=preferred,
    )


def frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """The table of such rows."""
    return pd.DataFrame(rows, columns=list(RESPONSE_TYPES)).astype(RESPONSE_TYPES)


def responses(studies: Studies, study: int = 0) -> pd.DataFrame:
    """One simulated study as a table of responses."""
    raters, images = studies.names
    rows: list[dict[str, Any]] = []
    for i, rater in enumerate(raters):
        seq = 0
        ppd = float(studies.ppd[study, i])
        for j, image in enumerate(images):
            for k, method in enumerate(studies.world.methods):
                score = studies.scores[study, i, j, k]
                seq += 1
                if score == score:
                    rows.append(rating(rater, seq, image, method, int(score), ppd=ppd))
            for k, (a, b) in enumerate(studies.world.compared):
                won, a_left = studies.won[study, i, j, k], studies.a_left[study, i, j, k]
                seq += 1
                if won == won:
                    sides = (a, b) if a_left else (b, a)
                    choice = "tie" if won == 0.5 else "left" if (won == 1) == a_left else "right"
                    rows.append(pair(rater, seq, image, sides, choice) | {"ppd": ppd})
    return frame(rows)

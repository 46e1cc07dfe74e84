"""The answers as other programs read them: sureal (ratings) and pwcmp (choices)."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from sr.base.files import csv_text
from survey.statistics.estimates.data import Pairs, Ratings

PWCMP_COLUMNS = ("scene", "observer", "condition_A", "condition_B", "selected_A")


def sureal_json(ratings: Ratings, study: str) -> bytes:
    """A data set for Netflix's sureal, `python -m sureal --dataset sureal.json --models P910`.

    A photograph is a content, a version an asset; `os` has each observer's score.
    """
    contents = range(len(ratings.images))
    assets: list[dict[str, Any]] = []
    for k, image in enumerate(ratings.images):
        for m, method in enumerate(ratings.methods):
            given = ratings.scores[:, k, m]
            scores = {
                rater: float(score)
                for rater, score in zip(ratings.raters, given, strict=True)
                if not np.isnan(score)
            }
            if scores:
                asset = {"content_id": k, "asset_id": len(assets), "path": f"{image}/{method}"}
                assets.append(asset | {"os": scores})
    data = {
        "dataset_name": study,
        "yuv_fmt": "yuv420p",
        "width": 16,
        "height": 16,
        "ref_score": 5.0,
        "ref_videos": [
            {"content_id": k, "content_name": ratings.images[k], "path": ratings.images[k]}
            for k in contents
        ],
        "dis_videos": assets,
    }
    return f"{json.dumps(data, indent=1)}\n".encode()


def pwcmp_csv(pairs: Pairs) -> bytes:
    """A table for `pw_scale_table(T, 'scene', {'condition_A', 'condition_B'})` of pwcmp.

    pwcmp knows no ties. Each choice stands there twice, a tie once either way.
    """
    rows = []
    for i, j, k in np.argwhere(~np.isnan(pairs.won)):
        a, b = pairs.compared[k]
        won = pairs.won[i, j, k]
        for selected in (1, 0) if won == 0.5 else (int(won), int(won)):
            rows.append((pairs.images[j], pairs.raters[i], a, b, selected))
    return csv_text(PWCMP_COLUMNS, rows).encode()

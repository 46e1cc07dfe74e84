"""What raters have answered: as a table for the statistics, and as counts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from survey.storage.schema import KIND
from survey.storage.store import Row, Store
from survey.study.protocol import is_right
from survey.study.schedule import Coverage

if TYPE_CHECKING:
    import pandas as pd

RESPONSES = f"""
SELECT
    p.study, p.id AS participant, s.id AS session, t.id AS trial_id, t.seq, t.block, {KIND} AS kind,
    CASE WHEN t.target_ppd IS NULL THEN t.role ELSE 'angle' END AS role, t.repeat_of,
    l.image, l.method AS left_method, r.method AS right_method, a.score, a.choice,
    a.original_score, a.original_choice, t.expected, a.rt_ms, a.ready_ms, a.switches, a.flicker_ms,
    a.focus_lost, a.ppi, a.ppi_method, a.distance_cm, a.distance_method, a.ppd, a.dpr,
    a.visual_scale, a.screen_width, a.screen_height, a.viewport_width, a.viewport_height,
    a.orientation, a.pixel_check, a.clipped, a.magnification, p.language, p.simulated, a.flags,
    a.created_at, y.protocol_sha256, m.trials,
    s.finished_at IS NOT NULL AS finished, p.vision, p.comment
FROM response a
JOIN trial t ON t.id = a.trial_id
JOIN session s ON s.id = t.session
JOIN participant p ON p.id = s.participant
JOIN study y ON y.name = p.study
JOIN (SELECT session, count(*) AS trials FROM trial GROUP BY session) m ON m.session = s.id
JOIN stimulus l ON l.id = t.left_id
LEFT JOIN stimulus r ON r.id = t.right_id
WHERE p.study = ? AND p.simulated <= ?
ORDER BY p.consented_at, s.id, t.seq
"""

RESPONSE_TYPES: Mapping[str, str] = {
    **dict.fromkeys(("study", "participant", "session", "trial_id"), "object"),
    "seq": "int64",
    **dict.fromkeys(("block", "kind", "role", "repeat_of", "image"), "object"),
    **dict.fromkeys(("method", "method_left", "method_right"), "object"),
    "score": "Int64",
    **dict.fromkeys(("choice", "preferred"), "object"),
    "original_score": "Int64",
    **dict.fromkeys(("original_choice", "expected"), "object"),
    "correct": "boolean",
    **dict.fromkeys(("rt_ms", "ready_ms"), "float64"),
    "switches": "int64",
    "flicker_ms": "float64",
    "focus_lost": "int64",
    "ppi": "float64",
    "ppi_method": "object",
    "distance_cm": "float64",
    "distance_method": "object",
    **dict.fromkeys(("ppd", "dpr", "visual_scale"), "float64"),
    **dict.fromkeys(
        ("screen_width", "screen_height", "viewport_width", "viewport_height"), "int64"
    ),
    **dict.fromkeys(("orientation", "pixel_check"), "object"),
    "clipped": "float64",
    "magnification": "int64",
    "language": "object",
    "simulated": "bool",
    **dict.fromkeys(("flags", "created_at", "protocol_sha256"), "object"),
    "trials": "Int64",
    "finished": "boolean",
    **dict.fromkeys(("vision", "comment"), "object"),
}


def read_responses(store: Store, study: str, include_simulated: bool = False) -> pd.DataFrame:
    """One row a response, with all conditions; see docs/survey.md for the columns."""
    import pandas as pd

    rows = store.rows(RESPONSES, [study, int(include_simulated)])
    frame = pd.DataFrame([_analysed(row) for row in rows], columns=list(RESPONSE_TYPES))
    return frame.astype(RESPONSE_TYPES)


def _analysed(row: Row) -> Row:
    """One row of RESPONSES as the columns that are documented."""
    kind = row["kind"]
    left, right = row.pop("left_method"), row.pop("right_method")
    choice = row["choice"]
    row["method"] = {"rating": left, "degradation": right}.get(kind)
    row["method_left"] = left if kind == "pair" else None
    row["method_right"] = right if kind == "pair" else None
    row["preferred"] = {"left": left, "right": right, "tie": "tie", None: None}[choice]
    answer = choice if kind == "pair" else row["score"]
    row["correct"] = is_right(row["expected"], answer)
    row["flags"] = ";".join(json.loads(row["flags"]))
    return row


def finished(store: Store, study: str) -> int:
    """How many raters have come to the end."""
    return store.number(
        "SELECT count(DISTINCT p.id) FROM participant p JOIN session s ON s.participant = p.id "
        "WHERE p.study = ? AND NOT p.simulated AND s.finished_at IS NOT NULL",
        [study],
    )


def rating_now(store: Store, study: str, since: str) -> int:
    """How many people are in the middle of rating.

    Args:
        since: ISO 8601; who has not been seen since has left.
    """
    return store.number(
        "SELECT count(*) FROM session s JOIN participant p ON p.id = s.participant "
        "JOIN study y ON y.name = p.study WHERE p.study = ? AND y.state = 'open' "
        "AND NOT p.simulated AND s.finished_at IS NULL AND s.last_seen_at >= ?",
        [study, since],
    )


def counts(store: Store, study: str) -> Row:
    """How far a study is: raters started and finished, responses; simulated ones apart."""
    rows = store.rows(
        "SELECT p.simulated, count(DISTINCT p.id) AS started, "
        "count(DISTINCT CASE WHEN s.finished_at IS NOT NULL THEN p.id END) AS finished, "
        "count(a.trial_id) AS responses "
        "FROM participant p JOIN session s ON s.participant = p.id "
        "JOIN trial t ON t.session = s.id LEFT JOIN response a ON a.trial_id = t.id "
        "WHERE p.study = ? GROUP BY p.simulated",
        [study],
    )
    empty = {"started": 0, "finished": 0, "responses": 0}
    found = {bool(row.pop("simulated")): row for row in rows}
    withdrawn = store.number("SELECT count(*) FROM erasure WHERE kind = 'withdrawal'")
    apart = {"simulated": found.get(True, empty), "withdrawn": withdrawn}
    return found.get(False, empty) | apart


def invitations(store: Store, study: str) -> dict[str, int]:
    """How many a study has `made`, none where its link is for all, and how many are `used`."""
    sql = "SELECT count(*) AS made, coalesce(sum(used), 0) AS used FROM invitation WHERE study = ?"
    return store.rows(sql, [study])[0]


def answers_stamp(store: Store) -> str:
    """A text that changes with everything that happens, and with every person who goes."""
    return str(store.number("SELECT coalesce(max(seq), 0) FROM event"))


def coverage(store: Store, study: str, *, simulated: bool, active_since: str) -> Coverage:
    """What raters have answered, and what those who are at it now will answer.

    Args:
        simulated: count simulated raters, or real ones.
        active_since: ISO 8601; unanswered trials of sessions seen since then are reserved.
    """
    # Of a session that is over or under way every trial counts: only others are looked into.
    rows = store.rows(
        "SELECT t.role, t.block, t.kind, t.expected, t.target_ppd, t.left_id, t.right_id, "
        "count(*) AS n "
        "FROM participant p JOIN session s ON s.participant = p.id "
        "JOIN trial t ON t.session = s.id WHERE p.study = ? AND p.simulated = ? "
        "AND t.role IN ('main', 'golden', 'instructed') "
        "AND (s.finished_at IS NOT NULL OR s.last_seen_at >= ? "
        "OR EXISTS (SELECT 1 FROM response WHERE trial_id = t.id)) "
        "GROUP BY t.left_id, t.right_id, t.role, t.block, t.kind, t.expected, t.target_ppd",
        [study, int(simulated), active_since],
    )
    versions = store.rows("SELECT id, image, method FROM stimulus WHERE study = ?", [study])
    image_of = {row["id"]: row["image"] for row in versions}
    method_of = {row["id"]: row["method"] for row in versions}
    result = Coverage()
    golden: Counter[str] = Counter()
    for row in rows:
        n, image = row["n"], image_of[row["left_id"]]
        left, right = method_of[row["left_id"]], method_of.get(row["right_id"], "")
        if row["target_ppd"] is not None:
            result.angle_first[image, left, right] += n
            result.angle_second[image, right, left] += n
        elif row["role"] == "main":
            result.images[image] += n
            if row["kind"] == "rating":
                result.versions[row["right_id"] or row["left_id"]] += n
            else:
                result.left_first[image, left, right] += n
                result.left_second[image, right, left] += n
        elif row["role"] == "golden" and row["kind"] == "pair":
            golden[row["expected"]] += n
        elif row["role"] == "instructed":
            result.instructed[row["block"]] += n
    blocks = store.rows(
        "SELECT s.first_block, count(*) AS n FROM session s "
        "JOIN participant p ON p.id = s.participant WHERE p.study = ? AND p.simulated = ? AND "
        "(s.finished_at IS NOT NULL OR s.last_seen_at >= ?) GROUP BY s.first_block",
        [study, int(simulated), active_since],
    )
    result.first_blocks.update({row["first_block"]: row["n"] for row in blocks})
    return replace(result, golden_left=golden["left"], golden_right=golden["right"])

"""What the owner takes home: figures that are right, files that are safe to open."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from survey.export import (
    PAIR_COLUMNS,
    ExportError,
    csv_bytes,
    export_files,
    interval,
    mos_rows,
    pair_rows,
    write_export,
)
from survey.service import Survey
from survey.simulate import SimulatedRater, simulate
from survey.study import Study
from tests.survey.conftest import Rater


@pytest.fixture
def filled(survey: Survey) -> Survey:
    Rater(survey).finish()
    simulate(survey, raters=6, seed=5)
    return survey


def test_intervals_are_students() -> None:
    values = [1.0, 3.0, 4.0, 4.0, 5.0, 2.0]
    ours = interval(values)
    low, high = stats.t.interval(0.95, 5, np.mean(values), stats.sem(values))
    assert ours["ci95_low"] == pytest.approx(low)
    assert ours["ci95_high"] == pytest.approx(high)
    assert ours["sd"] == pytest.approx(np.std(values, ddof=1))


def test_one_rater_gives_no_interval_and_a_constant_one_no_width() -> None:
    assert math.isnan(interval([4.0])["ci95_low"])
    assert interval([4.0, 4.0])["ci95_low"] == 4.0
    assert interval([])["n"] == 0
    assert interval([5.0, 5.0, 4.0])["ci95_high"] == 5.0


def test_summaries_agree_with_pandas(filled: Survey) -> None:
    frame = filled.store.responses("default", include_simulated=True)
    main = frame[(frame.role == "main") & (frame.kind == "rating")]
    expected = main.groupby(["method", "image"]).score.mean()
    rows = mos_rows(frame, "default")
    assert len(rows) == 5 * 4 + 5
    for row in rows:
        if row["image"] != "all":
            assert row["mos"] == pytest.approx(float(expected[row["method"], row["image"]]))
            assert row["n"] == 7
    order = {r["method"]: r["mos"] for r in rows if r["image"] == "all"}
    assert order["nearest"] < order["srresnet_x4"] < order["original"]
    for row in pair_rows(frame, filled.study):
        assert row["n"] == row["a"] + row["b"] + row["tie"] == 7 * 4


def test_simulated_raters_are_left_out_of_real_results(filled: Survey) -> None:
    real = filled.store.responses("default")
    assert set(real.participant) < set(
        filled.store.responses("default", include_simulated=True).participant
    )
    assert not real.simulated.any()
    manifest = json.loads(export_files(real, filled.study)["manifest.json"])
    assert manifest["raters"] == 1
    assert manifest["includes_simulated"] is False


def test_the_same_seed_gives_the_same_rater(prepared: Study) -> None:
    versions = prepared.images[0].versions
    one, two, other = (
        [rater.score(versions[m], "i") for m in versions for _ in range(9)]
        for rater in map(SimulatedRater, (3, 3, 4))
    )
    assert one == two != other


def test_an_export_reads_back_and_is_equal_every_time(filled: Survey, tmp_path: Path) -> None:
    frame = filled.store.responses("default")
    files = export_files(frame, filled.study)
    assert files == export_files(filled.store.responses("default"), filled.study)
    write_export(files, tmp_path / "out")
    back = pd.read_csv(tmp_path / "out" / "responses.csv")
    assert list(back.columns) == list(frame.columns)
    assert len(back) == len(frame)
    mos = pd.read_csv(tmp_path / "out" / "mos_summary.csv")
    assert list(mos.columns) == [
        "study",
        "method",
        "image",
        "n",
        "mos",
        "sd",
        "ci95_low",
        "ci95_high",
    ]
    pairs = pd.read_csv(tmp_path / "out" / "pairs_summary.csv")
    assert tuple(pairs.columns) == PAIR_COLUMNS
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == sorted(files)


def test_no_code_and_no_token_is_exported(filled: Survey) -> None:
    rater = Rater(filled)
    rater.finish()
    data = b"".join(export_files(filled.store.responses("default"), filled.study).values())
    for secret in (rater.code, rater.code.replace("-", ""), rater.token):
        assert secret.encode() not in data


def test_an_empty_study_exports_empty_tables(survey: Survey) -> None:
    files = export_files(survey.store.responses("default"), survey.study)
    assert files["responses.csv"].count(b"\n") == 1
    assert files["mos_summary.csv"].count(b"\n") == 1
    assert b"bicubic,srresnet_x4,0,0,0,0" in files["pairs_summary.csv"]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", '=HYPERLINK("x")'])
def test_no_cell_can_start_a_formula(text: str) -> None:
    (row,) = csv.DictReader(io.StringIO(csv_bytes(["a"], [{"a": text}]).decode()))
    assert row["a"] == "'" + text.replace("\r", "\n")


def test_numbers_and_missing_values() -> None:
    row = {"a": -1.5, "b": None, "c": math.nan, "d": True, "e": pd.NA, "f": "é,\n", "g": 3}
    assert csv_bytes(list(row), [row]).decode() == 'a,b,c,d,e,f,g\n-1.5,,,true,,"é,\n",3\n'


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ExportError, match="--output"):
        write_export({"a.csv": b""}, tmp_path / "file")

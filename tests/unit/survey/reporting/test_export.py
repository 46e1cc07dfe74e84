"""What the owner takes home: figures that are right, files that are safe to open."""

from __future__ import annotations

import csv
import io
import itertools
import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from survey.reporting.export import (
    ExportError,
    csv_bytes,
    export_files,
    write_export,
)
from survey.reporting.report import report_files
from survey.session.survey import Survey
from survey.simulation.simulate import SimulatedRater, simulate
from survey.statistics.estimates.mos import COLUMNS as MOS_COLUMNS
from survey.statistics.estimates.pairs import PAIR_COLUMNS
from survey.storage.responses import read_responses
from survey.study.study import Study
from tests.helpers.simulated import frame as frame_of
from tests.helpers.simulated import rating
from tests.unit.survey.conftest import Rater


@pytest.fixture
def filled(survey: Survey) -> Survey:
    Rater(survey).finish()
    simulate(survey, raters=6, seed=5)
    return survey


def table(files: dict[str, bytes], name: str) -> pd.DataFrame:
    return pd.read_csv(io.BytesIO(files[name]), keep_default_na=False, na_values=[""])


def test_summaries_agree_with_pandas(filled: Survey) -> None:
    frame = read_responses(filled.store, "default", include_simulated=True)
    main = frame[(frame.role == "main") & (frame.kind == "rating")]
    expected = main.groupby(["method", "image"]).score.mean()
    files = export_files(frame, filled.study)
    mos = table(files, "mos_summary.csv")
    mos = mos[mos.ppd_bin == "all"]
    assert len(mos) == 5 * 4 + 5
    for row in mos[mos.image != "all"].itertuples():
        assert row.mos == pytest.approx(float(expected[row.method, row.image]))
        assert row.n == 7
    order = mos[mos.image == "all"].set_index("method").mos
    assert order["nearest"] < order["srresnet_x4"] < order["original"]
    for row in table(files, "pairs_summary.csv").itertuples():
        assert row.n == row.a + row.b + row.tie == 7 * 4


def test_an_export_says_what_the_report_says(
    filled: Survey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "survey.reporting.page.figures.draw_all", lambda *_: {}
    )  # figures take most of the time
    frame = read_responses(filled.store, "default", include_simulated=True)
    frame = frame.drop(frame.index[frame.image == frame.image.iloc[-1]][:9])  # answers are missing
    exported = export_files(frame, filled.study)
    reported = report_files(frame, filled.study, is_public=False, language="en")
    for name in ("responses.csv", "mos_summary.csv", "pairs_summary.csv"):
        assert exported[name] == reported[name]


def test_an_interval_holds_its_own_mean_when_severe_raters_stop_early(filled: Survey) -> None:
    rng = np.random.default_rng(0)
    rows = [
        rating(f"p{p}", i, f"i{i}", "srgan_x4", int(np.clip(round(rng.normal(mean, 0.6)), 1, 5)))
        for p in range(32)
        for mean, images in [(3.6, 10) if p < 12 else (2.4, 1)]
        for i in range(images)
    ]
    for row in table(export_files(frame_of(rows), filled.study), "mos_summary.csv").itertuples():
        assert row.ci95_low < row.mos < row.ci95_high or row.raters < 3


def test_simulated_raters_are_left_out_of_real_results(filled: Survey) -> None:
    real = read_responses(filled.store, "default")
    assert set(real.participant) < set(
        read_responses(filled.store, "default", include_simulated=True).participant
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
    frame = read_responses(filled.store, "default")
    files = export_files(frame, filled.study)
    assert files == export_files(read_responses(filled.store, "default"), filled.study)
    write_export(files, tmp_path / "out")
    back = pd.read_csv(tmp_path / "out" / "responses.csv")
    assert list(back.columns) == list(frame.columns.drop(["vision", "comment"]))
    assert len(back) == len(frame)
    mos = pd.read_csv(tmp_path / "out" / "mos_summary.csv")
    assert tuple(mos.columns) == ("study", *MOS_COLUMNS)
    pairs = pd.read_csv(tmp_path / "out" / "pairs_summary.csv")
    assert tuple(pairs.columns) == PAIR_COLUMNS
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == sorted(files)


def test_no_code_and_no_token_is_exported(filled: Survey) -> None:
    rater = Rater(filled)
    rater.finish()
    data = b"".join(export_files(read_responses(filled.store, "default"), filled.study).values())
    for secret in (rater.code, rater.code.replace("-", ""), rater.token):
        assert secret.encode() not in data


def test_an_empty_study_exports_empty_tables(survey: Survey) -> None:
    files = export_files(read_responses(survey.store, "default"), survey.study)
    assert files["responses.csv"].count(b"\n") == 1
    assert files["mos_summary.csv"].count(b"\n") == 1
    assert files["pairs_summary.csv"].count(b"\n") == 1


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", '=HYPERLINK("x")'])
def test_no_cell_can_start_a_formula(text: str) -> None:
    (row,) = csv.DictReader(io.StringIO(csv_bytes(["a"], [{"a": text}]).decode()))
    assert row["a"].startswith("'")
    assert row["a"].replace("'", "") == text.replace("\r", "\n")


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("quote", ['"', "\0"])
def test_no_cell_can_start_a_formula_where_a_sheet_splits_elsewhere(
    separator: str, quote: str
) -> None:
    """Spreadsheets in Portuguese split at semicolons; quotes within a cell count for nothing."""
    gaps = ("", " ", '"', '" "', "'", "\n", "\r\n", ";", ",")
    befores = ("", "fine", "a;\n")
    for before, gap, start in itertools.product(befores, gaps, "=@"):
        text = f"{before}{separator}{gap}{start}1+1|'cmd'!A1"
        data = csv_bytes(["a", "b"], [{"a": text, "b": text}, {"a": "x", "b": text}]).decode()
        for row in csv.reader(io.StringIO(data), delimiter=separator, quotechar=quote):
            for cell in row:
                for line in cell.splitlines():  # where quotes are not heeded a row ends there, too
                    assert not line.strip(' "').startswith(tuple("=+-@\uff1d")), data


def test_what_is_no_formula_stays_as_it_is() -> None:
    for text in ("fast;slow", "a - b", "1, 2; 3", "é = è", "https://example.org?a=1"):
        assert csv_bytes(["a"], [{"a": text}]).decode().splitlines()[1].strip('"') == text


def test_numbers_and_missing_values() -> None:
    row = {"a": -1.5, "b": None, "c": math.nan, "d": True, "e": pd.NA, "f": "é,\n", "g": 3}
    assert csv_bytes(list(row), [row]).decode() == 'a,b,c,d,e,f,g\n-1.5,,,true,,"é,\n",3\n'


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ExportError, match="--output"):
        write_export({"a.csv": b""}, tmp_path / "file")


def test_images_are_named_and_tables_come_for_spreadsheets_where_asked(filled: Survey) -> None:
    frame = read_responses(filled.store, filled.study.name, True)
    plain = export_files(frame, filled.study)
    rows = list(csv.DictReader(io.StringIO(plain["images.csv"].decode())))
    assert [(row["image"], row["name"]) for row in rows] == [
        (image.id, image.name) for image in filled.study.images
    ]
    more = export_files(frame, filled.study, excel=True)
    assert set(more) - set(plain) == {
        *(name.replace(".csv", "_excel.csv") for name in plain if name.endswith(".csv")),
        "tables.xlsx",
    }
    assert more["mos_summary_excel.csv"].startswith("\ufeff".encode())

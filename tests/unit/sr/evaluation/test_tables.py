"""Tables of an evaluation as text, and single results written and read back."""

from __future__ import annotations

import csv
import json
import math
import os
from pathlib import Path

import pytest

from sr.base.errors import DataError, OutputError
from sr.base.files import check_file, check_folder, write_file
from sr.evaluation.correlations import Correlation
from sr.evaluation.paper import DONG, LEDIG, WANG, published
from sr.evaluation.results import Evaluation, ImageRow, Row
from sr.evaluation.tables import PerImageFile, caption, read_per_image, to_csv, to_json, to_markdown

PAPER = {"paper_psnr_y": 28.43, "paper_ssim_daala": 0.8211, "paper": LEDIG}
BICUBIC = Row("Set5", "bicubic", 5, 28.4219, 0.81041, None, 0.01234, **PAPER)
VOC = Row("Set5", "srgan_x4 (VOC|2012)", 5, math.inf, 1.0, 0.0801, 1.5, "VOC|2012")
RESULT = Evaluation(
    (4,), rows=[BICUBIC, VOC], failures=["Set5/x.png: no image"], notes=["Set5: made here"]
)
RHO = Correlation("Set5", "bicubic", "lpips_alex", "high_frequency_share", 100, 0.714, 0.0001)


def image_row(image: str = "a.png", model: str = "bicubic", psnr_y: float = 28.421934) -> ImageRow:
    return ImageRow("Set5", model, image, psnr_y, 0.8, None, 0.1, 0.02, 31.5, "0123abcd")


def test_csv_of_means_has_a_heading_and_empty_cells() -> None:
    first, second = csv.DictReader(to_csv(RESULT.rows).splitlines())
    assert list(first)[:7] == [
        "dataset", "model", "images", "psnr_y", "ssim_y", "lpips_alex", "seconds",
    ]  # fmt: skip
    assert list(first.values()) == [
        "Set5", "bicubic", "5", "28.422", "0.8104", "", "0.012", "", "28.43", "0.8211",
        "", "", "", "", LEDIG,
    ]  # fmt: skip
    assert (second["psnr_y"], second["lpips_alex"], second["paper_psnr_y"]) == ("inf", "0.0801", "")


def test_markdown_holds_table_caption_correlations_and_what_was_left_out() -> None:
    text = to_markdown(RESULT, [RHO])
    lines = text.splitlines()
    heading = next(line for line in lines if line.startswith("| set |"))
    assert "| PSNR-Y | paper | SSIM-Y | paper (daala) | LPIPS |" in heading
    rows = [line for line in lines if line.startswith("| Set5")]
    assert "| bicubic |  | 5 | 28.42 | 28.43 | 0.8104 | 0.8211 |  | 0.012 |" in rows[0]
    assert r"srgan_x4 (VOC\|2012)" in rows[1]
    assert "| 100 | 0.71 | <0.001 |" in rows[2]
    assert "4 px from every border" in text
    assert "arXiv:1609.04802v5" in text
    assert "- 1 image was left out; the means are over the others." in lines
    assert "- Set5/x.png: no image" in lines


def test_columns_that_nothing_fills_are_left_out() -> None:
    plain = Row("mine", "bicubic", 2, 30.0, 0.9, None, 0.1)
    assert "| set | model | images | PSNR-Y | SSIM-Y | LPIPS | seconds |" in to_markdown(
        Evaluation((4,), rows=[plain])
    )


def test_json_is_valid_even_for_perfect_images() -> None:
    document = json.loads(to_json(RESULT, [RHO]))
    assert document["rows"][0]["paper_psnr_y"] == 28.43
    assert document["rows"][1]["psnr_y"] == "inf"
    assert document["texture"]["rows"][0]["p"] == 0.0001
    assert document["left_out"] == ["Set5/x.png: no image"]


def test_the_caption_speaks_of_the_paper_only_where_its_figures_are() -> None:
    assert any("daala" in sentence for sentence in caption(RESULT))
    assert not any("daala" in sentence for sentence in caption(Evaluation((4,), rows=[VOC])))


def test_every_paper_stands_beside_its_own_network() -> None:
    for model, source, psnr_y, ssim_y in (
        ("srcnn_x4", DONG, 30.48, 0.8628),
        ("rrdb_x4", WANG, 32.73, 0.9011),
        ("srresnet_x4", LEDIG, 32.05, None),
    ):
        found = published(model, 4, "Set5", 5)
        assert found is not None
        assert (found.source, found.psnr_y, found.ssim_y) == (source, psnr_y, ssim_y)
    for other in ("rrdb_light_x4", "esrgan_light_x4", "srcnn", "RealESRGAN_x4plus"):
        assert published(other, 4, "Set5", 5 if "_" in other else 4) is None
    rows = [Row("Set5", name, 5, 30, 0.8, None, 1, paper_psnr_y=30.0, paper=paper)
            for name, paper in (("srcnn_x4", DONG), ("rrdb_x4", WANG))]  # fmt: skip
    (note,) = [s for s in caption(Evaluation((4,), rows=rows)) if s.startswith("Paper")]
    assert DONG in note
    assert WANG in note
    assert "daala" not in note


def test_single_results_are_read_back_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "new" / "images.csv"
    rows = [image_row(), image_row(model="oracle", psnr_y=math.inf)]
    PerImageFile(path).keep("Set5", "a.png", rows)
    assert read_per_image(path) == rows


def test_rows_of_other_models_and_images_stay_and_left_out_images_go(tmp_path: Path) -> None:
    path = tmp_path / "images.csv"
    store = PerImageFile(path)
    store.keep("Set5", "a.png", [image_row(), image_row(model="nearest")])
    store.keep("Set5", "b.png", [image_row("b.png")])
    again = PerImageFile(path)
    again.keep("Set5", "a.png", [image_row(psnr_y=30.0)])
    assert [(row.model, row.image, row.psnr_y) for row in read_per_image(path)] == [
        ("bicubic", "a.png", 30.0),
        ("nearest", "a.png", 28.421934),
        ("bicubic", "b.png", 28.421934),
    ]
    again.keep("Set5", "a.png", [])
    assert [row.image for row in read_per_image(path)] == ["b.png"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "has no column dataset"),
        ("dataset,model\nSet5,bicubic\n", "has no column image"),
        (None, "could not convert"),
    ],
)
def test_another_file_is_not_taken_for_results(
    content: str | None, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "images.csv"
    if content is None:
        PerImageFile(path).keep("Set5", "a.png", [image_row()])
        content = path.read_text().replace("28.421934", "many")
    path.write_text(content)
    with pytest.raises(DataError, match=said):
        PerImageFile(path)
    assert path.read_text() == content


def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out.csv"
    path.write_text("old")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OutputError, match=r"out\.csv: cannot be written: No space left"):
        write_file(path, b"new")
    assert os.listdir(tmp_path) == ["out.csv"]
    assert path.read_text() == "old"


def test_places_are_tried_before_the_work_and_left_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file.txt").write_text("taken")
    check_file(tmp_path / "new" / "deep" / "a.csv")
    check_file(tmp_path / "file.txt")
    check_folder(tmp_path / "new")
    with pytest.raises(OutputError, match="is a folder; name a file"):
        check_file(tmp_path)
    with pytest.raises(OutputError, match="is a file; name a folder"):
        check_folder(tmp_path / "file.txt")
    with pytest.raises(OutputError, match=r"file\.txt is a file, not a folder"):
        check_file(tmp_path / "file.txt" / "a.csv")

    def refuse(**_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    with pytest.raises(OutputError, match=r"a\.csv: nothing can be written in .*Read-only"):
        check_file(tmp_path / "a.csv")
    assert os.listdir(tmp_path) == ["file.txt"]

"""Studies of finished pictures: folders and tables, with an original or none, cut at one place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sr.images.resize import matlab_bicubic, nearest
from survey.commands.cli import main
from survey.preparation.pictures import pictures_of_table
from survey.study.errors import StudyError
from survey.study.plan import minutes_of, raters_for_choices, raters_for_scores, trials_of
from survey.study.protocol import Protocol
from survey.study.schedule import Coverage, build_schedule
from survey.study.study import Study, load_study

NAMES = ("one", "two", "three")


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Originals, small pictures, and two methods' enlargements of all of each."""
    monkeypatch.setenv("NITIDEZ_DATA", str(tmp_path / "data"))
    rng = np.random.default_rng(0)
    for index, name in enumerate(NAMES):
        noise = rng.integers(0, 256, (30, 40, 3), np.uint8)
        original = matlab_bicubic(noise, 4)[: 112 + index]  # sides that are no multiple of 4
        small = matlab_bicubic(original[:112], 0.25)
        large = matlab_bicubic(small, 4)
        for folder, picture in {
            "HR": original, "LR": small, "mine": large, "theirs": 255 - large
        }.items():  # fmt: skip
            (tmp_path / folder).mkdir(exist_ok=True)
            ending = "_x4" if folder == "theirs" else ""
            Image.fromarray(picture).save(tmp_path / folder / f"{name}{ending}.png")
    return tmp_path


def prepare(*words: str) -> Study:
    assert main(["prepare", *words, "--study", "s", "--width", "48", "--height", "32"]) == 0
    data = Path(next(w for w in words if "=" in w).partition("=")[2]).parent / "data"
    return load_study(data / "studies" / "s")


def pixels(study: Study, method: str) -> list[np.ndarray]:
    folder = study.folder / "images"
    return [np.asarray(Image.open(folder / i.versions[method].file)) for i in study.images]


def test_folders_stand_beside_models_and_all_are_cut_at_one_place(
    photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = prepare(
        str(photos / "HR"), "--methods", "bicubic", "--pictures", f"Mine 1={photos / 'mine'}",
        "--pictures", f"THEIRS={photos / 'theirs'}",
    )  # fmt: skip
    assert study.protocol.rated == ("bicubic", "Mine 1", "THEIRS", "original")
    assert len(study.protocol.compared) == 3
    for bicubic, mine, theirs, original, image in zip(
        *(pixels(study, m) for m in ("bicubic", "Mine 1", "THEIRS", "original")),
        study.images,
        strict=True,
    ):
        assert mine.shape == (32, 48, 3)
        assert np.array_equal(bicubic, mine)  # made of the whole, not of the crop alone
        assert np.array_equal(theirs, 255 - mine)
        whole = np.asarray(Image.open(photos / "HR" / f"{image.name}.png"))
        views = np.lib.stride_tricks.sliding_window_view(whole, original.shape)
        assert (views == original).all(axis=(3, 4, 5)).any()
        assert image.versions["Mine 1"].psnr_y == image.versions["bicubic"].psnr_y
        assert image.versions["THEIRS"].psnr_y < 15  # type: ignore[operator]
    plan = (study.folder / "plan.txt").read_text(encoding="utf-8")
    assert plan in capsys.readouterr().out
    assert "compared: bicubic with Mine 1, bicubic with THEIRS, Mine 1 with THEIRS" in plan
    assert f"about {minutes_of(study)} minutes" in plan


def test_without_originals_nothing_is_measured_and_known_answers_need_none(photos: Path) -> None:
    study = prepare(
        "--no-original", "--scale", "4", "--pictures", f"THEIRS={photos / 'theirs'}",
        "--pictures", f"MINE={photos / 'mine'}",
    )  # fmt: skip
    assert {image.name for image in study.images} == set(NAMES)
    for image in study.images:
        assert set(image.versions) == {"THEIRS", "MINE", "nearest"}
        assert all(version.psnr_y is None for version in image.versions.values())
    worst, best = pixels(study, "nearest")[0], pixels(study, "THEIRS")[0]
    assert np.array_equal(worst, nearest(matlab_bicubic(best, 0.25), 4))
    trials = build_schedule(study, Coverage(), seed=1)
    versions = {v.id: v.method for i in study.images for v in i.versions.values()}
    known = [t for t in trials if t.role in ("golden", "practice")]
    assert {versions[t.left] for t in known if t.kind == "rating"} == {"nearest"}
    for trial in known:
        if trial.kind == "pair":
            pair = [versions[trial.left], versions[trial.right or ""]]
            assert sorted(pair) == ["THEIRS", "nearest"]
            assert trial.expected == ("left" if pair[0] == "THEIRS" else "right")
    assert "Nobody has the originals" in (study.folder / "plan.txt").read_text(encoding="utf-8")


def test_small_pictures_are_enough_for_models(photos: Path) -> None:
    study = prepare(
        str(photos / "LR"), "--no-original", "--methods", "bicubic",
        "--pictures", f"MINE={photos / 'mine'}",
    )  # fmt: skip
    for bicubic, mine in zip(pixels(study, "bicubic"), pixels(study, "MINE"), strict=True):
        assert np.array_equal(bicubic, mine)


@pytest.mark.parametrize(("asked", "kinds"), [("ratings", {"rating"}), ("pairs", {"pair"})])
def test_one_kind_of_question_alone(photos: Path, asked: str, kinds: set[str]) -> None:
    study = prepare(
        str(photos / "HR"), "--methods", "bicubic", "--pictures", f"MINE={photos / 'mine'}",
        "--ask", asked,
    )  # fmt: skip
    for seed in range(4):
        trials = build_schedule(study, Coverage(), seed=seed)
        assert {trial.kind for trial in trials} == kinds
        assert sum(trial.role == "instructed" for trial in trials) == 1
    assert sum(trials_of(study).values()) == len(trials)


def test_everything_that_does_not_fit_is_named_at_once_and_nothing_is_written(
    photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (photos / "mine" / "two.png").unlink()
    folders = ("--pictures", f"MINE={photos / 'mine'}")
    words = ["prepare", str(photos / "HR"), "--study", "s", "--width", "48", "--height", "32"]
    assert main([*words, *folders, "--methods", "bicubic"]) == 2
    assert f"{photos / 'mine'}: no picture of two" in capsys.readouterr().err
    Image.new("RGB", (5, 5)).save(photos / "mine" / "two.png")
    (photos / "mine" / "one.png").write_bytes(b"not a picture")
    assert main([*words, *folders, "--methods", "bicubic"]) == 2
    error = capsys.readouterr().err
    assert "2 problems" in error
    assert "two.png: 5x5 pixels; needed 160x" in error
    assert "one.png" in error
    for more, said in (
        (["--pictures", f"bicubic={photos / 'mine'}"], "under a model's name"),
        (["--pictures", f"A={photos / 'LR'}"], "one method alone has no pairs"),
        ([*folders, "--methods", "bicubic", "--compare", "bicubic:X"], "--compare bicubic:X"),
        (["--methods", "bicubic", "--models", "bicubic"], "needed one of them"),
        (["--methods", "bicubic", "nearest", "--repeats", "-1"], "--repeats needed 0 or more"),
    ):
        assert main([*words, *more]) == 2
        assert said in capsys.readouterr().err
    assert main([*words[:1], *words[2:], *folders]) == 2
    assert "finished pictures without photographs" in capsys.readouterr().err
    assert not (photos / "data" / "studies").exists()


def test_a_table_names_pictures_and_its_faults_are_named_by_line(photos: Path) -> None:
    table = photos / "methods.csv"
    rows = [f"{n};{m};{m}/{n}{e}.png" for n in NAMES for m, e in (("mine", ""), ("theirs", "_x4"))]
    table.write_text("\n".join(["photo;method;path", *rows]), encoding="utf-8-sig")
    found = pictures_of_table(table)
    assert found["two"] == {
        "mine": photos / "mine" / "two.png", "theirs": photos / "theirs" / "two_x4.png"
    }  # fmt: skip
    rows[2] = "two;mine;nowhere.png"
    rows += ["one;mine;mine/one.png", ";x;y"]
    table.write_text("\n".join(["photo;method;path", *rows]), encoding="utf-8")
    with pytest.raises(StudyError) as raised:
        pictures_of_table(table)
    for said in ("line 4: ", "nowhere.png is not there", "line 8: a second picture of one by mine",
                 "line 9: needed a photo", "no picture of two by mine"):  # fmt: skip
        assert said in str(raised.value)
    table.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(StudyError, match="needed rows under the columns photo, method, path"):
        pictures_of_table(table)


def test_methods_are_two_to_twelve() -> None:
    with pytest.raises(StudyError, match="13 methods"):
        Protocol.of_methods([f"m{i}" for i in range(12)])
    assert len(Protocol.of_methods([f"m{i}" for i in range(11)]).compared) == 55
    chosen = Protocol.of_methods(["a", "b", "c"], compared=[("a", "original")])
    assert chosen.compared == (("a", "original"),)
    assert Protocol().sha256 == Protocol(has_original=True).sha256


def test_more_photographs_and_larger_differences_need_fewer_raters() -> None:
    assert raters_for_scores(20) < raters_for_scores(5)
    assert raters_for_choices(20) <= raters_for_choices(5)
    assert 3 <= raters_for_choices(10) <= raters_for_scores(10) <= 20

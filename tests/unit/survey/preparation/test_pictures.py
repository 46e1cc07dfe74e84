"""Studies of finished pictures: folders and tables, with an original or none, cut at one place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sr.images.resize import matlab_bicubic, nearest
from sr.models.entries.shipped import MODELS
from survey.commands.cli import main
from survey.preparation.drafts import copy_study, new_draft, remove_stale_drafts
from survey.preparation.pictures import pictures_of_table
from survey.reporting.export import images_bytes, methods_bytes
from survey.reporting.page.words import method_name
from survey.session.reveal import reveal
from survey.study.errors import StudyError
from survey.study.plan import minutes_of, raters_for_choices, raters_for_scores, trials_of
from survey.study.protocol import Protocol
from survey.study.schedule import Coverage, build_schedule
from survey.study.study import Crop, Study, draft_of, load_study

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


def test_methods_are_called_as_the_owner_says_everywhere(photos: Path) -> None:
    table = photos / "labels.csv"
    table.write_text(
        "method,label_pt,label_en\nMINE,O meu,Mine\nbicubic,,Cubic\n", encoding="utf-8"
    )
    words = ("--methods", "bicubic", "srresnet_x4", "--pictures", f"MINE={photos / 'mine'}")
    study = prepare(
        str(photos / "HR"), *words, "--pictures", f"B={photos / 'theirs'}", "--labels", str(table)
    )
    assert study.labels == {
        "bicubic": {"en": "Cubic", "pt-BR": "Cubic"},
        "MINE": {"en": "Mine", "pt-BR": "O meu"},
        "B": {"en": "B", "pt-BR": "B"},
    }
    assert [method_name("pt-BR", m, study.labels) for m in ("MINE", "B", "original")] == [
        "O meu", "B", "original"
    ]  # fmt: skip
    told = reveal(study, [])["labels"]
    assert told["MINE"]["pt-BR"] == "O meu"
    assert b"MINE,Mine,O meu" in methods_bytes(study)
    assert b"srresnet_x4,SRResNet,SRResNet" in methods_bytes(study)


def test_models_without_words_of_ours_are_called_by_their_titles(photos: Path) -> None:
    folder = f"MINE={photos / 'mine'}"
    study = prepare(str(photos / "HR"), "--methods", "srresnet_photo_x4", "--pictures", folder)
    title = MODELS["srresnet_photo_x4"].title
    assert study.labels["srresnet_photo_x4"] == {"en": title, "pt-BR": title}


def test_the_owner_chooses_what_is_shown_of_a_photograph(photos: Path) -> None:
    table = photos / "crops.csv"
    table.write_text("photo;left;top\none;50;31\n", encoding="utf-8")
    folder = f"MINE={photos / 'mine'}"
    study = prepare(
        str(photos / "HR"), "--methods", "bicubic", "--pictures", folder, "--crops", str(table)
    )
    crops = {image.name: image.crop for image in study.images}
    assert crops["one"] == Crop(48, 28, 48, 32, "owner")  # where small pictures have a pixel
    assert crops["two"] is not None
    assert crops["two"].by == "detail"
    for method, source in (("original", "HR/one.png"), ("MINE", "mine/one.png")):
        (shown,) = (
            pixels(study, method)[index] for index, i in enumerate(study.images) if i.name == "one"
        )
        whole = np.asarray(Image.open(photos / source))
        assert np.array_equal(shown, whole[28:60, 48:96])
    assert b"one,main,48,28,48,32,owner" in images_bytes(study)


def test_a_larger_part_is_reduced_where_there_is_the_photograph_alone(photos: Path) -> None:
    table = photos / "crops.csv"
    table.write_text("photo,left,top,width,height\ntwo,16,8,96,64\n", encoding="utf-8")
    assert main(["prepare", str(photos / "HR"), "--study", "s", "--width", "48", "--height", "32",
                 "--crops", str(table), "--methods", "bicubic", "nearest"]) == 0  # fmt: skip
    study = load_study(photos / "data" / "studies" / "s")
    crops = {image.name: image.crop for image in study.images}
    assert crops["two"] == Crop(16, 8, 96, 64, "owner")
    assert pixels(study, "original")[0].shape == (32, 48, 3)


def test_crops_and_labels_that_cannot_be_are_named_with_everything_else(
    photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (photos / "mine" / "two.png").unlink()
    crops, labels = photos / "crops.csv", photos / "labels.csv"
    crops.write_text(
        "photo,left,top,width,height\none,150,0,,\nthree,0,0,96,64\nfour,0,0,,\n", encoding="utf-8"
    )
    labels.write_text("method,label_en\nYOURS,x\n", encoding="utf-8")
    words = ["prepare", str(photos / "HR"), "--study", "s", "--width", "48", "--height", "32"]
    words += ["--methods", "bicubic", "--pictures", f"MINE={photos / 'mine'}"]
    assert main([*words, "--crops", str(crops), "--labels", str(labels)]) == 2
    error = capsys.readouterr().err
    for said in ("5 problems", "no picture of two", "crop of four: no such photograph",
                 "crop of one: 48x32 from 150, 0 does not lie in its 160x112 pixels",
                 "crop of three: 96x64 from 0, 0; needed 48x32",
                 "label of YOURS: no such method"):  # fmt: skip
        assert said in error
    crops.write_text("photo,left,top\none,x,0\n", encoding="utf-8")
    assert main([*words, "--crops", str(crops)]) == 2
    assert "line 2: needed a photo and whole numbers" in capsys.readouterr().err
    assert not (photos / "data" / "studies").exists()


def test_a_copy_has_the_same_pictures_under_other_names(photos: Path) -> None:
    folder = f"MINE={photos / 'mine'}"
    study = prepare(str(photos / "HR"), "--methods", "bicubic", "--pictures", folder)
    copy = copy_study(study, study.folder.with_name("t"), now="2026-02-02T00:00:00.000+00:00")
    assert copy.name == "t"
    assert (copy.protocol, copy.labels) == (study.protocol, study.labels)
    for method in ("MINE", "bicubic", "original"):
        assert np.array_equal(pixels(copy, method), pixels(study, method))

    def names(of: Study) -> set[str]:
        versions = [v for image in of.images for v in image.versions.values()]
        return {v.id for v in versions} | {v.file for v in versions}

    assert not names(copy) & names(study)
    with pytest.raises(StudyError, match="exists"):
        copy_study(study, copy.folder, now="")


def test_what_a_killed_preparation_left_goes_and_one_under_way_stays(tmp_path: Path) -> None:
    left = draft_of(tmp_path / "left") / "images"
    left.mkdir(parents=True)
    with new_draft(tmp_path / "made") as draft:
        remove_stale_drafts(tmp_path)
        assert draft.is_dir()
        with pytest.raises(StudyError, match="being made just now"), new_draft(tmp_path / "made"):
            pass
        assert draft.is_dir()
    assert [path.name for path in tmp_path.iterdir()] == ["made"]

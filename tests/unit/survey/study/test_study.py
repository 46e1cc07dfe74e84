"""Studies on disk: prepared whole, checked, refused when changed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sr.images.resize import matlab_bicubic, nearest
from survey.preparation.crops import cut, detailed
from survey.preparation.default_study import KNOWN, MAIN, PRACTICE, default_sources, sources_of
from survey.preparation.sources import Source
from survey.preparation.versions import prepare_study
from survey.study.errors import StudyError
from survey.study.protocol import METHODS, Protocol, sha256_of
from survey.study.study import Study, load_study
from tests.unit.survey.conftest import PROTOCOL

NOW = "2026-01-02T03:04:05.678+00:00"


def pixels(study: Study, image: int, method: str) -> np.ndarray:
    entry = study.images[image].versions[method]
    return np.asarray(Image.open(study.folder / "images" / entry.file))


def test_versions_are_what_their_names_say(prepared: Study, sources: list[Source]) -> None:
    original = pixels(prepared, 0, "original")
    assert original.tobytes() == shown(sources[0].rgb).tobytes()
    small = matlab_bicubic(original, 1 / 4)
    assert (pixels(prepared, 0, "nearest") == nearest(small, 4)).all()
    assert (pixels(prepared, 0, "bicubic") == matlab_bicubic(small, 4)).all()
    versions = prepared.images[0].versions
    assert set(versions) == set(METHODS)
    assert versions["bicubic"].psnr_y is not None
    assert versions["original"].psnr_y is None


def test_files_tell_nothing(prepared: Study) -> None:
    files = sorted((prepared.folder / "images").iterdir())
    assert len(files) == len(prepared.images) * len(METHODS)
    assert len({path.stat().st_size for path in files}) == 1
    for path in files:
        image = Image.open(path)
        image.load()
        assert (image.format, image.mode, image.info) == ("PNG", "RGB", {})
        assert len(path.stem) == 32
        assert int(path.stem, 16) >= 0


def shown(rgb: np.ndarray) -> np.ndarray:
    return cut(rgb, detailed(rgb, PROTOCOL), PROTOCOL)


def copy(study: Study, folder: Path) -> Path:
    import shutil

    return Path(shutil.copytree(study.folder, folder / "copy"))


def test_a_changed_picture_is_noticed(prepared: Study, tmp_path: Path) -> None:
    folder = copy(prepared, tmp_path)
    assert load_study(folder).images == prepared.images
    file = folder / "images" / prepared.images[1].versions["bicubic"].file
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    with pytest.raises(StudyError, match=r"1 images are missing or were changed"):
        load_study(folder)
    file.unlink()
    with pytest.raises(StudyError, match=r"1 images are missing or were changed"):
        load_study(folder)


def test_a_changed_description_is_noticed(prepared: Study, tmp_path: Path) -> None:
    folder = copy(prepared, tmp_path)
    path = folder / "study.json"
    values = json.loads(path.read_text())
    values["protocol"]["repeats"] = 0
    path.write_text(json.dumps(values))
    with pytest.raises(StudyError, match=r"study\.json was changed"):
        load_study(folder)
    values.pop("sha256")
    path.write_text(json.dumps(values | {"format": 99, "sha256": sha256_of(values)}))
    with pytest.raises(StudyError, match="format 99"):
        load_study(folder)
    path.write_text("{")
    with pytest.raises(StudyError, match="cannot be read"):
        load_study(folder)
    with pytest.raises(StudyError, match=r"python -m survey prepare"):
        load_study(tmp_path / "none")


def test_what_is_prepared_is_there_whole_or_not_at_all(
    sources: list[Source], tmp_path: Path
) -> None:
    folder = tmp_path / "studies" / "half"
    folder.parent.mkdir()

    def fail(share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare_study(sources[:2], folder, protocol=PROTOCOL, progress=fail, now=NOW)
    assert not folder.exists()
    told: list[float] = []
    prepare_study(sources[:2], folder, protocol=PROTOCOL, progress=told.append, now=NOW)
    assert told == [0.5, 1.0]
    assert [path.name for path in folder.parent.iterdir()] == ["half"]
    with pytest.raises(StudyError, match="exists"):
        prepare_study(sources[:2], folder, protocol=PROTOCOL, now=NOW)


def test_photographs_that_are_too_small_are_not_enough(tmp_path: Path) -> None:
    tiny = Source("tiny", np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(StudyError, match="none of 1 photographs is at least 448x288"):
        prepare_study([tiny], tmp_path / "x", now=NOW)


@pytest.mark.parametrize("name", ["", "A", "a/b", "..", "x" * 41, "ação"])
def test_names_that_cannot_be_folders_are_refused(
    name: str, sources: list[Source], tmp_path: Path
) -> None:
    from survey.study.study import check_name

    with pytest.raises(StudyError, match="study name"):
        check_name(name)


def test_the_default_photographs_ship_with_scikit_image() -> None:
    sources = default_sources()
    assert len(sources) == len(MAIN) + len(KNOWN) + len(PRACTICE) == 14
    protocol = Protocol()
    for source in sources:
        assert source.rgb.shape[0] >= protocol.height
        assert source.rgb.shape[1] >= protocol.width


def test_a_crop_has_the_size_and_the_most_detail() -> None:
    rgb = np.full((64, 96, 3), 128, np.uint8)
    rgb[32:64:2, 48:96] = 0
    window = shown(rgb)
    assert window.shape == (32, 48, 3)
    assert window.std() > 60


def test_a_folder_of_photographs(tmp_path: Path, sources: list[Source]) -> None:
    with pytest.raises(StudyError, match="no such folder"):
        sources_of(tmp_path / "none")
    with pytest.raises(StudyError, match="no readable photograph"):
        sources_of(tmp_path)
    for index in range(13):
        Image.fromarray(sources[0].rgb).save(tmp_path / f"{index:02d}.png")
    (tmp_path / "broken.png").write_bytes(b"no image")
    found, _ = sources_of(tmp_path)
    assert [source.role for source in found] == ["main"] * 9 + ["known"] * 2 + ["practice"] * 2

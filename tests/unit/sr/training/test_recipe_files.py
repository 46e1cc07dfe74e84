"""Recipes as files, and settings as people write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from sr.base.errors import ConfigError
from sr.commands.cli import main
from sr.training.recipe_files import as_toml, read_recipe
from sr.training.recipes import PRESETS, SRRESNET_FAST, VOC2012
from sr.training.settings import comparable, override


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_a_recipe_that_was_printed_is_read_back(name: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(as_toml(PRESETS[name]), encoding="utf-8")
    read, wanted = (comparable(vars(recipe)) for recipe in (read_recipe(path), PRESETS[name]))
    read["network_args"] |= wanted["network_args"]  # the defaults are written out
    assert read | {"iterations": wanted["iterations"]} == wanted


def test_a_file_may_say_only_what_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('preset = "voc2012"\niterations = 1e4\n[network_args]\nnum_blocks = 4\n')
    recipe = read_recipe(path)
    assert (recipe.iterations, recipe.epochs, recipe.batch_size) == (10_000, 0, 64)
    assert recipe.network_args["num_blocks"] == 4
    for text, said in (
        ("learning_rat = 1e-4", "no setting 'learning_rat'"),
        ("iterations = 1.5", "needed a whole number"),
        ("network_args = 3", "needed a table"),
        ("a b", "not a readable recipe"),
        ('preset = "none"', "no preset 'none'"),
    ):
        path.write_text(text)
        with pytest.raises(ConfigError, match=said):
            read_recipe(path)


def test_the_command_shows_and_takes_recipes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "srresnet_smoke", "--show", "--set", "batch_size=3"]) == 0
    path = tmp_path / "mine.toml"
    path.write_text(capsys.readouterr().out)
    assert "batch_size = 3" in path.read_text()
    assert main(["train", "--recipe", str(path), "--show"]) == 0
    assert capsys.readouterr().out == path.read_text()
    for arguments, said in (
        (["srresnet_smoke", "--recipe", str(path)], "PRESET, or --recipe"),
        ([], "PRESET, or --recipe"),
        (["srresnet_smoke"], "--data FOLDER and --output FOLDER are needed"),
    ):
        assert main(["train", *arguments]) == 2
        assert said in capsys.readouterr().err


def test_numbers_are_taken_as_people_write_them() -> None:
    for text in ("100000", "1e5", "1E5", "100_000", "100000.0"):
        assert override(SRRESNET_FAST, [f"iterations={text}"]).iterations == 100_000
    for text in ("1.5", "1e-3", "many", "1e400"):
        with pytest.raises(ConfigError, match="needed a whole number, such as 100000 or 1e5"):
            override(SRRESNET_FAST, [f"iterations={text}"])
    for text in ("nan", "inf", "x"):
        with pytest.raises(ConfigError, match="needed a number, such as 1e-4"):
            override(SRRESNET_FAST, [f"learning_rate={text}"])


def test_iterations_are_never_dropped_for_epochs(caplog: pytest.LogCaptureFixture) -> None:
    changed = override(VOC2012, ["iterations=500"])
    assert (changed.iterations, changed.epochs) == (500, 0)
    assert "iterations=500 count now, not the 100 epochs" in caplog.text
    assert override(VOC2012, ["epochs=3"]).epochs == 3
    assert override(VOC2012, ["epochs=0", "iterations=500"]).iterations == 500
    with pytest.raises(ConfigError, match="give one"):
        override(VOC2012, ["epochs=3", "iterations=500"])

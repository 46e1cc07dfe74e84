"""Settings come from the environment, and bad values are refused in words."""

from pathlib import Path

import pytest

from demo.app.settings import Settings
from sr.base.errors import ConfigError
from survey.study.settings import data_folder, served_study
from tests.house import ROOT


def test_an_empty_environment_gives_the_defaults():
    settings = Settings.from_environment({})
    assert (settings.host, settings.port, settings.max_megapixels) == ("127.0.0.1", 7860, 4.0)
    assert settings.address == "http://127.0.0.1:7860"


def test_values_are_read_from_the_environment():
    settings = Settings.from_environment(
        {
            "HOST": "0.0.0.0",
            "PORT": "8000",
            "NITIDEZ_MAX_MEGAPIXELS": "0.5",
            "NITIDEZ_FOLDER": "x",
            "NITIDEZ_DATA": "/data/nitidez",
            "NITIDEZ_STUDY": "class-2026",
        }
    )
    assert (settings.host, settings.port, settings.max_megapixels) == ("0.0.0.0", 8000, 0.5)
    assert settings.uploads_folder == Path("x/uploads")
    assert (settings.data_folder, settings.study) == (Path("/data/nitidez"), "class-2026")
    assert settings.address == "http://127.0.0.1:8000"


def test_a_space_listens_on_every_address_unless_told_otherwise():
    space = Settings.from_environment({"SPACE_ID": "a/b"})
    assert (space.host, space.source_url) == ("0.0.0.0", "https://huggingface.co/spaces/a/b")
    assert space.is_space
    assert "10.0.0.0/8" in space.trusted_proxies
    assert not space.data_folder.is_relative_to(ROOT)
    assert Settings.from_environment({"SPACE_ID": "a/b", "HOST": "127.0.0.1"}).host == "127.0.0.1"


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("PORT", "http", "whole number"),
        ("PORT", "70000", "from 0 to 65535"),
        ("NITIDEZ_MAX_MEGAPIXELS", "0", "from 0.001 to 64"),
        ("NITIDEZ_MAX_MEGAPIXELS", "nan", "from 0.001 to 64"),
        ("NITIDEZ_KEEP_MINUTES", "60", "from 1 to 59"),
        ("NITIDEZ_THREADS", "0", "from 1 to 1024"),
    ],
)
def test_bad_values_are_refused_with_name_and_range(name: str, value: str, says: str):
    with pytest.raises(ConfigError, match=f"^{name} is .*{says}"):
        Settings.from_environment({name: value})


def test_addresses_and_proxies_are_told():
    told = {"NITIDEZ_ADDRESSES": "https://Example.org/x, lab:8000", "SPACE_HOST": "ignored"}
    settings = Settings.from_environment(
        told | {"NITIDEZ_TRUSTED_PROXIES": "127.0.0.1, 10.1.0.0/16"}
    )
    assert settings.places == {"example.org", "lab:8000"}
    assert settings.trusted_proxies == ("127.0.0.1", "10.1.0.0/16")
    assert Settings.from_environment({}).trusted_proxies == ()
    whole = Settings.from_environment({"GRADIO_ROOT_PATH": "https://example.org/nitidez"})
    assert whole.places == {"example.org"}
    space = Settings.from_environment({"SPACE_ID": "a/b", "SPACE_HOST": "a-b.hf.space"})
    assert space.places == {"a-b.hf.space"}
    for name, value in (("NITIDEZ_TRUSTED_PROXIES", "nginx"), ("NITIDEZ_ADDRESSES", "https://")):
        with pytest.raises(ConfigError, match=f"^{name} .*must be addresses"):
            Settings.from_environment({name: value})


def test_the_app_and_the_commands_find_the_same_data(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NITIDEZ_DATA", "NITIDEZ_STUDY", "SPACE_ID"):
        monkeypatch.delenv(name, raising=False)
    for name, value in (("", ""), ("SPACE_ID", "ana/nitidez"), ("NITIDEZ_DATA", "/data/here")):
        if name:
            monkeypatch.setenv(name, value)
        assert Settings.from_environment().data_folder == data_folder()
    assert data_folder() == Path("/data/here")
    monkeypatch.setenv("NITIDEZ_STUDY", "mine")
    assert Settings.from_environment().study == served_study() == "mine"

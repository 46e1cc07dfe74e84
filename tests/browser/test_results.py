"""The results tab in a real browser: closed for strangers, open for the owner."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("playwright.sync_api", reason="browser tests need playwright")
from playwright.sync_api import expect

from demo.results.owner import Owner
from survey.simulation.simulate import simulate
from tests.helpers.fake_engine import FakeEngine
from tests.helpers.tiny_study import make_study

if TYPE_CHECKING:
    from playwright.sync_api import Page

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def owner() -> Owner:
    return Owner(password=PASSWORD)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, owner: Owner) -> Iterator[str]:
    from demo.app.build import build_app
    from demo.app.settings import Settings
    from survey.session.protected import ProtectedSurvey

    folder = tmp_path_factory.mktemp("results")
    make_study(folder)
    survey = ProtectedSurvey(folder)
    simulate(survey.survey, raters=4, seed=1)
    uploads = os.environ.get("GRADIO_TEMP_DIR", str(folder / "uploads"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", uploads)
        app = build_app(Settings(folder=folder / "app"), survey, FakeEngine(), owner=owner)
        _, address, _ = app.launch(server_port=None, prevent_thread_lock=True, quiet=True)
        yield address
        app.close(verbose=False)


def test_a_stranger_learns_nothing_and_the_owner_everything(
    address: str, owner: Owner, open_page: Callable[..., Page]
) -> None:
    stranger = open_page(f"{address}?tab=results")
    expect(stranger.get_by_text("The results are not open yet")).to_be_visible()
    assert "SRGAN" not in stranger.locator("#results").inner_text()
    stranger.get_by_text("I run this survey").click()
    stranger.get_by_label("Password").fill("wrong")
    stranger.keyboard.press("Enter")
    expect(stranger.get_by_text("That is not the owner's password.")).to_be_visible()
    stranger.get_by_label("Password").fill(PASSWORD)
    stranger.keyboard.press("Enter")
    expect(stranger.get_by_text("You are the owner")).to_be_visible()
    stranger.get_by_role("button", name="Sign out").click()
    expect(stranger.get_by_text("The results are not open yet")).to_be_visible()

    page = open_page(f"{address}?tab=results#owner={owner.link_token()}", locale="pt-BR")
    expect(page.get_by_role("heading", name="Responsável")).to_be_visible()
    assert "owner" not in page.url
    page.get_by_text("Contar também os avaliadores simulados").click()
    expect(page.locator(".nr-report h1")).to_be_visible(timeout=60_000)
    expect(page.locator(".nr-report img").first).to_be_visible(timeout=60_000)
    page.locator(".nr-pictures button").first.click()
    expect(page.locator(".nr-viewer .nv")).to_be_visible()
    expect(page.locator(".nr-viewer")).to_contain_text("bicúbica")
    with page.expect_download(timeout=120_000) as download:
        page.get_by_role("button", name="Salvar os resultados sem dados pessoais").click()
    assert download.value.suggested_filename == "nitidez-results-public.zip"
    page.get_by_role("button", name="Abrir os resultados para todos").click()
    expect(page.get_by_role("button", name="Fechar os resultados")).to_be_visible()
    errors: list[Any] = page.console_errors  # type: ignore[attr-defined]
    assert errors == []

    guest = open_page(f"{address}?tab=results")
    expect(guest.locator(".nr-report h1")).to_be_visible(timeout=60_000)
    expect(guest.get_by_text("You are the owner")).to_be_hidden()


def test_the_owner_makes_studies_while_the_examples_are_still_being_prepared(
    tmp_path: Path, open_page: Callable[..., Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    from demo.app.build import build_app
    from demo.app.settings import Settings
    from survey.session.protected import ProtectedSurvey

    monkeypatch.setenv("GRADIO_TEMP_DIR", os.environ.get("GRADIO_TEMP_DIR", str(tmp_path / "up")))
    survey, owner = ProtectedSurvey(tmp_path, is_fixed=False), Owner(password=PASSWORD)
    app = build_app(Settings(folder=tmp_path / "app"), survey, FakeEngine(), owner=owner)
    try:
        _, address, _ = app.launch(server_port=None, prevent_thread_lock=True, quiet=True)
        page = open_page(f"{address}?tab=results#owner={owner.link_token()}", locale="pt-BR")
        expect(page.locator(".nr-trouble")).to_have_text(re.compile("sendo preparadas"))
        expect(page.get_by_role("heading", name="Responsável")).to_be_visible()
        expect(page.locator(".nr-sign-in")).to_be_hidden()
        expect(page.locator(".nr-of-study")).to_be_hidden()
        expect(page.get_by_role("button", name="Novo estudo")).to_be_visible()
    finally:
        app.close(verbose=False)
        survey.close()

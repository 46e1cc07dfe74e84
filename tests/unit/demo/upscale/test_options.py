"""Models that a person can choose, and what the page says of which fit, built from the registry."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
import pytest

from demo.upscale.options import advice, advice_html, models_html
from demo.upscale.page import panes
from demo.upscale.picker import mode_hint_html, notes_html
from demo.upscale.session import Choice, Session
from demo.web.i18n import Language
from demo.work.choice import (
    between_steps,
    chosen_models,
    default_models,
    fitting_models,
    network_scale,
    page_scales,
    purpose_of,
)
from demo.work.job import job_of
from demo.work.pace import Pace
from demo.work.versions import StoredImage
from sr.formats.notes import Note
from sr.images.photo import Photo
from sr.metrics.condition import Condition
from sr.models.between import mixture_name
from sr.models.entries.model import BICUBIC, PHOTO, Model
from sr.models.entries.shipped import MODELS

CLEAN = Condition(jpeg_quality=None, blockiness=1.0, noise_levels=0.5, flat_share=0.0)
POOR = replace(CLEAN, jpeg_quality=40, blockiness=3.0, noise_levels=6.0)


def test_the_page_begins_with_bicubic_srresnet_and_srgan():
    assert default_models(4) == ["bicubic", "srresnet_x4", "srgan_x4"]


def test_of_another_scale_clean_networks_are_shown_though_none_is_marked(
    monkeypatch: pytest.MonkeyPatch,
):
    toy = Model(name="toy_x3", title="Toy", scale=3, description="", network="toy")
    photo = replace(toy, name="photo_x3", degradation=PHOTO)
    monkeypatch.setitem(MODELS, "toy_x3", toy)
    monkeypatch.setitem(MODELS, "photo_x3", photo)
    assert default_models(3) == ["bicubic", "toy_x3"]


def test_what_is_chosen_keeps_the_registrys_order_and_unknown_names_count_for_nothing():
    assert chosen_models(4, ["srgan_photo_x4", "gone", "nearest"]) == ["nearest", "srgan_photo_x4"]
    assert chosen_models(4, ["gone"]) == chosen_models(4, []) == default_models(4)


def test_purpose_follows_from_what_a_model_learned():
    plain = Model(name="a", title="A", scale=4, description="", network="n")
    assert purpose_of(replace(plain, degradation=BICUBIC)) == "clean"
    assert purpose_of(replace(plain, degradation=PHOTO)) == "photo"
    assert purpose_of(plain) == "other"
    assert purpose_of(MODELS["nearest"]) == "interpolation"


@pytest.mark.parametrize(
    ("changes", "fits"),
    [
        ({}, ["srresnet_x4", "srgan_x4"]),
        ({"flat_share": 0.9, "jpeg_quality": 40}, ["srresnet_x4", "srgan_x4"]),
        ({"jpeg_quality": 40}, ["srgan_photo_x4"]),
        ({"blockiness": 3.0}, ["srgan_photo_x4"]),
        ({"noise_levels": 6.0}, ["srgan_photo_x4"]),
    ],
)
def test_which_models_fit(changes: dict[str, float], fits: list[str]):
    assert fitting_models(replace(CLEAN, **changes), 4) == fits


@pytest.mark.parametrize(
    ("condition", "language", "said"),
    [
        (POOR, "en", "JPEG of quality about 40, noisy. Best suited: SRGAN for photos as they are."),
        (POOR, "pt-BR", "JPEG de qualidade em torno de 40, com ruído. Mais indicado: SRGAN para "),
        (replace(CLEAN, noise_levels=6.0), "en", "Noisy. Best suited: SRGAN for photos"),
        (CLEAN, "en", "Little noise and no JPEG traces. Best suited: SRResNet and SRGAN."),
        (CLEAN, "pt-BR", "Pouco ruído e nenhuma marca de JPEG. Mais indicado: SRResNet e SRGAN."),
        (replace(CLEAN, flat_share=0.9), "en", "Drawn rather than photographed. Best suited: SRR"),
    ],
)
def test_the_advice_is_one_sentence_in_both_languages(
    condition: Condition, language: Language, said: str
):
    assert advice(condition, 4, language).startswith(said)


def test_a_model_that_fits_and_is_not_shown_is_one_click_away():
    session = Session(choice=Choice("a.jpg"), condition=POOR)
    assert 'data-add="srgan_photo_x4"' in advice_html(session, "en")
    session.models[4] = ("srgan_photo_x4",)
    assert "data-add" not in advice_html(session, "en")
    assert advice_html(Session(), "en") == ""


def test_every_model_is_offered_with_facts_and_what_it_is_for_those_of_the_scale_first():
    pace = Pace()
    pace.learn("srgan_x4", 8.0, 64 * 64)
    job = job_of(Photo(np.zeros((16, 16, 3), np.uint8)), 4)
    html = models_html(Session(job=job), "en", pace)
    offered = [model.name for model in MODELS.values() if 4 in model.scales]
    others = [model.name for model in MODELS.values() if 4 not in model.scales]
    assert re.findall(r'data-model="(\w+)"', html) == offered + others
    assert html.index("Of other factors, side by side") < html.index('data-model="srresnet_x2"')
    test = models_html(Session(job=job, mode="test"), "en", pace)  # where they are of no use
    assert re.findall(r'data-model="(\w+)"', test) == offered
    assert html.count(" checked") == 3
    assert "4× · MIT · about 8 s" in html
    assert "For photos with noise and JPEG traces" in html


@pytest.mark.parametrize("scale", [4, 2])
def test_a_slider_leads_from_srresnet_to_srgan_in_eleven_steps(scale: int):
    steps = between_steps(scale)
    assert len(steps) == 11
    assert steps[3] == f"srresnet_x{scale}~srgan_x{scale}@0.3"
    session = Session(scale=scale, models={scale: (steps[3],)})
    found = re.search(
        r'type="range" min="0" max="10" value="3".*', models_html(session, "en", None)
    )
    assert found is not None
    assert 'aria-valuetext="SRResNet 70 % + SRGAN 30 %"' in found[0]
    named = re.search(r'data-steps="([^"]*)"', found[0])
    assert named is not None
    assert [name for name, _ in json.loads(unescape(named[1]))] == steps


def test_one_model_between_two_is_shown_before_the_second():
    steps = between_steps(4)
    wanted = [*default_models(4), steps[3], steps[7], "srresnet_x4~srgan_x4@0.35", "a~b@2"]
    assert chosen_models(4, wanted) == ["bicubic", "srresnet_x4", steps[3], "srgan_x4"]
    assert chosen_models(4, [steps[7]]) == [steps[7]]
    assert chosen_models(2, [steps[7]]) == default_models(2)
    assert between_steps(3) == steps  # reduced from 4 times
    assert "range" in models_html(Session(scale=3), "en", None)


def test_a_factor_without_networks_of_its_own_is_served_by_the_next_larger():
    assert page_scales() == [2, 3, 4]
    assert [network_scale(scale) for scale in page_scales()] == [2, 4, 4]
    assert default_models(3) == default_models(4)
    assert chosen_models(3, ["srgan_x2", "srgan_x4", "bicubic"]) == [
        "bicubic", "srgan_x4", "srgan_x2",
    ]  # fmt: skip
    assert chosen_models(3, ["srgan_x2", "bicubic"], is_test=True) == ["bicubic"]
    job = job_of(Photo(np.zeros((16, 16, 3), np.uint8)), 3)
    html = models_html(Session(job=job, scale=3), "en", None)
    assert "4×, then reduced · MIT" in html
    assert "Networks enlarge 4×, and the result is reduced." in mode_hint_html("en", "upscale", 3)


def test_the_pane_between_is_one_pane_whatever_the_share():
    session = Session()
    for share, label in ((0.3, "SRResNet 70 % + SRGAN 30 %"), (1, "SRResNet 0 % + SRGAN 100 %")):
        session.job = job_of(Photo(np.zeros((16, 16, 3), np.uint8)), 4)
        session.job.add(mixture_name("srresnet_x4", "srgan_x4", share))
        (pane,) = panes(session, "pt-BR")
        assert (pane["key"], pane["label"]) == ("between", label)


def test_what_was_chosen_in_an_earlier_visit_is_taken_as_far_as_it_is_there():
    session = Session()
    session.remember({"4": ["nearest", "gone", 3], "2": "srgan_x2", "9": ["nearest"]})
    assert session.models == {4: ("nearest",)}
    session.remember({"4": ["srgan_x4"]})  # comes too late
    assert session.models == {4: ("nearest",)}


def test_what_there_is_to_say_of_a_result_stands_beside_the_photo(tmp_path: Path):
    note = Note("own_look", {"percent": 12})
    job = job_of(Photo(np.zeros((16, 16, 3), np.uint8)), 4)
    job.add("srgan_x4")
    image = StoredImage("t", tmp_path, 64, 64, 1, 1.0, notes=(note,))
    job.update("srgan_x4", state="ready", image=image)
    assert "SRGAN: The network changes colours or detail in 12 %" in notes_html(job, "en")
    assert "SRGAN: A rede muda cores ou detalhes em 12 %" in notes_html(job, "pt-BR")


def test_a_model_with_a_strange_name_is_escaped(monkeypatch: pytest.MonkeyPatch):
    strange = Model(
        name='"<b>', title="<i>", scale=4, description="", network="n", domain="<u> & more"
    )
    monkeypatch.setitem(MODELS, '"<b>', strange)
    html = models_html(Session(), "en", None)
    assert not re.search("<[biu]>", html)
    assert "For &lt;u&gt; &amp; more" in html

"""The survey's page says everything in both languages, and names no method."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from demo.rating.page import survey_text
from demo.web.calibration import calibration_text
from survey.study.errors import SurveyError
from survey.study.protocol import METHODS

DEMO = Path(__file__).parents[4] / "demo"
FOLDERS = (DEMO / "rating", DEMO / "web" / "calibration")
FIELD = re.compile(r"\{(\w+)\}")
# Keys that the scripts put together: score_3, question_pair, ready_pair_text, keys_undo_text, ...
BUILT = re.compile(
    r"(score|impairment|question|ready|keys|known|trouble)_\w+|survey_\w+|step_\d|\w+_degradation"
)


def sources() -> str:
    files = [path for folder in FOLDERS for path in folder.rglob("*")]
    return "\n".join(p.read_text("utf-8") for p in files if p.suffix in {".js", ".html"})


@pytest.mark.parametrize("texts", [survey_text(), calibration_text()], ids=["survey", "screen"])
def test_both_languages_say_the_same_things(texts: dict[str, dict[str, str]]):
    english, portuguese = texts["en"], texts["pt-BR"]
    assert list(english) == list(portuguese)
    for key in english:
        assert english[key].strip()
        assert portuguese[key].strip()
        assert set(FIELD.findall(english[key])) == set(FIELD.findall(portuguese[key])), key


def test_the_survey_and_the_calibration_share_words_but_no_contradiction():
    own = json.loads((DEMO / "rating" / "text.json").read_text("utf-8"))
    for language, words in calibration_text().items():
        for key in set(words) & set(own[language]):
            assert words[key] == own[language][key]


def test_every_text_is_used_and_every_used_text_exists():
    code = sources()
    used = set(re.findall(r'data-(?:text|label)="(\w+)"', code))
    used |= set(re.findall(r"""say\(\s*["'](\w+)["']""", code))
    known = set(survey_text()["en"])
    assert used <= known
    quoted = set(re.findall(r"""["'](\w+)["']""", code))
    assert [key for key in known if key not in quoted and not BUILT.fullmatch(key)] == []


def test_every_error_of_the_survey_has_a_text():
    def kinds(base: type[SurveyError]) -> set[type[SurveyError]]:
        return {base}.union(*(kinds(child) for child in base.__subclasses__()))

    pages = [json.loads(path.read_text("utf-8")) for path in DEMO.glob("*/text.json")]
    for language, words in survey_text().items():  # an owner's errors are told by other pages
        every = set(words).union(*(page.get(language, {}) for page in pages))
        assert {kind.key for kind in kinds(SurveyError)} - every == set()


def test_nothing_that_a_rater_is_sent_names_a_method_but_the_original_that_is_shown_openly():
    page = (sources() + json.dumps(survey_text(), ensure_ascii=False)).lower()
    for method in set(METHODS) - {"original"}:
        stem = method.removesuffix("_x4")
        assert not re.search(rf"\b{stem}\b", page), stem
    for words in survey_text().values():
        named = {key for key, text in words.items() if re.search(r"\boriginal\b", text.lower())}
        assert all("degradation" in key for key in named - {"original"}), named

"""Both languages say everything, and browsers get the one they ask for."""

import re
import string
from pathlib import Path
from typing import get_args

import pytest

from demo.photos.batch import State
from demo.upscale.samples import SAMPLES
from demo.web.i18n import LANGUAGES, duration, language_of, number, say, texts
from demo.work.choice import purpose_of
from sr.formats.kinds import NOT_IMAGES
from sr.formats.notes import NOTES
from sr.images.writing import FORMATS
from sr.microscopy.files.stretch import LUTS
from sr.models.entries.shipped import FRAME_MODELS, MODELS

DEMO = Path(__file__).parents[4] / "demo"


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_have_the_same_keys_and_none_is_empty():
    assert list(texts("en")) == list(texts("pt-BR"))
    assert all(text.strip() for language in LANGUAGES for text in texts(language).values())


@pytest.mark.parametrize("key", texts("en"))
def test_both_languages_name_the_same_values(key: str):
    assert fields(texts("en")[key]) == fields(texts("pt-BR")[key])


@pytest.mark.parametrize("kind", NOTES)
def test_the_page_says_notes_with_the_values_they_have(kind: str):
    assert fields(texts("en")[f"note_{kind}"]) == fields(NOTES[kind])


def test_every_text_is_used_and_every_used_text_exists():
    source = "\n".join(path.read_text("utf-8") for path in DEMO.rglob("*.py"))
    built = {f"mode_{mode}" for mode in ("upscale", "test")}
    built |= {f"mode_{mode}_hint" for mode in ("upscale", "test")}
    built |= {f"example_{name}" for name in SAMPLES} | {
        f"tab_{tab}" for tab in ("upscale", "compare", "survey", "display", "results")
    }
    models = MODELS | FRAME_MODELS
    built |= {name for name in models if name in texts("en")} | {f"lut_{lut}" for lut in LUTS}
    built |= {f"for_{purpose_of(model)}" for model in models.values()} | {
        "for_other",
        "for_between",
    }
    built |= {"seen_clean", "seen_drawn"}
    built |= {f"save_{kind}" for kind in FORMATS} | {f"item_{s}" for s in get_args(State)}
    images = "".join(p.read_text("utf-8") for p in (DEMO.parent / "sr").rglob("*.py"))
    raised = set(re.findall(r'kind="(\w+)"', images + source)) - {"stable"}  # a way to sort
    built |= {f"image_{kind}" for kind in (*NOT_IMAGES, *raised)}
    built |= {f"note_{kind}" for kind in NOTES}
    quoted = set(re.findall(r"""["'](\w+)["']""", source))
    unused = [key for key in texts("en") if key not in quoted | built]
    assert not unused
    asked = set(re.findall(r"""(?:say\([\w.]+, |\btext\()["'](\w+)["']""", source)) | built
    assert asked <= set(texts("en"))


@pytest.mark.parametrize(
    ("wanted", "language"),
    [
        ("pt-BR,pt;q=0.9,en;q=0.8", "pt-BR"),
        ("pt_PT", "pt-BR"),
        ("en-GB,pt;q=0.5", "en"),
        ("de-DE,pt;q=0.7,en;q=0.9", "en"),
        ("fr, pt;q=0.3", "pt-BR"),
        ("pt;q=0", "en"),
        ("en;q=much,pt", "pt-BR"),
        ("", "en"),
        (None, "en"),
        ("zh", "en"),
    ],
)
def test_the_language_follows_the_browser(wanted: str | None, language: str):
    assert language_of(wanted) == language


def test_numbers_and_times_follow_the_language():
    assert number("en", 1234.5, 1) == "1,234.5"
    assert number("pt-BR", 1234.5, 1) == "1.234,5"
    assert duration("pt-BR", 3.25) == "3,2 s"
    assert duration("en", 0.01) == "< 0.1 s"
    assert duration("en", 59.4) == "59 s"
    assert duration("en", 125) == "2 min 05 s"


def test_a_text_takes_its_values():
    assert say("pt-BR", "status_running", model="SRGAN", percent=5) == "SRGAN: 5 %"

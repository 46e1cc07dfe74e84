"""The figure that the site without a server draws is Python's, pixel by pixel; letters aside."""

from __future__ import annotations

import io
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from demo.static import build
from sr.figures import paper_files
from sr.figures.paper import Box, Figure, measured, paper_figure
from tests.unit.javascript.test_javascript import NODE, node_is_missing

STATIC = Path(build.__file__).parent
CODE = """
import fs from "node:fs";
const [folder, modules] = process.argv.slice(2);
const { whereTheyDiffer, layoutOf } = await import(`${modules}/figures/figure.js`);
const { drawn, latexFigure, svgOf } = await import(`${modules}/figures/figure_files.js`);
const { cropped } = await import(`${modules}/work/resize.js`);
const given = JSON.parse(fs.readFileSync(`${folder}/given.json`));
const plain = ({ width, height, data }) => ({ width, height, data: [...data] });
const found = given.map(async ({ names, numbers, pictures, boxes }) => {
  const read = pictures.map((picture) => ({ ...picture, data: Uint8Array.from(picture.data) }));
  const chosen = boxes.length ? boxes : [whereTheyDiffer(read)];
  const columns = names.map((name, at) => (
    { name, psnr: numbers[at][0], lpips: numbers[at][1],
      crops: chosen.map((box) => cropped(read[at], ...box)) }));
  const figure = { whole: read[0], columns, boxes: chosen };
  const nothing = { width: 0, height: 0, data: new Uint8Array(0) };
  const { text, pictures: files } = latexFigure(figure, "figure");
  const listed = Object.entries(files).map(([name, picture]) => [name, plain(picture)]);
  const png = plain(drawn(figure, () => nothing));
  const texts = layoutOf(figure).texts;
  const svg = await svgOf(figure, (said) => said);
  return { chosen, png, texts, text, files: listed, svg };
});
fs.writeFileSync(`${folder}/found.json`, JSON.stringify(await Promise.all(found)));
"""


def as_json(pixels: np.ndarray) -> dict[str, Any]:
    height, width = pixels.shape[:2]
    return {"width": width, "height": height, "data": pixels.ravel().tolist()}


def as_pixels(given: dict[str, Any]) -> np.ndarray:
    return np.reshape(given["data"], (given["height"], given["width"], 3)).astype(np.uint8)


def opened(png: bytes) -> np.ndarray:
    return np.array(Image.open(io.BytesIO(png)))


def cases() -> list[tuple[dict[str, np.ndarray], list[Box]]]:
    random = np.random.default_rng(0)
    small = {
        n: random.integers(0, 256, (80, 101, 3), np.uint8) for n in ("original", "A & B_1", "<C>")
    }
    boxes = [Box(0, 10, 40, 20), Box(60, 30, 25, 30), Box(97, 76, 4, 4)]
    wide = {"one": random.integers(0, 256, (47, 1003, 3), np.uint8)}
    other = wide["one"].copy()
    other[20:40, 700:800] ^= 255
    return [(small, boxes), ({**wide, "other": other}, []), (wide, [])]


@pytest.mark.skipif(bool(node_is_missing()), reason=node_is_missing())
def test_the_figure_is_pythons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paper_files, "cut_text", lambda text, font, width: text)
    figures: list[Figure] = []
    given = []
    for pictures, boxes in cases():
        numbers = {} if len(boxes) == 0 else measured(pictures, "original", crop_px=4, lpips=False)
        numbers = {name: (value[0], 0.1234) for name, value in numbers.items()}
        reference = "original" if boxes else None
        figures.append(paper_figure(pictures, boxes, reference=reference, numbers=numbers))
        sides = [[box.left, box.top, box.width, box.height] for box in boxes]
        values = [numbers.get(name, (None, None)) for name in pictures]
        shown = [as_json(picture) for picture in pictures.values()]
        case = {"names": list(pictures), "numbers": values, "pictures": shown, "boxes": sides}
        given.append(case)
    (tmp_path / "given.json").write_text(json.dumps(given))
    (tmp_path / "run.mjs").write_text(CODE)
    run = [str(NODE), str(tmp_path / "run.mjs"), str(tmp_path), str(STATIC)]
    done = subprocess.run(run, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    for figure, found in zip(
        figures, json.loads((tmp_path / "found.json").read_text()), strict=True
    ):
        assert [Box(*box) for box in found["chosen"]] == list(figure.boxes)
        layout = paper_files._layout(figure)
        assert [tuple(text.values()) for text in found["texts"]] == [
            (text.text, text.left, text.top, text.width, text.colour) for text in layout.texts
        ]
        monkeypatch.setattr(paper_files.ImageDraw.ImageDraw, "text", lambda *_, **__: None)
        assert np.array_equal(as_pixels(found["png"]), opened(paper_files.to_png(figure)))
        text, files = paper_files.to_latex(figure, "figure")
        assert found["text"] == text
        assert [name for name, _ in found["files"]] == list(files)
        for name, picture in found["files"]:
            assert np.array_equal(as_pixels(picture), opened(files[name]))
        bare = re.compile(r'(?<=href=")[^"]*')
        assert bare.sub("", found["svg"]) == bare.sub("", paper_files.to_svg(figure))
